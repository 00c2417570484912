//! Chooses the unique key, and says why.

use super::error::RunError;
use super::side::Table;
use crate::audit::{Candidate, MOST_COLUMNS, Shortlist, Survey, infer, most_in_common, thousands};
use crate::table::{Alignment, AlignmentError, Declared, Key, KeyChoice, TableInfo};
use std::borrow::Cow;

/// The key that was chosen, and why.
pub(super) struct Choice {
    pub(super) key: Key,
    /// In words.
    pub(super) why: String,
    /// What a person should know of it.
    pub(super) notes: Vec<String>,
}

/// The keys that somebody gave or declares, those of the first rank that has any; one is chosen if it
/// is the only one, else rows have to be counted.
pub(super) fn claims(
    alignment: &Alignment,
    tables: &[Table; 2],
    given: &[(String, String)],
) -> Result<Vec<Key>, AlignmentError> {
    let hidden = hidden(alignment, tables);
    let [left, right] = [0, 1].map(|side: usize| readable(tables[side].info(), &hidden[side]));
    let (left, right) = (left.as_ref(), right.as_ref());
    if given.is_empty()
        && alignment.key_of_both(left, right).is_none()
        && let Some(key) = alignment.shared_key(&tables[0].frozen_key(), &tables[1].frozen_key())
    {
        return Ok(vec![key]);
    }
    alignment.declared_keys(left, right, given)
}

/// The columns, left and right, whose pair the job leaves out and of which one may not be read.
fn hidden(alignment: &Alignment, tables: &[Table; 2]) -> [Vec<String>; 2] {
    let denied = |side: usize, name: &String| tables[side].info().denied.as_ref().is_some_and(|all| all.contains(name));
    let pairs = alignment.pairs.iter().filter(|pair| !pair.compared);
    let hidden = pairs.filter(|pair| denied(0, &pair.left.name) || denied(1, &pair.right.name));
    hidden.map(|pair| (pair.left.name.clone(), pair.right.name.clone())).unzip::<_, _, Vec<_>, Vec<_>>().into()
}

/// A table with those of its keys whose values can be had.
fn readable<'a>(table: &'a TableInfo, hidden: &[String]) -> Cow<'a, TableInfo> {
    let lost = |key: &Vec<String>| key.iter().any(|name| hidden.contains(name));
    if !lost(&table.primary_key) && !table.unique.iter().any(lost) {
        return Cow::Borrowed(table);
    }
    let mut out = table.clone();
    if lost(&out.primary_key) {
        out.primary_key.clear();
    }
    out.unique.retain(|key| !lost(key));
    Cow::Owned(out)
}

/// The only claim.
pub(super) fn claimed(key: Key, alignment: &Alignment, tables: &[Table; 2]) -> Choice {
    let why = claimed_why(&key, alignment, tables);
    Choice { key, why, notes: Vec::new() }
}

/// The best of several claims, or what counting shows to be unique; whole rows for want of anything.
///
/// # Errors
/// If counting fails, or there is nothing to compare rows by.
pub(super) fn counted(survey: &Survey<'_>, claims: Vec<Key>) -> Result<Choice, RunError> {
    if let Some((key, meets)) = most_in_common(survey, claims)? {
        let declared = survey.alignment.declared_by(survey.tables[0], survey.tables[1], &key.pairs);
        let more = format!("of what the tables declare, it has the most values in common, {}", thousands(meets));
        let why = format!("{}; {more}", declared_words(key.chosen, declared));
        return Ok(Choice { key, why, notes: Vec::new() });
    }
    let Shortlist { key, nearest, stopped } = infer(survey)?;
    let stopped = stopped.map(|why| format!("not every column was tried as a key: {why}; --key names one"));
    match key {
        Some((key, candidate)) => {
            Ok(Choice { key, why: inferred_why(&candidate), notes: stopped.into_iter().collect() })
        }
        None => {
            let key = Key::whole_row(survey.alignment);
            if key.pairs.is_empty() {
                return Err(RunError::NothingCompared);
            }
            let mut notes = whole_row_notes(survey.alignment, &key);
            notes.extend(stopped);
            Ok(Choice { key, why: whole_row_why(survey.alignment, &nearest), notes })
        }
    }
}

fn claimed_why(key: &Key, alignment: &Alignment, tables: &[Table; 2]) -> String {
    let [left, right]: [&TableInfo; 2] = [tables[0].info(), tables[1].info()];
    let declared = alignment.declared_by(left, right, &key.pairs);
    match key.chosen {
        KeyChoice::Given => {
            let frozen = tables.iter().all(|table| !table.frozen_key().is_empty());
            let who = if frozen { "both snapshots were made with it" } else { "you gave it" };
            let also = match declared {
                None => "",
                Some(Declared::Both) => ", and both tables declare it unique",
                Some(Declared::Left) => ", and the left table declares it unique",
                Some(Declared::Right) => ", and the right table declares it unique",
            };
            format!("{who}{also}")
        }
        KeyChoice::UniqueIndex
            if declared == Some(Declared::Both) && !left.primary_key.is_empty() && !right.primary_key.is_empty() =>
        {
            "both tables declare it unique".to_owned()
        }
        chosen => declared_words(chosen, declared),
    }
}

fn declared_words(chosen: KeyChoice, declared: Option<Declared>) -> String {
    let primary = chosen == KeyChoice::PrimaryKey;
    let one = |side: &str, other: &str| match primary {
        true => format!("it is the primary key of the {side} table; the {other} one does not declare it"),
        false => format!("the {side} table has a unique index on it; the {other} one does not declare it"),
    };
    match declared {
        Some(Declared::Left) => one("left", "right"),
        Some(Declared::Right) => one("right", "left"),
        _ if primary => "it is the primary key of both tables".to_owned(),
        _ => "both tables have a unique index on it".to_owned(),
    }
}

fn inferred_why(candidate: &Candidate) -> String {
    let distinct = candidate.distinct[0].min(candidate.distinct[1]);
    let meets = if candidate.meets == 0 && distinct > 0 {
        "no value of it is on both sides".to_owned()
    } else {
        format!("{} of its values are on both sides", thousands(candidate.meets))
    };
    format!("it is unique and never NULL on both sides, and {meets}")
}

fn whole_row_why(alignment: &Alignment, nearest: &[Candidate]) -> String {
    debug_assert_eq!(MOST_COLUMNS, 3);
    let none = "no column, and no two or three together, are unique and never NULL on both sides";
    let near: Vec<String> = nearest.iter().map(|candidate| counts(alignment, candidate)).collect();
    let near = if near.is_empty() { String::new() } else { format!("; nearest: {}", near.join("; ")) };
    format!("{none}{near}")
}

/// How near a column comes to being a key.
fn counts(alignment: &Alignment, candidate: &Candidate) -> String {
    let names: Vec<String> = candidate.pairs.iter().map(|at| format!("`{}`", alignment.pairs[*at].left.name)).collect();
    let side = |side: usize| {
        format!("{} distinct in {} rows", thousands(candidate.distinct[side]), thousands(candidate.rows[side]))
    };
    format!("{}: {} on the left, {} on the right", names.join(", "), side(0), side(1))
}

fn whole_row_notes(alignment: &Alignment, key: &Key) -> Vec<String> {
    let pairs = key.pairs.iter().map(|at| &alignment.pairs[*at]);
    let tolerant = pairs.filter(|pair| pair.rules.tolerance.is_some());
    let note = |pair: &crate::table::Pair| {
        format!("`{}`: a tolerance can't pair whole rows, so its values are compared exactly", pair.left.name)
    };
    tolerant.map(note).collect()
}
