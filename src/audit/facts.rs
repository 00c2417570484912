//! Everything that an audit says, as data. Reports render it; nothing else decides what it means.

use super::bridge::{BridgeTerm, bridge};
use super::proposals::Proposal;
use super::reasons::{Found, Reason};
use super::summary::{Softening, Summary, Verdict, left_out};
use crate::compare::{Comparison, Samples, SideCounts};
use crate::snapshot::Snapshot;
use crate::table::{Alignment, Declared, Key, KeyChoice};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditedSide {
    /// Its address, without a password.
    pub address: String,
    /// Its counts.
    pub counts: SideCounts,
    /// How its rows are known to be of one moment.
    pub consistency: String,
    /// The condition that chose its rows.
    pub filter: Option<String>,
    /// Columns without a partner that the job does not leave out.
    pub alone: Vec<String>,
    /// Values that their column's type cannot hold.
    pub others: Vec<OtherValues>,
}

/// Values of one column that its type cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherValues {
    /// The column.
    pub column: String,
    /// How many.
    pub values: u64,
}

/// The unique key and why it was chosen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyReport {
    /// Left and right names.
    pub columns: Vec<(String, String)>,
    /// Who chose it.
    pub chosen: KeyChoice,
    /// Which tables declare these columns their primary key or unique, if any does.
    #[serde(default)]
    pub declared: Option<Declared>,
    /// Why, in words.
    pub why: String,
}

/// One compared pair of columns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditedColumn {
    /// The left name.
    pub left: String,
    /// The right name.
    pub right: String,
    /// The rows in which it changed.
    pub changed: u64,
    /// As what it was compared, with both native types, if they differ.
    pub compared_as: Option<String>,
}

/// An audit's result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Audit {
    /// Left and right.
    pub sides: [AuditedSide; 2],
    /// The key.
    pub key: KeyReport,
    /// Keys on both sides.
    pub in_both: u64,
    /// Keys on one side only.
    pub only: [u64; 2],
    /// Keys that only the other side shows, where policies of the left or right table may hide them.
    #[serde(default)]
    pub unseen: [u64; 2],
    /// Whether policies of the left or right table may hide rows.
    #[serde(default)]
    pub restricted: [bool; 2],
    /// Keys on both sides that are not unique and differ.
    pub ambiguous: u64,
    /// Keys whose rows are the same.
    pub equal: u64,
    /// Keys with one row on each side, which differ.
    pub changed: u64,
    /// Per compared column, in the left table's order.
    pub columns: Vec<AuditedColumn>,
    /// Compared columns that something softens.
    pub softened: Vec<Softening>,
    /// Columns that the job leaves out, by their left names; then those of either side that have no
    /// partner.
    pub ignored: Vec<String>,
    /// From the left row count to the right one.
    pub bridge: Vec<BridgeTerm>,
    /// Why they differ, most telling first; empty if nobody has looked.
    pub reasons: Vec<Reason>,
    /// Options that a person may want to give, for columns without a partner.
    #[serde(default)]
    pub proposals: Vec<Proposal>,
    /// A few of each kind of difference.
    pub samples: Samples,
    /// What a person should know before believing the result.
    pub warnings: Vec<String>,
    /// What is to be thought of the two tables.
    pub verdict: Verdict,
    /// Whether no row is equal only because something softens the comparison.
    pub exact: bool,
    /// Whether the job says that having nothing to compare is agreement.
    pub allow_nothing: bool,
    /// Whether the rows with a NULL in the key are the same on both sides.
    pub null_keys_equal: bool,
    alignment: Alignment,
}

