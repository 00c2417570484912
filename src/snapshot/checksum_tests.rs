use crate::endpoint::{ExportBatch, Interrupt};
use crate::snapshot::{
    FreezeOptions, MANIFEST, Manifest, Recipe, Silent, SnapshotError, freeze_batches, open_snapshot, portable_schema,
};
use crate::table::{Column, PortableBuilder, PortableType, TableInfo};
use std::path::Path;

/// A snapshot of two rows in a folder, with an index; the rows differ by `name`.
fn freeze(folder: &Path, name: &str) {
    let columns = [
        Column::new("id", PortableType::Integer, "x"),
        Column::new("Trueup_other", PortableType::Date, "x"),
        Column::new("name", PortableType::Text, "x"),
    ];
    let arrays = columns.iter().map(|column| {
        let mut builder = PortableBuilder::new(&column.ty);
        for id in [1, 2] {
            match &column.ty {
                PortableType::Integer => builder.integer(id),
                PortableType::Date => builder.parse("0000-00-00"),
                _ => builder.text(name),
            }
        }
        builder.finish()
    });
    let batch = ExportBatch::new(&portable_schema(columns.iter()), arrays.collect()).unwrap();
    let recipe = Recipe::alone(&columns, &["id".to_owned()]);
    let options = FreezeOptions {
        address: "somewhere".to_owned(),
        recipe: Some(&recipe),
        filter: None,
        filter_text: None,
        interrupt: Interrupt::default(),
        progress: &Silent,
    };
    std::fs::create_dir_all(folder).unwrap();
    freeze_batches(vec![batch], &TableInfo::default(), &columns, options, folder).unwrap();
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Everything that can be asked of a snapshot works or fails with the file's or the folder's name.
fn refused(folder: &Path, what: &str) {
    let error = open_snapshot(folder).map(|_| ()).expect_err(what);
    let known = matches!(
        error,
        SnapshotError::Damaged { .. }
            | SnapshotError::Version { .. }
            | SnapshotError::File { .. }
            | SnapshotError::NoManifest(_)
    );
    assert!(known && error.to_string().contains(&folder.display().to_string()), "{what}: {error}");
}

#[test]
fn what_was_frozen_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    freeze(folder.path(), "a");
    let snapshot = open_snapshot(folder.path()).unwrap();
    assert_eq!(snapshot.manifest.other.as_deref(), Some("trueup_other_2"), "no column of the table");
    let rows = snapshot.parts.fetch(&[0, 1, 2], &[1]).unwrap();
    assert_eq!(rows.other(0, 1), Some("0000-00-00"));
    assert!(snapshot.index.is_some());
    assert_eq!(files(folder.path()).len(), 3);
}

#[test]
fn any_flipped_bit_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    freeze(folder.path(), "a");
    for path in files(folder.path()) {
        let bytes = std::fs::read(&path).unwrap();
        // Every byte, and all of its bits in turn.
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&path, &changed).unwrap();
            refused(folder.path(), &format!("byte {at} of {}", path.display()));
        }
        for end in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..end]).unwrap();
            refused(folder.path(), &format!("{end} bytes of {}", path.display()));
        }
        std::fs::write(&path, [&bytes[..], b"\n"].concat()).unwrap();
        refused(folder.path(), "a byte more");
        std::fs::remove_file(&path).unwrap();
        refused(folder.path(), "a missing file");
        std::fs::write(&path, &bytes).unwrap();
        open_snapshot(folder.path()).unwrap();
    }
}

#[test]
fn files_of_another_snapshot_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    freeze(&one, "a");
    freeze(&other, "b");
    for (own, foreign) in files(&one).iter().zip(files(&other)) {
        let bytes = std::fs::read(own).unwrap();
        std::fs::copy(&foreign, own).unwrap();
        refused(&one, &format!("{} of another", own.display()));
        std::fs::write(own, &bytes).unwrap();
    }
    open_snapshot(&one).unwrap();
}

#[test]
fn another_version_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    freeze(folder.path(), "a");
    let path = folder.path().join(MANIFEST);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"version\": 3", "\"version\": 1")).unwrap();
    let error = Manifest::read(folder.path()).unwrap_err();
    assert!(error.to_string().contains("format version 1; this program knows version 3"), "{error}");
}
