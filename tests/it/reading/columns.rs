//! Only the columns that are needed are read, and kept: a user may have no right to the others.

use crate::support::{Place, Workdir, count};
use std::path::Path;

/// Whether any file below a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        std::fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn a_right_to_some_columns_suffices_for_them() {
    let mut place = Place::new();
    let server = place.postgres();
    let role = format!("{}_part", server.schema);
    server.execute(&format!(
        "CREATE TABLE staff (id int PRIMARY KEY, name text, salary text);
         INSERT INTO staff SELECT n, 'name ' || n, 'pay-' || n FROM generate_series(1, 3) n;
         CREATE TABLE plain (id int PRIMARY KEY, name text); INSERT INTO plain SELECT id, name FROM staff;
         CREATE ROLE {role} LOGIN PASSWORD 'reader-word'; GRANT USAGE ON SCHEMA {} TO {role};
         GRANT SELECT (id, name) ON staff TO {role}; GRANT DELETE, UPDATE, INSERT ON staff TO {role}",
        server.schema
    ));
    let mut url = server.url.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("reader-word")).unwrap();
    let (staff, plain) = (server.address_by(&url, "staff"), server.address("plain"));
    for options in [["--columns", "id,name"], ["--ignore", "salary"]] {
        for (left, right) in [(&staff, &plain), (&plain, &staff)] {
            let report = place.dir.audit(left, right, &options);
            let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap_or_else(|_| panic!("{report}"));
            assert_eq!(count(&report, "/rows/equal"), 3, "{report:#}");
        }
    }
    place.dir.trueup(["audit", &staff, &plain]).fails_with(&["SELECT", "`salary`", "--ignore"]);
    // What is deleted must be there to be put back.
    let run = place.dir.trueup(["plan", &plain, &staff, "--ignore", "salary"]);
    run.fails_with(&["SELECT", "`salary`", "whole rows"]);
    let run = place.dir.trueup(["plan", &staff, &plain, "--ignore", "salary", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    place.dir.trueup(["snapshot", &staff, "--out", "s"]).fails_with(&["SELECT", "`salary`"]);
    place.postgres().execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn a_key_that_may_not_be_read_can_be_left_out() {
    let mut place = Place::new();
    let server = place.postgres();
    let role = format!("{}_keyless", server.schema);
    server.execute(&format!(
        "CREATE TABLE staff (id int PRIMARY KEY, badge text NOT NULL, town text);
         INSERT INTO staff SELECT n, 'badge ' || n, 'town ' || n % 2 FROM generate_series(1, 4) n;
         CREATE TABLE plain (LIKE staff INCLUDING ALL); INSERT INTO plain SELECT * FROM staff;
         CREATE ROLE {role} LOGIN PASSWORD 'reader-word'; GRANT USAGE ON SCHEMA {} TO {role};
         GRANT SELECT (badge, town) ON staff TO {role}",
        server.schema
    ));
    let mut url = server.url.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("reader-word")).unwrap();
    let (staff, plain) = (server.address_by(&url, "staff"), server.address("plain"));
    place.dir.trueup(["audit", &staff, &plain]).fails_with(&["SELECT", "`id`", "--ignore"]);
    for options in [["--ignore", "id"], ["--columns", "badge,town"]] {
        for (left, right) in [(&staff, &plain), (&plain, &staff)] {
            let report = place.dir.audit(left, right, &options).json(0);
            assert_eq!(report["key"]["columns"][0]["left"], "badge", "{report:#}");
            assert_eq!(count(&report, "/rows/equal"), 4, "{report:#}");
        }
    }
    place.postgres().execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn mysql_hides_columns_and_is_found_out() {
    let mut place = Place::new();
    let server = place.mysql();
    let (database, user) = (server.database.clone(), format!("u{}", std::process::id()));
    for sql in [
        "CREATE TABLE staff (id int PRIMARY KEY, name varchar(20), salary varchar(20))".to_owned(),
        "INSERT INTO staff VALUES (1, 'name 1', 'pay-1'), (2, 'name 2', 'pay-2')".to_owned(),
        "CREATE TABLE plain (id int PRIMARY KEY, name varchar(20))".to_owned(),
        "INSERT INTO plain SELECT id, name FROM staff".to_owned(),
        format!("CREATE USER {user}@'%' IDENTIFIED BY 'reader-word'"),
        format!("GRANT SELECT (id, name) ON {database}.staff TO {user}@'%'"),
    ] {
        server.execute(&sql);
    }
    let mut url = server.url.clone();
    url.set_username(&user).unwrap();
    url.set_password(Some("reader-word")).unwrap();
    let (staff, plain) = (server.address_by(&url, "staff"), server.address("plain"));
    let report = place.dir.audit(&staff, &plain, &[]).json(0);
    assert_eq!(count(&report, "/rows/equal"), 2);
    assert!(report["warnings"].to_string().contains("may not see all of its columns"), "{report:#}");
    place.dir.trueup(["plan", &plain, &staff]).fails_with(&["SELECT", "does not tell which", "whole rows"]);

    // What may be written, but not read, has a name.
    place.mysql().execute(&format!("GRANT INSERT, UPDATE, DELETE ON {database}.staff TO {user}@'%'"));
    place.dir.trueup(["audit", &staff, &plain]).fails_with(&["SELECT", "`salary`", "--ignore"]);
    let report = place.dir.audit(&staff, &plain, &["--ignore", "salary"]).json(0);
    assert_eq!(count(&report, "/rows/equal"), 2);
    place.dir.trueup(["plan", &plain, &staff, "--ignore", "salary"]).fails_with(&["`salary`", "whole rows"]);
    place.mysql().execute(&format!("DROP USER {user}@'%'"));
}

#[test]
fn what_is_left_out_is_not_kept() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute(
        "CREATE TABLE staff (id int PRIMARY KEY, name text, salary text, extra text);
         INSERT INTO staff SELECT n, 'name-' || n, 'pay-of-' || n, 'more-of-' || n FROM generate_series(1, 3) n;
         CREATE TABLE same (LIKE staff INCLUDING ALL); INSERT INTO same SELECT * FROM staff",
    );
    let (staff, same) = (server.address("staff"), server.address("same"));
    let csv = place
        .dir
        .write("staff.csv", "id,name,salary,extra\n1,name-1,pay-of-1,more-of-1\n2,name-2,pay-of-2,more-of-2\n");
    let lines = std::fs::read_to_string(&csv).unwrap();
    let copy = place.dir.write("copy.csv", lines);
    let sides = [(&staff, &same), (&csv, &staff), (&csv, &copy)];
    for (at, (left, right)) in sides.into_iter().enumerate() {
        for (option, value) in [("--ignore", "salary,extra"), ("--columns", "name")] {
            let out = format!("run{at}{option}");
            let args = ["audit", left, right, option, value, "--key", "id", "--out", &out, "--format", "json"];
            let run = place.dir.trueup(args);
            assert!(run.code <= Some(1), "{run}");
            let folder = place.dir.path().join(&out);
            assert!(holds(&folder, b"name-1"), "{left} {option}");
            assert!(!holds(&folder, b"pay-of-1") && !holds(&folder, b"more-of-1"), "{left} {right} {option}");
        }
    }
    // A condition may be about what is not kept.
    let options = ["--ignore", "salary", "--key", "id", "--where", "salary like '%-2'", "--out", "chosen"];
    for (left, right) in [(&csv, &staff), (&csv, &copy)] {
        let report = place.dir.audit(left, right, &options).json(0);
        assert_eq!(count(&report, "/left/rows"), 1, "{report:#}");
        let folder = place.dir.path().join("chosen");
        assert!(holds(&folder.join("left"), b"name-2") && !holds(&folder.join("left"), b"pay-of-2"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_column_that_is_left_out_is_no_key_of_a_database() {
    let dir = Workdir::new();
    let connection = rusqlite::Connection::open(dir.file("t.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE l (code INTEGER, nr INTEGER, name TEXT); CREATE TABLE r (code INTEGER, nr INTEGER, name TEXT);
             INSERT INTO l VALUES (1, 7, 'a'), (2, 8, 'b'); INSERT INTO r VALUES (1, 9, 'a'), (2, 10, 'b')",
        )
        .unwrap();
    let address = |table: &str| format!("sqlite:{}#{table}", dir.file("t.db"));
    let report = dir.audit(&address("l"), &address("r"), &["--ignore", "nr"]).json(0);
    assert_eq!(report["key"]["columns"], serde_json::json!([{"left": "code", "right": "code"}]));
    let report = dir.audit(&address("l"), &address("r"), &["--columns", "name"]).json(0);
    assert_eq!(report["key"]["columns"], serde_json::json!([{"left": "name", "right": "name"}]));
}
