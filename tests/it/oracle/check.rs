//! Runs the program on a case and holds what it says against what it must say.

use super::case::Case;
use super::keys::{Choices, choices, identifies, identifying_columns, whole_row};
use super::predict::{Counts, Expected, Keyed};
use super::store::Store;
use crate::support::{changed_columns, count};
use serde_json::Value;
use std::collections::BTreeMap;
use trueup::endpoint::Interrupt;
use trueup::job::{Watch, run_audit};
use trueup::report::audit_json;
use trueup::snapshot::{Progress, Silent};

/// Says nothing.
#[derive(Default)]
pub struct Quiet(Interrupt);

impl Watch for Quiet {
    fn stage(&self, _: &str) -> Box<dyn Progress + Send + '_> {
        Box::new(Silent)
    }
    fn note(&self, _: &str) {}
    fn interrupt(&self) -> Interrupt {
        self.0.clone()
    }
}

/// The audit's JSON, from within this process.
pub fn audit(case: &Case, addresses: &[String; 2], store: &Store) -> Result<Value, String> {
    let out = store.place.dir.path().join("run");
    let _ = std::fs::remove_dir_all(&out);
    let job = case.spec(addresses, &out).resolve().map_err(|error| error.to_string())?;
    let run = run_audit(&job, &Quiet::default()).map_err(|error| error.to_string())?;
    Ok(audit_json(&run.audit, &run.folder))
}

/// What came of a case.
pub struct Outcome {
    /// What is wrong with the answer.
    pub wrong: Vec<String>,
    pub verdict: String,
    /// How the key was chosen.
    pub chosen: String,
}

/// Stores a case, audits it and judges the answer.
pub fn check(case: &Case, store: &mut Store) -> Outcome {
    let addresses = store.put(case);
    match audit(case, &addresses, store) {
        Ok(json) => {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            Outcome { wrong: judge(case, &json), verdict: word(&json["verdict"]), chosen: word(&json["key"]["chosen"]) }
        }
        Err(error) => {
            // With every pair left out there is nothing to tell rows by.
            let wrong = if error.contains("the job leaves out every column") {
                Vec::new()
            } else {
                vec![format!("it fails: {error}")]
            };
            Outcome { wrong, verdict: "failed".to_owned(), chosen: String::new() }
        }
    }
}

/// What is wrong with an audit's answer.
pub fn judge(case: &Case, json: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let key: Vec<String> = json["key"]["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair["left"].as_str().unwrap().to_owned())
        .collect();
    let chosen = json["key"]["chosen"].as_str().unwrap();
    judge_key(case, json, &key, chosen, &mut wrong);
    if wrong.is_empty() {
        let expected = Keyed::new(case, &key, chosen == "whole row").expected();
        judge_numbers(json, &expected, &mut wrong);
    }
    wrong
}

fn judge_key(case: &Case, json: &Value, key: &[String], chosen: &str, wrong: &mut Vec<String>) {
    let mut sorted = key.to_vec();
    sorted.sort();
    match choices(case) {
        Choices::These(choices) => {
            let declared = json["key"]["declared"].as_str();
            let is = |choice: &super::keys::Choice| {
                choice.columns == sorted
                    && choice.chosen == chosen
                    && (chosen == "given" || choice.declared == declared)
            };
            if !choices.iter().any(is) {
                wrong.push(format!("the key is {} and not one of {choices:?}", json["key"]));
            }
        }
        Choices::Free if chosen == "inferred" => {
            if !identifies(case, key) {
                wrong.push(format!("the inferred key {key:?} does not identify all rows"));
            }
        }
        Choices::Free if chosen == "whole row" => {
            let able = identifying_columns(case);
            if !able.is_empty() {
                wrong.push(format!("the whole row is the key, although {able:?} each identify all rows"));
            }
            if sorted != whole_row(case) {
                wrong.push(format!("the whole row is {:?}, not {sorted:?}", whole_row(case)));
            }
        }
        Choices::Free => wrong.push(format!("nobody gives or declares a key, and {} is chosen", json["key"])),
    }
}

fn judge_numbers(json: &Value, expected: &Expected, wrong: &mut Vec<String>) {
    let side = |name: &str| Counts {
        rows: count(json, &format!("/{name}/rows")),
        distinct_keys: count(json, &format!("/{name}/distinct_keys")),
        duplicates: count(json, &format!("/{name}/duplicates")),
        null_keys: count(json, &format!("/{name}/null_keys")),
    };
    let names = |side: &str| -> Vec<String> {
        let names = json["unpaired"][side].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let mut softened = BTreeMap::new();
    for softening in json["softened"].as_array().unwrap() {
        let rows = softening["rows"].as_i64().unwrap();
        *softened.entry(softening["column"].as_str().unwrap().to_owned()).or_insert(0) += rows;
    }
    for (column, (least, most)) in &expected.softened {
        let rows = softened.remove(column).unwrap_or(0);
        if rows < *least || rows > *most {
            wrong.push(format!("`{column}` is softened in {rows} rows, not {least} to {most}"));
        }
    }
    if softened.values().any(|rows| *rows > 0) {
        wrong.push(format!("{softened:?} are not compared, but softened"));
    }
    let said = Expected {
        verdict: match json["verdict"].as_str() {
            Some("agree") => "agree",
            Some("differ") => "differ",
            Some("columns") => "columns",
            Some("nothing") => "nothing",
            _ => "none",
        },
        agree: json["agree"] == true,
        exact: expected.exact.and_then(|_| json["exact"].as_bool()),
        sides: [side("left"), side("right")],
        in_both: count(json, "/keys/in_both"),
        only: [count(json, "/keys/only_left"), count(json, "/keys/only_right")],
        ambiguous: count(json, "/keys/ambiguous"),
        equal: count(json, "/rows/equal"),
        changed: count(json, "/rows/changed"),
        columns: changed_columns(json).into_iter().collect(),
        softened: expected.softened.clone(),
        unpaired: [names("left"), names("right")],
    };
    if said != *expected {
        wrong.push(format!("said     {said:?}\n  expected {expected:?}"));
    }
    judge_bridge(json, expected, wrong);
}

/// The bridge leads from the left row count to the right one.
fn judge_bridge(json: &Value, expected: &Expected, wrong: &mut Vec<String>) {
    let rows: Vec<i64> = json["bridge"].as_array().unwrap().iter().map(|term| term["rows"].as_i64().unwrap()).collect();
    let ends = rows.first().zip(rows.last());
    let between: i64 = rows.get(1..rows.len().saturating_sub(1)).unwrap_or_default().iter().sum();
    let [left, right] = expected.sides.each_ref().map(|side| side.rows);
    if ends != Some((&left, &right)) || left + between != right {
        wrong.push(format!("the bridge {rows:?} does not lead from {left} to {right} rows"));
    }
}
