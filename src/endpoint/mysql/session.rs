//! What every connection says first, so that values come out the same whatever the server's
//! defaults are, and a long export is not cut off.

use mysql::prelude::Queryable;
use mysql::{Conn, Error};

/// Always there.
const ALWAYS: [&str; 3] = [
    // No ANSI_QUOTES, no PAD_CHAR_TO_FULL_LENGTH, no EMPTY_STRING_IS_NULL; a result character set
    // of NULL sends text as it is stored.
    "SET NAMES utf8mb4",
    "SET SESSION character_set_results = NULL, time_zone = '+00:00', sql_mode = '', \
     sql_select_limit = 18446744073709551615, sql_big_selects = 1, \
     net_write_timeout = 86400, net_read_timeout = 86400, wait_timeout = 86400",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
];

/// There or not, by server and version; each as it should be.
const SOMETIMES: [(&str, &str); 6] = [
    ("max_execution_time", "0"),
    ("max_statement_time", "0"),
    ("idle_transaction_timeout", "0"),
    ("idle_readonly_transaction_timeout", "0"),
    // MySQL 8 caches row estimates for a day.
    ("information_schema_stats_expiry", "0"),
    // MySQL's invisible primary key is a column like others.
    ("show_gipk_in_create_table_and_information_schema", "ON"),
];

/// The statements for every connection to the server behind this one.
///
/// # Errors
/// If the server can't be asked for its variables.
pub fn statements(conn: &mut Conn) -> Result<Vec<String>, Error> {
    let names: Vec<String> = SOMETIMES.iter().map(|(name, _)| format!("'{name}'")).collect();
    let there: Vec<(Vec<u8>, Vec<u8>)> =
        conn.query(format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({})", names.join(", ")))?;
    let mut statements: Vec<String> = ALWAYS.iter().map(|&text| text.to_owned()).collect();
    for (name, wanted) in SOMETIMES {
        let is = there.iter().find(|(there, _)| there.eq_ignore_ascii_case(name.as_bytes())).map(|(_, is)| is);
        if is.is_some_and(|is| !is_same(is, wanted)) {
            statements.push(format!("SET SESSION {name} = {wanted}"));
        }
    }
    Ok(statements)
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
}
