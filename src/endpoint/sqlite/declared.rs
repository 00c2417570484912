//! Declared types to portable types.

use crate::table::PortableType;

/// The portable type of a declared one; `None` where the words say nothing of how values are
/// stored, so that the values have to be looked at.
///
/// The order is that of SQLite's affinity rules ("Datatypes In SQLite", section 3.1), with the
/// words that other databases use put in between.
pub(super) fn portable(declared: &str) -> Option<PortableType> {
    let name = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let first = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    Some(if has(&["BOOL"]) {
        PortableType::Boolean
    } else if has(&["UUID", "GUID", "UNIQUEIDENTIFIER"]) {
        PortableType::Uuid
    } else if has(&["JSON"]) {
        PortableType::Json
    } else if has(&["INTERVAL", "POINT"]) {
        // By the rules these contain INT, but no whole numbers are meant.
        return None;
    } else if has(&["INT"]) {
        PortableType::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        PortableType::Text
    } else if has(&["BLOB", "BINARY", "BYTEA"]) {
        PortableType::Bytes
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        PortableType::Float64
    } else if has(&["DATETIME", "TIMESTAMP"]) {
        let precision = digits(&name);
        let zoned = has(&["TIMESTAMPTZ", "WITH TIME ZONE", "WITH LOCAL TIME ZONE", "OFFSET"]);
        if zoned { PortableType::Instant { precision } } else { PortableType::Timestamp { precision } }
    } else if first == "DATE" {
        PortableType::Date
    } else if first == "TIME" && !has(&["WITH TIME ZONE"]) {
        PortableType::Time { precision: digits(&name) }
    } else if ["DECIMAL", "DEC", "NUMERIC", "NUMBER", "NUM", "FIXED", "MONEY", "SMALLMONEY"].contains(&first) {
        // SQLite does not enforce a precision or scale.
        PortableType::Decimal { precision: None, scale: 0 }
    } else {
        return None;
    })
}

/// The digits after a second that `TYPE(n)` declares; all six where it doesn't.
fn digits(name: &str) -> u8 {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    inner.and_then(|(inner, _)| inner.trim().parse().ok()).map_or(6, |digits: u8| digits.min(6))
}

/// The declared types that the documentation lists; `None` where the values decide.
#[cfg(test)]
pub(in crate::endpoint) fn catalog() -> Vec<(&'static str, Option<PortableType>)> {
    let types = [
        "BOOLEAN",
        "INTEGER, and whatever else has INT in it",
        "DECIMAL, NUMERIC, NUMBER, MONEY",
        "REAL, FLOAT, DOUBLE",
        "TEXT, CLOB, and whatever else has CHAR in it",
        "BLOB, BINARY, BYTEA",
        "DATE",
        "TIME",
        "DATETIME, TIMESTAMP",
        "TIMESTAMPTZ",
        "UUID, GUID",
        "JSON",
        "none, and any other word",
    ];
    let first = |words: &'static str| words.split(',').next().unwrap_or(words);
    types.into_iter().map(|words| (words, portable(first(words)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    #[test]
    fn words_are_understood() {
        let table = [
            ("boolean", Some(T::Boolean)),
            ("INT", Some(T::Integer)),
            ("UNSIGNED BIG INT", Some(T::Integer)),
            ("VARCHAR(20)", Some(T::Text)),
            ("native character(70)", Some(T::Text)),
            ("blob", Some(T::Bytes)),
            ("VARBINARY(16)", Some(T::Bytes)),
            ("double precision", Some(T::Float64)),
            ("Decimal(10, 2)", Some(T::Decimal { precision: None, scale: 0 })),
            ("datetime", Some(T::Timestamp { precision: 6 })),
            ("TIMESTAMP(3)", Some(T::Timestamp { precision: 3 })),
            ("timestamp(3) with time zone", Some(T::Instant { precision: 3 })),
            ("timestamp without time zone", Some(T::Timestamp { precision: 6 })),
            ("TIMESTAMPTZ", Some(T::Instant { precision: 6 })),
            ("date", Some(T::Date)),
            ("TIME(14)", Some(T::Time { precision: 6 })),
            ("time with time zone", None),
            ("uuid", Some(T::Uuid)),
            ("JSONB", Some(T::Json)),
            ("INTERVAL", None),
            ("STRING", None),
            ("ANY", None),
            ("", None),
        ];
        for (declared, expected) in table {
            assert_eq!(portable(declared), expected, "{declared}");
        }
    }
}
