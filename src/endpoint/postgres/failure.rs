//! The driver's errors in the server's words. The driver prints a server's error as "db error"
//! and a refused connection as "error connecting to server"; what a person needs lies beneath.

use super::super::{EndpointError, scrubbed};
use std::error::Error as _;
use tokio_postgres::Error;

/// What went wrong, with the server's detail and hint or the system's own cause.
pub(super) fn words(error: &Error) -> String {
    scrubbed(&said(error), None)
}

fn said(error: &Error) -> String {
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

/// A failed statement. That a policy would hide rows is known by the place in the server that says so:
/// its words are in the server's language, and its code is that of every missing right.
pub(super) fn failed(address: &str, doing: &str, error: &Error) -> EndpointError {
    let (address, why) = (address.to_owned(), words(error));
    match is_hidden(error) {
        true => EndpointError::HiddenRows { address, why },
        false => EndpointError::Query { address, doing: doing.to_owned(), why },
    }
}

/// Whether the server refused because a policy would have hidden rows.
pub(super) fn is_hidden(error: &Error) -> bool {
    error.as_db_error().is_some_and(|error| error.routine() == Some("check_enable_rls"))
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

/// What a failed write means for those who try to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Another session was in the way; the same may succeed when tried again.
    Conflict,
    /// A lock could not be had in time.
    Locked,
    /// One of the rows is not acceptable.
    Refused,
    /// It has nothing to do with the rows.
    Broken,
}

/// What it means by its code, and by the place in the server that says it: a trigger's own `RAISE` and a
/// policy that does not let a row in are about that row, whatever code they have.
pub(super) fn meaning(error: &Error) -> Verdict {
    let by_code = verdict(code(error).unwrap_or_default());
    let of_row =
        matches!(error.as_db_error().and_then(|e| e.routine()), Some("exec_stmt_raise" | "ExecWithCheckOptions"));
    if by_code == Verdict::Broken && of_row { Verdict::Refused } else { by_code }
}

/// By the server's code (PostgreSQL's manual, "PostgreSQL Error Codes"). Classes that the server
/// has no use for are those of a trigger's own errors.
fn verdict(code: &str) -> Verdict {
    const BROKEN: [&str; 20] = [
        "08", "0A", "0B", "0L", "0P", "25", "26", "28", "2B", "2D", "3B", "3D", "3F", "42", "53", "55", "57", "58",
        "F0", "XX",
    ];
    match code {
        "55P03" => Verdict::Locked,
        // A new value for a column that is GENERATED ALWAYS.
        "428C9" => Verdict::Refused,
        _ if code.starts_with("40") => Verdict::Conflict,
        _ if BROKEN.iter().any(|class| code.starts_with(class)) => Verdict::Broken,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_to_blame_for_their_own_errors_only() {
        for (code, expected) in [
            ("40001", Verdict::Conflict),
            ("40P01", Verdict::Conflict),
            ("55P03", Verdict::Locked),
            ("23505", Verdict::Refused),
            ("22001", Verdict::Refused),
            ("P0001", Verdict::Refused),
            ("MY001", Verdict::Refused),
            ("54000", Verdict::Refused), // an index entry that is too long
            ("42501", Verdict::Broken),
            ("57014", Verdict::Broken),
            ("53100", Verdict::Broken),
        ] {
            assert_eq!(verdict(code), expected, "{code}");
        }
    }
}
