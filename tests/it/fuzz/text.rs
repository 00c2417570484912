//! Texts: CSV, values in JSON and the like, addresses, conditions.

use super::Target;
use std::sync::OnceLock;
use trueup::endpoint::{Address, ExportBatch, ExportRequest, Sink, Stopped, open};
use trueup::plan::{Plan, Selection};
use trueup::table::{
    Interval, Number, array_literal, bits_to_number, canonical_json, json_array, parse_boolean, parse_date,
    parse_float, parse_hex, parse_time, parse_timestamp, parse_uuid, set_words,
};

struct Nowhere;

impl Sink for Nowhere {
    fn expect(&self, _: u64) {}

    fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
        assert!(batch.others.iter().all(|other| (other.row as usize) < batch.rows.num_rows()));
        Ok(())
    }
}

pub(super) const CSV: Target = Target {
    name: "csv",
    words: &[",", ";", "\t", "|", "\"", "\"\"", "\n", "\r\n", "\r", "\"\n\"", ",,", "NULL", "2024-02-30", "1e5", "-0"],
    seeds: Vec::new,
    read: |input| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, input).unwrap();
        for delimiter in ["", "?delimiter=;", "?delimiter=tab"] {
            let address = Address::parse(&format!("csv:{}{delimiter}", path.display()), &|_| None).unwrap();
            let endpoint = open(&address).unwrap();
            let Ok(info) = endpoint.describe() else { continue };
            let request = ExportRequest { columns: info.columns, filter: None, streams: 1 };
            let _ = endpoint.export(&request, &Nowhere);
        }
    },
};

pub(super) const JSON: Target = Target {
    name: "json",
    words: &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\u0000",
        "\\ud800",
        "\\",
        "null",
        "true",
        "1e999999999",
        "-0.0",
        "NULL",
        "[0:1]={",
        "1 year",
        "-2 mons",
        "04:05:06.7",
        "infinity",
        "BC",
        "+25",
        "\\x",
    ],
    seeds: Vec::new,
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let _ = (canonical_json(text), json_array(text), array_literal(text), set_words(text));
        let _ = (parse_boolean(text), parse_date(text), parse_float(text), parse_time(text), parse_timestamp(text));
        let _ = (parse_hex(text), parse_uuid(text), bits_to_number(text));
        if let Some(interval) = Interval::parse(text) {
            interval.encode(&mut Vec::new());
        }
        if let Some(number) = Number::parse(text) {
            number.encode(&mut Vec::new());
            // A number is read back from how it is printed.
            let printed = number.to_string();
            assert!(
                printed.len() > 1 << 20 || Number::parse(&printed).as_ref() == Some(&number),
                "{text} as {printed}"
            );
        }
    },
};

/// Whether a part of an address that is shown for what it is has the secret in it.
const SECRET: &str = "5ecret5ecret";

pub(super) const ADDRESS: Target = Target {
    name: "address",
    words: &[
        "postgres://",
        "mysql://",
        "sqlite:",
        "csv:",
        "//",
        ":",
        "@",
        "/",
        "?",
        "#",
        "&",
        "=",
        "%40",
        "%2F",
        "%",
        "[",
        "]",
        "password=",
        "p%61ssword=",
        "host=",
        "socket=",
        "port=",
        "dbname=",
        "user=",
        "${X}",
        "${",
        "}",
        "\"",
        ".",
        "`",
        "***",
    ],
    seeds: Vec::new,
    read: |input| {
        let Ok(text) = std::str::from_utf8(input) else { return };
        let variable = |name: &str| (name == "X").then(|| "x".to_owned());
        let kept = Address::kept(text, &variable);
        match Address::parse(text, &variable) {
            Ok(address) => {
                let shown = address.to_string();
                if let Address::Postgres(server) | Address::Mysql(server) = &address {
                    let holds = |text: &str| text.contains(SECRET);
                    // Where it is the password and nothing else, it is not seen.
                    let named = [
                        server.user.as_deref(),
                        Some(server.host.as_str()),
                        Some(&server.database),
                        Some(&server.table),
                        server.schema.as_deref(),
                    ];
                    let elsewhere = named.into_iter().flatten().any(holds)
                        || server.parameters.iter().any(|(name, value)| holds(name) || holds(value));
                    if server.password.as_ref().is_some_and(|password| holds(password.expose())) && !elsewhere {
                        assert!(!holds(&shown) && !holds(&kept) && !format!("{address:?}").contains(SECRET), "{text}");
                    }
                    // What is kept is an address of the same table.
                    let again = Address::parse(&kept, &variable);
                    let same = again.as_ref().is_ok_and(|again| match again {
                        Address::Postgres(other) | Address::Mysql(other) => {
                            (&other.host, other.port, &other.database, &other.schema, &other.table)
                                == (&server.host, server.port, &server.database, &server.schema, &server.table)
                        }
                        _ => false,
                    });
                    assert!(same, "{text} is kept as {kept}: {again:?}");
                }
            }
            // Of what is not understood nothing with a login in it is told.
            Err(error) if text.contains(&format!(":{SECRET}@")) && text.matches(SECRET).count() == 1 => {
                assert!(!error.to_string().contains(SECRET), "{text}: {error}");
            }
            Err(_) => {}
        }
    },
};

fn small_plan() -> &'static Plan {
    static PLAN: OnceLock<(tempfile::TempDir, Plan)> = OnceLock::new();
    &PLAN.get_or_init(super::plan::small).1
}

pub(super) const CONDITION: Target = Target {
    name: "condition",
    words: &[
        "(",
        ")",
        "'",
        "\"",
        "--",
        "/*",
        "*/",
        ";",
        " AND ",
        " OR ",
        " NOT ",
        " IS NULL",
        " IN (1,2)",
        " BETWEEN ",
        " LIKE '%'",
        "before.v",
        "after.v",
        "key.id",
        "action",
        "CAST(",
        " AS INT)",
        "repeat('x', 9)",
        "1/0",
        "$1",
        "now()",
    ],
    seeds: Vec::new,
    read: |input| {
        let Ok(sql) = std::str::from_utf8(input) else { return };
        let spec = trueup::job::JobSpec {
            left: Some("a.csv".to_owned()),
            right: Some("b.csv".to_owned()),
            filter: Some(sql.to_owned()),
            ..Default::default()
        };
        let _ = spec.resolve();
        let _ = Selection::new(Vec::new(), None, Vec::new()).with_condition(sql, small_plan());
    },
};
