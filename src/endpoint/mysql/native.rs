//! A column in the server's own terms, and the three things that follow from them: its portable
//! type, the expression that is selected for it, and the type its values have on the wire.
//!
//! Only 64-bit integers, floats and bytes are ever taken off the wire. ConnectorX panics on a
//! value that a richer type can't hold (`0000-00-00`, text that is not UTF-8), so dates, times and
//! the like are selected as text, and text as bytes.

use super::sql::quote;
use crate::table::{Column, Origin, PortableType};

/// A column as `information_schema` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NativeColumn {
    /// Its name.
    pub name: String,
    /// `data_type`, in lower case: `varchar`.
    pub data_type: String,
    /// `column_type`: `varchar(20)`.
    pub column_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether the server computes it.
    pub generated: bool,
    /// `numeric_precision`: digits, or bits of a `bit` column.
    pub precision: Option<u32>,
    /// `numeric_scale`.
    pub scale: Option<u32>,
    /// `datetime_precision`.
    pub fraction: Option<u8>,
    /// `character_set_name`.
    pub charset: Option<String>,
    /// `collation_name`.
    pub collation: Option<String>,
    /// `character_maximum_length`.
    pub characters: Option<u64>,
    /// `character_octet_length`.
    pub octets: Option<u64>,
    /// Whether a default is declared for it.
    pub default: bool,
    /// The sequence of MariaDB that the default asks.
    pub next_value: Option<NextValue>,
    /// `extra`, in lower case: `auto_increment`, `on update current_timestamp()`.
    pub extra: String,
    /// Whether the user may not read it.
    pub denied: bool,
    /// MariaDB's `JSON` is `longtext` with a check that it is valid JSON.
    pub checked_json: bool,
}

/// How a default asks a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextValue {
    /// For its next value: the sequence's database and name.
    Of(String, String),
    /// Somewhere in an expression.
    Inside,
}

impl NextValue {
    /// That of a default as the server prints it.
    pub fn of_default(default: &str) -> Option<Self> {
        const CALL: &str = "nextval(";
        // In quotes it is a text.
        if default.starts_with('\'') || !default.contains(CALL) {
            return None;
        }
        let whole = || {
            let mut names = Vec::new();
            let mut rest = default.strip_prefix(CALL)?.strip_suffix(')')?;
            while let Some(quoted) = rest.strip_prefix('`') {
                let (mut name, mut chars) = (String::new(), quoted.char_indices().peekable());
                let end = loop {
                    match (chars.next()?, chars.peek()) {
                        ((_, '`'), Some((_, '`'))) => name.extend(chars.next().map(|(_, c)| c)),
                        ((at, '`'), _) => break at + 1,
                        ((_, c), _) => name.push(c),
                    }
                };
                names.push(name);
                rest = &quoted[end..];
                rest = rest.strip_prefix('.').unwrap_or(rest);
            }
            let [schema, name] = names.try_into().ok()?;
            rest.is_empty().then_some(Self::Of(schema, name))
        };
        Some(whole().unwrap_or(Self::Inside))
    }
}

/// The type in which a column's values arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A whole number that fits `i64`.
    Signed,
    /// A whole number that fits `u64`.
    Unsigned,
    /// 32-bit float.
    Float32,
    /// 64-bit float.
    Float64,
    /// Bytes: raw ones, or the UTF-8 text of a value.
    Bytes,
}

