//! A folder of `src/` uses only those below it, so that a row's road has one direction.

use std::path::{Path, PathBuf};

/// Lowest first.
const LAYERS: [&str; 11] =
    ["table", "endpoint", "snapshot", "base", "compare", "audit", "plan", "apply", "job", "report", "cli"];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The folders that a line names after `crate::` (or, in the program, `trueup::`).
fn named(line: &str) -> impl Iterator<Item = &str> {
    ["crate::", "trueup::"].into_iter().flat_map(move |root| {
        line.match_indices(root).map(move |(at, _)| {
            let rest = &line[at + root.len()..];
            &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
        })
    })
}

#[test]
fn no_folder_uses_one_above_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut breaches, mut uses) = (Vec::new(), 0);
    for (height, layer) in LAYERS.iter().enumerate() {
        let mut files = Vec::new();
        if src.join(layer).is_dir() {
            sources(&src.join(layer), &mut files);
        }
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for name in named(line) {
                    uses += 1;
                    if LAYERS.iter().position(|other| *other == name).is_some_and(|other| other > height) {
                        breaches.push(format!("{}: {}", file.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(uses > 50, "only {uses} uses found: the test looks in the wrong place");
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}
