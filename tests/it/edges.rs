//! Small tables, no keys, encrypted connections and Ctrl-C.

mod interrupt;
mod tls;

use crate::support::{Kind, Place, Table, Type, assert_identities};
use serde_json::json;

fn table(rows: &[(&str, &str)]) -> Table {
    let cell = |text: &str| Some(text.to_owned());
    Table {
        columns: vec![("id", Type::Integer), ("name", Type::Text)],
        primary_key: 1,
        rows: rows.iter().map(|(id, name)| vec![cell(id), cell(name)]).collect(),
    }
}

#[test]
fn empty_tables_agree() {
    let mut place = Place::new();
    for kind in Kind::ALL {
        let address = place.store(kind, &table(&[]));
        let report = place.dir.audit(&address, &address, &["--key", "id"]).json(0);
        assert_identities(&report);
        assert_eq!(report["keys"], json!({"in_both": 0, "only_left": 0, "only_right": 0, "ambiguous": 0}), "{kind:?}");
    }
}

#[test]
fn an_empty_table_lacks_what_the_other_has() {
    let mut place = Place::new();
    for kind in Kind::ALL {
        let (empty, one) = (place.store(kind, &table(&[])), place.store(kind, &table(&[("7", "x")])));
        let report = place.dir.audit(&empty, &one, &["--key", "id"]).json(1);
        assert_identities(&report);
        assert_eq!(report["keys"], json!({"in_both": 0, "only_left": 0, "only_right": 1, "ambiguous": 0}), "{kind:?}");
    }
}

#[test]
fn tables_of_one_row() {
    let mut place = Place::new();
    for kind in Kind::ALL {
        let [one, same, other] = [("7", "x"), ("7", "x"), ("7", "y")].map(|row| place.store(kind, &table(&[row])));
        assert_eq!(place.dir.audit(&one, &same, &["--key", "id"]).json(0)["rows"], json!({"equal": 1, "changed": 0}));
        assert_eq!(place.dir.audit(&one, &other, &["--key", "id"]).json(1)["rows"], json!({"equal": 0, "changed": 1}));
    }
}

#[test]
fn what_nothing_identifies_is_said_with_what_comes_nearest() {
    let mut place = Place::new();
    let row = |town: &str, colour: &str| vec![Some(town.to_owned()), Some(colour.to_owned())];
    let table = Table {
        columns: vec![("town", Type::Text), ("colour", Type::Text)],
        primary_key: 0,
        rows: vec![row("Ulm", "red"), row("Ulm", "red"), row("Rom", "red"), row("Bern", "red")],
    };
    for kind in Kind::ALL {
        let (left, right) = (place.store(kind, &table), place.store(kind, &table));
        let found = place.dir.audit(&left, &right, &[]).json(0);
        assert_eq!(found["key"]["chosen"], "whole row", "{kind:?}");
        let why = found["key"]["why"].as_str().unwrap();
        assert!(why.contains("`town`: 3 distinct in 4 rows"), "{kind:?}: {why}");
    }
}