impl Audit {
    /// Puts together what is known of both sides and of their comparison.
    pub fn new(
        snapshots: [&Snapshot; 2],
        addresses: [String; 2],
        filters: [Option<String>; 2],
        alignment: &Alignment,
        key: &Key,
        why: String,
        comparison: Comparison,
    ) -> Self {
        let pair = |at: usize| &alignment.pairs[at];
        let mut columns = comparison.columns.clone();
        columns.sort_by_key(|column| column.pair);
        let mut softened = comparison.softened.clone();
        softened.sort_by_key(|count| count.pair);
        let softened = softened.iter().filter_map(|count| {
            let pair = pair(count.pair);
            let softener = pair.softened_by.iter().find(|softener| softener.asked == count.asked)?.clone();
            let (left, right) = (pair.left.name.clone(), pair.right.name.clone());
            Some(Softening { left, right, softener, rows: count.rows })
        });
        let softened: Vec<Softening> = softened.collect();
        let [left_address, right_address] = addresses;
        let [left_filter, right_filter] = filters;
        let side = |at: usize, address, filter, alone: &[String]| AuditedSide {
            address,
            counts: comparison.sides[at],
            consistency: snapshots[at].manifest.consistency.clone(),
            filter,
            alone: alone.to_vec(),
            others: snapshots[at]
                .manifest
                .others
                .iter()
                .map(|other| OtherValues { column: other.column.clone(), values: other.values })
                .collect(),
        };
        let sides = [
            side(0, left_address, left_filter, &alignment.unpaired(0)),
            side(1, right_address, right_filter, &alignment.unpaired(1)),
        ];
        let filtered = |at: usize| sides[at].filter.is_some() || snapshots[at].manifest.filter.is_some();
        let verdict = if !comparison.agree() {
            Verdict::Differ
        } else if sides.iter().all(|side| side.counts.rows == 0) && (filtered(0) || filtered(1))
            || comparison.in_both == 0 && comparison.unseen != [0, 0]
        {
            Verdict::Nothing
        } else if sides.iter().any(|side| !side.alone.is_empty()) {
            Verdict::Columns
        } else {
            Verdict::Agree
        };
        let key_report = KeyReport {
            columns: key.pairs.iter().map(|i| (pair(*i).left.name.clone(), pair(*i).right.name.clone())).collect(),
            chosen: key.chosen,
            declared: {
                let [left, right] = snapshots.map(|snapshot| &snapshot.manifest.table);
                alignment.declared_by(left, right, &key.pairs)
            },
            why,
        };
        let mut warnings = alignment.warnings.clone();
        warnings.extend(key_warnings(&sides, &key_report));
        warnings.extend(filter_warnings(&sides));
        warnings.extend(other_warnings(&sides));
        for (snapshot, which) in snapshots.iter().zip(["left", "right"]) {
            warnings.extend(snapshot.manifest.table.notes.iter().map(|note| format!("{which}: {note}")));
        }
        let restricted = snapshots.map(|snapshot| snapshot.manifest.table.restricted);
        warnings.extend(hidden_warnings(restricted, comparison.unseen));
        Self {
            restricted,
            bridge: bridge(&comparison),
            verdict,
            exact: comparison.softened_rows == 0,
            allow_nothing: false,
            null_keys_equal: comparison.null_keys_equal(),
            in_both: comparison.in_both,
            only: comparison.only,
            unseen: comparison.unseen,
            ambiguous: comparison.ambiguous,
            equal: comparison.equal,
            changed: comparison.changed,
            columns: columns
                .iter()
                .map(|column| {
                    let pair = pair(column.pair);
                    let same = pair.left.ty == pair.right.ty;
                    AuditedColumn {
                        left: pair.left.name.clone(),
                        right: pair.right.name.clone(),
                        changed: column.changed,
                        compared_as: (!same)
                            .then(|| format!("{} and {} as {}", pair.left.native, pair.right.native, pair.family)),
                    }
                })
                .collect(),
            softened,
            ignored: left_out(alignment, key),
            reasons: Vec::new(),
            proposals: Vec::new(),
            samples: comparison.samples,
            sides,
            key: key_report,
            warnings,
            alignment: alignment.clone(),
        }
    }

    /// Whether the tables agree, as the exit code says it.
    pub fn agrees(&self) -> bool {
        self.verdict.is_agreement(self.allow_nothing)
    }

    /// What it came to.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }

    /// What to say of rows that policies may hide.
    pub fn hidden_warnings(&self) -> Vec<String> {
        hidden_warnings(self.restricted, self.unseen)
    }

    /// Whether these may well be two different tables: both have rows, and no value of the key, which
    /// was inferred, is on both sides.
    pub fn are_strangers(&self) -> bool {
        let rows = self.sides.iter().all(|side| side.counts.rows > 0);
        self.key.chosen == KeyChoice::Inferred && rows && self.in_both == 0
    }

