//! What a failed write means: whether somebody else was in the way, a row is not accepted, or it would
//! fail with any rows.

use super::connect::message;
use crate::endpoint::{EndpointError, WriteError};
use rusqlite::{Error, ErrorCode};

/// A statement that writes failed.
pub(super) fn write(address: &str, doing: &str, error: &Error) -> WriteError {
    let (address, doing, why) = (address.to_owned(), doing.to_owned(), message(error));
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => WriteError::Locked { address, doing, why },
        // Nobody else writes meanwhile, so trying again would meet the same rows.
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig) => {
            WriteError::Refused { address, doing, why }
        }
        _ => EndpointError::Query { address, doing, why }.into(),
    }
}

/// A statement that was understood failed while it ran: what no other code is for is what a function
/// in a trigger, a check or an index says of a value ("malformed JSON", "integer overflow").
pub(super) fn run(address: &str, doing: &str, error: &Error) -> WriteError {
    match (error.sqlite_error_code(), write(address, doing, error)) {
        (Some(ErrorCode::Unknown), WriteError::Endpoint(EndpointError::Query { address, doing, why })) => {
            WriteError::Refused { address, doing, why }
        }
        (_, failed) => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn a_row_is_to_blame_for_what_fails_while_a_statement_runs() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT CHECK (v <> 'no'), j TEXT);
             CREATE INDEX i ON t (json_extract(j, '$.a'));
             CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.id = 9 BEGIN SELECT RAISE(ROLLBACK, 'not 9'); END",
        )
        .unwrap();
        let failed = |sql: &str| {
            let mut statement = match db.prepare(sql) {
                Ok(statement) => statement,
                Err(error) => return write("a", "writing", &error),
            };
            run("a", "writing", &statement.execute([]).unwrap_err())
        };
        for (values, said) in [("1, 'no', '{}'", "CHECK"), ("2, 'a', '{'", "malformed JSON"), ("9, 'a', '{}'", "not 9")]
        {
            let error = failed(&format!("INSERT INTO t VALUES ({values})"));
            assert!(matches!(&error, WriteError::Refused { why, .. } if why.contains(said)), "{error}");
        }
        assert!(matches!(failed("INSERT INTO u VALUES (1)"), WriteError::Endpoint(_)));
    }
}
