//! Connections that have nothing to do. Logging in costs a hundred times what a small query does, and
//! a sync asks a server a dozen small things one after the other.
//!
//! A session that is put here has ended its transaction, and all of its settings were for that
//! transaction only.

use super::super::{Reading, ServerAddress};
use super::connect::Session;
use std::sync::{Mutex, PoisonError};

/// Connections to keep: one or two for each side.
const MOST: usize = 4;

static IDLE: Mutex<Vec<(ServerAddress, Session)>> = Mutex::new(Vec::new());

/// Everything of an address that a connection depends on.
fn server(address: &ServerAddress) -> ServerAddress {
    ServerAddress {
        schema: None,
        table: String::new(),
        shown: String::new(),
        reading: Reading::default(),
        ..address.clone()
    }
}

/// A connection to the server and database of this address, if there is one and it is still alive.
pub(super) fn take(address: &ServerAddress) -> Option<Session> {
    let wanted = server(address);
    loop {
        let session = {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            let at = idle.iter().position(|(server, _)| *server == wanted)?;
            idle.swap_remove(at).1
        };
        // It may have been cut off meanwhile.
        if session.execute("using a connection again", "").is_ok() {
            return Some(session);
        }
    }
}

/// Keeps a connection for later; gives it back if there are enough.
pub(super) fn put(address: &ServerAddress, session: Session) -> Option<Session> {
    let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
    if idle.len() >= MOST {
        return Some(session);
    }
    idle.push((server(address), session));
    None
}
