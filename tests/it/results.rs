//! Whole results as a person or a script sees them, on the sample tables that come with the
//! project.

use crate::support::{Run, Workdir};
use std::path::Path;

const LEFT: &str = "sqlite:airports-2024.db#airports";
const RIGHT: &str = "airports-2026.csv";

fn airports() -> Workdir {
    let dir = Workdir::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/airports");
    for name in ["airports-2024.db", "airports-2026.csv"] {
        std::fs::copy(from.join(name), dir.path().join(name)).unwrap();
    }
    dir
}

/// Exit code, stdout and stderr, without what differs from run to run.
fn shown(run: &Run) -> String {
    let stderr: Vec<&str> = run.stderr.lines().filter(|line| !line.starts_with("kept in ")).collect();
    format!("exit {}\n--- stdout\n{}--- stderr\n{}", run.code.unwrap(), run.stdout, stderr.join("\n"))
}

#[test]
fn an_audit_for_a_person() {
    let run = airports().trueup([
        "audit",
        LEFT,
        RIGHT,
        "--compare",
        "lat=tolerance:0.0001",
        "--compare",
        "lon=tolerance:0.0001",
        "--out",
        "run",
    ]);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(shown(&run));
}

#[test]
fn an_audit_for_a_script() {
    let run = airports().audit(LEFT, RIGHT, &["--ignore", "lat,lon", "--key", "icao"]);
    let mut json = run.json(1);
    for name in ["run", "started", "seconds"] {
        assert!(json.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    insta::assert_snapshot!(format!("{json:#}"));
}

#[test]
fn an_audit_that_finds_nothing() {
    let dir = airports();
    insta::assert_snapshot!(shown(&dir.trueup(["audit", LEFT, LEFT])));
}

#[test]
fn key_candidates() {
    insta::assert_snapshot!(shown(&airports().trueup(["keys", LEFT, RIGHT])));
}

#[test]
fn a_job_file() {
    let dir = airports();
    let init = dir.trueup(["init", LEFT, RIGHT, "--file", "job.toml"]);
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    insta::assert_snapshot!(std::fs::read_to_string(dir.path().join("job.toml")).unwrap());
    let run = dir.trueup(["audit", "job.toml", "--format", "json"]);
    assert_eq!(run.json(1)["rows"]["changed"], 1882);
}

#[test]
fn an_error() {
    insta::assert_snapshot!(shown(&airports().trueup(["audit", "sqlite:airports-2024.db#airport", RIGHT])));
}
