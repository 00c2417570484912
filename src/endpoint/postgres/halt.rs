//! How the threads of one export stop together.

use super::super::EndpointError;
use futures::future::AbortHandle;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The first error, and what to wake when it happens.
#[derive(Default)]
pub(super) struct Halt(Mutex<State>);

#[derive(Default)]
struct State {
    halted: bool,
    first: Option<EndpointError>,
    waiting: Vec<AbortHandle>,
}

impl Halt {
    /// Aborts this too once something fails; at once, if something has.
    pub(super) fn watch(&self, handle: AbortHandle) {
        let mut state = self.state();
        if state.halted {
            handle.abort();
        }
        state.waiting.push(handle);
    }

    /// Something failed: the rest is of no use any more. The first error counts.
    pub(super) fn fail(&self, error: EndpointError) {
        let mut state = self.state();
        state.halted = true;
        state.first.get_or_insert(error);
        state.waiting.drain(..).for_each(|handle| handle.abort());
    }

    /// Whether something failed.
    pub(super) fn is_set(&self) -> bool {
        self.state().halted
    }

    /// The first error, if any.
    pub(super) fn into_result(self) -> Result<(), EndpointError> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).first.map_or(Ok(()), Err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
