//! A plan's folder, of which one file was changed.

use super::Target;
use crate::support::Workdir;
use std::path::Path;
use tempfile::TempDir;
use trueup::plan::{PLAN, Plan, PlanFile};

/// A small plan of this program.
pub fn small() -> (TempDir, Plan) {
    let dir = Workdir::new();
    let rows = |from: i32, text: &str| {
        (from..from + 6).map(|id| format!("{id},{text}{id},{}.5\n", id * id)).collect::<String>()
    };
    let left = dir.write("left.csv", format!("id,v,n\n{}", rows(0, "a")));
    let right = dir.write("right.csv", format!("id,v,n\n{}", rows(2, "b")));
    let run = dir.trueup(["plan", &left, &right, "--key", "id", "--out", "plan"]);
    assert_eq!(run.code, Some(1), "{run}");
    let kept = tempfile::tempdir().unwrap();
    copy(&dir.path().join("plan"), kept.path());
    let plan = Plan::open(kept.path()).unwrap();
    (kept, plan)
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { assert!(std::fs::copy(entry.path(), to).is_ok()) }
    }
}

/// An input names a file on its first line; the rest is its content.
pub fn split(input: &[u8]) -> Option<(&str, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&input[..end]).ok()?, &input[end + 1..]))
}

pub fn join(name: &str, content: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", content].concat()
}

const FILES: [&str; 3] = [PLAN, "steps.parquet", "conflicts.parquet"];

fn small_folder() -> &'static Path {
    static FOLDER: std::sync::OnceLock<TempDir> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| small().0).path()
}

/// Everything that is done with a plan before a row is written.
fn look(plan: &Plan) {
    for side in [0, 1] {
        for rows in [1, 1000] {
            let mut steps = 0u64;
            for chunk in plan.chunks(side, rows).into_iter().flatten() {
                let Ok(chunk) = chunk else { break };
                steps += chunk.steps.len() as u64;
            }
            assert!(steps <= plan.file.sides[side].counts.total());
            if let Ok(chunks) = plan.chunks_back(side, rows) {
                chunks.take_while(Result::is_ok).for_each(drop);
            }
        }
        let _ = (plan.write_table(side), plan.write_table_by_identity(side));
    }
    if let Ok(batches) = plan.batches(None) {
        batches.take_while(Result::is_ok).for_each(drop);
    }
    if let Ok(conflicts) = plan.conflicts() {
        conflicts.take_while(Result::is_ok).for_each(drop);
    }
    if let Ok(steps) = trueup::report::sample_steps(plan) {
        let style = trueup::report::Style { width: 80, color: true };
        let _ =
            trueup::report::plan_text(&plan.file, Some(&plan.folder), &steps, &trueup::report::Reasons::NONE, style);
    }
    let _ = trueup::report::plan_json(&plan.file, &plan.folder);
}

pub(super) const TARGET: Target = Target {
    name: "plan",
    words: &[
        "[",
        "]",
        "{",
        "}",
        "null",
        "true",
        "\"\"",
        "\"create\"",
        "\"update\"",
        "\"both\"",
        "\"right-to-left\"",
        "[0,0]",
        "[9]",
        "\"integer\"",
        "\"json\"",
        "../",
        "PAR1",
        "\"sides\"",
        "\"counts\"",
        "\"key\"",
        "\"writes\"",
    ],
    seeds: || FILES.map(|name| join(name, &std::fs::read(small_folder().join(name)).unwrap())).into(),
    read: |input| {
        let Some((name, content)) = split(input) else { return };
        let Some(name) = FILES.iter().find(|known| **known == name) else { return };
        let folder = tempfile::tempdir().unwrap();
        copy(small_folder(), folder.path());
        std::fs::write(folder.path().join(name), content).unwrap();
        // As it is, which the checksums tell.
        if let Ok(plan) = Plan::open(folder.path()) {
            look(&plan);
        }
        // With checksums that fit, as somebody would write it.
        let text = std::fs::read_to_string(folder.path().join(PLAN)).unwrap_or_default();
        let Ok(file) = serde_json::from_str::<PlanFile>(&text) else { return };
        let mut plan = Plan { folder: folder.path().to_owned(), file };
        if plan.finish().is_ok()
            && let Ok(plan) = Plan::open(folder.path())
        {
            look(&plan);
        }
    },
};
