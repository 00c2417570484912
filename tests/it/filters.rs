//! Conditions for rows: what they leave out plays no part, in the counts or in the choice of a key.

use crate::support::Workdir;

const ROWS: &str = "id,g,v\n1,x,a\n1,y,b\n2,x,\n3,x,\"\"\n";

/// The rows as CSV, as Parquet, as a snapshot and as an SQLite table.
fn tables(dir: &Workdir) -> [String; 4] {
    let csv = dir.write("rows.csv", ROWS);
    assert_eq!(dir.trueup(["snapshot", &csv, "--out", "frozen"]).code, Some(0));
    let sqlite = rusqlite::Connection::open(dir.file("rows.db")).unwrap();
    sqlite
        .execute_batch(
            "CREATE TABLE rows (id INTEGER, g TEXT, v TEXT);
             INSERT INTO rows VALUES (1, 'x', 'a'), (1, 'y', 'b'), (2, 'x', NULL), (3, 'x', '')",
        )
        .unwrap();
    [csv, dir.file("frozen/rows-0.parquet"), dir.file("frozen"), format!("sqlite:{}#rows", dir.file("rows.db"))]
}

#[test]
fn a_key_is_inferred_in_the_chosen_rows() {
    let dir = Workdir::new();
    let tables = tables(&dir);
    for left in &tables {
        for right in &tables {
            let all = dir.audit(left, right, &[]).json(0);
            assert_eq!(all["key"]["columns"].as_array().map(Vec::len), Some(2), "{left} {right}: {all}");
            assert_eq!(all["rows"]["equal"], 4, "{left} {right}");

            let some = dir.audit(left, right, &["--where", "g = 'x'"]).json(0);
            assert_eq!(some["key"]["columns"], serde_json::json!([{"left": "id", "right": "id"}]), "{left} {right}");
            assert_eq!((&some["left"]["rows"], &some["rows"]["equal"]), (&3.into(), &3.into()), "{left} {right}");
        }
    }
}

#[test]
fn each_side_has_a_condition_of_its_own() {
    let dir = Workdir::new();
    for table in tables(&dir) {
        let options = ["--key", "id", "--where", "g = 'x'", "--where-right", "id < 2 -- and no more"];
        let run = dir.audit(&table, &table, &options).json(1);
        assert_eq!((&run["left"]["rows"], &run["right"]["rows"]), (&3.into(), &2.into()), "{table}");
        assert_eq!((&run["right"]["duplicates"], &run["keys"]["ambiguous"]), (&1.into(), &1.into()), "{table}");
        assert_eq!(run["keys"]["only_left"], 2, "{table}");
    }
}

#[test]
fn a_condition_that_a_file_does_not_understand() {
    let dir = Workdir::new();
    let [csv, parquet, snapshot, _] = tables(&dir);
    for table in [csv, parquet, snapshot] {
        dir.audit(&table, &table, &["--key", "id", "--where", "nope = 1"]).fails_with(&["nope = 1", "condition"]);
        dir.audit(&table, &table, &["--key", "id", "--where", "id +"]).fails_with(&["condition"]);
    }
    dir.assert_nothing_half_done();
}
