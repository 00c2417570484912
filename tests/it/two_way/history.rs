//! `trueup history`: installing, looking, clearing, removing.

use super::pair::Pair;
use super::people::{people, timeless};
use crate::support::Kind;

const DATABASES: [Kind; 3] = [Kind::Postgres, Kind::Mysql, Kind::Sqlite];

fn one(kind: Kind) -> Pair {
    let table = timeless(people(1..=3));
    Pair::new([kind, kind], [&table, &table], &[])
}

/// The entries of a history, as action and key.
fn entries(pair: &mut Pair) -> Vec<String> {
    let columns = [
        ("action", crate::support::Type::Text),
        ("row_key", crate::support::Type::Text),
        ("own", crate::support::Type::Integer),
        ("seq", crate::support::Type::Integer),
    ];
    let address = format!("{}#trueup_history", pair.addresses[0].split('#').next().unwrap());
    let mut rows = pair.place.cells(pair.kinds[0], &address, &columns);
    let number = |text: &Option<String>| text.as_deref().unwrap().parse::<u64>().unwrap();
    rows.sort_by_key(|row| number(&row[3]));
    let text = |cell: &Option<String>| cell.clone().unwrap().replace(' ', "");
    let all = rows.iter().map(|row| format!("{} {}", text(&row[0]), text(&row[1])));
    // What a history needs for itself may be beside the changes.
    all.filter(|entry| ["create", "update", "delete", "all"].contains(&entry.split(' ').next().unwrap())).collect()
}

#[test]
fn every_change_is_written_down() {
    for kind in DATABASES {
        let mut pair = one(kind);
        assert_eq!(pair.history("install", 0, &[]).code, Some(0));
        pair.sql(0, "INSERT INTO {t} VALUES (4, 'p4@example.org', NULL, NULL)");
        pair.sql(0, "UPDATE {t} SET name = 'x' WHERE id = 1");
        pair.sql(0, "UPDATE {t} SET id = 7 WHERE id = 2");
        pair.sql(0, "DELETE FROM {t} WHERE id = 3");
        let expected = ["create [\"4\"]", "update [\"1\"]", "delete [\"2\"]", "create [\"7\"]", "delete [\"3\"]"];
        assert_eq!(entries(&mut pair), expected, "{kind:?}");
    }
}

#[test]
fn installing_twice_changes_nothing() {
    for kind in DATABASES {
        let mut pair = one(kind);
        for _ in 0..2 {
            let run = pair.history("install", 0, &[]);
            assert_eq!(run.code, Some(0), "{run}");
            pair.sql(0, "UPDATE {t} SET qty = qty + 1 WHERE id = 1");
        }
        assert_eq!(entries(&mut pair), ["update [\"1\"]"; 2], "{kind:?}");
    }
}

#[test]
fn what_there_is_is_told_and_taken_away() {
    for kind in DATABASES {
        let mut pair = one(kind);
        let none = pair.history("status", 0, &[]);
        assert_eq!(none.code, Some(1), "{kind:?}: {none}");
        assert!(none.stdout.replace('\n', " ").contains("has no history"), "{kind:?}: {none}");
        assert_eq!(pair.history("install", 0, &[]).code, Some(0));
        assert_eq!(pair.history("install", 1, &[]).code, Some(0));
        pair.both("UPDATE {t} SET qty = 5 WHERE id < 3");
        let status = pair.history("status", 0, &[]);
        assert!(status.code == Some(0) && status.stdout.contains('2'), "{kind:?}: {status}");

        let cleared = pair.history("clear", 0, &["--all"]);
        assert_eq!(cleared.code, Some(0), "{kind:?}: {cleared}");
        assert_eq!(entries(&mut pair).len(), 2, "{kind:?}: the other table's are still there");
        for side in [0, 1] {
            let removed = pair.history("remove", side, &[]);
            assert_eq!(removed.code, Some(0), "{kind:?}: {removed}");
        }
        pair.both("UPDATE {t} SET qty = 6 WHERE id < 3");
        let left = match kind {
            Kind::Postgres => {
                let sql = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace \
                           AND relname LIKE 'trueup%'";
                pair.place.postgres().client.query_one(sql, &[]).unwrap().get(0)
            }
            Kind::Mysql => {
                let sql = "SELECT count(*) FROM information_schema.tables \
                           WHERE table_schema = database() AND table_name LIKE 'trueup%'";
                mysql::prelude::Queryable::query_first::<i64, _>(&mut pair.place.mysql().client, sql).unwrap().unwrap()
            }
            _ => {
                let sql = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'trueup%'";
                pair.place.sqlite().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
            }
        };
        assert_eq!(left, 0, "{kind:?}: something is left of it");
    }
}

#[test]
fn the_right_that_is_missing_is_named() {
    let mut pair = one(Kind::Postgres);
    let server = pair.place.postgres();
    let (role, schema) = (format!("reader_{}", server.schema), server.schema.clone());
    server.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'only-reads'; GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"
    ));
    let mut url = server.url.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("only-reads")).unwrap();
    let table = crate::support::table_name(&pair.addresses[0]).to_owned();
    let address = pair.place.postgres().address_by(&url, &table);
    let run = pair.place.dir.trueup(["history", "install", &address]);
    pair.place.postgres().execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    run.fails_with(&["trigger"]);
}