    /// The sentence that doubts that these are the same table, if that is in doubt.
    pub fn doubt(&self) -> Option<String> {
        let names = self.key.columns.iter().map(|(left, right)| match left == right {
            true => format!("`{left}`"),
            false => format!("`{left}` = `{right}`"),
        });
        let names: Vec<String> = names.collect();
        let key = names.join(" and ");
        self.are_strangers().then(|| {
            format!("Are these the same table? No value of {key}, which looks like the key, is on both sides.")
        })
    }

    /// Adds why the tables differ, after so long a search.
    pub fn explain(&mut self, found: Found, after: Duration) {
        self.reasons = found.reasons;
        self.warnings.extend(found.notes);
        if let Some((last, others)) = found.stopped.split_last() {
            let what = if others.is_empty() { (*last).to_owned() } else { format!("{} and {last}", others.join(", ")) };
            self.warnings.push(format!(
                "looking for {what} was stopped after {:.1} seconds; the numbers of the reasons that are given are \
                 complete (--reasons-time 10m looks longer)",
                after.as_secs_f64()
            ));
        }
    }

    /// Which column is which.
    pub fn alignment(&self) -> &Alignment {
        &self.alignment
    }

    /// The left and right name of a pair that a sample speaks of.
    pub fn pair_names(&self, pair: usize) -> (&str, &str) {
        let pair = &self.alignment.pairs[pair];
        (&pair.left.name, &pair.right.name)
    }
}

fn key_warnings(sides: &[AuditedSide; 2], key: &KeyReport) -> Vec<String> {
    let mut out = Vec::new();
    for (at, side) in sides.iter().enumerate() {
        let names: Vec<&str> = key.columns.iter().map(|(l, r)| if at == 0 { l.as_str() } else { r.as_str() }).collect();
        let counts = &side.counts;
        let which = ["left", "right"][at];
        if counts.duplicates > 0 && key.chosen != KeyChoice::WholeRow {
            out.push(format!(
                "the key is not unique on the {which}: `{}`: {} distinct in {} rows",
                names.join("`, `"),
                thousands(counts.distinct_keys),
                thousands(counts.rows)
            ));
        }
        if counts.null_keys > 0 {
            let have = if counts.null_keys == 1 { "row on the {} has" } else { "rows on the {} have" };
            out.push(format!(
                "{} {} NULL in `{}` and can't be matched",
                thousands(counts.null_keys),
                have.replace("{}", which),
                names.join("` or `")
            ));
        }
    }
    out
}

/// Conditions that choose no row: they may not mean the same on both systems.
fn filter_warnings(sides: &[AuditedSide; 2]) -> Vec<String> {
    let none = sides.iter().zip(["left", "right"]).filter(|(side, _)| side.counts.rows == 0);
    none.filter_map(|(side, which)| {
        let filter = side.filter.as_ref()?;
        let text = match side.address.starts_with("mysql://") && filter.contains('"') {
            true => "; MySQL takes \"…\" for a text, and `…` for a column",
            false => "",
        };
        Some(format!("the condition {filter} chooses no row on the {which}{text}"))
    })
    .collect()
}

fn other_warnings(sides: &[AuditedSide; 2]) -> Vec<String> {
    let mut out = Vec::new();
    for (side, which) in sides.iter().zip(["left", "right"]) {
        for other in &side.others {
            let (values, they) = if other.values == 1 { ("value", "it is") } else { ("values", "they are") };
            out.push(format!(
                "`{}` on the {which} has {} {values} that its type cannot hold; {they} compared as text",
                other.column,
                thousands(other.values)
            ));
        }
    }
    out
}

/// What to say of rows that policies may hide.
fn hidden_warnings(restricted: [bool; 2], unseen: [u64; 2]) -> Vec<String> {
    let sides = ["left", "right"];
    let sentence = |side: usize| {
        let (own, other) = (sides[side], sides[1 - side]);
        format!(
            "policies of the {own} table may hide rows from this user, and only visible ones are compared: {} keys of the \
             {other} are not visible on the {own}, which does not count them as missing",
            thousands(unseen[side])
        )
    };
    (0..2).filter(|side| restricted[*side]).map(sentence).collect()
}

/// A count with commas.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
