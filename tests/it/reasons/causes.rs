//! Causes that are planted, and what the program must say of them.

use super::pair::{KeyForm, Pair};
use serde_json::Value;

/// Rows that each cause is planted in, unless it says otherwise.
pub const PLANTED: usize = 400;

/// What a reason is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Left,
    Right,
    Changed,
}

/// What must be said.
#[derive(Clone, Debug)]
pub struct Expected {
    pub kind: &'static str,
    /// The rule, or what the condition of a cluster must tell of.
    pub rule: &'static str,
    pub columns: Vec<&'static str>,
    pub rows: u64,
    pub of: Of,
}

impl Expected {
    /// Whether a reason says it; `of` is how many rows differ in that way.
    pub fn is(&self, reason: &Value, of: u64) -> bool {
        let rule = reason["rule"].as_str().unwrap();
        let mut columns: Vec<&str> =
            reason["columns"].as_array().unwrap().iter().map(|c| c.as_str().unwrap()).collect();
        columns.sort_unstable();
        let mut expected = self.columns.clone();
        expected.sort_unstable();
        let side = match (self.kind, self.of) {
            ("cluster", Of::Left) => "left",
            ("cluster", Of::Right) => "right",
            _ => "both",
        };
        let named = if self.kind == "cluster" { rule.contains(self.rule) } else { rule == self.rule };
        self.alike(reason)
            && named
            && columns == expected
            && reason["side"] == side
            && reason["rows"] == self.rows
            && reason["of"] == of
    }

    /// Whether a reason is of the same kind, for the same rule.
    pub fn alike(&self, reason: &Value) -> bool {
        reason["kind"] == self.kind && (self.kind == "cluster" || reason["rule"] == self.rule)
    }
}

/// A cause: what it is called, keys it can be planted in, and how.
pub struct Cause {
    pub name: &'static str,
    pub form: KeyForm,
    pub plant: fn(&mut Pair) -> Expected,
}

/// Keys that are spelled differently, or are others.
pub const NEAR: [Cause; 11] = [
    Cause { name: "trim", form: KeyForm::Accented, plant: |p| key(p, "trim", |key| format!("{key} ")) },
    Cause { name: "case", form: KeyForm::Accented, plant: |p| key(p, "case", |key| key.to_uppercase()) },
    Cause { name: "accents", form: KeyForm::Accented, plant: |p| key(p, "accents", |key| key.replace('ë', "e")) },
    Cause {
        name: "leading zeros",
        form: KeyForm::Zeros,
        plant: |p| key(p, "leading-zeros", |key| key.trim_start_matches('0').to_owned()),
    },
    Cause { name: "punctuation", form: KeyForm::Dashes, plant: |p| key(p, "punctuation", |key| key.replace('-', "")) },
    Cause {
        name: "number",
        form: KeyForm::Decimal,
        plant: |p| key(p, "number", |key| key.trim_end_matches('0').to_owned()),
    },
    Cause { name: "uuid", form: KeyForm::Uuid, plant: |p| key(p, "uuid", |key| key.replace('-', "")) },
    Cause { name: "time shift", form: KeyForm::Moment, plant: |p| key(p, "time-shift", |key| hours(key, 2)) },
    Cause { name: "part", form: KeyForm::Two, plant: part },
    Cause {
        name: "spelling",
        form: KeyForm::Letters,
        plant: |p| key(p, "spelling", |key| format!("{}{}", &key[..7], &key[8..])),
    },
    Cause {
        name: "same values",
        form: KeyForm::Number,
        plant: |p| {
            key(p, "same-values", |key| (key.parse::<u64>().unwrap() * 13 % 1_000_000_007 + 10_000_000).to_string())
        },
    },
];

fn key(pair: &mut Pair, rule: &'static str, spell: fn(&str) -> String) -> Expected {
    let changes = |pair: &Pair, row: usize| {
        let key = pair.cell(row, "id").unwrap();
        spell(key) != key
    };
    for row in pair.take(PLANTED, &changes) {
        let key = spell(pair.cell(row, "id").unwrap());
        pair.set(row, "id", Some(key));
    }
    pair.gap.only[0] += PLANTED as u64;
    pair.gap.only[1] += PLANTED as u64;
    Expected { kind: "near-key", rule, columns: vec!["id"], rows: PLANTED as u64, of: Of::Left }
}

