//! Moving what numbers new rows past the rows that were written: AUTO_INCREMENT, and the sequences of
//! MariaDB that a default asks (`DEFAULT nextval(…)`).
//!
//! The server sets a sequence under a lock of its own and never backwards. It does so at once, whatever
//! becomes of the transaction.

use super::describe::text;
use super::failure::words;
use super::native::{NativeColumn, NextValue};
use super::sql::{qualified, quote};
use super::write::{MysqlWriter, Transaction};
use crate::endpoint::WriteError;
use mysql::Row;
use mysql::prelude::Queryable;

const DOING: &str = "moving the counter";

/// Moves all counters of the table. What a person should know of those that can't be moved.
pub fn advance(writer: &mut MysqlWriter) -> Result<Vec<String>, WriteError> {
    let mut notes = Vec::new();
    let columns: Vec<NativeColumn> = writer.place.columns.iter().map(|column| column.native.clone()).collect();
    for column in &columns {
        if column.is_counter() {
            notes.extend(advance_own(writer, column)?);
        }
        match &column.next_value {
            Some(NextValue::Of(schema, name)) => notes.extend(advance_sequence(writer, column, schema, name)?),
            Some(NextValue::Inside) => notes.push(format!(
                "column `{}` takes the value of new rows from an expression that asks a sequence, which is not moved: \
                 it may give a value that a row has",
                column.name
            )),
            None => {}
        }
    }
    Ok(notes)
}

/// AUTO_INCREMENT moves by itself when rows are added, but not on every server when they change.
fn advance_own(writer: &mut MysqlWriter, column: &NativeColumn) -> Result<Option<String>, WriteError> {
    let Some((_, most)) = column.integers() else { return Ok(None) };
    let table = writer.place.table.clone();
    let largest = format!("SELECT MAX({}) FROM {table}", quote(&column.name));
    let row: Option<Row> = writer.conn.query_first(largest).map_err(|error| writer.failed(DOING, &error))?;
    let Some(largest) = number(row.as_ref(), 0) else { return Ok(None) };
    if largest >= most {
        return Ok(Some(format!(
            "column `{}` has the largest number that it holds ({most}): its counter gives no other any more",
            column.name
        )));
    }
    let sql = "SELECT auto_increment FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
    let row: Option<Row> = writer.conn.exec_first(sql, &writer.name).map_err(|error| writer.failed(DOING, &error))?;
    let next = number(row.as_ref(), 0).unwrap_or(1);
    if next > largest || largest <= 0 {
        return Ok(None);
    }
    if writer.transaction() == Transaction::Open {
        return Err(writer.wrong(DOING, "it would commit the transaction under way"));
    }
    let sql = format!("ALTER TABLE {table} AUTO_INCREMENT = {}", largest + 1);
    said(writer.conn.query_drop(sql), writer).map(|refused| {
        refused.err().map(|why| {
            format!(
                "the counter of column `{}` is not moved past the rows that were written, so that new rows may be \
                 given numbers that others have: {why}",
                column.name
            )
        })
    })
}

/// Moves a sequence that a default asks past the last of the column's values that it may give.
fn advance_sequence(
    writer: &mut MysqlWriter,
    column: &NativeColumn,
    schema: &str,
    name: &str,
) -> Result<Option<String>, WriteError> {
    let sequence = qualified(schema, name);
    let unmoved = |why: &str| {
        Some(format!(
            "sequence {sequence} is not moved past the rows that were written, so that column `{}` of new rows may be \
             given values that others have: {why}",
            column.name
        ))
    };
    if column.integers().is_none() && !matches!(column.data_type.as_str(), "decimal" | "numeric") {
        return Ok(unmoved("the column does not hold whole numbers"));
    }
    let sql = format!(
        "SELECT next_not_cached_value, minimum_value, maximum_value, increment, cache_size, cycle_option FROM {sequence}"
    );
    let asked = writer.conn.query_first::<Row, _>(sql);
    let row = match said(asked, writer)? {
        Ok(row) => row,
        Err(why) => return Ok(unmoved(&why)),
    };
    let at = |at| number(row.as_ref(), at);
    let (Some(next), Some(least), Some(most), Some(step), Some(cache)) = (at(0), at(1), at(2), at(3), at(4)) else {
        return Ok(unmoved("it does not say where it is"));
    };
    let range = Range { next, least, most, step: if step == 0 { 1 } else { step } };
    let (extreme, name) = (if range.step > 0 { "MAX" } else { "MIN" }, quote(&column.name));
    let sql = format!("SELECT {extreme}({name}) FROM {} WHERE {name} BETWEEN {least} AND {most}", writer.place.table);
    let row: Option<Row> = writer.conn.query_first(sql).map_err(|error| writer.failed(DOING, &error))?;
    // Of a decimal the whole number before it.
    let Some(reach) = row.as_ref().and_then(|row| text(row, 0)?.split('.').next()?.parse().ok()) else {
        return Ok(None);
    };
    let (value, last) = range.behind(reach);
    let spent = (last && at(5) != Some(1)).then(|| {
        format!(
            "sequence {sequence} is not moved past all rows: in column `{}` one has the end of its range ({}), after \
             which it would give nothing any more",
            column.name,
            if range.step > 0 { most } else { least }
        )
    });
    // Of those that are cached, the server may have given none.
    if range.is_past(value, cache) {
        return Ok(spent);
    }
    let set = writer.conn.query_drop(format!("DO SETVAL({sequence}, {value}, 0)"));
    Ok(match said(set, writer)? {
        Ok(()) => spent,
        Err(why) => unmoved(&why),
    })
}

