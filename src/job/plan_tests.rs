use super::*;
use crate::compare::Differences;
use crate::endpoint::Interrupt;
use crate::job::{JobSpec, Kept};
use crate::snapshot::{Progress, Silent};
use std::path::Path;

#[derive(Default)]
struct Quiet(Interrupt);

impl Watch for Quiet {
    fn stage(&self, _: &str) -> Box<dyn Progress + Send + '_> {
        Box::new(Silent)
    }

    fn note(&self, _: &str) {}

    fn interrupt(&self) -> Interrupt {
        self.0.clone()
    }
}

fn job(folder: &Path, direction: Direction) -> PlanJob {
    let path = |name: &str| Some(folder.join(name).display().to_string());
    let spec = JobSpec {
        left: path("left.csv"),
        right: path("right.csv"),
        key: vec!["id".into()],
        out: Some(folder.join("plan")),
        direction: Some(direction),
        max_deletes: Some("10%".into()),
        ..JobSpec::default()
    };
    spec.resolve_plan().unwrap()
}

fn tables(folder: &Path) {
    std::fs::write(folder.join("left.csv"), "id,name\n1,same\n2,new\n3,only left\n").unwrap();
    std::fs::write(folder.join("right.csv"), "id,name\n1,same\n2,old\n4,only right\n5,\"\"\n").unwrap();
}

#[test]
fn a_plan_is_kept_with_what_it_was_made_of() {
    let folder = tempfile::tempdir().unwrap();
    tables(folder.path());
    let run = run_plan(&job(folder.path(), Direction::LeftToRight), &Quiet::default()).unwrap();
    assert!(!run.agree);
    assert_eq!((run.audit.changed, run.audit.only), (1, [1, 2]));
    assert_eq!(run.plan.folder, folder.path().join("plan"));
    let plan = Plan::open(&run.plan.folder).unwrap();
    assert_eq!(plan.file, run.plan.file);
    let counts = plan.file.sides[1].counts;
    assert_eq!((counts.create, counts.update, counts.delete), (1, 1, 2));
    assert_eq!((plan.file.sides[0].rows, plan.file.sides[1].rows), (3, 4));
    assert!(plan.file.sides[0].address.ends_with("left.csv"));
    for part in ["left/manifest.json", "right/manifest.json", "left.sql", "right.sql", "plan.json"] {
        assert!(plan.folder.join(part).is_file(), "{part}");
    }
    assert!(!plan.folder.join("work").exists());
    let kept = Kept::open(&plan.folder).unwrap();
    assert_eq!(
        kept.differences,
        Differences { only: [vec![2], vec![2, 3]], changed: vec![(1, 1)], ..kept.differences.clone() }
    );
    assert_eq!(kept.file.audit.only, [1, 2]);

    std::fs::remove_dir_all(&plan.folder).unwrap();
    let mirror = run_plan(&job(folder.path(), Direction::RightToLeft), &Quiet::default()).unwrap();
    let counts = mirror.plan.file.sides[0].counts;
    assert_eq!((counts.create, counts.update, counts.delete), (2, 1, 1));
}

#[test]
fn tables_that_agree_need_no_steps() {
    let folder = tempfile::tempdir().unwrap();
    tables(folder.path());
    std::fs::copy(folder.path().join("left.csv"), folder.path().join("right.csv")).unwrap();
    let run = run_plan(&job(folder.path(), Direction::LeftToRight), &Quiet::default()).unwrap();
    assert!(run.agree);
    assert_eq!(run.plan.file.sides[1].counts.total() + run.plan.file.misfits, 0);
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    tables(folder.path());
    let names = || {
        let mut names: Vec<String> =
            std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let interrupted = Quiet::default();
    interrupted.0.set();
    let error = run_plan(&job(folder.path(), Direction::LeftToRight), &interrupted).err().unwrap();
    assert!(error.interrupted(), "{error}");
    assert_eq!(names(), ["left.csv", "right.csv"]);
}
