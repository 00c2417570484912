use super::super::testing::*;
use super::*;
use crate::base::file::VERSION;
use crate::base::segment::{GONE_FILE, LINKS_FILE, SEGMENT};
use crate::base::{Base, Next};
use std::path::PathBuf;

fn current(state: &Path) -> Option<String> {
    Base::open(state).unwrap().map(|base| base.file.plan)
}

fn damage(state: &Path) -> String {
    match Base::open(state).unwrap_err() {
        error @ SnapshotError::Damaged { .. } => error.to_string(),
        other => panic!("{other}"),
    }
}

fn segments(state: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(state.join(SEGMENTS)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
    names.sort();
    names
}

/// A base of two segments, of which the second ends a pair of the first.
fn two(state: &Path) -> Base {
    let first = write_rows(state, "a", None, &[pair(1, 1, 1, ["1", "1"]), pair(2, 2, 2, ["2", "2"])]);
    let mut gone = Vec::new();
    first
        .each(&mut |pairs| {
            gone.extend_from_slice(&pairs[..1]);
            Ok(())
        })
        .unwrap();
    let file = BaseFile { plan: "b".into(), sides: [side(0), side(1)], ..BaseFile::default() };
    let open = [Some(batch(0, &[])), None].map(|batch| {
        batch.map(|b| crate::endpoint::ExportBatch { rows: b.rows.project(&[1]).unwrap(), others: Vec::new() })
    });
    let next = Next { state, file, recipes: &recipes(), on: Some(&first), frozen: None, gone: &gone, open, torn: &[] };
    next.write(&mut handing_over(&[pair(3, 3, 3, ["3", "3"])], 9)).unwrap()
}

#[test]
fn the_base_before_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    assert_eq!(take_back(state, "a").unwrap(), TakenBack::None);
    let rows = [pair(1, 1, 1, ["1", "1"])];
    write_rows(state, "a", None, &rows);
    let second = two(&state.join("other"));
    assert_eq!(pairs(&second), 2);
    let first = Base::open(state).unwrap().unwrap();
    write_rows(state, "b", Some(&first), &[pair(2, 2, 2, ["2", "2"])]);
    assert_eq!(take_back(state, "b").unwrap(), TakenBack::Restored);
    let base = Base::open(state).unwrap().unwrap();
    assert_eq!((&base.file, content(&base)), (&first.file, rows.to_vec()));
    // The one before that is not known any more.
    assert_eq!(take_back(state, "a").unwrap(), TakenBack::Lost);
    assert_eq!(current(state), None);
    assert_eq!(take_back(state, "a").unwrap(), TakenBack::None);
}

#[test]
fn a_plan_that_is_not_the_last_leaves_no_base() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    write_rows(state, "a", None, &[]);
    write_rows(state, "b", None, &[]);
    assert_eq!(take_back(state, "a").unwrap(), TakenBack::Lost);
    assert!(current(state).is_none() && !state.join(PREVIOUS).exists());
    // What is left of old does not become the one before.
    std::fs::write(state.join(PREVIOUS), "{}").unwrap();
    write_rows(state, "c", None, &[]);
    assert!(!state.join(PREVIOUS).exists());
    assert_eq!(take_back(state, "c").unwrap(), TakenBack::Lost);
    assert_eq!(current(state), None);
}

#[test]
fn a_plan_that_is_applied_again_keeps_what_was_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let first = write_rows(state, "a", None, &[pair(1, 1, 1, ["1", "1"])]);
    for _ in 0..3 {
        write_rows(state, "b", Some(&first), &[pair(2, 2, 2, ["2", "2"])]);
    }
    assert_eq!(segments(state).len(), 2);
    assert_eq!(take_back(state, "b").unwrap(), TakenBack::Restored);
    assert_eq!(Base::open(state).unwrap().unwrap().file, first.file);
}

#[test]
fn a_process_that_ends_before_the_new_base_is_named_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let first = write_rows(state, "a", None, &[pair(1, 1, 1, ["1", "1"])]);
    // It came as far as the previous one, and left all kinds of things behind.
    std::fs::copy(state.join(BASE), state.join(PREVIOUS)).unwrap();
    std::fs::write(state.join(".base.json.tmp"), "{\"vers").unwrap();
    std::fs::write(state.join(".previous.json.tmp"), "").unwrap();
    let id = "f".repeat(32);
    for name in [format!("{id}-0"), format!(".{id}-1.tmp"), "mine".to_owned()] {
        std::fs::create_dir_all(state.join(SEGMENTS).join(name).join("left")).unwrap();
    }
    let base = Base::open(state).unwrap().unwrap();
    assert_eq!(base.file, first.file);
    // The copy is not the base before.
    assert_eq!(take_back(state, "a").unwrap(), TakenBack::Lost);
    assert_eq!(current(state), None);

    let base = write_rows(state, "c", None, &[pair(2, 2, 2, ["2", "2"])]);
    let mut expected = base.file.segments.clone();
    expected.push("mine".to_owned());
    expected.sort();
    assert_eq!(segments(state), expected);
}

#[test]
fn segments_stay_as_long_as_a_base_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let [a, b, c] = ["a", "b", "c"].map(|plan| write_rows(state, plan, None, &[]).file.segments[0].clone());
    let mut expected = vec![b, c];
    expected.sort();
    assert_eq!(segments(state), expected);
    assert!(!expected.contains(&a));
}