impl NativeColumn {
    /// The column as everything above this folder knows it.
    pub fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            ty: self.portable(),
            native: self.column_type.clone(),
            nullable: self.nullable,
            generated: self.generated,
            declared: true,
            padded: self.data_type == "char",
            origin: self.origin(),
        }
    }

    /// What the server says it is besides its name: the labels of an enum or set.
    fn origin(&self) -> Option<Origin> {
        let labels: Vec<(u64, String)> = match self.data_type.as_str() {
            "enum" | "set" => (1..).zip(self.labels()).collect(),
            _ => return None,
        };
        Some(Origin { labels, ..Origin::default() })
    }

    /// Whether it holds whole numbers, so that a range of it can be split.
    pub fn is_integer(&self) -> bool {
        matches!(self.data_type.as_str(), "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint")
    }

    /// Whether new rows take their value from a counter.
    pub fn is_counter(&self) -> bool {
        self.extra.contains("auto_increment")
    }

    /// Whether every update of a row sets it, unless the update names it.
    pub fn is_touched_by_updates(&self) -> bool {
        self.extra.contains("on update")
    }

    /// The type in which everything above this folder sees its values.
    pub fn portable(&self) -> PortableType {
        let precision = self.fraction.unwrap_or(0).min(6);
        match self.data_type.as_str() {
            "bigint" if self.unsigned() => PortableType::Unsigned,
            "year" => PortableType::Integer,
            _ if self.is_integer() => PortableType::Integer,
            "decimal" | "numeric" => {
                PortableType::Decimal { precision: self.precision, scale: self.scale.unwrap_or(0) }
            }
            "float" => PortableType::Float32,
            "double" | "real" => PortableType::Float64,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                if self.checked_json {
                    PortableType::Json
                } else {
                    PortableType::Text
                }
            }
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "vector" => PortableType::Bytes,
            "date" => PortableType::Date,
            "time" => PortableType::Time { precision },
            "datetime" => PortableType::Timestamp { precision },
            // The session's zone is UTC.
            "timestamp" => PortableType::Instant { precision },
            "json" => PortableType::Json,
            "uuid" => PortableType::Uuid,
            "bit" => PortableType::Bits { length: Some(self.precision.unwrap_or(1)) },
            "set" => PortableType::Set,
            _ => PortableType::Printed,
        }
    }

    /// The type that [`projection`](Self::projection) has on the wire.
    pub fn wire(&self) -> Wire {
        match self.portable() {
            PortableType::Integer => Wire::Signed,
            PortableType::Unsigned => Wire::Unsigned,
            PortableType::Float32 => Wire::Float32,
            PortableType::Float64 => Wire::Float64,
            _ => Wire::Bytes,
        }
    }

    /// The expression to select for this column. The session's result character set is NULL:
    /// bytes cross as they are stored, and only what is stored in another encoding is converted.
    pub fn projection(&self) -> String {
        self.projected(&quote(&self.name))
    }

    /// The same for an expression of this column's type.
    pub fn projected(&self, column: &str) -> String {
        match self.data_type.as_str() {
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set" => {
                text(column, self.charset.as_deref())
            }
            "date" | "time" | "datetime" | "timestamp" | "uuid" | "inet4" | "inet6" => {
                format!("CAST({column} AS CHAR)")
            }
            "vector" => format!("CAST({column} AS BINARY)"),
            // As PostgreSQL prints bits: all of them.
            "bit" => format!("LPAD(BIN({column} + 0), {}, '0')", self.precision.unwrap_or(1)),
            // Decimals and JSON are text on the wire already.
            "decimal" | "numeric" | "float" | "double" | "real" | "year" | "json" | "binary" | "varbinary"
            | "tinyblob" | "blob" | "mediumblob" | "longblob" => column.to_owned(),
            _ if self.is_integer() => column.to_owned(),
            _ if self.is_geometry() => {
                // The reference system is part of the value, and not part of its text.
                let text = format!("ST_AsText({column})");
                format!("IF(ST_SRID({column}) = 0, {text}, CONCAT('SRID=', ST_SRID({column}), ';', {text}))")
            }
            _ => format!("CAST({column} AS CHAR)"),
        }
    }

    /// Whether it holds shapes.
    pub fn is_geometry(&self) -> bool {
        matches!(
            self.data_type.as_str(),
            "geometry"
                | "point"
                | "linestring"
                | "polygon"
                | "multipoint"
                | "multilinestring"
                | "multipolygon"
                | "geometrycollection"
                | "geomcollection"
        )
    }

    /// Whether its numbers have no sign.
    pub fn unsigned(&self) -> bool {
        let words = self.column_type.to_ascii_lowercase();
        // `zerofill` makes a column unsigned.
        words.split_whitespace().any(|word| word == "unsigned" || word == "zerofill")
    }
}

/// Text in UTF-8.
fn text(column: &str, charset: Option<&str>) -> String {
    match charset {
        None | Some("utf8mb4" | "utf8mb3" | "utf8" | "ascii" | "binary") => column.to_owned(),
        // Every byte of it is a character.
        Some("latin1") => format!("CONVERT({column} USING utf8mb4)"),
        // A byte that is no character becomes `?`, which must not pass for a real one: such a
        // value crosses as its raw bytes, is no valid UTF-8, and is told apart.
        Some(charset) => format!(
            "IF(CAST(CONVERT(CONVERT({column} USING utf8mb4) USING {charset}) AS BINARY) = CAST({column} AS BINARY), \
             CONVERT({column} USING utf8mb4), CAST({column} AS BINARY))",
            charset = quote(charset)
        ),
    }
}

