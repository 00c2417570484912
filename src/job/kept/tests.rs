//! Runs that are kept and opened again.

use super::*;
use crate::audit::Audit;
use crate::endpoint::{Address, CsvAddress, Interrupt, Reading};
use crate::job::{AuditRun, Job, RunError, Watch, run_audit};
use crate::snapshot::{Progress, Silent};
use crate::table::AlignOptions;
use std::path::Path;
use tempfile::TempDir;

struct Quiet;

impl Watch for Quiet {
    fn stage(&self, _: &str) -> Box<dyn Progress + Send + '_> {
        Box::new(Silent)
    }

    fn note(&self, _: &str) {}

    fn interrupt(&self) -> Interrupt {
        Interrupt::default()
    }
}

/// Rows 1 and 3 are on the left only, 8 on the right only; 2 is changed; 5 is twice on the left, 6
/// twice on the right only; each side has a row without a key.
const LEFT: &str = "id,name\n1,a\n2,b\n3,c\n4,d\n5,e\n5,f\n,g\n";
const RIGHT: &str = "id,name\n6,x\n4,d\n8,y\n2,B\n6,z\n5,e\n,h\n";

fn audit(folder: &Path, left: Address, right: Address, out: &str) -> Result<AuditRun, RunError> {
    let options = AlignOptions { key: vec![("id".into(), "id".into())], ..AlignOptions::default() };
    let job = Job {
        left,
        right,
        where_left: None,
        where_right: None,
        options,
        out: Some(folder.join(out)),
        memory: 64 << 20,
        streams: 1,
        copy: false,
        reasons: true,
        allow_nothing: false,
        reading: Reading::default(),
        whole: [false, false],
        reasons_time: None,
    };
    run_audit(&job, &Quiet)
}

fn audit_csv(folder: &Path) -> AuditRun {
    std::fs::write(folder.join("l.csv"), LEFT).unwrap();
    std::fs::write(folder.join("r.csv"), RIGHT).unwrap();
    let csv = |name: &str| Address::Csv(CsvAddress { path: folder.join(name), delimiter: None });
    audit(folder, csv("l.csv"), csv("r.csv"), "run").unwrap()
}

/// The `name` of these rows.
fn names(kept: &Kept, side: usize, rows: &[u64]) -> Vec<String> {
    let parts = &kept.parts[side];
    let view = crate::compare::View::new(parts.fetch(&[parts.position("name").unwrap()], rows).unwrap());
    (0..rows.len()).map(|row| view.print(row, 0).unwrap()).collect()
}

fn shown(audit: &Audit) -> String {
    format!("{audit:?}")
}

#[test]
fn what_a_run_found_is_there_again() {
    let folder = TempDir::new().unwrap();
    let run = audit_csv(folder.path());
    let kept = Kept::open(&run.folder).unwrap();
    assert_eq!(shown(&kept.file.audit), shown(&run.audit));
    assert_eq!(kept.file.options, ["--key id"]);
    assert!(kept.file.started_at <= kept.file.finished_at && kept.file.started_at.starts_with("20"));
    assert_eq!(kept.key().pairs, [0]);
    assert_eq!(kept.alignment().pairs.len(), 2);

    let differences = &kept.differences;
    assert_eq!(names(&kept, 0, &differences.only[0]), ["a", "c"]);
    assert_eq!(names(&kept, 1, &differences.only[1]), ["y"]);
    let [(left, right)] = differences.changed[..] else { panic!("{differences:?}") };
    assert_eq!((names(&kept, 0, &[left]), names(&kept, 1, &[right])), (vec!["b".into()], vec!["B".into()]));
    let groups: Vec<_> = kept.repeated.groups.iter().map(|[l, r]| [names(&kept, 0, l), names(&kept, 1, r)]).collect();
    assert_eq!(groups, [[vec!["e", "f"], vec!["e"]], [vec![], vec!["x", "z"]]]);
    assert_eq!(names(&kept, 0, &kept.repeated.null_keys[0]), ["g"]);
    assert_eq!(names(&kept, 1, &kept.repeated.null_keys[1]), ["h"]);

    let counts = kept.file.differences;
    let expected = Counts { only: [2, 1], changed: 1, groups: 2, duplicates: [2, 3], null_keys: [1, 1] };
    assert_eq!(counts, expected);
}

#[test]
fn a_run_can_be_moved() {
    let folder = TempDir::new().unwrap();
    let run = audit_csv(folder.path());
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&run.folder, &elsewhere).unwrap();
    std::fs::remove_file(folder.path().join("l.csv")).unwrap();
    let kept = Kept::open(&elsewhere).unwrap();
    assert_eq!(names(&kept, 0, &kept.differences.only[0]), ["a", "c"]);
}

#[test]
fn what_is_damaged_or_of_another_version_is_refused() {
    let folder = TempDir::new().unwrap();
    assert!(matches!(Kept::open(folder.path()), Err(KeptError::NoRun(_))));
    let run = audit_csv(folder.path());
    let path = run.folder.join(RUN);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"version\": 2", "\"version\": 3", 1)).unwrap();
    assert!(matches!(Kept::open(&run.folder), Err(KeptError::Version { found: 3, .. })));
    std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(matches!(Kept::open(&run.folder), Err(KeptError::Damaged { .. })));
    std::fs::write(&path, text).unwrap();
    Kept::open(&run.folder).unwrap();
    std::fs::remove_file(run.folder.join(DIFFERENCES)).unwrap();
    assert!(matches!(Kept::open(&run.folder), Err(KeptError::Unreadable { .. })));
}

#[test]
fn files_that_are_read_where_they_lie_must_not_have_changed() {
    let folder = TempDir::new().unwrap();
    let run = audit_csv(folder.path());
    // The snapshots of that run are Parquet files of somebody else to the next.
    let parquet = |side: &str| {
        let to = folder.path().join(format!("{side}.parquet"));
        std::fs::copy(run.folder.join(side).join("rows-0.parquet"), &to).unwrap();
        Address::Parquet(to)
    };
    let (left, right) = (parquet("left"), parquet("right"));
    let copied = audit(folder.path(), left.clone(), right.clone(), "copied").unwrap();
    let snapshots = ["left", "right"].map(|side| Address::Snapshot(run.folder.join(side)));
    let again = audit(folder.path(), snapshots[0].clone(), snapshots[1].clone(), "again").unwrap();
    for run in [&copied, &again] {
        let kept = Kept::open(&run.folder).unwrap();
        assert_eq!(names(&kept, 0, &kept.differences.only[0]), ["a", "c"]);
    }
    assert!(!again.folder.join("left").exists(), "a snapshot is not copied");
    let file = &RunFile::read(&again.folder).unwrap().sides[0].files[0];
    assert!(Path::new(&file.path).is_absolute() && file.modified.is_some(), "{file:?}");

    let rows = run.folder.join("left/rows-0.parquet");
    let bytes = std::fs::read(&rows).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(&rows, &bytes).unwrap();
    assert!(matches!(Kept::open(&again.folder), Err(KeptError::Changed { .. })));
    std::fs::write(&rows, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(Kept::open(&again.folder), Err(KeptError::Changed { .. })));
    std::fs::remove_file(&rows).unwrap();
    assert!(matches!(Kept::open(&again.folder), Err(KeptError::Changed { .. })));
    // A copy of its own is not touched by that.
    std::fs::remove_file(folder.path().join("left.parquet")).unwrap();
    Kept::open(&copied.folder).unwrap();
}
