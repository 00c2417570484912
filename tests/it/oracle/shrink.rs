//! Makes a failing case smaller: without rows, without columns, without what the job says, as long
//! as something is still wrong.

use super::case::{CHOSEN_BY, Case, Options};
use super::check::check;
use super::store::{Store, show};

/// How often a case is run again at most.
const MOST: usize = 300;

/// The smallest failing case found on the way from this one.
pub fn shrink(case: &Case, store: &mut Store) -> Case {
    let mut case = case.clone();
    let mut runs = 0;
    loop {
        let smaller = candidates(&case).into_iter().find(|candidate| {
            runs += 1;
            // A panic is as wrong as an answer, but can't be tried again here.
            runs <= MOST && !check(candidate, store).wrong.is_empty()
        });
        match smaller {
            Some(smaller) if runs <= MOST => case = smaller,
            _ => return case,
        }
    }
}

fn candidates(case: &Case) -> Vec<Case> {
    let mut out = Vec::new();
    let mut options = |change: &dyn Fn(&mut Options)| {
        let mut smaller = case.clone();
        change(&mut smaller.options);
        if smaller.flags() != case.flags() {
            out.push(smaller);
        }
    };
    options(&|options| options.conditions = [None; 3]);
    options(&|options| options.ignore.clear());
    options(&|options| options.columns.clear());
    options(&|options| options.exact = false);
    options(&|options| options.allow_nothing = false);
    options(&|options| options.reasons = false);
    for at in 0..case.options.rules.len() {
        options(&|options| drop(options.rules.remove(at)));
    }
    for side in [0, 1] {
        let rows = case.sides[side].rows.len();
        for length in [rows.div_ceil(2), rows.div_ceil(4), 1] {
            for start in (0..rows).step_by(length.max(1)) {
                let mut smaller = case.clone();
                smaller.sides[side].rows.drain(start..(start + length).min(rows));
                out.push(smaller);
            }
        }
    }
    for at in 0..case.sides[0].columns.len() {
        out.extend(without_column(case, at));
    }
    out
}

/// Without a left column and what has its name on the right, if nothing speaks of it.
fn without_column(case: &Case, at: usize) -> Option<Case> {
    let name = case.sides[0].columns[at].name.clone();
    let spoken_of = case.flags().iter().any(|flag| flag.contains(&name));
    if name == CHOSEN_BY || spoken_of {
        return None;
    }
    let mut smaller = case.clone();
    for side in &mut smaller.sides {
        let Some(at) = side.columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name)) else { continue };
        if std::iter::once(&side.primary_key).chain(&side.unique).flatten().any(|key| *key == at) {
            return None;
        }
        side.columns.remove(at);
        side.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        let below = |key: &mut Vec<usize>| key.iter_mut().for_each(|column| *column -= usize::from(*column > at));
        below(&mut side.primary_key);
        side.unique.iter_mut().for_each(below);
    }
    Some(smaller)
}

/// A failing case as a person can run it.
pub fn describe(case: &Case, wrong: &[String]) -> String {
    let flags: Vec<String> = case.flags().iter().map(|flag| format!("'{}'", flag.replace('\'', "'\\''"))).collect();
    format!(
        "seed {}\n--- left\n{}\n--- right\n{}\n--- trueup audit LEFT RIGHT {}\n  {}\n",
        case.seed,
        show(&case.sides[0]),
        show(&case.sides[1]),
        flags.join(" "),
        wrong.join("\n  ")
    )
}
