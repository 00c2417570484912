//! A case: two tables and a job, and the command that runs it.

use super::canon::Rule;
use super::form::{Form, Kind, System};
use super::value::Value;
use std::path::Path;
use trueup::job::JobSpec;

#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub form: Form,
}

/// One table. Keys are positions of columns.
#[derive(Clone, Debug)]
pub struct Side {
    pub system: System,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Value>>,
    pub primary_key: Vec<usize>,
    pub unique: Vec<Vec<usize>>,
}

/// The column that conditions speak of; every table has it, as a whole number.
pub const CHOSEN_BY: &str = "n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    MoreThan(i128),
    IsNull,
    Never,
}

impl Condition {
    pub fn sql(self) -> String {
        match self {
            Self::MoreThan(number) => format!("{CHOSEN_BY} > {number}"),
            Self::IsNull => format!("{CHOSEN_BY} IS NULL"),
            Self::Never => "1 = 0".to_owned(),
        }
    }

    pub fn holds(self, cell: &Value) -> bool {
        match (self, cell.meant()) {
            (Self::Never, _) => false,
            (Self::IsNull, cell) => *cell == Value::Null,
            (Self::MoreThan(least), Value::Number { digits, scale: 0 }) => *digits > least,
            (Self::MoreThan(_), _) => false,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub key: Vec<(String, String)>,
    pub map: Vec<(String, String)>,
    pub columns: Vec<String>,
    pub ignore: Vec<String>,
    pub rules: Vec<(String, Vec<Rule>)>,
    /// For both sides, the left, the right.
    pub conditions: [Option<Condition>; 3],
    pub exact: bool,
    pub allow_nothing: bool,
    pub reasons: bool,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub seed: u64,
    pub sides: [Side; 2],
    pub options: Options,
}

impl Case {
    /// The condition that chooses this side's rows.
    pub fn condition(&self, side: usize) -> Option<Condition> {
        self.options.conditions[side + 1].or(self.options.conditions[0])
    }

    /// The rows of a side that take part.
    pub fn chosen_rows(&self, side: usize) -> Vec<&Vec<Value>> {
        let table = &self.sides[side];
        let at = table.columns.iter().position(|column| column.name == CHOSEN_BY).unwrap();
        table.rows.iter().filter(|row| self.condition(side).is_none_or(|condition| condition.holds(&row[at]))).collect()
    }

    /// The flags of the command line.
    pub fn flags(&self) -> Vec<String> {
        let Options { key, map, columns, ignore, rules, conditions, exact, allow_nothing, reasons } = &self.options;
        let mut flags = Vec::new();
        let mut add = |flag: &str, value: String| flags.extend([flag.to_owned(), value]);
        let pair = |(l, r): &(String, String)| if l == r { l.clone() } else { format!("{l}={r}") };
        key.iter().for_each(|columns| add("--key", pair(columns)));
        map.iter().for_each(|columns| add("--map", pair(columns)));
        if !columns.is_empty() {
            add("--columns", columns.join(","));
        }
        if !ignore.is_empty() {
            add("--ignore", ignore.join(","));
        }
        for (column, rules) in rules {
            add("--compare", format!("{column}={}", rules_text(rules)));
        }
        for (flag, condition) in ["--where", "--where-left", "--where-right"].iter().zip(conditions) {
            if let Some(condition) = condition {
                add(flag, condition.sql());
            }
        }
        let switches = [("--exact", *exact), ("--allow-nothing", *allow_nothing), ("--no-reasons", !reasons)];
        flags.extend(switches.iter().filter(|(_, on)| *on).map(|(flag, _)| (*flag).to_owned()));
        flags
    }

    /// The job that these flags say.
    pub fn spec(&self, addresses: &[String; 2], out: &Path) -> JobSpec {
        let options = &self.options;
        let pair = |(l, r): &(String, String)| if l == r { l.clone() } else { format!("{l}={r}") };
        let sql = |at: usize| options.conditions[at].map(Condition::sql);
        JobSpec {
            left: Some(addresses[0].clone()),
            right: Some(addresses[1].clone()),
            key: options.key.iter().map(pair).collect(),
            map: options.map.iter().map(pair).collect(),
            columns: options.columns.clone(),
            ignore: options.ignore.clone(),
            filter: sql(0),
            where_left: sql(1),
            where_right: sql(2),
            compare: options.rules.iter().map(|(column, rules)| (column.clone(), rules_text(rules))).collect(),
            out: Some(out.to_owned()),
            memory: Some("256MB".to_owned()),
            streams: Some(1),
            reasons: Some(options.reasons),
            exact: Some(options.exact),
            allow_nothing: Some(options.allow_nothing),
            ..JobSpec::default()
        }
    }
}

fn rules_text(rules: &[Rule]) -> String {
    rules.iter().map(|rule| rule.text()).collect::<Vec<_>>().join(",")
}