/// What a sequence may give.
struct Range {
    /// A value on its way.
    next: i128,
    least: i128,
    most: i128,
    /// From one value to the next; not 0.
    step: i128,
}

impl Range {
    /// The first value on its way behind `reach`; if that is out of its range the last that is in it, and
    /// true.
    fn behind(&self, reach: i128) -> (i128, bool) {
        // Counting down is counting up on the other side of 0.
        let sign = self.step.signum();
        let (next, reach, step) = (self.next * sign, reach * sign, self.step.abs());
        let end = if sign > 0 { self.most } else { -self.least };
        let value = next + ((reach - next).div_euclid(step) + 1) * step;
        if value <= end {
            return (value * sign, false);
        }
        ((next + (end - next).div_euclid(step) * step) * sign, true)
    }

    /// Whether it gives this value never again, also if none of the `cache` values before the next is
    /// given.
    fn is_past(&self, value: i128, cache: i128) -> bool {
        let first = self.next - cache.max(1) * self.step;
        if self.step > 0 { value <= first } else { value >= first }
    }
}

fn number(row: Option<&Row>, at: usize) -> Option<i128> {
    text(row?, at)?.parse().ok()
}

/// What the server said, in words if it refused; an error if nothing was heard of it.
fn said<T>(result: mysql::Result<T>, writer: &MysqlWriter) -> Result<Result<T, String>, WriteError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error @ mysql::Error::MySqlError(_)) => Ok(Err(words(&error))),
        Err(error) => Err(writer.failed(DOING, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_stay_on_their_steps_and_in_their_range() {
        let range = |next, least, most, step| Range { next, least, most, step };
        for (range, reach, expected) in [
            (range(10, 1, 1_000_000, 10), 1000, (1010, false)),
            (range(10, 1, 1_000_000, 10), 1005, (1010, false)),
            (range(10, 1, 1_000_000, 10), 5, (10, false)),
            (range(10_010, 1, 1_000_000, 10), 1000, (1010, false)),
            (range(1, 1, 10, 1), 9, (10, false)),
            (range(1, 1, 10, 1), 10, (10, true)),
            (range(5, 1, 100, 10), 88, (95, false)),
            (range(5, 1, 100, 10), 95, (95, true)),
            (range(5, 1, 100, 10), 99, (95, true)),
            (range(-1, -9, -1, -2), -4, (-5, false)),
            (range(-1, -9, -1, -2), -5, (-7, false)),
            (range(-1, -9, -1, -2), -9, (-9, true)),
            (
                range(i128::from(i64::MAX), 1, i128::from(i64::MAX), 1),
                i128::from(i64::MAX),
                (i128::from(i64::MAX), true),
            ),
        ] {
            assert_eq!(range.behind(reach), expected, "{} by {} to {reach}", range.next, range.step);
        }
    }

    #[test]
    fn what_was_given_already_needs_no_right() {
        let range = Range { next: 1001, least: 1, most: 5000, step: 1 };
        assert!(range.is_past(1, 1000) && !range.is_past(2, 1000) && !range.is_past(1002, 1000));
        let down = Range { next: -11, least: -99, most: -1, step: -2 };
        assert!(down.is_past(-1, 5) && !down.is_past(-3, 5));
    }
}
