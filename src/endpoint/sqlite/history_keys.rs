//! A row's key as the triggers write it down, and back again.
//!
//! The values are a JSON array of text for whoever reads the table. In SQLite `7`, `7.0` and `'7'` are
//! three values, so a second column has a letter for each: `i`nteger, `r`eal, `t`ext, `b`lob, `n`ull,
//! and `x` for text that JSON can't hold as it is and that is written in hexadecimal digits.
//!
//! The triggers run in the programs that use the file, whose SQLite may be old or built without JSON:
//! only functions that every version of the last ten years has are used.

use super::connect::quoted;
use super::stored::Stored;
use crate::table::parse_bytes;
use rusqlite::Connection;
use serde::de::{Deserialize, Deserializer, Visitor};

/// The expression for the values of a row (`NEW`, `OLD` or an alias).
pub(super) fn values(row: &str, key: &[String]) -> String {
    let parts: Vec<String> = key.iter().map(|name| value(&format!("{row}.{}", quoted(name)))).collect();
    format!("'[' || {} || ']'", parts.join(" || ',' || "))
}

fn value(cell: &str) -> String {
    format!(
        "CASE typeof({cell}) WHEN 'null' THEN 'null' WHEN 'integer' THEN '\"' || {cell} || '\"' \
         WHEN 'real' THEN '\"' || quote({cell}) || '\"' WHEN 'blob' THEN '\"\\\\x' || lower(hex({cell})) || '\"' \
         ELSE CASE WHEN {} THEN '\"\\\\x' || lower(hex({cell})) || '\"' \
         ELSE '\"' || replace(replace({cell}, '\\', '\\\\'), '\"', '\\\"') || '\"' END END",
        odd(cell)
    )
}

/// The expression for the letters.
pub(super) fn kinds(row: &str, key: &[String]) -> String {
    let letter = |name: &String| {
        let cell = format!("{row}.{}", quoted(name));
        format!("CASE WHEN typeof({cell}) = 'text' AND ({}) THEN 'x' ELSE substr(typeof({cell}), 1, 1) END", odd(&cell))
    };
    key.iter().map(letter).collect::<Vec<_>>().join(" || ")
}

/// Whether a text has control characters.
fn odd(cell: &str) -> String {
    format!("instr({cell}, char(0)) > 0 OR {cell} GLOB '*[' || char(1) || '-' || char(31) || ']*'")
}

/// The values that were written down; `None` if that is not what they are.
pub(super) fn read(connection: &Connection, values: &[u8], kinds: &[u8]) -> rusqlite::Result<Option<Vec<Stored>>> {
    let Ok(texts) = serde_json::from_slice::<Vec<Option<Bytes>>>(values) else { return Ok(None) };
    if texts.len() != kinds.len() {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(texts.len());
    for (text, kind) in texts.into_iter().zip(kinds) {
        let Some(value) = stored(connection, text, *kind)? else { return Ok(None) };
        out.push(value);
    }
    Ok(Some(out))
}

fn stored(connection: &Connection, text: Option<Bytes>, kind: u8) -> rusqlite::Result<Option<Stored>> {
    let Some(Bytes(bytes)) = text else { return Ok((kind == b'n').then_some(Stored::Null)) };
    let text = || std::str::from_utf8(&bytes).ok();
    Ok(match kind {
        b'i' => text().and_then(|text| text.parse().ok()).map(Stored::Integer),
        b'r' => text().and_then(|text| text.parse().ok()).map(Stored::Real),
        b't' => Some(Stored::Text(bytes)),
        b'b' => text().and_then(parse_bytes).map(Stored::Blob),
        b'x' => match text().filter(|text| parse_bytes(text).is_some()) {
            // The digits are of the file's own encoding, which a bound value would not be taken for.
            Some(text) => {
                let sql = format!("SELECT CAST(x'{}' AS TEXT)", &text[2..]);
                Some(connection.query_row(&sql, [], |row| Ok(Stored::of(row.get_ref(0)?)))?)
            }
            None => None,
        },
        _ => None,
    })
}

/// The bytes of a JSON string: text in SQLite need not be valid.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Take;
        impl Visitor<'_> for Take {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stored::{Blob, Integer, Null, Real};

    fn again(encoding: &str, cells: &[Stored]) -> (String, String, Vec<Stored>) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("PRAGMA encoding = '{encoding}'; CREATE TABLE t (a, \"b \"\"c\")")).unwrap();
        connection.execute("INSERT INTO t VALUES (?1, ?2)", [&cells[0], &cells[1]]).unwrap();
        let key = ["a".to_owned(), "b \"c".to_owned()];
        let sql = format!("SELECT {}, {} FROM t", values("t", &key), kinds("t", &key));
        let text = |value: Stored| match value {
            Stored::Text(bytes) => bytes,
            other => panic!("{other:?}"),
        };
        let (values, kinds) = connection
            .query_row(&sql, [], |row| Ok((text(Stored::of(row.get_ref(0)?)), text(Stored::of(row.get_ref(1)?)))))
            .unwrap();
        let read = read(&connection, &values, &kinds).unwrap().unwrap();
        (String::from_utf8_lossy(&values).into_owned(), String::from_utf8(kinds).unwrap(), read)
    }

    #[test]
    fn values_come_back_as_they_were() {
        let text = |text: &str| Stored::text(text);
        for encoding in ["UTF-8", "UTF-16le", "UTF-16be"] {
            for value in [
                Null,
                Integer(i64::MIN),
                Integer(7),
                Real(7.0),
                Real(0.1 + 0.2),
                Real(1e23),
                Real(5e-324),
                Real(f64::MAX),
                Real(f64::NEG_INFINITY),
                text("7"),
                text(""),
                text("\\x61"),
                text("it's \"so\" \\ \u{1F600}é\u{7f}"),
                text("a\0b"),
                text("\0"),
                text("tab\tand\nline"),
                text("[1,2]"),
                Blob(vec![]),
                Blob(vec![0, 255]),
            ] {
                let cells = [value.clone(), Integer(1)];
                assert_eq!(again(encoding, &cells).2, cells, "{encoding} {value:?}");
            }
        }
        let broken = [Stored::Text(vec![0xFF, 0x61]), Stored::Text(vec![0xFF, 0])];
        assert_eq!(again("UTF-8", &broken).2, broken);
    }

    #[test]
    fn a_person_can_read_them() {
        let (values, kinds, _) = again("UTF-8", &[Integer(7), Stored::text("a \"b\"")]);
        assert_eq!((values.as_str(), kinds.as_str()), (r#"["7","a \"b\""]"#, "it"));
        let (values, kinds, _) = again("UTF-8", &[Blob(vec![1, 0xAB]), Null]);
        assert_eq!((values.as_str(), kinds.as_str()), (r#"["\\x01ab",null]"#, "bn"));
    }

    #[test]
    fn what_was_not_written_by_the_triggers_is_known() {
        let connection = Connection::open_in_memory().unwrap();
        for (values, kinds) in
            [("[\"7\"]", "it"), ("[\"a\"]", "i"), ("[7]", "i"), ("[null]", "t"), ("x", "i"), ("[\"\\\\x0\"]", "b")]
        {
            assert_eq!(read(&connection, values.as_bytes(), kinds.as_bytes()).unwrap(), None, "{values} {kinds}");
        }
    }
}