#[test]
fn a_write_that_fails_leaves_the_base_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let first = write_rows(state, "a", None, &[pair(1, 1, 1, ["1", "1"])]);
    let file = BaseFile { plan: "b".into(), sides: [side(0), side(1)], ..BaseFile::default() };
    let next =
        Next { state, file, recipes: &recipes(), on: None, frozen: None, gone: &[], open: [None, None], torn: &[] };
    let mut written = handing_over(&[pair(2, 2, 2, ["2", "2"])], 1);
    let error = next.write(&mut || written()?.map_or(Err(SnapshotError::Interrupted), |rows| Ok(Some(rows))));
    assert!(matches!(error, Err(SnapshotError::Interrupted)));
    assert_eq!(Base::open(state).unwrap().unwrap().file, first.file);
    assert_eq!(segments(state), first.file.segments);
    assert!(!state.join(PREVIOUS).exists());
}

#[test]
fn what_is_missing_or_not_whole_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original");
    let base = two(&original);
    assert_eq!(base.file.segments.len(), 2);
    let copy = |name: &str| -> (PathBuf, PathBuf, PathBuf) {
        let state = folder.path().join(name);
        copy_all(&original, &state);
        let [first, second] = [0, 1].map(|at| state.join(SEGMENTS).join(&base.file.segments[at]));
        (state, first, second)
    };
    let (state, first, _) = copy("segment");
    assert_eq!(content(&Base::open(&state).unwrap().unwrap()), content(&base));
    std::fs::remove_dir_all(&first).unwrap();
    assert!(damage(&state).contains("missing"));

    for name in [LINKS_FILE, GONE_FILE, SEGMENT, "open-left.parquet", "left/manifest.json", "right/rows-0.parquet"] {
        let (state, _, second) = copy(&name.replace('/', "-"));
        std::fs::remove_file(second.join(name)).unwrap();
        damage(&state);
        // Half of it is no better.
        std::fs::write(
            second.join(name),
            &std::fs::read(original.join(SEGMENTS).join(&base.file.segments[1]).join(name)).unwrap()[..9],
        )
        .unwrap();
        if name == "open-left.parquet" {
            assert!(Base::open(&state).unwrap().unwrap().open_rows(0).is_err());
        } else {
            damage(&state);
        }
    }

    // Another segment's files have other numbers of rows.
    for name in [LINKS_FILE, "left/rows-0.parquet"] {
        let (state, first, second) = copy(&format!("few-{}", name.replace('/', "-")));
        std::fs::copy(second.join(name), first.join(name)).unwrap();
        damage(&state);
    }
}

#[test]
fn links_past_the_rows_are_damage() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let base = two(state);
    let first = state.join(SEGMENTS).join(&base.file.segments[0]);
    let links = first.join(LINKS_FILE);
    let mut numbers = Vec::new();
    let read = crate::base::numbers::Numbers::open(&links, crate::base::pair::LINKS).unwrap();
    read.each(&mut |columns: [&[u64]; 8]| {
        numbers.extend((0..columns[0].len()).map(|row| columns.map(|column| column[row])));
        Ok(())
    })
    .unwrap();
    numbers[1][7] = 2;
    let mut writer = crate::base::numbers::NumbersWriter::create(&links, crate::base::pair::LINKS).unwrap();
    writer.write(numbers.into_iter()).unwrap();
    writer.finish().unwrap();
    let base = Base::open(state).unwrap().unwrap();
    let error = base.each(&mut |_| Ok(())).unwrap_err();
    assert!(matches!(&error, SnapshotError::Damaged { why, .. } if why.contains("right")), "{error}");
}

#[test]
fn what_base_json_says_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let base = write_rows(state, "a", None, &[]);
    let write = |file: &BaseFile| file.write(&state.join(BASE)).unwrap();
    write(&BaseFile { version: VERSION + 1, ..base.file.clone() });
    let error = Base::open(state).unwrap_err();
    assert!(matches!(error, SnapshotError::Version { found, known: VERSION, .. } if found == VERSION + 1), "{error}");
    // A later program's base is not overwritten, nor taken back.
    assert!(take_back(state, "a").is_err());
    let next = Next {
        state,
        file: BaseFile { sides: [side(0), side(1)], ..BaseFile::default() },
        recipes: &recipes(),
        on: None,
        frozen: None,
        gone: &[],
        open: [None, None],
        torn: &[],
    };
    assert!(matches!(next.write(&mut || Ok(None)), Err(SnapshotError::Version { .. })));

    write(&BaseFile { segments: vec![format!("../{SEGMENTS}/{}", base.file.segments[0])], ..base.file.clone() });
    assert!(damage(state).contains("is no segment"));
    // Every value counts.
    write(&base.file);
    let text = std::fs::read_to_string(state.join(BASE)).unwrap();
    let changed = text.replacen("\"unkeyed\": 0", "\"unkeyed\": 1", 1);
    assert_ne!(changed, text);
    std::fs::write(state.join(BASE), changed).unwrap();
    assert!(damage(state).contains("checksum"));
    std::fs::write(state.join(BASE), "{\"version\": 1}").unwrap();
    damage(state);
    std::fs::write(state.join(BASE), [0xff, 0xfe]).unwrap();
    damage(state);
    // What nobody can read is replaced by the next base, and nothing is before that.
    write_rows(state, "b", None, &[]);
    assert!(current(state).as_deref() == Some("b") && !state.join(PREVIOUS).exists());
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_all(&from, &to) } else { std::fs::copy(&from, &to).map(|_| ()).unwrap() }
    }
}
