//! Scripts for the `mariadb` and `mysql` clients.

use super::load::{hex, literal};
use super::native::NativeColumn;
use super::session::WRITE_MODE;
use super::sql::quote;
use crate::endpoint::Dialect;
use crate::table::{Column, PortableType, parse_boolean, parse_float};

/// How MySQL and MariaDB write names and values, in the session that the prologue makes.
pub struct MysqlDialect;

impl Dialect for MysqlDialect {
    fn client(&self) -> &'static str {
        "mariadb"
    }

    fn identifier(&self, name: &str) -> String {
        quote(name)
    }

    fn literal(&self, value: Option<&str>, column: &Column) -> String {
        let Some(value) = value else { return "NULL".to_owned() };
        let word = || literal(value);
        match &column.ty {
            PortableType::Boolean => match parse_boolean(value) {
                Some(true) => "1".to_owned(),
                Some(false) => "0".to_owned(),
                None => word(),
            },
            PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. } if is_plain_number(value) => {
                value.to_owned()
            }
            // As a double, which a decimal constant is not; of 32 bits, exactly as they are stored.
            PortableType::Float32 => match value.parse::<f32>().ok().filter(|value| value.is_finite()) {
                Some(value) => format!("{:e}", f64::from(value)),
                None => word(),
            },
            PortableType::Float64 => match parse_float(value).filter(|value| value.is_finite()) {
                Some(value) => format!("{value:e}"),
                None => word(),
            },
            PortableType::Bytes => match value.strip_prefix("\\x").filter(|digits| is_hex(digits)) {
                Some(digits) => format!("x'{digits}'"),
                None => hex(value.as_bytes()),
            },
            // The session is in UTC.
            PortableType::Instant { .. } => literal(value.strip_suffix('Z').unwrap_or(value)),
            PortableType::Bits { .. } if value.bytes().all(|b| matches!(b, b'0' | b'1')) => {
                format!("b'{value}'")
            }
            PortableType::Bits { .. } => if parse_boolean(value) == Some(true) { "b'1'" } else { "b'0'" }.to_owned(),
            PortableType::Printed if native(column).is_geometry() => {
                match value.strip_prefix("SRID=").and_then(|rest| rest.split_once(';')) {
                    Some((system, shape)) if system.bytes().all(|b| b.is_ascii_digit()) => {
                        format!("ST_GeomFromText({}, {system})", literal(shape))
                    }
                    _ => format!("ST_GeomFromText({})", word()),
                }
            }
            _ => word(),
        }
    }

    fn is(&self, column: &Column, constant: &str) -> String {
        let name = quote(&column.name);
        if let Some(ty) = temporal(&column.ty) {
            return format!("{name} <=> CAST({constant} AS {ty})");
        }
        match &column.ty {
            PortableType::Text | PortableType::Json | PortableType::Uuid => same_bytes(&name, constant),
            PortableType::Bits { .. } => format!("{name} + 0 <=> {constant} + 0"),
            PortableType::Printed if native(column).is_geometry() => {
                format!("{} <=> {}", native(column).projected(&name), native(column).projected(constant))
            }
            printed if printed.is_printed() => same_bytes(&name, constant),
            _ => format!("{name} <=> {constant}"),
        }
    }

    fn key_is(&self, column: &Column, constant: &str) -> String {
        let name = quote(&column.name);
        let is = self.is(column, constant);
        match &column.ty {
            PortableType::Text | PortableType::Json | PortableType::Uuid => format!("({name} = {constant} AND {is})"),
            PortableType::Bits { .. } => format!("{name} = {constant}"),
            printed if printed.is_printed() => format!("({name} = {constant} AND {is})"),
            _ => match temporal(&column.ty) {
                Some(ty) => format!("{name} = CAST({constant} AS {ty})"),
                None => format!("{name} = {constant}"),
            },
        }
    }

    fn no_table(&self) -> &'static str {
        " FROM DUAL"
    }

    fn prologue(&self) -> String {
        format!(
            "SET NAMES utf8mb4;\n\
             SET SESSION sql_mode = '{WRITE_MODE}', time_zone = '+00:00', autocommit = 1,\n\
             \x20   foreign_key_checks = 1, unique_checks = 1, sql_safe_updates = 0;\n\
             START TRANSACTION;\n"
        )
    }

    fn next_transaction(&self) -> String {
        "COMMIT;\nSTART TRANSACTION;\n".to_owned()
    }

    fn epilogue(&self) -> String {
        "COMMIT;\n".to_owned()
    }
}

