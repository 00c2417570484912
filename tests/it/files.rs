//! Files as other programs write them, beside the tables that they were written from.

use crate::support::{Kind, Place, Table, Type};

fn table(rows: &[[&str; 2]]) -> Table {
    let rows = rows.iter().map(|row| row.iter().map(|cell| Some((*cell).to_owned())).collect()).collect();
    Table { columns: vec![("id", Type::Integer), ("name", Type::Text)], primary_key: 1, rows }
}

#[test]
fn a_csv_file_is_split_where_it_can_only_be() {
    let place = Place::new();
    let comma = place.dir.write("comma.csv", "id,name\n1,a\n2,b\n");
    for (name, content) in [
        ("semicolon.csv", "id;name\n1;a\n2;b\n"),
        ("pipe.csv", "id|name\n1|a\n2|b\n"),
        ("tabs.csv", "id\tname\n1\ta\n2\tb\n"),
        ("blanks.csv", "id, name \n1,a\n2,b\n"),
    ] {
        let other = place.dir.write(name, content);
        let audit = place.dir.audit(&comma, &other, &["--key", "id"]).json(0);
        assert_eq!(audit["rows"]["equal"], 2, "{name}: {audit:#}");
        assert!(audit["unpaired"]["right"].as_array().unwrap().is_empty(), "{name}");
    }
    let either = place.dir.write("either.csv", "id;name,x\n1;a,b\n");
    place.dir.audit(&comma, &either, &["--key", "id"]).fails_with(&["either.csv", "delimiter=,"]);
    let said = format!("csv:{either}?delimiter=;");
    let audit = place.dir.audit(&comma, &said, &["--key", "id", "--ignore", "name,\"name,x\""]);
    assert!(audit.code == Some(0) || audit.code == Some(1), "{audit}");
    place.dir.audit(&comma, "csv:x.csv?quotes=1", &["--key", "id"]).fails_with(&["`quotes`"]);
}

