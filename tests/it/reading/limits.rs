//! Time limits that a server has set for its readers.

use crate::support::Place;
use mysql::prelude::Queryable;

#[test]
fn limits_are_lifted_for_reading_and_told() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute("CREATE TABLE plain (id int PRIMARY KEY); INSERT INTO plain SELECT generate_series(1, 5)");
    // Reading it takes longer than the role may.
    server.execute("CREATE VIEW slow AS SELECT id, pg_catalog.pg_sleep(0.06)::text AS pause FROM plain");
    let role = format!("{}_hasty", server.schema);
    server.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'reader-word'; GRANT USAGE ON SCHEMA {} TO {role};
         GRANT SELECT ON slow, plain TO {role}; ALTER ROLE {role} SET statement_timeout = '100ms';
         ALTER ROLE {role} SET lock_timeout = '2s'",
        server.schema
    ));
    let mut url = server.url.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("reader-word")).unwrap();
    let slow = server.address_by(&url, "slow");
    let run = place.dir.trueup(["snapshot", &slow, "--out", "s"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("statement_timeout is 100 ms"), "{run}");
    assert!(run.stderr.contains("lock_timeout is 2 s"), "{run}");
    let run = place.dir.trueup(["snapshot", &slow, "--out", "t", "--respect-limits"]);
    run.fails_with(&["statement timeout"]);
    let report = place.dir.audit(&slow, &slow, &["--key", "id"]).json(0);
    assert!(report["warnings"].to_string().contains("left: statement_timeout is 100 ms"), "{report:#}");

    // By the address itself, too.
    let mut url = place.postgres().url.clone();
    url.set_query(Some("options=-c%20statement_timeout%3D100ms"));
    let slow = place.postgres().address_by(&url, "slow");
    let run = place.dir.trueup(["snapshot", &slow, "--out", "o"]);
    assert!(run.code == Some(0) && run.stderr.contains("statement_timeout is 100 ms"), "{run}");
    // Nobody's limits are no news.
    let plain = place.postgres().address("plain");
    assert!(!place.dir.audit(&plain, &plain, &[]).stdout.contains("timeout"));
    place.postgres().execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[test]
fn limits_of_mariadb_are_lifted_and_told() {
    let mut place = Place::new();
    let server = place.mysql();
    let (database, user) = (server.database.clone(), format!("h{}", std::process::id()));
    let made = server
        .client
        .query_drop(format!("CREATE USER {user}@'%' IDENTIFIED BY 'reader-word' WITH MAX_STATEMENT_TIME 0.2"));
    if made.is_err() {
        // MySQL knows of no such users.
        return;
    }
    for sql in [
        "CREATE TABLE plain (id int PRIMARY KEY)".to_owned(),
        "INSERT INTO plain VALUES (1), (2), (3), (4), (5), (6), (7), (8)".to_owned(),
        "CREATE VIEW slow AS SELECT id FROM plain WHERE sleep(0.05) = 0".to_owned(),
        format!("GRANT SELECT ON {database}.* TO {user}@'%'"),
    ] {
        server.execute(&sql);
    }
    let mut url = server.url.clone();
    url.set_username(&user).unwrap();
    url.set_password(Some("reader-word")).unwrap();
    let slow = server.address_by(&url, "slow");
    let run = place.dir.trueup(["snapshot", &slow, "--out", "s"]);
    assert!(run.code == Some(0) && run.stderr.contains("max_statement_time is 0.2 s"), "{run}");
    let run = place.dir.trueup(["snapshot", &slow, "--out", "t", "--respect-limits"]);
    assert_eq!(run.code, Some(2), "{run}");
    place.mysql().execute(&format!("DROP USER {user}@'%'"));
}
