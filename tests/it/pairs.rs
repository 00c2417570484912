//! Every ordered pair of endpoint kinds: the same table with known edits on the right gives the
//! same, exact numbers; without them the two agree.

use crate::support::{Kind, Place, Table, Type, assert_identities, changed_columns, count};
use serde_json::{Value, json};

/// Texts that have gone wrong somewhere once.
const NAMES: [&str; 12] = [
    "plain",
    "",
    "Zoë Ünïcødé",
    "O'Hara",
    "say \"hi\"",
    "back\\slash \\N \\.",
    "comma, semicolon; tab\tend",
    "two\nlines",
    "日本語 \u{1F600}",
    " spaces around ",
    "NULL",
    "\u{65}\u{301} is not \u{e9}",
];

fn people() -> Table {
    let rows = (1..=200_i64).map(|id| {
        let name = (id % 17 != 0).then(|| {
            let name = NAMES[usize::try_from(id).unwrap() % NAMES.len()];
            if id % 5 == 0 || name.is_empty() { name.to_owned() } else { format!("{name} {id}") }
        });
        let cents = (id * 7919) % 100_000 - 50_000;
        let sign = if cents < 0 { "-" } else { "" };
        let amount = (id % 23 != 0).then(|| format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100));
        let flag = (id % 11 != 0).then(|| (id % 3 == 0).to_string());
        let born = (id % 13 != 0).then(|| format!("{:04}-{:02}-{:02}", 1900 + id % 120, id % 12 + 1, id % 28 + 1));
        let seen = (id % 19 != 0).then(|| {
            let micros = [0, 500_000, 123_456, 1][usize::try_from(id).unwrap() % 4];
            format!("2024-{:02}-{:02} {:02}:{:02}:59.{micros:06}", id % 12 + 1, id % 28 + 1, id % 24, id % 60)
        });
        vec![Some(id.to_string()), name, amount, flag, born, seen]
    });
    Table {
        columns: vec![
            ("id", Type::Integer),
            ("name", Type::Text),
            ("amount", Type::Decimal),
            ("flag", Type::Boolean),
            ("born", Type::Date),
            ("seen", Type::Timestamp),
        ],
        primary_key: 1,
        rows: rows.collect(),
    }
}

/// Three rows fewer, two more, four changed in one column, one in two.
fn edited(table: &Table) -> Table {
    let mut table = table.clone();
    let mut set = |id: usize, column: usize, value: Option<&str>| {
        let cell = &mut table.rows[id - 1][column];
        assert_ne!(cell.as_deref(), value);
        *cell = value.map(str::to_owned);
    };
    set(10, 1, Some("Somebody Else"));
    set(20, 2, Some("0.01"));
    set(30, 2, None);
    set(40, 5, Some("2024-05-13 16:40:59.000001"));
    set(50, 3, None);
    set(50, 4, Some("1999-12-31"));
    table.rows.retain(|row| !["3", "100", "200"].contains(&row[0].as_deref().unwrap()));
    for id in ["1001", "1002"] {
        let mut row = table.rows[0].clone();
        row[0] = Some(id.to_owned());
        table.rows.push(row);
    }
    table
}

fn expect_difference(report: &Value, chosen: &str) {
    assert_identities(report);
    assert_eq!(report["version"], 1);
    let side = |rows: i64| (rows, rows, 0, 0);
    for (name, expected) in [("left", side(200)), ("right", side(199))] {
        let of = |what| count(report, &format!("/{name}/{what}"));
        assert_eq!((of("rows"), of("distinct_keys"), of("duplicates"), of("null_keys")), expected, "{name}");
    }
    assert_eq!(
        (&report["key"]["columns"], &report["key"]["chosen"]),
        (&json!([{"left": "id", "right": "id"}]), &json!(chosen))
    );
    assert_eq!(report["keys"], json!({"in_both": 197, "only_left": 3, "only_right": 2, "ambiguous": 0}));
    assert_eq!(report["rows"], json!({"equal": 192, "changed": 5}));
    let changed = |name: &str, rows| (name.to_owned(), rows);
    assert_eq!(
        changed_columns(report),
        [changed("amount", 2), changed("born", 1), changed("flag", 1), changed("name", 1), changed("seen", 1)]
    );
    assert_eq!(report["agree"], false);
}

fn expect_agreement(report: &Value) {
    assert_identities(report);
    assert_eq!(report["keys"], json!({"in_both": 200, "only_left": 0, "only_right": 0, "ambiguous": 0}));
    assert_eq!(report["rows"], json!({"equal": 200, "changed": 0}));
    assert_eq!(changed_columns(report), []);
    assert_eq!(report["agree"], true);
}

fn with_left(kind: Kind) {
    let (left, right) = (people(), edited(&people()));
    let mut place = Place::new();
    let left_address = place.store(kind, &left);
    for right_kind in Kind::ALL {
        eprintln!("{kind:?} and {right_kind:?}");
        let given = !kind.declares_keys() || !right_kind.declares_keys();
        let options: &[&str] = if given { &["--key", "id"] } else { &[] };
        let chosen = if given { "given" } else { "primary key" };

        let changed = place.store(right_kind, &right);
        expect_difference(&place.dir.audit(&left_address, &changed, options).json(1), chosen);
        let same = place.store(right_kind, &left);
        expect_agreement(&place.dir.audit(&left_address, &same, options).json(0));
    }
}

#[test]
fn postgres_and_every_kind() {
    with_left(Kind::Postgres);
}

#[test]
fn mysql_and_every_kind() {
    with_left(Kind::Mysql);
}

#[test]
fn sqlite_and_every_kind() {
    with_left(Kind::Sqlite);
}

#[test]
fn parquet_and_every_kind() {
    with_left(Kind::Parquet);
}

#[test]
fn csv_and_every_kind() {
    with_left(Kind::Csv);
}

#[test]
fn snapshot_and_every_kind() {
    with_left(Kind::Snapshot);
}

#[test]
fn a_table_agrees_with_itself() {
    for kind in Kind::ALL {
        let mut place = Place::new();
        let address = place.store(kind, &people());
        let options: &[&str] = if kind.declares_keys() { &[] } else { &["--key", "id"] };
        expect_agreement(&place.dir.audit(&address, &address, options).json(0));
    }
}

#[test]
fn without_a_declared_key_one_is_inferred() {
    let table = people();
    for kind in [Kind::Parquet, Kind::Csv] {
        let mut place = Place::new();
        let (left, right) = (place.store(kind, &table), place.store(kind, &edited(&table)));
        expect_difference(&place.dir.audit(&left, &right, &[]).json(1), "inferred");
    }
}

#[test]
fn a_key_may_have_another_name_on_the_right() {
    let (left, mut right) = (people(), edited(&people()));
    right.columns[0].0 = "person";
    let mut place = Place::new();
    let (left, right) = (place.store(Kind::Postgres, &left), place.store(Kind::Sqlite, &right));
    let report = place.dir.audit(&left, &right, &["--key", "id=person"]).json(1);
    assert_eq!(report["key"]["columns"], json!([{"left": "id", "right": "person"}]));
    assert_eq!(report["keys"], json!({"in_both": 197, "only_left": 3, "only_right": 2, "ambiguous": 0}));
}
