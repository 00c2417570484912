//! Triggers that give rows other keys are told of, and not fed a new row each time.

use crate::support::{Kind, Place, count};

/// A trigger that gives each new row of `r` another key.
fn renumber(place: &mut Place, kind: Kind) {
    match kind {
        Kind::Postgres => place.postgres().execute(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF new.id < 1000 THEN new.id := new.id + 1000; END IF; RETURN new; END $$;
             CREATE TRIGGER other BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION other()",
        ),
        Kind::Mysql => {
            place.mysql().execute("CREATE TRIGGER other BEFORE INSERT ON r FOR EACH ROW SET NEW.id = NEW.id + 1000")
        }
        _ => place
            .sqlite()
            .execute_batch(
                "CREATE TRIGGER other AFTER INSERT ON r WHEN new.id < 1000
                 BEGIN UPDATE r SET id = id + 1000 WHERE id = new.id; END",
            )
            .unwrap(),
    }
}

fn execute(place: &mut Place, kind: Kind, sql: &str) {
    match kind {
        Kind::Postgres => place.postgres().execute(sql),
        Kind::Mysql => sql.split(';').for_each(|sql| place.mysql().execute(sql)),
        _ => place.sqlite().execute_batch(sql).unwrap(),
    }
}

#[test]
fn a_row_that_gets_another_key_is_not_created_again_and_again() {
    for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
        for direction in ["left-to-right", "both"] {
            let mut place = Place::new();
            for table in ["l", "r"] {
                execute(
                    &mut place,
                    kind,
                    &format!(
                        "CREATE TABLE {table} (id int PRIMARY KEY, v varchar(9)); INSERT INTO {table} VALUES (1, 'a')"
                    ),
                );
            }
            renumber(&mut place, kind);
            let [left, right] = ["l", "r"].map(|table| match kind {
                Kind::Postgres => place.postgres().address(table),
                Kind::Mysql => place.mysql().address(table),
                _ => place.sqlite_address(table),
            });
            let sync = |place: &Place| {
                let state: &[&str] = if direction == "both" { &["--state", "st"] } else { &[] };
                let args = ["sync", &left, &right, "--direction", direction, "--format", "json"];
                place.dir.trueup(args.iter().chain(state))
            };
            sync(&place).json(0);
            execute(&mut place, kind, "INSERT INTO l VALUES (2, 'b'); UPDATE l SET v = 'x' WHERE id = 1");
            for run in 0..3 {
                let synced = sync(&place).json(1);
                assert_eq!(
                    (count(&synced, "/right/create"), count(&synced, "/refused")),
                    (0, 1),
                    "{kind:?}, {direction}"
                );
                let path = place.dir.path().join(synced["refused_file"].as_str().unwrap());
                assert!(path.exists());
                assert_eq!(count(&synced, "/right/update"), i64::from(run == 0));
                assert_eq!(place.contents(kind, &left).len(), 2, "{kind:?}, {direction}");
                assert_eq!(place.contents(kind, &right).len(), 1, "{kind:?}, {direction}");
            }
        }
    }
}