/// The types that the documentation lists.
#[cfg(test)]
pub(in crate::endpoint) fn catalog() -> Vec<(&'static str, PortableType)> {
    let column = |data_type: &str, column_type: &str| NativeColumn {
        data_type: data_type.to_owned(),
        column_type: column_type.to_owned(),
        ..NativeColumn::default()
    };
    let digits = |precision, scale| NativeColumn { precision: Some(precision), scale, ..column("decimal", "decimal") };
    let seconds = |data_type| NativeColumn { fraction: Some(6), ..column(data_type, data_type) };
    let types = [
        ("tinyint to bigint, year", column("bigint", "bigint(20)")),
        ("bigint unsigned", column("bigint", "bigint(20) unsigned")),
        ("decimal(12,2)", digits(12, Some(2))),
        ("decimal(65,30)", digits(65, Some(30))),
        ("float", column("float", "float")),
        ("double", column("double", "double")),
        ("char, varchar, text", column("varchar", "varchar(9)")),
        ("binary, varbinary, blob", column("blob", "blob")),
        ("bit(8)", NativeColumn { precision: Some(8), ..column("bit", "bit(8)") }),
        ("date", column("date", "date")),
        ("time(6)", seconds("time")),
        ("datetime", column("datetime", "datetime")),
        ("datetime(6)", seconds("datetime")),
        ("timestamp(6)", seconds("timestamp")),
        ("uuid (MariaDB)", column("uuid", "uuid")),
        ("json", column("json", "json")),
        ("set", column("set", "set('a')")),
        ("enum, geometry, inet6, and all others", column("enum", "enum('a')")),
    ];
    types.into_iter().map(|(native, column)| (native, column.portable())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: &str, column_type: &str) -> NativeColumn {
        NativeColumn {
            name: "a`b".into(),
            data_type: data_type.into(),
            column_type: column_type.into(),
            ..NativeColumn::default()
        }
    }

    #[test]
    fn defaults_that_ask_a_sequence() {
        let of = |schema: &str, name: &str| Some(NextValue::Of(schema.to_owned(), name.to_owned()));
        assert_eq!(NextValue::of_default("nextval(`db`.`seq`)"), of("db", "seq"));
        assert_eq!(NextValue::of_default("nextval(`d.b`.`s``q)`)"), of("d.b", "s`q)"));
        assert_eq!(NextValue::of_default("(nextval(`db`.`seq`) + 1)"), Some(NextValue::Inside));
        assert_eq!(NextValue::of_default("nextval(`a`.`b`) + nextval(`c`.`d`)"), Some(NextValue::Inside));
        for none in ["'nextval(`a`.`b`)'", "5", "current_timestamp()", ""] {
            assert_eq!(NextValue::of_default(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_keep_their_width() {
        for (data_type, column_type, ty, wire) in [
            ("tinyint", "tinyint(1)", PortableType::Integer, Wire::Signed),
            ("int", "int(10) unsigned", PortableType::Integer, Wire::Signed),
            ("bigint", "bigint(20)", PortableType::Integer, Wire::Signed),
            ("bigint", "bigint(20) unsigned", PortableType::Unsigned, Wire::Unsigned),
            ("bigint", "bigint(20) unsigned zerofill", PortableType::Unsigned, Wire::Unsigned),
            ("year", "year(4)", PortableType::Integer, Wire::Signed),
            ("float", "float", PortableType::Float32, Wire::Float32),
            ("double", "double", PortableType::Float64, Wire::Float64),
        ] {
            let column = column(data_type, column_type);
            assert_eq!((column.portable(), column.wire()), (ty, wire), "{column_type}");
            assert_eq!(column.projection(), "`a``b`", "{column_type}");
        }
        let decimal = NativeColumn { precision: Some(65), scale: Some(30), ..column("decimal", "decimal(65,30)") };
        assert_eq!(decimal.portable(), PortableType::Decimal { precision: Some(65), scale: 30 });
        assert_eq!((decimal.projection().as_str(), decimal.wire()), ("`a``b`", Wire::Bytes));
    }

    #[test]
    fn what_connectorx_would_choke_on_crosses_as_text() {
        for (data_type, fraction, ty) in [
            ("date", None, PortableType::Date),
            ("datetime", Some(6), PortableType::Timestamp { precision: 6 }),
            ("timestamp", Some(0), PortableType::Instant { precision: 0 }),
            ("time", Some(3), PortableType::Time { precision: 3 }),
            ("uuid", None, PortableType::Uuid),
            ("inet6", None, PortableType::Printed),
            ("something new", None, PortableType::Printed),
        ] {
            let column = NativeColumn { fraction, ..column(data_type, data_type) };
            assert_eq!((column.portable(), column.wire()), (ty, Wire::Bytes));
            assert_eq!(column.projection(), "CAST(`a``b` AS CHAR)");
        }
    }

    #[test]
    fn text_is_converted_only_where_it_is_not_utf8() {
        let text = |charset: &str| {
            NativeColumn { charset: Some(charset.into()), ..column("varchar", "varchar(9)") }.projection()
        };
        assert_eq!(text("utf8mb4"), "`a``b`");
        assert_eq!(text("utf8mb3"), "`a``b`");
        assert_eq!(text("latin1"), "CONVERT(`a``b` USING utf8mb4)");
        assert!(text("cp1250").starts_with("IF(CAST(CONVERT(CONVERT(`a``b` USING utf8mb4) USING `cp1250`) AS BINARY)"));
    }

    #[test]
    fn the_rest_is_printed() {
        let bit = NativeColumn { precision: Some(12), ..column("bit", "bit(12)") };
        assert_eq!((bit.portable(), bit.wire()), (PortableType::Bits { length: Some(12) }, Wire::Bytes));
        assert_eq!(column("set", "set('a')").portable(), PortableType::Set);
        assert_eq!(bit.projection(), "LPAD(BIN(`a``b` + 0), 12, '0')");
        assert_eq!(column("enum", "enum('a')").portable(), PortableType::Printed);
        assert!(column("point", "point").projection().contains("ST_AsText(`a``b`)"));
        assert_eq!(column("binary", "binary(16)").portable(), PortableType::Bytes);
        let json = NativeColumn { checked_json: true, ..column("longtext", "longtext") };
        assert_eq!((json.portable(), json.projection().as_str()), (PortableType::Json, "`a``b`"));
    }
}
