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

/// Triggers that keep a total of all other rows in row 0.
fn total(place: &mut Place, kind: Kind) {
    match kind {
        Kind::Postgres => place.postgres().execute(
            "CREATE FUNCTION total() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
             UPDATE r SET n = (SELECT sum(n) FROM r WHERE id <> 0) WHERE id = 0; RETURN NULL; END $$;
             CREATE TRIGGER total AFTER UPDATE ON r FOR EACH ROW WHEN (new.id <> 0) EXECUTE FUNCTION total()",
        ),
        _ => place
            .sqlite()
            .execute_batch(
                "CREATE TRIGGER total AFTER UPDATE ON r WHEN new.id <> 0
                 BEGIN UPDATE r SET n = (SELECT sum(n) FROM r WHERE id <> 0) WHERE id = 0; END",
            )
            .unwrap(),
    }
}

/// Two tables of numbers, with row 0 for their total, and what syncs them both ways.
fn totals(kind: Kind) -> (Place, impl Fn(&Place, i32) -> serde_json::Value) {
    let mut place = Place::new();
    for table in ["l", "r"] {
        execute(
            &mut place,
            kind,
            &format!(
                "CREATE TABLE {table} (id int PRIMARY KEY, n int, x int);
                 INSERT INTO {table} VALUES (0, 6, 0), (1, 1, 0), (2, 2, 0), (3, 3, 0)"
            ),
        );
    }
    let [left, right] = ["l", "r"].map(|table| match kind {
        Kind::Postgres => place.postgres().address(table),
        Kind::Mysql => place.mysql().address(table),
        _ => place.sqlite_address(table),
    });
    let sync = move |place: &Place, code| {
        let args = ["sync", &left, &right, "--direction", "both", "--state", "st", "--format", "json"];
        place.dir.trueup(args).json(code)
    };
    (place, sync)
}

fn updates(synced: &serde_json::Value) -> [i64; 2] {
    [count(synced, "/left/update"), count(synced, "/right/update")]
}

/// Whether both tables hold these rows.
#[track_caller]
fn agree(place: &mut Place, kind: Kind, rows: &str) {
    execute(place, kind, &format!("CREATE TABLE e (id int PRIMARY KEY, n int, x int); INSERT INTO e VALUES {rows}"));
    let [left, right, expected] = ["l", "r", "e"].map(|table| {
        let address = match kind {
            Kind::Postgres => place.postgres().address(table),
            Kind::Mysql => place.mysql().address(table),
            _ => place.sqlite_address(table),
        };
        place.contents(kind, &address)
    });
    assert_eq!([&left, &right], [&expected; 2], "{kind:?}");
}

#[test]
fn what_a_trigger_makes_of_a_planned_row_is_carried_over() {
    for kind in [Kind::Postgres, Kind::Sqlite] {
        let (mut place, sync) = totals(kind);
        total(&mut place, kind);
        sync(&place, 0);
        // The total is in row 0, of which the plan writes another column.
        execute(&mut place, kind, "UPDATE l SET n = 20 WHERE id = 2; UPDATE l SET x = 5 WHERE id = 0");
        let first = sync(&place, 1);
        assert_eq!((updates(&first), count(&first, "/remaining")), ([0, 2], 1), "{kind:?}");
        assert_eq!(updates(&sync(&place, 0)), [1, 0], "{kind:?}");
        assert_eq!(updates(&sync(&place, 0)), [0, 0], "{kind:?}");
        agree(&mut place, kind, "(0, 24, 5), (1, 1, 0), (2, 20, 0), (3, 3, 0)");
    }
}

#[test]
fn a_column_that_a_trigger_changes_with_another_is_carried_over() {
    for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
        for both in [false, true] {
            let (mut place, sync) = totals(kind);
            for table in ["r", "l"].into_iter().take(1 + usize::from(both)) {
                doubles(&mut place, kind, table);
            }
            sync(&place, 0);
            execute(&mut place, kind, "UPDATE l SET x = 21 WHERE id = 1");
            let first = updates(&sync(&place, i32::from(!both)));
            // Where both sides have the trigger there is nothing to carry.
            let expected = if both { [[0, 1], [0, 0]] } else { [[0, 1], [1, 0]] };
            assert_eq!([first, updates(&sync(&place, 0))], expected, "{kind:?}, {both}");
            assert_eq!(updates(&sync(&place, 0)), [0, 0], "{kind:?}, {both}");
            agree(&mut place, kind, "(0, 6, 0), (1, 42, 21), (2, 2, 0), (3, 3, 0)");
        }
    }
}

/// Makes `n` twice `x` whenever `x` is changed.
fn doubles(place: &mut Place, kind: Kind, table: &str) {
    match kind {
        Kind::Postgres => place.postgres().execute(&format!(
            "CREATE FUNCTION double_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF new.x <> old.x THEN new.n := 2 * new.x; END IF; RETURN new; END $$;
             CREATE TRIGGER double BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION double_{table}()"
        )),
        Kind::Mysql => place.mysql().execute(&format!(
            "CREATE TRIGGER double_{table} BEFORE UPDATE ON {table} FOR EACH ROW
             SET NEW.n = IF(NEW.x <> OLD.x, 2 * NEW.x, NEW.n)"
        )),
        _ => place
            .sqlite()
            .execute_batch(&format!(
                "CREATE TRIGGER double_{table} AFTER UPDATE ON {table} WHEN new.x <> old.x
                 BEGIN UPDATE {table} SET n = 2 * new.x WHERE id = new.id; END"
            ))
            .unwrap(),
    }
}

#[test]
fn what_a_trigger_makes_of_a_column_that_is_not_written_is_not_as_planned() {
    for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
        let mut place = Place::new();
        for table in ["l", "r"] {
            let sql = format!("CREATE TABLE {table} (id int PRIMARY KEY, v int, n int)");
            execute(&mut place, kind, &sql);
        }
        let rows = "INSERT INTO l VALUES (1, 5, 0), (2, 6, 0); INSERT INTO r VALUES (1, 4, 0), (2, 6, 0)";
        execute(&mut place, kind, rows);
        match kind {
            Kind::Postgres => place.postgres().execute(
                "CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 new.n := new.n + 1; RETURN new; END $$;
                 CREATE TRIGGER counts BEFORE UPDATE ON r FOR EACH ROW EXECUTE FUNCTION counts()",
            ),
            Kind::Mysql => {
                place.mysql().execute("CREATE TRIGGER counts BEFORE UPDATE ON r FOR EACH ROW SET NEW.n = OLD.n + 1")
            }
            _ => place
                .sqlite()
                .execute_batch(
                    "CREATE TRIGGER counts AFTER UPDATE OF v ON r
                     BEGIN UPDATE r SET n = n + 1 WHERE id = new.id; END",
                )
                .unwrap(),
        }
        let [left, right] = ["l", "r"].map(|table| match kind {
            Kind::Postgres => place.postgres().address(table),
            Kind::Mysql => place.mysql().address(table),
            _ => place.sqlite_address(table),
        });
        place.dir.plan(&left, &right, "p", &[]).json(1);
        let applied = place.dir.apply("p", &[]).json(1);
        assert_eq!((count(&applied, "/right/update"), count(&applied, "/unverified")), (1, 1), "{kind:?}");
    }
}