/// Orders have other lines.
fn part(pair: &mut Pair) -> Expected {
    for row in pair.take(PLANTED, &|_, row| row % 4 == 3) {
        let line = 10 + pair.random.below(1000);
        pair.set(row, "line", Some(line.to_string()));
    }
    pair.gap.only[0] += PLANTED as u64;
    pair.gap.only[1] += PLANTED as u64;
    Expected { kind: "near-key", rule: "part", columns: vec!["line"], rows: PLANTED as u64, of: Of::Left }
}

fn hours(time: &str, hours: i64) -> String {
    const FORM: &str = "%Y-%m-%d %H:%M:%S";
    let time = chrono::NaiveDateTime::parse_from_str(time, FORM).unwrap();
    (time + chrono::Duration::hours(hours)).format(FORM).to_string()
}

/// Values that differ in one way.
pub const VALUES: [Cause; 15] = [
    Cause {
        name: "rounding",
        form: KeyForm::Number,
        plant: |p| value(p, "rounding", "amount", |v| format!("{:.1}0", v.parse::<f64>().unwrap() + 1e-9)),
    },
    Cause { name: "case", form: KeyForm::Number, plant: |p| value(p, "case", "name", |v| v.to_uppercase()) },
    Cause { name: "spaces", form: KeyForm::Number, plant: |p| value(p, "spaces", "name", |v| v.replace(' ', "  ")) },
    Cause { name: "accents", form: KeyForm::Number, plant: |p| value(p, "accents", "name", |v| v.replace('ü', "u")) },
    Cause {
        name: "encoding",
        form: KeyForm::Number,
        plant: |p| value(p, "encoding", "name", |v| v.replace('ü', "Ã¼")),
    },
    Cause {
        name: "truncated",
        form: KeyForm::Number,
        plant: |p| value(p, "truncated", "name", |v| v.chars().take(12).collect()),
    },
    Cause { name: "padded", form: KeyForm::Number, plant: |p| value(p, "padded", "code", |v| format!("{v:0>12}")) },
    Cause { name: "null or empty", form: KeyForm::Number, plant: null_or_empty },
    Cause { name: "sign", form: KeyForm::Number, plant: |p| value(p, "sign", "amount", |v| format!("-{v}")) },
    Cause { name: "scale", form: KeyForm::Number, plant: |p| value(p, "scale", "quantity", |v| format!("{v}000")) },
    Cause {
        name: "shift",
        form: KeyForm::Number,
        plant: |p| value(p, "shift", "quantity", |v| (v.parse::<u64>().unwrap() + 17).to_string()),
    },
    Cause {
        name: "time zone",
        form: KeyForm::Number,
        plant: |p| value(p, "time-zone", "created_at", |v| hours(v, -5)),
    },
    Cause {
        name: "date order",
        form: KeyForm::Number,
        plant: |p| value(p, "date-order", "born", |v| format!("{}/{}/{}", &v[3..5], &v[..2], &v[6..])),
    },
    Cause {
        name: "number format",
        form: KeyForm::Number,
        plant: |p| value(p, "number-format", "price", |v| v.replace(',', "").replace('.', ",")),
    },
    Cause { name: "json", form: KeyForm::Number, plant: |p| value(p, "json", "doc", swap_tags) },
];

fn value(pair: &mut Pair, rule: &'static str, column: &'static str, edit: fn(&str) -> String) -> Expected {
    let changes =
        |pair: &Pair, row: usize| pair.cell(row, column).is_some_and(|value| edit(value) != value && value != "0");
    for row in pair.take(PLANTED, &changes) {
        let value = edit(pair.cell(row, column).unwrap());
        pair.set(row, column, Some(value));
    }
    changed(pair, rule, column)
}

fn changed(pair: &mut Pair, rule: &'static str, column: &'static str) -> Expected {
    pair.gap.changed += PLANTED as u64;
    Expected { kind: "values", rule, columns: vec![column], rows: PLANTED as u64, of: Of::Changed }
}

