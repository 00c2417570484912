//! What the database would refuse is asked while planning: the plan says it, and applying goes on without.

use crate::support::{Kind, Place, count, steps};
use serde_json::Value;

const DATABASES: [Kind; 3] = [Kind::Postgres, Kind::Mysql, Kind::Sqlite];

fn run(place: &mut Place, kind: Kind, statements: &[&str]) {
    match kind {
        Kind::Postgres => place.postgres().execute(&statements.join(";\n")),
        Kind::Mysql => statements.iter().for_each(|sql| place.mysql().execute(sql)),
        _ => place.sqlite().execute_batch(&statements.join(";\n")).unwrap(),
    }
}

fn address(place: &mut Place, kind: Kind, table: &str) -> String {
    match kind {
        Kind::Postgres => place.postgres().address(table),
        Kind::Mysql => place.mysql().address(table),
        _ => place.sqlite_address(table),
    }
}

/// Plans from `source` to `target`; what the plan warns of, and its steps.
fn plan(place: &mut Place, kind: Kind, out: &str, options: &[&str]) -> (String, [i64; 3]) {
    let (source, target) = (address(place, kind, "source"), address(place, kind, "target"));
    let planned = place.dir.plan(&source, &target, out, options).json(1);
    let file = std::fs::read_to_string(place.dir.path().join(out).join("plan.json")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    (file["warnings"].to_string(), steps(&planned, "right"))
}

#[test]
fn values_that_a_collation_takes_for_one() {
    for kind in DATABASES {
        let mut place = Place::new();
        let (before, exact, loose) = match kind {
            Kind::Postgres => (
                "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
                "TEXT",
                "TEXT COLLATE loose",
            ),
            Kind::Mysql => {
                let text = |collation| format!("VARCHAR(20) CHARACTER SET utf8mb4 COLLATE {collation}");
                ("SELECT 1", &*text("utf8mb4_bin").leak(), &*text("utf8mb4_unicode_ci").leak())
            }
            _ => ("SELECT 1", "TEXT", "TEXT COLLATE NOCASE"),
        };
        let all = [
            before,
            &format!("CREATE TABLE source (name {exact} PRIMARY KEY)"),
            &format!("CREATE TABLE target (name {loose} PRIMARY KEY)"),
            "INSERT INTO source VALUES ('google'), ('Google'), ('x'), ('There'), ('same')",
            "INSERT INTO target VALUES ('there'), ('same')",
        ];
        run(&mut place, kind, &all);
        // The row that has it goes.
        let (warnings, planned) = plan(&mut place, kind, "all", &[]);
        assert_eq!(planned, [4, 0, 1], "{kind:?}");
        assert!(warnings.contains("1 value of `name`") && warnings.contains("like another new one"), "{warnings}");
        // The row that has it stays.
        let (warnings, planned) = plan(&mut place, kind, "some", &["--no-delete"]);
        assert_eq!(planned, [4, 0, 0], "{kind:?}");
        assert!(warnings.contains("2 values of `name`") && warnings.contains("`There` like `there`"), "{warnings}");
        let applied = place.dir.apply("some", &[]).json(1);
        assert_eq!((steps(&applied, "right"), count(&applied, "/refused")), ([2, 0, 0], 2), "{kind:?}: {applied}");
    }
}

#[test]
fn values_of_an_update_and_accents() {
    let mut place = Place::new();
    let all = [
        "CREATE TABLE source (id INT PRIMARY KEY, name VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
        "CREATE TABLE target (id INT PRIMARY KEY, name VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci UNIQUE)",
        "INSERT INTO source VALUES (1, 'café'), (2, 'B'), (3, 'cafe'), (4, 'new')",
        "INSERT INTO target VALUES (1, 'old'), (2, 'b'), (3, 'cafe'), (4, 'four')",
    ];
    run(&mut place, Kind::Mysql, &all);
    let (warnings, planned) = plan(&mut place, Kind::Mysql, "plan", &[]);
    assert_eq!(planned, [0, 3, 0]);
    // A row may well spell its own value in another way.
    assert!(warnings.contains("1 value of `name`") && warnings.contains("`café` like `cafe`"), "{warnings}");
    let applied = place.dir.apply("plan", &[]).json(1);
    assert_eq!((steps(&applied, "right"), count(&applied, "/rejected")), ([0, 2, 0], 1), "{applied}");
}

#[test]
fn references_to_rows_that_are_not_there() {
    for kind in DATABASES {
        let mut place = Place::new();
        let all = [
            "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
            "CREATE TABLE source (id INTEGER PRIMARY KEY, up INTEGER)",
            "CREATE TABLE target (id INTEGER PRIMARY KEY, up INTEGER, FOREIGN KEY (up) REFERENCES parent (id))",
            "INSERT INTO parent VALUES (1), (2)",
            "INSERT INTO source VALUES (1, 2), (2, 8), (3, NULL), (4, 7), (5, 7), (6, 1)",
            "INSERT INTO target VALUES (1, 1), (2, 1)",
        ];
        run(&mut place, kind, &all);
        let (warnings, planned) = plan(&mut place, kind, "plan", &[]);
        assert_eq!(planned, [4, 2, 0], "{kind:?}");
        assert!(
            warnings.contains("3 rows refer to rows of") && warnings.contains("`7`") && warnings.contains("`8`"),
            "{kind:?}: {warnings}"
        );
        let applied = place.dir.apply("plan", &[]).json(1);
        assert_eq!((steps(&applied, "right"), count(&applied, "/rejected")), ([2, 1, 0], 3), "{kind:?}: {applied}");
        // Once they are there, so are the rows that refer to them.
        run(&mut place, kind, &["INSERT INTO parent VALUES (7), (8)"]);
        let applied = place.dir.apply("plan", &[]).json(0);
        assert_eq!(steps(&applied, "right"), [2, 1, 0], "{kind:?}: {applied}");
    }
}

#[test]
fn what_a_column_would_change_is_left_out() {
    let mut place = Place::new();
    let all = [
        "CREATE TABLE source (id INT PRIMARY KEY, t VARCHAR(20) CHARACTER SET utf8mb4, b VARBINARY(4))",
        "CREATE TABLE target (id INT PRIMARY KEY, t CHAR(20) CHARACTER SET latin1, b BINARY(4))",
        "INSERT INTO source VALUES (1, 'plain €', x'01020304'), (2, 'no 語', x'01020304'), (3, 'cut ', x'01020304'), (4, 'short', x'01')",
    ];
    run(&mut place, Kind::Mysql, &all);
    let (_, planned) = plan(&mut place, Kind::Mysql, "plan", &[]);
    assert_eq!(planned, [1, 0, 0]);
    let applied = place.dir.apply("plan", &[]).json(1);
    assert_eq!((steps(&applied, "right"), count(&applied, "/refused")), ([1, 0, 0], 0), "{applied}");

    let mut place = Place::new();
    let all = [
        "CREATE TABLE source (id int PRIMARY KEY, j json)",
        "CREATE TABLE target (id int PRIMARY KEY, j jsonb)",
        r#"INSERT INTO source VALUES (1, '{"a": "\\u0000"}'), (2, '{"a": "\u0000"}'), (3, '["x"]')"#,
    ];
    run(&mut place, Kind::Postgres, &all);
    let (_, planned) = plan(&mut place, Kind::Postgres, "plan", &[]);
    assert_eq!(planned, [2, 0, 0]);
    let applied = place.dir.apply("plan", &[]).json(1);
    assert_eq!((steps(&applied, "right"), count(&applied, "/refused")), ([2, 0, 0], 0), "{applied}");
}
