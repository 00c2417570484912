//! Causes planted alone and in pairs.

use super::causes::{CLUSTERS, Cause, Expected, NEAR, VALUES};
use super::pair::{Gap, Pair, audit};
use crate::support::count;
use serde_json::Value;

/// Plants causes and checks what is said: each of them before all else, and nothing else but more of
/// the same. What is wrong, if anything is.
fn check(causes: &[&Cause], seed: u64) -> Result<(), String> {
    // The keys are those of the first cause that needs some of its own.
    let form = causes[0].form;
    let mut pair = Pair::new(form, seed);
    let expected: Vec<Expected> = causes.iter().map(|cause| (cause.plant)(&mut pair)).collect();
    let gap = pair.gap();
    let numbers: Vec<_> = expected.iter().map(|cause| cause.numbers(&pair)).collect();
    let json = audit(&pair.finish(), form);
    let found = Gap {
        only: ["left", "right"].map(|side| count(&json, &format!("/keys/only_{side}")) as usize),
        changed: count(&json, "/rows/changed") as usize,
    };
    assert_eq!(found, gap, "the tables differ in another way than they should");
    judge(&json, &expected, &numbers)
        .map_err(|why| format!("{}: {why}", causes.iter().map(|cause| cause.name).collect::<Vec<_>>().join(" and ")))
}

fn judge(json: &Value, expected: &[Expected], numbers: &[(usize, usize)]) -> Result<(), String> {
    let reasons = json["reasons"].as_array().unwrap();
    let said = || {
        let said = reasons.iter().map(|reason| {
            let [kind, rule, side, text] = ["kind", "rule", "side", "text"].map(|name| reason[name].as_str().unwrap());
            format!("\n    {kind} {side} {rule} {} {} of {}: {text}", reason["columns"], reason["rows"], reason["of"])
        });
        said.collect::<String>()
    };
    let first = reasons.iter().take(expected.len()).collect::<Vec<_>>();
    for (cause, numbers) in expected.iter().zip(numbers) {
        if !first.iter().any(|reason| cause.is(reason, *numbers)) {
            return Err(format!("{cause:?} with {numbers:?} is not said first, but:{}", said()));
        }
    }
    match reasons.iter().find(|reason| !expected.iter().any(|cause| cause.alike(reason))) {
        Some(_) => Err(format!("more is claimed:{}", said())),
        None => Ok(()),
    }
}

/// Several checks; fails with all that went wrong.
fn check_all(cases: &[Vec<&Cause>]) {
    let wrong: Vec<String> = cases.iter().zip(7..).filter_map(|(causes, seed)| check(causes, seed).err()).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn alone(causes: &[Cause]) {
    check_all(&causes.iter().map(|cause| vec![cause]).collect::<Vec<_>>());
}

#[test]
fn keys_in_another_spelling_alone() {
    alone(&NEAR);
}

#[test]
fn values_that_differ_in_one_way_alone() {
    alone(&VALUES);
}

#[test]
fn rows_with_something_in_common_alone() {
    alone(&CLUSTERS);
}

#[test]
fn keys_and_values() {
    check_all(&NEAR.iter().zip(&VALUES).map(|(key, value)| vec![key, value]).collect::<Vec<_>>());
}

#[test]
fn keys_and_clusters() {
    check_all(
        &NEAR.iter().rev().zip(&CLUSTERS).step_by(3).map(|(key, cluster)| vec![key, cluster]).collect::<Vec<_>>(),
    );
}

#[test]
fn clusters_and_values() {
    check_all(
        &CLUSTERS.iter().zip(VALUES.iter().rev()).map(|(cluster, value)| vec![cluster, value]).collect::<Vec<_>>(),
    );
}