#[test]
fn a_csv_file_keeps_its_form_when_it_is_written() {
    let place = Place::new();
    let source = place.dir.write("source.csv", "id,name\n1,a\n2,x;y\n");
    let target = place.dir.write("target.txt", "id; name\r\n1;b\r\n");
    let address = format!("csv:{target}");
    let run = place.dir.trueup(["sync", &source, &address, "--key", "id"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "id; name\r\n1;a\r\n2;\"x;y\"\r\n");
}

#[test]
fn bytes_and_padding_in_a_copy_of_a_table() {
    let mut place = Place::new();
    let address = place.store(Kind::Postgres, &table(&[["1", "x"]]));
    place.execute(
        Kind::Postgres,
        &address,
        "DROP TABLE {t}; CREATE TABLE {t} (code char(5) PRIMARY KEY, b bytea, c char(3));
         INSERT INTO {t} VALUES ('EA', '\\x00ff', 'x'), ('BOX', '\\x616263', 'ab'), ('CM', '', NULL), ('M', NULL, 'abc')",
    );
    // As COPY … TO with (FORMAT csv, HEADER) writes it.
    let copy = "code,b,c\nEA   ,\\x00ff,x  \nBOX  ,\\x616263,ab \nCM   ,\\x,\nM    ,,abc\n";
    let csv = place.dir.write("copy.csv", copy);
    for (left, right) in [(&address, &csv), (&csv, &address)] {
        let audit = place.dir.audit(left, right, &["--key", "code"]).json(0);
        assert_eq!((&audit["rows"]["equal"], &audit["agree"]), (&4.into(), &true.into()), "{audit:#}");
    }
    // What is written comes back as the same bytes, in the same form.
    let empty = place.dir.write("empty.csv", "code,b,c\n");
    let run = place.dir.trueup(["sync", &address, &empty, "--key", "code"]);
    assert_eq!(run.code, Some(0), "{run}");
    let written = std::fs::read_to_string(&empty).unwrap();
    assert!(written.contains("EA,\\x00ff,x") && written.contains("CM,\\x,"), "{written}");
    // From the file to the table too.
    let changed = place.dir.write("changed.csv", copy.replace("\\x00ff", "\\x00fe"));
    let run = place.dir.trueup(["sync", &changed, &address, "--key", "code", "--max-changes", "1000%"]);
    assert_eq!(run.code, Some(0), "{run}");
    place.execute(
        Kind::Postgres,
        &address,
        "DO $$ BEGIN IF (SELECT b FROM {t} WHERE code = 'EA') <> '\\x00fe' THEN RAISE 'other bytes'; END IF; END $$",
    );
}

#[test]
fn bytes_that_are_no_text_are_left_out_of_a_file_of_text() {
    let mut place = Place::new();
    let address = place.store(Kind::Postgres, &table(&[["1", "x"]]));
    place.execute(
        Kind::Postgres,
        &address,
        "DROP TABLE {t}; CREATE TABLE {t} (id int PRIMARY KEY, b bytea);
         INSERT INTO {t} VALUES (1, 'x'), (2, '\\xff00'), (3, 'abc')",
    );
    let csv = place.dir.write("t.csv", "id,b\n1,y\n");
    let run = place.dir.trueup(["sync", &address, &csv, "--key", "id", "--max-changes", "1000%"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(std::fs::read_to_string(&csv).unwrap(), "id,b\n1,x\n3,abc\n");
}

#[test]
fn a_column_may_have_any_name() {
    let mut place = Place::new();
    let tables = [[["1", "a"], ["2", "a"]], [["1", "a"], ["2", "z"]]].map(|rows| {
        let mut table = table(&rows);
        table.columns[1].0 = "trueup_other";
        table
    });
    for kind in [Kind::Sqlite, Kind::Parquet, Kind::Csv, Kind::Snapshot] {
        let [left, right] = [&tables[0], &tables[1]].map(|table| place.store(kind, table));
        let audit = place.dir.audit(&left, &right, &["--key", "id"]).json(1);
        assert_eq!(audit["rows"]["changed"], 1, "{kind:?}: {audit:#}");
    }
}

#[test]
fn parts_of_a_folder_are_one_table() {
    let mut place = Place::new();
    let folder = place.dir.path().join("parts");
    std::fs::create_dir_all(folder.join("y=2024")).unwrap();
    std::fs::create_dir_all(folder.join("y=2023")).unwrap();
    table(&[["1", "a"]]).write_parquet(&folder.join("y=2023/a.parquet"));
    table(&[["2", "b"]]).write_parquet(&folder.join("y=2024/a.parquet"));
    std::fs::write(folder.join("readme.txt"), "not a part").unwrap();
    let csv = place.dir.write("t.csv", "id,name,y\n1,a,2023\n2,b,2024\n");
    let folder = folder.display().to_string();
    let audit = place.dir.audit(&folder, &csv, &["--key", "id", "--out", "run"]).json(0);
    assert_eq!(audit["rows"]["equal"], 2, "{audit:#}");
    assert!(audit["warnings"].to_string().contains("readme.txt"), "{audit:#}");
    // A folder is never written to.
    let run = place.dir.trueup(["sync", &csv, &folder, "--key", "id"]);
    assert!(run.code == Some(0) || run.code == Some(2), "{run}");
    let other = place.dir.write("other.csv", "id,name,y\n1,a,2023\n2,c,2024\n");
    place.dir.trueup(["sync", &other, &folder, "--key", "id"]).fails_with(&["parts", "single"]);
    // What was read where it lies can be shown later.
    let audit = place.dir.audit(&folder, &other, &["--key", "id"]).json(1);
    let report = place.dir.trueup(["report", audit["run"].as_str().unwrap(), "--out", "report.html"]);
    assert_eq!(report.code, Some(0), "{report}");
    let html = std::fs::read_to_string(place.dir.file("report.html")).unwrap();
    assert!(html.contains("2024") && !html.contains("can't be shown"), "{report}");
    let left = place.store(Kind::Sqlite, &table(&[["1", "a"], ["2", "b"]]));
    let run = place.dir.audit(&left, &folder, &["--key", "id", "--ignore", "y"]);
    assert_eq!(run.json(0)["rows"]["equal"], 2);
}

#[test]
fn a_snapshot_that_has_changed_is_refused() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &table(&[["1", "a"], ["2", "b"]]));
    let snapshot = place.store(Kind::Snapshot, &table(&[["1", "a"], ["2", "b"]]));
    assert_eq!(place.dir.audit(&good, &snapshot, &["--key", "id"]).code, Some(0));
    let rows = std::path::Path::new(&snapshot).join("rows-0.parquet");
    let mut bytes = std::fs::read(&rows).unwrap();
    // A value, which is whole and of its type: no reader of Parquet would see it.
    let at = bytes.windows(2).position(|pair| pair == [1, 0]).unwrap();
    bytes[at] = 7;
    std::fs::write(&rows, &bytes).unwrap();
    place.dir.audit(&good, &snapshot, &["--key", "id"]).fails_with(&["rows-0.parquet", "not as it was written"]);
}
