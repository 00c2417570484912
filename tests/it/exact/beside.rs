//! Rows, columns and rights that are no part of a plan.

use crate::support::{Kind, Place, steps};

/// A row that somebody adds between plan and apply is theirs, whatever the table says of collisions.
#[test]
fn rows_of_others_are_not_replaced() {
    for rule in ["REPLACE", "IGNORE", "FAIL", "ROLLBACK"] {
        let place = Place::new();
        let connection = place.sqlite();
        connection
            .execute_batch(&format!(
                "CREATE TABLE l (id INTEGER PRIMARY KEY, u TEXT, n TEXT);
                 INSERT INTO l VALUES (1, 'a', 'new'), (2, 'q', 'two'), (3, 'c', 'new'), (4, 'r', 'four');
                 CREATE TABLE r (id INTEGER PRIMARY KEY, u TEXT UNIQUE ON CONFLICT {rule}, n TEXT);
                 INSERT INTO r VALUES (1, 'a', 'old'), (3, 'c', 'old'), (4, 'd', 'four')"
            ))
            .unwrap();
        let (left, right) = (place.sqlite_address("l"), place.sqlite_address("r"));
        place.dir.plan(&left, &right, "p", &[]).json(1);
        let script = std::fs::read_to_string(place.dir.path().join("p/right.sql")).unwrap();
        assert!(script.contains("INSERT OR ABORT INTO") && script.contains("UPDATE OR ABORT"), "{script}");
        assert!(!script.contains("INSERT INTO \"r\""), "{script}");
        connection.execute_batch("INSERT INTO r VALUES (7, 'q', 'theirs'), (8, 'r', 'theirs')").unwrap();
        place.dir.apply("p", &[]);
        let theirs = "SELECT count(*) FROM r WHERE (id, u, n) IN (VALUES (7, 'q', 'theirs'), (8, 'r', 'theirs'), (4, 'd', 'four'))";
        let count = || connection.query_row(theirs, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(), 3, "{rule}");
        place.dir.undo("p", &[]);
        assert_eq!(count(), 3, "{rule}, after undo");
    }
}

/// A plan asks for the rights that its own steps need.
#[test]
fn rights_that_no_step_needs_are_not_asked_for() {
    for (right, rows, expected) in [
        ("UPDATE", "(1, 'new')", [0, 1, 0]),
        ("INSERT", "(1, 'a'), (2, 'new')", [1, 0, 0]),
        ("UPDATE (n)", "(1, 'new')", [0, 1, 0]),
    ] {
        let mut place = Place::new();
        let role = format!("role_{}", std::process::id());
        let server = place.postgres();
        server.execute(&format!(
            "CREATE TABLE l (id int PRIMARY KEY, n text); CREATE TABLE r (LIKE l INCLUDING ALL);
             INSERT INTO l VALUES {rows}; INSERT INTO r VALUES (1, 'a');
             DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN PASSWORD 'Of-a-role-5ecret'; GRANT SELECT, {right} ON r TO {role};
             GRANT USAGE ON SCHEMA {schema} TO {role}",
            schema = server.schema
        ));
        let mut url = server.url.clone();
        url.set_username(&role).unwrap();
        url.set_password(Some("Of-a-role-5ecret")).unwrap();
        let (left, right_address) = (server.address("l"), server.address_by(&url, "r"));
        let synced = place.dir.trueup(["sync", &left, &right_address, "--format", "json"]);
        place.postgres().execute("INSERT INTO l VALUES (3, 'c'); DELETE FROM l WHERE id = 1; UPDATE l SET n = 'x'");
        let refused = place.dir.trueup(["sync", &left, &right_address, "--max-deletes", "100%", "--format", "json"]);
        place.postgres().execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
        assert_eq!(steps(&synced.json(0), "right"), expected, "{right}");
        refused.fails_with(&["has no right to"]);
    }
    let mut place = Place::new();
    let user = format!("u{}", std::process::id());
    let server = place.mysql();
    let database = server.database.clone();
    for sql in [
        "CREATE TABLE l (id int PRIMARY KEY, n text)",
        "CREATE TABLE r (id int PRIMARY KEY, n text)",
        "INSERT INTO l VALUES (1, 'new')",
        "INSERT INTO r VALUES (1, 'a')",
        &format!("CREATE USER {user}@'%' IDENTIFIED BY 'Of-a-user-5ecret'"),
        &format!("GRANT SELECT, UPDATE, CREATE TEMPORARY TABLES ON {database}.* TO {user}@'%'"),
    ] {
        server.execute(sql);
    }
    let mut url = server.url.clone();
    url.set_username(&user).unwrap();
    url.set_password(Some("Of-a-user-5ecret")).unwrap();
    let (left, right) = (server.address("l"), server.address_by(&url, "r"));
    let synced = place.dir.trueup(["sync", &left, &right, "--format", "json"]);
    place.mysql().execute("INSERT INTO l VALUES (2, 'b')");
    let refused = place.dir.trueup(["sync", &left, &right, "--format", "json"]);
    place.mysql().execute(&format!("DROP USER {user}@'%'"));
    assert_eq!(steps(&synced.json(0), "right"), [0, 1, 0]);
    refused.fails_with(&["no right to INSERT"]);
}

/// MariaDB: tables of nothing but columns that fill or move themselves.
#[test]
fn tables_of_odd_columns() {
    let cases = [
        ("k timestamp(6) NULL, a int", "", "('2024-01-01', 1)", "k"),
        ("k timestamp(6) NULL, a int", "('2024-01-02', 1)", "('2024-01-01', 1)", "k"),
        ("k timestamp NOT NULL PRIMARY KEY", "('2024-01-02'), ('2024-01-03')", "('2024-01-01')", "k"),
        ("k int PRIMARY KEY", "(1), (2)", "(2), (3)", "k"),
        ("k int PRIMARY KEY, b bit(9) NOT NULL, c bit(1)", "(1, 300, 1), (2, 0, NULL)", "(1, 299, 0), (3, 5, 1)", "k"),
        (
            "k int PRIMARY KEY, a timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp(), n int",
            "(1, '2020-01-01', 2)",
            "(1, '2020-01-01', 1)",
            "k",
        ),
        (
            "k timestamp NOT NULL DEFAULT current_timestamp() ON UPDATE current_timestamp() PRIMARY KEY, n int",
            "('2020-01-01', 2)",
            "('2020-01-01', 1)",
            "k",
        ),
        ("k int PRIMARY KEY, n int NOT NULL INVISIBLE DEFAULT 7", "(1)", "(2)", "k"),
    ];
    for (columns, left, right, key) in cases {
        let mut place = Place::new();
        let server = place.mysql();
        for (name, rows) in [("l", left), ("r", right)] {
            server.execute(&format!("CREATE TABLE {name} ({columns})"));
            if !rows.is_empty() {
                server.execute(&format!("INSERT INTO {name} VALUES {rows}"));
            }
        }
        let (left, right) = (server.address("l"), server.address("r"));
        let (wanted, before) = (place.contents(Kind::Mysql, &left), place.contents(Kind::Mysql, &right));
        place.dir.plan(&left, &right, "p", &["--key", key]).json(1);
        place.dir.apply("p", &[]).json(0);
        assert_eq!(place.contents(Kind::Mysql, &right), wanted, "{columns}");
        place.dir.undo("p", &[]).json(0);
        assert_eq!(place.contents(Kind::Mysql, &right), before, "{columns}");
    }
}
