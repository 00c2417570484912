//! Keys of every type, whatever the writing session's settings are.

use super::{Tracked, printed};
use crate::support::Place;
use trueup::endpoint::ExportBatch;

/// Types, and values that their constants write.
const TYPES: [(&str, &[&str]); 28] = [
    ("smallint", &["-7", "32767"]),
    ("int", &["0", "-2147483648"]),
    ("bigint", &["9223372036854775807", "-9223372036854775808"]),
    ("oid", &["4294967295"]),
    ("numeric", &["1.500", "NaN", "123456789012345678901234567890123456789012.5", "-0.000000000000001", "0"]),
    ("numeric(20,4)", &["1.5", "-1234567890123456.7891", "NaN"]),
    ("numeric(60,5)", &["12345678901234567890123456789012345678901234567890.12345"]),
    ("text", &["", " ", "it''s", "a\"b\\c", "two\nlines\ttab", "\u{1F600} ä", "[\"x\"]", "\\x41", "\u{1}", "null"]),
    ("varchar(20)", &["a  ", "  b"]),
    ("char(5)", &["ab", "abcde", ""]),
    ("\"char\"", &["x"]),
    ("name", &["Some Name"]),
    ("uuid", &["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"]),
    ("date", &["2024-02-29", "0044-03-15 BC", "infinity", "-infinity", "12345-01-02"]),
    ("timestamp", &["2024-01-02 03:04:05.678901", "1999-12-31 24:00", "infinity", "0044-03-15 12:00 BC"]),
    ("timestamp(3)", &["2024-01-02 03:04:05.678"]),
    ("timestamptz", &["2024-07-01 12:00:00.000001+02", "1900-01-01 00:00+00", "-infinity", "0044-03-15 12:00+00 BC"]),
    ("time", &["24:00", "12:34:56.789"]),
    ("bytea", &["\\x", "\\x00ff5c27", "\\x616263", "\\x5c7861"]),
    ("boolean", &["t", "f"]),
    ("mood", &["so so", "a\"b"]),
    ("whole", &["17"]),
    ("float4", &["0.1", "1e-40", "NaN", "-Infinity", "16777217"]),
    ("float8", &["0.1", "1e300", "0.30000000000000004", "123456789.123456789"]),
    ("jsonb", &["{\"b\": 1.50, \"a\": \"x\"}"]),
    ("inet", &["10.0.0.1", "10.0.0.0/8", "::1"]),
    ("interval", &["1 year 2 days 03:04:05.6", "-1 day"]),
    ("timestamptz[]", &["{2024-07-01 12:00+02,NULL}"]),
];

#[test]
fn keys_come_back_as_an_export_has_them() {
    let mut place = Place::new();
    place
        .postgres()
        .execute("CREATE TYPE mood AS ENUM ('so so', 'a\"b'); CREATE DOMAIN whole AS int CHECK (VALUE > 0)");
    for (at, (ty, values)) in TYPES.iter().enumerate() {
        let name = format!("k{at}");
        place.postgres().execute(&format!("CREATE TABLE {name} (k {ty}, v int)"));
        let k = Tracked::new(&mut place, &name, &["k"]);
        let rows: Vec<String> = values.iter().map(|value| format!("('{value}')")).collect();
        let schema = place.postgres().schema.clone();
        place.postgres().execute(&format!(
            "SET standard_conforming_strings = on; SET DateStyle = 'ISO, YMD'; SET extra_float_digits = 0;
             SET bytea_output = 'escape'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'America/St_Johns';
             INSERT INTO {name} (k) VALUES {};
             SET standard_conforming_strings = off; SET DateStyle = 'German'; SET lc_numeric = 'C';
             SET search_path = pg_temp; UPDATE {schema}.{name} SET v = 1; SET search_path = {schema};
             SET standard_conforming_strings = on",
            rows.join(", ")
        ));
        let mut got = Vec::new();
        let read = k.history.changes(None, &k.key, &mut |changes| {
            got.push(changes.keys);
            Ok(())
        });
        read.unwrap();
        let got = ExportBatch::concat(&got).unwrap().unwrap();
        let export = k.export();
        assert_eq!(export.rows.num_rows(), values.len());
        let half = values.len() as u32;
        for rows in [0..half, half..2 * half] {
            let got = got.take(&rows.collect::<Vec<_>>()).unwrap();
            assert_eq!(printed(&got), printed(&export), "{ty}");
            assert_eq!((&got.rows, &got.others), (&export.rows, &export.others), "{ty}");
        }
    }
}

#[test]
fn keys_of_several_columns_in_any_order() {
    let mut place = Place::new();
    place.postgres().execute("CREATE TABLE m (a int, b text, c date, v json, w point)");
    let m = Tracked::new(&mut place, "m", &["c", "a", "b"]);
    place.postgres().execute(
        "INSERT INTO m VALUES (1, 'x|y', '2024-01-01', '{}', '(1,2)'), (2, NULL, NULL, NULL, NULL);
         UPDATE m SET v = v, w = w; UPDATE m SET v = '{ }' WHERE a = 1; UPDATE m SET b = '' WHERE a = 2",
    );
    let expected = [
        "create 2024-01-01|1|x|y",
        "create NULL|2|NULL",
        "update 2024-01-01|1|x|y",
        "delete NULL|2|NULL",
        "create NULL|2|",
    ];
    assert_eq!(m.whole(None).0, expected);
    let other = Tracked::at(&place.postgres().address("m"), &["b", "c"]);
    assert_eq!(other.whole(None).0[..2], ["create x|y|2024-01-01", "create NULL|NULL"]);
    let other = Tracked::at(&place.postgres().address("m"), &["a", "w"]);
    assert!(other.lacking(None).contains("knows rows by c, a, b, not by `w`"));
}

#[test]
fn names_may_be_anything() {
    let mut place = Place::new();
    let long = "Ä\"quoted' \\ $$ $name ".repeat(2) + "0123456789";
    for (table, column) in [("Order Items", "Key"), ("it's \"quoted\"", "a\"b'c\\d"), (long.as_str(), "NEW")] {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        place.postgres().execute(&format!("CREATE TABLE {} ({} int PRIMARY KEY)", quoted(table), quoted(column)));
        let table: String = place
            .postgres()
            .client
            .query_one(
                "SELECT max(relname::text) FROM pg_class WHERE oid = \
            (SELECT max(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace)",
                &[],
            )
            .unwrap()
            .get(0);
        let t = Tracked::new(&mut place, &table, &[column]);
        place.postgres().execute(&format!("INSERT INTO {} VALUES (7)", quoted(&table)));
        assert_eq!(t.whole(None).0, ["create 7"]);
        assert_eq!(t.install(&[column]), trueup::endpoint::Installed::Already);
        let name: String =
            place.postgres().client.query_one("SELECT table_name FROM trueup_history", &[]).unwrap().get(0);
        assert_eq!(name, table);
        assert!(t.history.remove().unwrap());
    }
}
