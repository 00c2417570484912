//! Files that are not what their names say.

use super::orders;
use crate::support::{Kind, Place};

#[test]
fn a_parquet_file_that_is_missing_or_broken() {
    let mut place = Place::new();
    let good = place.store(Kind::Parquet, &orders());
    let bytes = std::fs::read(&good).unwrap();
    place.dir.write("half.parquet", &bytes[..bytes.len() / 2]);
    place.dir.write("end.parquet", &bytes[bytes.len() / 2..]);
    place.dir.write("empty.parquet", "");
    place.dir.write("text.parquet", "id,customer\n1,x\n".repeat(10));
    // The end of the file, which says where everything is, is whole; a page in it is not.
    let mut scratched = bytes.clone();
    scratched[8..bytes.len() / 3].fill(0xAA);
    place.dir.write("scratched.parquet", &scratched);
    for name in ["missing.parquet", "half.parquet", "end.parquet", "empty.parquet", "text.parquet", "scratched.parquet"]
    {
        let bad = place.dir.file(name);
        place.dir.audit(&good, &bad, &["--key", "id"]).fails_with(&[name]);
        place.dir.audit(&bad, &good, &["--key", "id"]).fails_with(&[name]);
    }
    let none = place.dir.file("nothing-*.parquet");
    place.dir.audit(&good, &none, &["--key", "id"]).fails_with(&["nothing-*.parquet"]);
    std::fs::create_dir(place.dir.path().join("bare")).unwrap();
    let bare = place.dir.file("bare");
    place.dir.audit(&good, &bare, &["--key", "id"]).fails_with(&["bare"]);
    place.dir.assert_nothing_half_done();
}

#[test]
fn parquet_parts_of_different_shapes() {
    let mut place = Place::new();
    let mut other = orders();
    other.columns[1].1 = crate::support::Type::Timestamp;
    other.rows.iter_mut().for_each(|row| row[1] = None);
    let parts = place.dir.path().join("parts");
    std::fs::create_dir(&parts).unwrap();
    orders().write_parquet(&parts.join("a.parquet"));
    other.write_parquet(&parts.join("b.parquet"));
    let good = place.store(Kind::Parquet, &orders());
    place.dir.audit(&good, parts.to_str().unwrap(), &["--key", "id"]).fails_with(&[
        "a.parquet",
        "b.parquet",
        "customer",
    ]);
}

#[test]
fn a_csv_file_that_is_no_table() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &orders());
    for (name, content, words) in [
        ("few.csv", &b"id,customer,amount\n1,x,1.50\n2,x\n3,x,1.50\n"[..], &["few.csv", "line 3"][..]),
        ("many.csv", b"id,customer,amount\n1,\"two\nlines\",1.50\n2,x,1.50,y\n", &["many.csv", "line 4"]),
        ("bytes.csv", b"id,customer,amount\n1,x,1.50\n2,Zo\xeb,1.50\n", &["bytes.csv", "line 3", "UTF-8"]),
        ("open.csv", b"id,customer,amount\n1,\"never ends,1.50\n2,x,1.50\n", &["open.csv"]),
        ("empty.csv", b"", &["empty.csv"]),
        ("twice.csv", b"id,amount,amount\n1,1.50,1.50\n", &["twice.csv", "amount"]),
    ] {
        let bad = place.dir.write(name, content);
        place.dir.audit(&good, &bad, &["--key", "id"]).fails_with(words);
        place.dir.audit(&bad, &good, &["--key", "id"]).fails_with(words);
        place.dir.audit(&bad, &bad, &["--key", "id"]).fails_with(words);
    }
    let missing = place.dir.file("missing.csv");
    place.dir.audit(&good, &missing, &["--key", "id"]).fails_with(&["missing.csv"]);
    place.dir.assert_nothing_half_done();
}

#[test]
fn csv_files_that_are_fine() {
    let mut place = Place::new();
    let mut table = orders();
    table.rows.truncate(2);
    let good = place.store(Kind::Sqlite, &table);
    for (name, content) in [
        ("plain.csv", &b"id,customer,amount\n1,somebody,1.50\n2,somebody,1.50\n"[..]),
        ("no-last-line-end.csv", b"id,customer,amount\n1,somebody,1.50\n2,somebody,1.50"),
        ("windows.csv", b"\xef\xbb\xbfid,customer,amount\r\n1,somebody,1.50\r\n2,somebody,1.50\r\n"),
        ("quoted.csv", b"\"id\",\"customer\",\"amount\"\n\"1\",\"somebody\",\"1.50\"\n2,somebody,1.5\n"),
        ("other-order.csv", b"amount,id,customer\n1.50,1,somebody\n1.50,2,somebody\n"),
    ] {
        let csv = place.dir.write(name, content);
        let run = place.dir.audit(&good, &csv, &["--key", "id"]);
        assert_eq!(run.json(0)["rows"]["equal"], 2, "{run}");
    }
    table.rows.clear();
    let (empty, header) = (place.store(Kind::Sqlite, &table), place.dir.write("header.csv", "id,customer,amount\n"));
    for (left, right) in [(&empty, &header), (&header, &header), (&header, &empty)] {
        assert_eq!(place.dir.audit(left, right, &["--key", "id"]).json(0)["left"]["rows"], 0);
    }
}

#[test]
fn a_snapshot_that_is_not_whole_or_not_known() {
    let mut place = Place::new();
    let good = place.store(Kind::Parquet, &orders());
    let spoil = |place: &mut Place, how: &dyn Fn(&std::path::Path)| {
        let folder = place.store(Kind::Snapshot, &orders());
        how(folder.as_ref());
        let run = place.dir.audit(&good, &folder, &["--key", "id"]);
        (run, folder)
    };
    let name = |folder: &str| folder.rsplit('/').next().unwrap().to_owned();

    let (run, folder) = spoil(&mut place, &|at| {
        std::fs::remove_file(at.join("rows-0.parquet"))
            .or_else(|_| std::fs::remove_file(at.join("rows-1.parquet")))
            .unwrap()
    });
    run.fails_with(&[&name(&folder)]);
    let (run, folder) = spoil(&mut place, &|at| std::fs::write(at.join("manifest.json"), "{").unwrap());
    run.fails_with(&[&name(&folder), "manifest"]);
    let (run, folder) = spoil(&mut place, &|at| {
        let path = at.join("manifest.json");
        let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert!(manifest["version"].is_number(), "the manifest has no version: {manifest:#}");
        manifest["version"] = 99.into();
        std::fs::write(path, manifest.to_string()).unwrap();
    });
    run.fails_with(&[&name(&folder), "version 99"]);
    let missing = place.dir.file("no/such/folder");
    place.dir.audit(&good, &missing, &["--key", "id"]).fails_with(&["no/such/folder"]);
}

#[test]
fn an_out_folder_that_cannot_be_used() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &orders());
    let file = place.dir.write("file", "mine");
    place.dir.trueup(["snapshot", &good, "--out", &file]).fails_with(&["file"]);
    place.dir.audit(&good, &good, &["--out", &file]).fails_with(&["file"]);
    place.dir.trueup(["snapshot", &good, "--out", &format!("{file}/below")]).fails_with(&["file"]);
    std::fs::create_dir(place.dir.path().join("full")).unwrap();
    place.dir.write("full/letter.txt", "mine");
    place.dir.trueup(["snapshot", &good, "--out", "full"]).fails_with(&["full", "empty"]);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "mine");
    assert_eq!(place.dir.tree("full").len(), 1);
}
