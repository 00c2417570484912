//! Tables of our own, moved by the tools that people move tables with, and the right verdict on each.
//! What differs, differs truly: it is written down beside the tool that made it so.

mod exports;
mod pgloader;
mod postgres;
mod sqlite;

use crate::support::{Place, Run, assert_identities, changed_columns, count};
use serde_json::Value;

/// What an audit of a moved table must say.
#[derive(Clone, Copy, Debug)]
struct Right {
    chosen: &'static str,
    verdict: &'static str,
    exact: bool,
    equal: i64,
    /// The left names of columns, and in how many rows they differ.
    changed: &'static [(&'static str, i64)],
    /// Left names of columns that something nobody asked for softens, and the rows that it made equal.
    softened: &'static [(&'static str, i64)],
    /// Columns without a partner: left, right.
    unpaired: [&'static [&'static str]; 2],
}

impl Right {
    /// All rows are equal, by a key chosen like this.
    const fn agree(chosen: &'static str, equal: i64) -> Self {
        Self { chosen, verdict: "agree", exact: true, equal, changed: &[], softened: &[], unpaired: [&[], &[]] }
    }

    const fn differ(chosen: &'static str, equal: i64, changed: &'static [(&'static str, i64)]) -> Self {
        Self { verdict: "differ", changed, ..Self::agree(chosen, equal) }
    }

    const fn softened(self, softened: &'static [(&'static str, i64)]) -> Self {
        Self { softened, exact: false, ..self }
    }
}

/// What is wrong with an audit's answer; empty if nothing is.
fn wrong(place: &Place, left: &str, right: &str, options: &[&str], expected: Right) -> Vec<String> {
    let run = place.dir.audit(left, right, options);
    match run.code {
        Some(0 | 1) => judge(&run, expected).into_iter().map(|what| format!("{left} and {right}: {what}")).collect(),
        _ => vec![run.to_string()],
    }
}

fn judge(run: &Run, expected: Right) -> Vec<String> {
    let json = run.json(run.code.unwrap());
    assert_identities(&json);
    let mut wrong = Vec::new();
    let mut expect = |what: &str, said: String, expected: String| {
        if said != expected {
            wrong.push(format!("{what} {said}, not {expected}\n{}", json["samples"]));
        }
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = |pairs: &[(&str, i64)]| format!("{:?}", sorted(pairs));
    expect("the key is chosen by", text(&json["key"]["chosen"]), expected.chosen.to_owned());
    expect("changed:", format!("{:?}", changed_columns(&json)), pairs(expected.changed));
    expect("equal:", count(&json, "/rows/equal").to_string(), expected.equal.to_string());
    expect("the verdict is", text(&json["verdict"]), expected.verdict.to_owned());
    expect("exact:", json["exact"].to_string(), expected.exact.to_string());
    let softened: Vec<(&str, i64)> = json["softened"]
        .as_array()
        .unwrap()
        .iter()
        .map(|softened| (softened["column"].as_str().unwrap(), softened["rows"].as_i64().unwrap()))
        .filter(|(_, rows)| *rows > 0)
        .collect();
    expect("softened:", format!("{:?}", sorted(&softened)), pairs(expected.softened));
    let [left, right] = expected.unpaired;
    expect("unpaired:", json["unpaired"].to_string(), serde_json::json!({"left": left, "right": right}).to_string());
    expect("the exit code is", run.code.unwrap().to_string(), i32::from(expected.verdict != "agree").to_string());
    wrong
}

fn sorted(pairs: &[(&str, i64)]) -> Vec<(String, i64)> {
    let mut pairs: Vec<(String, i64)> = pairs.iter().map(|(name, rows)| ((*name).to_owned(), *rows)).collect();
    pairs.sort();
    pairs
}

/// Fails with all that is wrong.
#[track_caller]
fn assert_right(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a tool that has to be there; `scripts/test` installs them.
#[track_caller]
fn run_tool(command: &mut std::process::Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/test installs it"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}{complaint}");
    text
}
