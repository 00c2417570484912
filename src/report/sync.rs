//! What a sync came to.

use super::apply::{Carried, apply_json, apply_text};
use super::json::softened_json;
use super::plan::left_out;
use super::sentence::painted;
use super::style::Style;
use super::two_way::{self, two_way_json};
use crate::apply::Refusal;
use crate::audit::{Verdict, thousands};
use crate::job::{ApplyRun, SyncRun};
use crate::plan::PlanFile;
use serde_json::{Value, json};

/// The result for a person; `refusals` are the first of those that were refused.
pub fn sync_text(run: &SyncRun, refusals: &[Refusal], style: Style) -> String {
    let two_way = run.plan.file.two_way.as_ref();
    let mut out = two_way.map(|two_way| two_way::head(two_way, style) + "\n").unwrap_or_default();
    out.push_str(&apply_text(&applied(run), &run.plan.file, &run.plan.folder, refusals, Carried::Applied, style));
    out.push_str(&left_out(last(run), style));
    let left = run.left();
    let file = last(run);
    let before = match left {
        0 if file.found.verdict != Verdict::Differ => "Compared again. ".to_owned(),
        0 if two_way_is_settled(file) => "Compared again: all agrees, but for what was kept different. ".to_owned(),
        0 if file.conflicts + file.undecided > 0 => {
            "Compared again: all is written, except what is to be decided. ".to_owned()
        }
        0 => "Compared again: all is written, except what was left out. ".to_owned(),
        1 => "Compared again: 1 row is still to be written. ".to_owned(),
        left => format!("Compared again: {} rows are still to be written. ", thousands(left)),
    };
    let before = if run.after.is_some() { before.as_str() } else { "" };
    out.push_str(&format!("\n{}\n", painted(&file.found, before, style)));
    if two_way.is_some() {
        out.push_str(&two_way::to_decide(last(run), Some(&run.plan.folder), run.after.is_some(), style));
    }
    out
}

/// Whether nothing but what a base remembers as different is left of a plan for both tables.
fn two_way_is_settled(file: &PlanFile) -> bool {
    file.two_way.as_ref().is_some_and(|two_way| two_way.kept > 0) && two_way::is_settled(file)
}

/// What was written, with the plan's warnings too: nobody has read the plan.
fn applied(run: &SyncRun) -> ApplyRun {
    let mut warnings = run.plan.file.warnings.clone();
    warnings.extend(run.apply.warnings.iter().cloned());
    ApplyRun { warnings, ..run.apply.clone() }
}

/// What is known of the tables after writing; before it, if there was nothing to write.
fn last(run: &SyncRun) -> &PlanFile {
    run.after.as_ref().unwrap_or(&run.plan.file)
}

/// Whether everything that was wanted is done. Rows that the job itself leaves out, with
/// `--no-delete` say, are not wanted.
pub fn sync_is_done(run: &SyncRun) -> bool {
    let file = last(run);
    let not_written = run.apply.sides.iter().map(|side| side.refused + side.unverified).sum::<u64>() + run.left();
    let left_out = file.misfits + file.conflicts + file.undecided;
    run.agree || not_written + left_out == 0
}

/// The result as one JSON object, version 1: that of apply, and what is left.
pub fn sync_json(run: &SyncRun) -> Value {
    let mut out = apply_json(&applied(run));
    if let Value::Object(map) = &mut out {
        let file = last(run);
        map.insert("plan".to_owned(), json!(run.plan.folder.display().to_string()));
        map.insert("verdict".to_owned(), json!(file.found.verdict));
        map.insert("exact".to_owned(), json!(file.found.exact));
        map.insert("softened".to_owned(), softened_json(&file.found.softened));
        map.insert("run".to_owned(), json!(run.plan.folder.display().to_string()));
        map.insert("agree".to_owned(), json!(run.agree));
        for (name, count) in [
            ("remaining", run.left()),
            ("conflicts", file.conflicts),
            ("undecided", file.undecided),
            ("ambiguous", file.ambiguous),
            ("null_keys", file.null_keys),
            ("misfits", file.misfits),
        ] {
            map.insert(name.to_owned(), json!(count));
        }
        if let Some(two_way) = &run.plan.file.two_way {
            map.insert("two_way".to_owned(), two_way_json(two_way));
        }
    }
    out
}