fn null_or_empty(pair: &mut Pair) -> Expected {
    for row in pair.take(PLANTED, &|pair, row| pair.cell(row, "note").is_none()) {
        pair.set(row, "note", Some(String::new()));
    }
    changed(pair, "null-or-empty", "note")
}

/// The members of the document in another order, and those of its list.
fn swap_tags(doc: &str) -> String {
    let value: Value = serde_json::from_str(doc).unwrap();
    format!(r#"{{"size":{},"tags":[{},{}]}}"#, value["size"], value["tags"][1], value["tags"][0])
}

/// Rows that have something in common.
pub const CLUSTERS: [Cause; 8] = [
    Cause {
        name: "left: a value",
        form: KeyForm::Number,
        plant: |p| missing(p, "source", "'import'", |p, row| p.cell(row, "source") == Some("import")),
    },
    Cause {
        name: "left: a range",
        form: KeyForm::Number,
        plant: |p| {
            let within =
                |p: &Pair, row: usize| (4000.0..4500.0).contains(&p.cell(row, "amount").unwrap().parse().unwrap());
            missing(p, "amount", "", within)
        },
    },
    Cause {
        name: "left: a prefix",
        form: KeyForm::Number,
        plant: |p| missing(p, "code", "'QX%'", |p, row| p.cell(row, "code").unwrap().starts_with("QX")),
    },
    Cause { name: "left: a window of time", form: KeyForm::Number, plant: window },
    Cause {
        name: "left: NULL",
        form: KeyForm::Number,
        plant: |p| missing(p, "note", "NULL", |p, row| p.cell(row, "note").is_none()),
    },
    Cause { name: "left: two columns", form: KeyForm::Number, plant: two_columns },
    Cause { name: "right: a value", form: KeyForm::Number, plant: added },
    Cause { name: "changed: a value", form: KeyForm::Number, plant: changed_value },
];

/// Rows that fit are not on the right.
fn missing(pair: &mut Pair, column: &'static str, rule: &'static str, fits: fn(&Pair, usize) -> bool) -> Expected {
    for row in pair.take(PLANTED, &fits) {
        pair.remove(row);
    }
    Expected { kind: "cluster", rule, columns: vec![column], rows: PLANTED as u64, of: Of::Left }
}

/// All rows of two days in March are missing.
fn window(pair: &mut Pair) -> Expected {
    let within = |pair: &Pair, row: usize| {
        let created = pair.cell(row, "created_at").unwrap();
        created.starts_with("2021-03-10") || created.starts_with("2021-03-11")
    };
    let rows: Vec<usize> = (0..super::pair::ROWS).filter(|row| within(pair, *row)).collect();
    for row in pair.take(rows.len(), &within) {
        pair.remove(row);
    }
    Expected { kind: "cluster", rule: "2021-03-1", columns: vec!["created_at"], rows: rows.len() as u64, of: Of::Left }
}

/// Half of the rows of one region that came in one way are missing: about one in 400.
fn two_columns(pair: &mut Pair) -> Expected {
    let fits =
        |pair: &Pair, row: usize| pair.cell(row, "region") == Some("R07") && pair.cell(row, "source") == Some("api");
    const FEW: usize = 200;
    for row in pair.take(FEW, &fits) {
        pair.remove(row);
    }
    Expected { kind: "cluster", rule: " AND ", columns: vec!["region", "source"], rows: FEW as u64, of: Of::Left }
}

/// All rows that only the right has came in one way.
fn added(pair: &mut Pair) -> Expected {
    let source = pair.column("source");
    for _ in 0..PLANTED {
        pair.add(&|row, _| row[source] = Some("import".to_owned()));
    }
    Expected { kind: "cluster", rule: "'import'", columns: vec!["source"], rows: PLANTED as u64, of: Of::Right }
}

/// Rows of one region have other amounts, each in its own way.
fn changed_value(pair: &mut Pair) -> Expected {
    for row in pair.take(PLANTED, &|pair, row| pair.cell(row, "region") == Some("R11")) {
        let name = super::pair::cells(&mut pair.random).swap_remove(0);
        pair.set(row, "name", name);
    }
    pair.gap.changed += PLANTED as u64;
    Expected { kind: "cluster", rule: "'R11'", columns: vec!["region"], rows: PLANTED as u64, of: Of::Changed }
}
