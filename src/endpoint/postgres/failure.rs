//! The driver's errors in the server's words. The driver prints a server's error as "db error"
//! and a refused connection as "error connecting to server"; what a person needs lies beneath.

use std::error::Error as _;
use tokio_postgres::Error;

/// What went wrong, with the server's detail and hint or the system's own cause.
pub(super) fn words(error: &Error) -> String {
    if let Some(server) = error.as_db_error() {
        let mut out = server.message().to_owned();
        if let Some(detail) = server.detail() {
            out.push_str(&format!(" ({})", detail.trim_end_matches('.')));
        }
        if let Some(hint) = server.hint() {
            out.push_str(&format!("; {}", hint.trim_end_matches('.')));
        }
        return out;
    }
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !out.contains(&text) {
            out = format!("{out}: {text}");
        }
        cause = inner.source();
    }
    if out.ends_with("password missing") {
        return "the server asks for a password: give one in the address, PGPASSWORD or ~/.pgpass".to_owned();
    }
    out
}

/// The server's five-character code, if the server said anything.
pub(super) fn code(error: &Error) -> Option<&str> {
    error.code().map(tokio_postgres::error::SqlState::code)
}

/// Whether the connection is gone, rather than one statement: the socket broke, or the server
/// was shut down, crashed, or ended this session (class 57P).
pub(super) fn is_lost(error: &Error) -> bool {
    match code(error) {
        Some(code) => code.starts_with("57P") || code.starts_with("08"),
        None => true,
    }
}
