//! A state folder, of which one file was changed.

use super::Target;
use super::plan::{copy, join, split};
use crate::support::Workdir;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tempfile::TempDir;
use trueup::base::{Base, Wanted};

/// A state folder of this program, and its files.
fn small() -> &'static (TempDir, Vec<PathBuf>) {
    static SMALL: OnceLock<(TempDir, Vec<PathBuf>)> = OnceLock::new();
    SMALL.get_or_init(|| {
        let dir = Workdir::new();
        let left = dir.write("left.csv", "id,v\n1,a\n2,b\n3,c\n");
        let right = dir.write("right.csv", "id,v\n1,a\n2,b\n");
        let sync = ["sync", &left, &right, "--direction", "both", "--key", "id", "--state", "state"];
        assert_eq!(dir.trueup(sync).code, Some(0));
        std::fs::write(&left, "id,v\n1,x\n2,b\n3,c\n").unwrap();
        assert_eq!(dir.trueup(sync).code, Some(0));
        let kept = tempfile::tempdir().unwrap();
        copy(&dir.path().join("state"), kept.path());
        let files = dir.tree("state").into_iter().filter(|path| dir.path().join(path).is_file());
        let files = files.map(|path| path.strip_prefix("state").unwrap().to_owned()).collect();
        (kept, files)
    })
}

fn look(state: &Path) {
    let Ok(Some(base)) = Base::open(state) else { return };
    let sound = base.check().is_ok();
    let _ = base.find(&Wanted::default());
    let mut pairs = Vec::new();
    let each = base.each(&mut |some| {
        pairs.extend_from_slice(some);
        Ok(())
    });
    for side in [0, 1] {
        let columns = base.file.sides[side].table.columns.clone();
        if let Ok(rows) = base.rows(side, &columns, &pairs) {
            assert!(each.is_err() || !sound || rows.rows.num_rows() == pairs.len());
        }
        let _ = base.open_rows(side);
    }
}

pub(super) const TARGET: Target = Target {
    name: "base",
    words: &[
        "[",
        "]",
        "{",
        "}",
        "null",
        "\"\"",
        "../",
        "PAR1",
        "\"segments\"",
        "\"sides\"",
        "\"links\"",
        "\"rows\"",
        "[9]",
    ],
    seeds: || {
        let (folder, files) = small();
        let content = |name: &PathBuf| std::fs::read(folder.path().join(name)).unwrap();
        let of = |name: &PathBuf| {
            let whole = content(name);
            // As earlier versions wrote it, without a checksum: changes of it get further.
            let old = String::from_utf8(whole.clone()).map(|text| text.replace("\"version\": 3", "\"version\": 2"));
            let old = old.unwrap_or_default().into_bytes();
            [whole, old].map(|content| join(&name.display().to_string(), &content))
        };
        files.iter().flat_map(of).collect()
    },
    read: |input| {
        let Some((name, content)) = split(input) else { return };
        let (state, files) = small();
        // The names of segments are other ones each time: a corpus says `segments/*/links.parquet`.
        let fits = |path: &&PathBuf| {
            let end = name.rsplit_once("*/").map_or(name, |(_, end)| end);
            path.ends_with(end) && !end.is_empty()
        };
        let Some(path) = files.iter().find(fits) else { return };
        let folder = tempfile::tempdir().unwrap();
        copy(state.path(), folder.path());
        std::fs::write(folder.path().join(path), content).unwrap();
        look(folder.path());
    },
};