/// Equal byte for byte in UTF-8, or both NULL.
fn same_bytes(name: &str, constant: &str) -> String {
    format!("CAST(CONVERT({name} USING utf8mb4) AS BINARY) <=> CAST({constant} AS BINARY)")
}

/// The type that a constant of this type is cast to: without a cast, the two are compared in some
/// cases as text.
fn temporal(ty: &PortableType) -> Option<String> {
    match ty {
        PortableType::Date => Some("DATE".to_owned()),
        PortableType::Time { precision } => Some(format!("TIME({precision})")),
        PortableType::Timestamp { precision } | PortableType::Instant { precision } => {
            Some(format!("DATETIME({precision})"))
        }
        _ => None,
    }
}

/// The column as far as its type's name tells.
fn native(column: &Column) -> NativeColumn {
    let words = column.native.to_ascii_lowercase();
    let end = words.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(words.len());
    NativeColumn { name: column.name.clone(), data_type: words[..end].to_owned(), ..NativeColumn::default() }
}

fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|b| *b == b'.').count() <= 1
}

fn is_hex(digits: &str) -> bool {
    digits.len().is_multiple_of(2) && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(ty: PortableType, native: &str) -> Column {
        Column::new("a`b", ty, native)
    }

    #[test]
    fn constants_of_each_type() {
        let decimal = PortableType::Decimal { precision: Some(10), scale: 2 };
        for (ty, native, value, constant) in [
            (PortableType::Integer, "int", "-7", "-7"),
            (decimal, "decimal(10,2)", "-0.10", "-0.10"),
            (PortableType::Float64, "double", "0.1", "1e-1"),
            (PortableType::Float32, "float", "0.1", "1.0000000149011612e-1"),
            (PortableType::Bytes, "blob", "\\x00ff", "x'00ff'"),
            (PortableType::Text, "text", "it's a \\ ", "'it''s a \\\\ '"),
            (PortableType::Text, "text", "007", "'007'"),
            (PortableType::Date, "date", "0000-00-00", "'0000-00-00'"),
            (
                PortableType::Instant { precision: 6 },
                "timestamp(6)",
                "2024-05-06 07:08:09.5Z",
                "'2024-05-06 07:08:09.5'",
            ),
            (PortableType::Bits { length: Some(8) }, "bit(8)", "00000101", "b'00000101'"),
            (PortableType::Bits { length: Some(1) }, "bit(1)", "true", "b'1'"),
            (PortableType::Printed, "enum('x','y')", "x", "'x'"),
            (PortableType::Printed, "point", "SRID=4326;POINT(1 2)", "ST_GeomFromText('POINT(1 2)', 4326)"),
            (PortableType::Integer, "int", "1; DROP TABLE t", "'1; DROP TABLE t'"),
        ] {
            assert_eq!(MysqlDialect.literal(Some(value), &column(ty, native)), constant, "{native}");
        }
        assert_eq!(MysqlDialect.literal(None, &column(PortableType::Integer, "int")), "NULL");
    }

    #[test]
    fn conditions_are_exact_and_null_safe() {
        let is = |ty, native: &str, constant: &str| MysqlDialect.is(&column(ty, native), constant);
        assert_eq!(is(PortableType::Integer, "int", "NULL"), "`a``b` <=> NULL");
        assert_eq!(
            is(PortableType::Text, "varchar(9)", "'x'"),
            "CAST(CONVERT(`a``b` USING utf8mb4) AS BINARY) <=> CAST('x' AS BINARY)"
        );
        assert_eq!(
            is(PortableType::Timestamp { precision: 3 }, "datetime(3)", "'x'"),
            "`a``b` <=> CAST('x' AS DATETIME(3))"
        );
        assert_eq!(is(PortableType::Bits { length: Some(8) }, "bit(8)", "b'1'"), "`a``b` + 0 <=> b'1' + 0");
    }

    #[test]
    fn a_key_can_be_served_by_its_index() {
        let key = MysqlDialect.key_is(&column(PortableType::Text, "varchar(9)"), "'x'");
        assert!(key.starts_with("(`a``b` = 'x' AND CAST("), "{key}");
        assert_eq!(MysqlDialect.key_is(&column(PortableType::Integer, "int"), "5"), "`a``b` = 5");
    }
}
