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
    pub of: Of,
    /// Which of the rows that differ in this way it explains: those that it was planted in, or all that
    /// fit.
    pub fits: Fits,
}

/// Whether a row of a side fits.
pub type Condition = fn(&Pair, usize, usize) -> bool;

#[derive(Clone, Copy, Debug)]
pub enum Fits {
    Planted(usize),
    All(Condition),
}

impl Expected {
    /// The rows that it explains, and of how many.
    pub fn numbers(&self, pair: &Pair) -> (usize, usize) {
        let changed = pair.changed.iter();
        let (side, rows): (usize, Vec<usize>) = match self.of {
            Of::Left => (0, pair.only[0].clone()),
            Of::Right => (1, pair.only[1].clone()),
            // Values of one column are counted among those of the column.
            Of::Changed if self.kind == "values" => {
                (0, changed.filter(|(_, column)| *column == self.columns[0]).map(|(row, _)| *row).collect())
            }
            Of::Changed => (0, changed.map(|(row, _)| *row).collect()),
        };
        let explained = match self.fits {
            Fits::Planted(rows) => rows,
            Fits::All(fits) => rows.iter().filter(|row| fits(pair, side, **row)).count(),
        };
        (explained, rows.len())
    }

    /// Whether a reason says it, with these numbers.
    pub fn is(&self, reason: &Value, (rows, of): (usize, usize)) -> bool {
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
            && reason["rows"] == rows
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
        let key = pair.cell(0, row, "id").unwrap();
        spell(key) != key
    };
    for row in pair.take(PLANTED, &changes) {
        let key = spell(pair.cell(0, row, "id").unwrap());
        pair.rekey(row, "id", key);
    }
    near(rule, "id")
}

fn near(rule: &'static str, column: &'static str) -> Expected {
    Expected { kind: "near-key", rule, columns: vec![column], of: Of::Left, fits: Fits::Planted(PLANTED) }
}

/// Orders have other lines.
fn part(pair: &mut Pair) -> Expected {
    for row in pair.take(PLANTED, &|_, row| row % 4 == 3) {
        let line = 10 + pair.random.below(1000);
        pair.rekey(row, "line", line.to_string());
        // Nothing else befalls the order.
        (row - 3..row).for_each(|other| {
            pair.is_free(other);
        });
    }
    near("part", "line")
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
        |pair: &Pair, row: usize| pair.cell(0, row, column).is_some_and(|value| edit(value) != value && value != "0");
    for row in pair.take(PLANTED, &changes) {
        let value = edit(pair.cell(0, row, column).unwrap());
        pair.change(row, column, Some(value));
    }
    values(rule, column)
}

fn values(rule: &'static str, column: &'static str) -> Expected {
    Expected { kind: "values", rule, columns: vec![column], of: Of::Changed, fits: Fits::Planted(PLANTED) }
}

fn null_or_empty(pair: &mut Pair) -> Expected {
    for row in pair.take(PLANTED, &|pair, row| pair.cell(0, row, "note").is_none()) {
        pair.change(row, "note", Some(String::new()));
    }
    values("null-or-empty", "note")
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
        plant: |p| missing(p, "source", "'import'", |p, side, row| p.cell(side, row, "source") == Some("import")),
    },
    Cause { name: "left: a range", form: KeyForm::Number, plant: |p| missing(p, "amount", "", in_range) },
    Cause {
        name: "left: a prefix",
        form: KeyForm::Number,
        plant: |p| missing(p, "code", "'QX%'", |p, side, row| p.cell(side, row, "code").unwrap().starts_with("QX")),
    },
    Cause { name: "left: a window of time", form: KeyForm::Number, plant: window },
    Cause {
        name: "left: NULL",
        form: KeyForm::Number,
        plant: |p| missing(p, "note", "NULL", |p, side, row| p.cell(side, row, "note").is_none()),
    },
    Cause { name: "left: two columns", form: KeyForm::Number, plant: two_columns },
    Cause { name: "right: a value", form: KeyForm::Number, plant: added },
    Cause { name: "changed: a value", form: KeyForm::Number, plant: changed_value },
];

fn cluster(rule: &'static str, columns: &[&'static str], of: Of, fits: Condition) -> Expected {
    Expected { kind: "cluster", rule, columns: columns.to_vec(), of, fits: Fits::All(fits) }
}

/// Some rows that fit are not on the right.
fn missing(pair: &mut Pair, column: &'static str, rule: &'static str, fits: Condition) -> Expected {
    for row in pair.take(PLANTED, &|pair, row| fits(pair, 0, row)) {
        pair.remove(row);
    }
    cluster(rule, &[column], Of::Left, fits)
}

fn in_range(pair: &Pair, side: usize, row: usize) -> bool {
    (4000.0..4500.0).contains(&pair.cell(side, row, "amount").unwrap().parse().unwrap())
}

/// All rows of two days in March are missing.
fn window(pair: &mut Pair) -> Expected {
    let fits: Condition = |pair, side, row| {
        let created = pair.cell(side, row, "created_at").unwrap();
        created.starts_with("2021-03-10") || created.starts_with("2021-03-11")
    };
    for row in 0..super::pair::ROWS {
        if fits(pair, 0, row) && pair.is_free(row) {
            pair.remove(row);
        }
    }
    cluster("2021-03-1", &["created_at"], Of::Left, fits)
}

/// Rows of one region that came in one way are missing: of the one and of the other there are many more.
fn two_columns(pair: &mut Pair) -> Expected {
    let fits: Condition = |pair, side, row| {
        pair.cell(side, row, "region") == Some("R07") && pair.cell(side, row, "source") == Some("api")
    };
    for row in pair.take(PLANTED / 2, &|pair, row| fits(pair, 0, row)) {
        pair.remove(row);
    }
    cluster(" AND ", &["region", "source"], Of::Left, fits)
}

/// All rows that only the right has came in one way.
fn added(pair: &mut Pair) -> Expected {
    for _ in 0..PLANTED {
        pair.add(&[("source", "import")]);
    }
    cluster("'import'", &["source"], Of::Right, |p, side, row| p.cell(side, row, "source") == Some("import"))
}

/// Rows of one region have other names, each in its own way.
fn changed_value(pair: &mut Pair) -> Expected {
    let fits: Condition = |pair, side, row| pair.cell(side, row, "region") == Some("R11");
    for row in pair.take(PLANTED, &|pair, row| fits(pair, 0, row)) {
        let name = super::pair::cells(&mut pair.random).swap_remove(0);
        pair.change(row, "name", name);
    }
    cluster("'R11'", &["region"], Of::Changed, fits)
}
