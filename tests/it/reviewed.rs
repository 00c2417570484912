//! The road from a plan to written rows, as a person or a script walks it, on the sample tables
//! that come with the project.

use crate::support::{Run, Workdir};
use std::path::Path;

const SOURCE: &str = "airports-2026.csv";
const TARGET: &str = "sqlite:copy.db#airports";

fn airports() -> Workdir {
    let dir = Workdir::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/airports");
    std::fs::copy(from.join("airports-2024.db"), dir.path().join("copy.db")).unwrap();
    std::fs::copy(from.join(SOURCE), dir.path().join(SOURCE)).unwrap();
    dir
}

/// Runs a command that compares the two.
fn compare(dir: &Workdir, command: &str, options: &[&str]) -> Run {
    let tolerant = ["--compare", "lat=tolerance:0.0001", "--compare", "lon=tolerance:0.0001"];
    dir.trueup([command, SOURCE, TARGET].into_iter().chain(tolerant).chain(options.iter().copied()))
}

/// Runs a command that must work, and gives what it printed.
fn printed(dir: &Workdir, args: &[&str], code: i32) -> String {
    let run = dir.trueup(args);
    assert_eq!(run.code, Some(code), "{args:?}: {}", run.stderr);
    run.stdout
}

#[test]
fn a_plan_is_shown_applied_and_undone() {
    let dir = airports();
    let plan = compare(&dir, "plan", &["--out", "p"]);
    assert_eq!(plan.code, Some(1), "{}", plan.stderr);
    assert!(plan.stdout.lines().all(|line| line.chars().count() <= 80), "{}", plan.stdout);
    insta::assert_snapshot!(plan.stdout);
    assert_eq!(printed(&dir, &["show", "p", "--summary"], 0), plan.stdout);

    insta::assert_snapshot!(printed(&dir, &["show", "p", "--where", "before.city <> after.city", "--limit", "3"], 0));
    insta::assert_snapshot!(printed(&dir, &["show", "p", "--key", "EDGY", "--key", "BIPA", "--side", "right"], 0));
    assert!(printed(&dir, &["show", "p", "--sql"], 0).contains("DELETE FROM \"airports\""));
    let json: serde_json::Value =
        serde_json::from_str(&printed(&dir, &["show", "p", "--action", "update", "--format", "json"], 0)).unwrap();
    assert_eq!((&json["shown"], json["steps"].as_array().unwrap().len()), (&59.into(), 59));

    let asked = dir.trueup(["apply", "p"]);
    assert_eq!((asked.code, asked.stdout.as_str()), (Some(2), ""));
    assert!(asked.stderr.contains("--yes"), "{}", asked.stderr);
    insta::assert_snapshot!(printed(&dir, &["apply", "p", "--yes"], 0));
    assert_eq!(compare(&dir, "audit", &[]).code, Some(0));
    assert!(printed(&dir, &["apply", "p", "--yes"], 0).contains("78 rows were as planned before."));
    // When it was applied is another time in each run.
    let undone = printed(&dir, &["undo", "p", "--yes"], 0);
    let (before, undone): (Vec<&str>, Vec<&str>) = undone.lines().partition(|line| line.starts_with("Before: "));
    assert!(matches!(before[..], [one] if one.ends_with(": 78 steps stand as they were written")), "{before:?}");
    insta::assert_snapshot!(undone.join("\n"));
    let again = compare(&dir, "plan", &["--format", "json"]).json(1);
    assert_eq!((&again["right"]["create"], &again["right"]["delete"]), (&4.into(), &15.into()));
}

#[test]
fn a_sync_prints_one_line() {
    let dir = airports();
    for steps in [(4, 59, 15), (0, 0, 0)] {
        let run = compare(&dir, "sync", &["--format", "json", "--quiet"]);
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
        let json = run.json(0);
        let of = |action: &str| json["right"][action].as_i64().unwrap();
        assert_eq!((of("create"), of("update"), of("delete")), steps);
        assert_eq!(json["agree"], true);
    }
}

#[test]
fn a_limit_is_named() {
    let dir = airports();
    let run = compare(&dir, "sync", &["--max-deletes", "14", "--out", "s"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""));
    insta::assert_snapshot!(run.stderr);
    compare(&dir, "sync", &["--max-deletes", "14", "--format", "json"])
        .is_stopped_with(&["15 deletes", "--max-deletes"]);
    let plan = compare(&dir, "plan", &["--max-deletes", "14", "--out", "p"]);
    assert!(plan.stdout.contains("15 deletes are beyond --max-deletes 14"), "{}", plan.stdout);
    assert_eq!(dir.trueup(["apply", "p", "--yes"]).code, Some(3));
    assert_eq!(compare(&dir, "sync", &["--no-delete"]).code, Some(0));
}

#[test]
fn what_is_asked_wrongly_is_explained() {
    let dir = airports();
    assert_eq!(compare(&dir, "plan", &["--out", "p"]).code, Some(1));
    for (args, words) in [
        (vec!["show", "p", "--where", "town = 'Oslo'"], "before.NAME"),
        (vec!["show", "nowhere"], "nowhere is no plan"),
        (vec!["apply", "p", "--yes", "--pause", "5"], "200ms"),
        (vec!["plan", SOURCE, TARGET, "--winner", "left"], "--direction both"),
    ] {
        let run = dir.trueup(&args);
        assert_eq!(run.code, Some(2), "{args:?}");
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
}
