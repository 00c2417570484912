//! Values that nobody has: rows that hand unique values around are first set to such, so that each
//! value is free when it is taken.

use super::describe::text;
use super::native::NativeColumn;
use super::sql::quote;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Row};

/// How often to look for a beginning that no value has.
const TRIES: usize = 64;
/// Longer values need not be made up.
const LENGTH: u64 = 24;

/// Where values are to be found.
pub struct Lot<'a> {
    /// The table's qualified name.
    pub table: &'a str,
    /// The temporary table's qualified name.
    pub steps: &'a str,
    /// The temporary table's column with the values to come.
    pub coming: String,
    /// How many are needed.
    pub rows: u64,
}

/// An expression over the steps' numbers `w.n` that gives each step a value of its own that is
/// neither in the table nor to come; `None` if the type has none to spare.
///
/// # Errors
/// If the server can't be asked.
pub fn placeholder(conn: &mut Conn, column: &NativeColumn, lot: &Lot<'_>) -> Result<Option<String>, Error> {
    if column.nullable {
        return Ok(Some("NULL".to_owned()));
    }
    match column.data_type.as_str() {
        "char" | "varchar" => words(conn, column, lot, column.characters.unwrap_or(0)),
        "tinytext" | "text" | "mediumtext" | "longtext" => words(conn, column, lot, LENGTH),
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            words(conn, column, lot, column.octets.unwrap_or(0))
        }
        "uuid" => {
            let head = conn.query_first::<String, _>("SELECT REPLACE(UUID(), '-', '')")?.unwrap_or_default();
            let head = head.get(..24).unwrap_or("000000000000000000000000").to_owned();
            Ok(Some(format!("CONCAT('{head}', LPAD(HEX(w.n), 8, '0'))")))
        }
        "decimal" | "numeric" => {
            let whole = column.precision.unwrap_or(10).saturating_sub(column.scale.unwrap_or(0)).min(38);
            let most = 10i128.checked_pow(whole).unwrap_or(i128::MAX) - 1;
            numbers(conn, column, lot, (if column.unsigned() { 0 } else { -most }, most))
        }
        "date" => days(conn, column, lot, "CAST('1000-01-01' AS DATE)", "CAST('9999-12-31' AS DATE)"),
        "datetime" => days(conn, column, lot, "CAST('1000-01-01' AS DATETIME)", "CAST('9999-12-31' AS DATETIME)"),
        _ => match column.integers() {
            Some(range) => numbers(conn, column, lot, range),
            None => Ok(None),
        },
    }
}

/// The least and greatest value of both, by an expression over each that gives them as text.
fn ends(conn: &mut Conn, column: &NativeColumn, lot: &Lot<'_>) -> Result<Vec<Option<String>>, Error> {
    let mut found = Vec::new();
    for (table, name) in [(lot.table, column.name.as_str()), (lot.steps, lot.coming.as_str())] {
        let name = quote(name);
        let row: Option<Row> =
            conn.query_first(format!("SELECT CAST(MIN({name}) AS CHAR), CAST(MAX({name}) AS CHAR) FROM {table}"))?;
        found.push(row.as_ref().and_then(|row| text(row, 0)));
        found.push(row.as_ref().and_then(|row| text(row, 1)));
    }
    Ok(found)
}

/// Whole numbers below all there are, or above.
fn numbers(
    conn: &mut Conn,
    column: &NativeColumn,
    lot: &Lot<'_>,
    (least, most): (i128, i128),
) -> Result<Option<String>, Error> {
    let ends = ends(conn, column, lot)?;
    let whole = |text: &String| text.split('.').next().and_then(|digits| digits.parse::<i128>().ok());
    if ends.iter().flatten().any(|end| whole(end).is_none()) {
        return Ok(None);
    }
    let found = || ends.iter().flatten().filter_map(whole);
    let (low, high) = (found().min().unwrap_or(0), found().max().unwrap_or(0));
    Ok(beside(low, high, least, most, i128::from(lot.rows)))
}

