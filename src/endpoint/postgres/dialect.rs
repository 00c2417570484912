//! Scripts for `psql`.

use super::super::Dialect;
use super::counters::reach;
use super::quote::identifier;
use super::text::with_era;
use crate::table::{Column, PortableType};

/// PostgreSQL's SQL.
pub(super) struct PostgresDialect;

impl Dialect for PostgresDialect {
    fn client(&self) -> &'static str {
        "psql"
    }

    fn identifier(&self, name: &str) -> String {
        identifier(name)
    }

    /// Quoted constants have no type of their own: they take that of the column that they meet.
    fn literal(&self, value: Option<&str>, column: &Column) -> String {
        let Some(value) = value else { return "NULL".to_owned() };
        let digits = value.strip_prefix('-').unwrap_or(value);
        let number = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match column.ty {
            PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. } if number => value.to_owned(),
            PortableType::Boolean if matches!(value, "true" | "false") => value.to_owned(),
            PortableType::Date | PortableType::Timestamp { .. } | PortableType::Instant { .. } => {
                constant(&with_era(value))
            }
            _ => constant(value),
        }
    }

    fn is(&self, column: &Column, constant: &str) -> String {
        let name = identifier(&column.name);
        if constant == "NULL" {
            return format!("{name} IS NULL");
        }
        match column.ty {
            PortableType::Printed if column.native == "inet" => {
                format!("pg_catalog.abbrev({name}) COLLATE \"C\" IS NOT DISTINCT FROM {constant}")
            }
            ref ty if ty.is_printed() || matches!(ty, PortableType::Text | PortableType::Json) => {
                format!("{name}::text COLLATE \"C\" IS NOT DISTINCT FROM {constant}")
            }
            _ => format!("{name} IS NOT DISTINCT FROM {constant}"),
        }
    }

    fn key_is(&self, column: &Column, constant: &str) -> String {
        match column.ty {
            PortableType::Json => self.is(column, constant),
            ref printed if printed.is_printed() && !has_equality(&column.native) => self.is(column, constant),
            _ => format!("{} = {constant}", identifier(&column.name)),
        }
    }

    fn no_table(&self) -> &'static str {
        ""
    }

    fn overriding(&self) -> &'static str {
        " OVERRIDING SYSTEM VALUE"
    }

    fn advance_counter(&self, table: &str, column: &Column) -> Option<String> {
        let sequence = format!(
            "pg_catalog.pg_get_serial_sequence({}, {})::pg_catalog.regclass",
            constant(table),
            constant(&column.name)
        );
        // From where it is, by whole steps, within its range.
        Some(format!(
            "SELECT pg_catalog.setval(s.seqrelid::pg_catalog.regclass, \
             (s.last + pg_catalog.ceil((s.reach - s.last) / s.step) * s.step)::pg_catalog.int8) FROM (SELECT \
             q.seqrelid, q.seqincrement::pg_catalog.numeric AS step, {} AS reach, \
             COALESCE(pg_catalog.pg_sequence_last_value(q.seqrelid), \
             q.seqstart::pg_catalog.numeric - q.seqincrement) AS last FROM pg_catalog.pg_sequence AS q \
             WHERE q.seqrelid = {sequence}) AS s WHERE (s.reach - s.last) / s.step > 0;\n",
            reach(table, &column.name)
        ))
    }

    fn prologue(&self) -> String {
        format!(
            "\\set ON_ERROR_STOP on\n\
             SET client_encoding = 'UTF8';\n\
             SET standard_conforming_strings = on;\n\
             SET DateStyle = 'ISO, YMD';\n\
             SET IntervalStyle = 'postgres';\n\
             SET TimeZone = 'UTC';\n\
             SET extra_float_digits = 3;\n\
             SET bytea_output = 'hex';\n\
             SET xmloption = 'content';\n\
             {BEGIN}"
        )
    }

    fn next_transaction(&self) -> String {
        format!("COMMIT;\n{BEGIN}")
    }

    fn epilogue(&self) -> String {
        "COMMIT;\n".to_owned()
    }
}

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n";

/// Whether values of a type can be compared with `=`; those of geometry compare sizes, if anything.
fn has_equality(native: &str) -> bool {
    let element = native.trim_end_matches("[]");
    !matches!(element, "json" | "xml" | "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle")
}

/// A string constant on one line that means the same under any setting.
fn constant(text: &str) -> String {
    if !text.contains(|c: char| c == '\\' || c.is_ascii_control()) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::with_capacity(text.len() + 8);
    out.push_str("E'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(ty: PortableType, value: &str) -> String {
        PostgresDialect.literal(Some(value), &Column::new("c", ty, ""))
    }

    #[test]
    fn constants_are_on_one_line_and_closed() {
        assert_eq!(literal(PortableType::Text, "it's"), "'it''s'");
        assert_eq!(literal(PortableType::Text, "\\'; DROP\n\u{1}"), r"E'\\''; DROP\n\x01'");
        assert_eq!(literal(PortableType::Bytes, "\\x00ff"), r"E'\\x00ff'");
        assert_eq!(literal(PortableType::Integer, "-5"), "-5");
        assert_eq!(literal(PortableType::Decimal { precision: None, scale: 0 }, "NaN"), "'NaN'");
        assert_eq!(literal(PortableType::Decimal { precision: None, scale: 0 }, "1; DROP"), "'1; DROP'");
        assert_eq!(literal(PortableType::Float64, "1e308"), "'1e308'");
        assert_eq!(literal(PortableType::Date, "-043-03-15"), "'0044-03-15 BC'");
        assert_eq!(PostgresDialect.literal(None, &Column::new("c", PortableType::Text, "")), "NULL");
    }

    #[test]
    fn conditions_are_exact_and_know_null() {
        let column = |ty, native: &str| Column::new("a\"b", ty, native);
        let text = column(PortableType::Text, "text");
        assert_eq!(PostgresDialect.is(&text, "NULL"), "\"a\"\"b\" IS NULL");
        assert_eq!(PostgresDialect.is(&text, "'x'"), "\"a\"\"b\"::text COLLATE \"C\" IS NOT DISTINCT FROM 'x'");
        let point = column(PortableType::Printed, "point");
        assert!(!PostgresDialect.key_is(&point, "'(1,2)'").contains(" = "));
        let label = column(PortableType::Printed, "letter");
        assert_eq!(PostgresDialect.key_is(&label, "'x'"), "\"a\"\"b\" = 'x'");
    }
}
