//! What every connection says first, so that values come out and go in the same whatever the
//! server's defaults are, and a long export is not cut off.

use super::describe::text;
use crate::endpoint::Reading;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Row};
use std::time::Duration;

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read, and nothing else.
    Read,
    /// To write rows, waiting so long for a lock.
    Write(Option<Duration>),
}

/// The mode for writing. Strict, so that nothing is cut, rounded or replaced silently; 0 is a number
/// like others in an AUTO_INCREMENT column; and dates that are none, which a table may hold, can be
/// put back.
pub const WRITE_MODE: &str = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES";

/// Always there.
const ALWAYS: [&str; 2] = [
    // No ANSI_QUOTES, no PAD_CHAR_TO_FULL_LENGTH, no EMPTY_STRING_IS_NULL; a result character set
    // of NULL sends text as it is stored.
    "SET NAMES utf8mb4",
    "SET SESSION character_set_results = NULL, time_zone = '+00:00', sql_mode = '', \
     sql_select_limit = 18446744073709551615, sql_big_selects = 1, \
     net_write_timeout = 86400, net_read_timeout = 86400",
];

/// There or not, by server and version; each as it should be.
const SOMETIMES: [(&str, &str); 2] = [
    // MySQL 8 caches row estimates for a day.
    ("information_schema_stats_expiry", "0"),
    // MySQL's invisible primary key is a column like others.
    ("show_gipk_in_create_table_and_information_schema", "ON"),
];

/// A time limit that could end a long export.
struct Limit {
    name: &'static str,
    unit: &'static str,
    /// What is enough; 0 is no limit.
    enough: u64,
    /// What is not worth a word to raise.
    usual: u64,
}

/// There or not, by server and version.
const LIMITS: [Limit; 6] = [
    Limit { name: "max_execution_time", unit: "ms", enough: 0, usual: 0 },
    Limit { name: "max_statement_time", unit: "s", enough: 0, usual: 0 },
    Limit { name: "idle_transaction_timeout", unit: "s", enough: 0, usual: 0 },
    Limit { name: "idle_readonly_transaction_timeout", unit: "s", enough: 0, usual: 0 },
    Limit { name: "lock_wait_timeout", unit: "s", enough: 86_400, usual: 86_400 },
    Limit { name: "wait_timeout", unit: "s", enough: 86_400, usual: 28_800 },
];

impl Limit {
    /// Whether this value would end it.
    fn binds(&self, is: f64) -> bool {
        if self.enough == 0 { is != 0.0 } else { is < self.enough as f64 }
    }

    fn note(&self, is: f64) -> Option<String> {
        let told = self.usual == 0 || is < self.usual as f64;
        let Self { name, unit, .. } = self;
        told.then(|| {
            format!(
                "{name} is {is} {unit} for this user's sessions and was raised for reading (--respect-limits leaves it)"
            )
        })
    }
}

/// What every connection is told, and what to tell of it.
pub struct Settings {
    /// The statements.
    pub statements: Vec<String>,
    /// The time limits that were raised, in words.
    pub raised: Vec<String>,
}

/// The settings for every connection to the server behind this one, which is as the server made it.
///
/// # Errors
/// If the server can't be asked for its variables.
pub fn settings(conn: &mut Conn, purpose: Purpose, reading: Reading) -> Result<Settings, Error> {
    let names = SOMETIMES.iter().map(|(name, _)| *name).chain(LIMITS.iter().map(|limit| limit.name));
    let names: Vec<String> = names.map(|name| format!("'{name}'")).collect();
    let there: Vec<(Vec<u8>, Vec<u8>)> =
        conn.query(format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({})", names.join(", ")))?;
    let is = |name: &str| {
        there.iter().find(|(there, _)| there.eq_ignore_ascii_case(name.as_bytes())).map(|(_, is)| is.as_slice())
    };
    let mut statements: Vec<String> = ALWAYS.iter().map(|&text| text.to_owned()).collect();
    let mut raised = Vec::new();
    for (name, wanted) in SOMETIMES {
        if is(name).is_some_and(|is| !is_same(is, wanted)) {
            statements.push(format!("SET SESSION {name} = {wanted}"));
        }
    }
    let respected = reading.respect_limits && purpose == Purpose::Read;
    for limit in LIMITS.iter().filter(|_| !respected) {
        let value = is(limit.name).and_then(|is| String::from_utf8_lossy(is).parse::<f64>().ok());
        if let Some(value) = value.filter(|value| limit.binds(*value)) {
            statements.push(format!("SET SESSION {} = {}", limit.name, limit.enough));
            raised.extend(limit.note(value));
        }
    }
    match purpose {
        Purpose::Read => {
            statements.push("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY".to_owned());
        }
        Purpose::Write(wait) => {
            statements.push(format!(
                "SET SESSION sql_mode = '{WRITE_MODE}', foreign_key_checks = 1, unique_checks = 1, autocommit = 1, \
                 completion_type = 0, sql_safe_updates = 0, sql_notes = 1, max_error_count = 64"
            ));
            let level = isolation(conn)?;
            statements.push(format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}, READ WRITE"));
            if let Some(wait) = wait {
                // Both count in seconds and start at one.
                let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).clamp(1, 31_536_000);
                statements
                    .push(format!("SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"));
            }
        }
    }
    Ok(Settings { statements, raised })
}

/// READ COMMITTED locks the rows that are written and not the gaps between them, so that others can
/// insert meanwhile; what a guard looks at is the latest committed row at either level. InnoDB
/// refuses it where changes are logged as statements.
fn isolation(conn: &mut Conn) -> Result<&'static str, Error> {
    let there: Vec<Row> = conn.query("SHOW SESSION VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format')")?;
    let is = |name: &str, value: &str| {
        let cell = |row: &Row, at, wanted: &str| text(row, at).is_some_and(|cell| cell.eq_ignore_ascii_case(wanted));
        there.iter().any(|row| cell(row, 0, name) && cell(row, 1, value))
    };
    let by_statement = is("log_bin", "ON") && is("binlog_format", "STATEMENT");
    Ok(if by_statement { "REPEATABLE READ" } else { "READ COMMITTED" })
}

/// `0.000000` is 0: what is right already need not be set, and may need a right to be.
fn is_same(is: &[u8], wanted: &str) -> bool {
    let is = String::from_utf8_lossy(is);
    is.eq_ignore_ascii_case(wanted)
        || matches!((is.parse::<f64>(), wanted.parse::<f64>()), (Ok(is), Ok(wanted)) if is == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_is_left_alone() {
        assert!(is_same(b"0.000000", "0"));
        assert!(is_same(b"on", "ON"));
        assert!(!is_same(b"86400", "0"));
        assert!(!is_same(b"OFF", "ON"));
    }

    #[test]
    fn limits_that_an_administrator_chose_are_told() {
        let limit = |name: &str| LIMITS.iter().find(|limit| limit.name == name).unwrap();
        let statement = limit("max_statement_time");
        assert!(statement.binds(0.5) && !statement.binds(0.0));
        assert!(statement.note(0.5).unwrap().contains("max_statement_time is 0.5 s"));
        // The server's own default is nobody's choice.
        let idle = limit("wait_timeout");
        assert!(idle.binds(28_800.0) && idle.note(28_800.0).is_none() && idle.note(60.0).is_some());
        assert!(!limit("lock_wait_timeout").binds(31_536_000.0));
    }
}