/// `rows` whole numbers outside of `low..=high` and inside of `least..=most`, as an expression.
fn beside(low: i128, high: i128, least: i128, most: i128, rows: i128) -> Option<String> {
    // One apart, for what stands after a point.
    if low.saturating_sub(1 + rows) >= least {
        let first = low - 1 - rows;
        return Some(format!("{first} + CAST(w.n AS SIGNED)"));
    }
    let sign = if high >= -2 { "UNSIGNED" } else { "SIGNED" };
    (high.saturating_add(1 + rows) <= most).then(|| format!("{} + CAST(w.n AS {sign})", high + 2))
}

/// Days before all there are, or after.
fn days(
    conn: &mut Conn,
    column: &NativeColumn,
    lot: &Lot<'_>,
    least: &str,
    most: &str,
) -> Result<Option<String>, Error> {
    let ends = ends(conn, column, lot)?;
    let mut known: Vec<&String> = ends.iter().flatten().collect();
    // ISO dates are in the order of their text.
    known.sort();
    let (Some(low), Some(high)) = (known.first(), known.last()) else {
        return Ok(Some(format!("{least} + INTERVAL w.n DAY")));
    };
    let spare = |from: &str, to: &str| format!("SELECT DATEDIFF({to}, {from}) > {}", lot.rows + 1);
    let (low, high) = (format!("CAST('{low}' AS DATETIME)"), format!("CAST('{high}' AS DATETIME)"));
    let has = |conn: &mut Conn, sql: String| -> Result<bool, Error> {
        let row: Option<Row> = conn.query_first(sql)?;
        Ok(row.and_then(|row| text(&row, 0)).is_some_and(|is| is == "1"))
    };
    if has(conn, spare(least, &low))? {
        return Ok(Some(format!("{least} + INTERVAL w.n DAY")));
    }
    Ok(has(conn, spare(&high, most))?.then(|| format!("{most} - INTERVAL w.n DAY")))
}

/// Words with a beginning that no value has.
fn words(conn: &mut Conn, column: &NativeColumn, lot: &Lot<'_>, length: u64) -> Result<Option<String>, Error> {
    let fixed = column.data_type == "binary";
    let length = if fixed { length } else { length.min(LENGTH) };
    let digits = digits(lot.rows);
    let Some(head) = length.checked_sub(digits).filter(|head| *head > 0) else { return Ok(None) };
    for _ in 0..TRIES {
        let seed: Option<Vec<u8>> = conn.query_first("SELECT SHA1(CONCAT(UUID(), RAND()))")?;
        let mut start: String =
            String::from_utf8_lossy(&seed.unwrap_or_default()).chars().cycle().take(head as usize).collect();
        if start.is_empty() {
            start = "z".repeat(head as usize);
        }
        let mut free = true;
        for (table, name) in [(lot.table, column.name.as_str()), (lot.steps, lot.coming.as_str())] {
            let taken: Option<Row> =
                conn.query_first(format!("SELECT 1 FROM {table} WHERE {} LIKE '{start}%' LIMIT 1", quote(name)))?;
            free &= taken.is_none();
        }
        if free {
            let number = format!("LPAD(LOWER(CONV(w.n, 10, 36)), {digits}, '0')");
            return Ok(Some(format!("CONCAT('{start}', {number})")));
        }
    }
    Ok(None)
}

/// How many digits of base 36 tell so many rows apart.
fn digits(rows: u64) -> u64 {
    let (mut digits, mut room) = (1, 36u64);
    while room < rows {
        digits += 1;
        room = room.saturating_mul(36);
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_below_before_numbers_above() {
        assert_eq!(beside(1, 9, -128, 127, 3).as_deref(), Some("-3 + CAST(w.n AS SIGNED)"));
        assert_eq!(beside(1, 9, 0, 255, 3).as_deref(), Some("11 + CAST(w.n AS UNSIGNED)"));
        assert_eq!(beside(0, 255, 0, 255, 2), None);
        assert_eq!(beside(-128, -100, -128, 127, 2).as_deref(), Some("-98 + CAST(w.n AS SIGNED)"));
        assert_eq!(beside(5, 9, 0, 255, 3).as_deref(), Some("1 + CAST(w.n AS SIGNED)"));
    }

    #[test]
    fn digits_for_all_rows() {
        assert_eq!([digits(1), digits(36), digits(37), digits(1296), digits(1297)], [1, 1, 2, 2, 3]);
    }
}
