//! Rows with very large values are taken over one at a time, whichever table they are of: several copies
//! of a value are needed for a moment, and both tables are read at once.

use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes from which on a value, a row, or a batch of rows waits for its turn.
pub const LARGE: usize = 32 << 20;

static TAKEN: Mutex<bool> = Mutex::new(false);
static FREE: Condvar = Condvar::new();

/// The turn of a large row, until it is dropped. Whoever has it waits for nobody, so that no two wait for
/// each other.
#[derive(Debug)]
pub struct Turn(());

impl Turn {
    /// Waits for it, if there are so many bytes to take over.
    pub fn for_bytes(bytes: usize) -> Option<Self> {
        (bytes >= LARGE).then(Self::wait)
    }

    fn wait() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREE.wait_while(taken, |taken| *taken).unwrap_or_else(PoisonError::into_inner);
        *taken = true;
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) = false;
        FREE.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_at_a_time() {
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _turn = Turn::for_bytes(LARGE);
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
        let _turn = Turn::for_bytes(LARGE);
        assert!(Turn::for_bytes(LARGE - 1).is_none());
    }
}
