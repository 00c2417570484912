//! Three tables in a chain: what was carried into the one in the middle has the time of its change, for
//! the third as well, and not the time of carrying.

use super::people::{people, timeless};
use crate::support::{Kind, Place, Postgres, Run, Type, count};
use serde_json::Value;
use std::thread::sleep;
use std::time::Duration;

/// Tables A, B and C. B agrees with A, then C with B.
struct Chain {
    place: Place,
    kinds: [Kind; 3],
    addresses: [String; 3],
    columns: Vec<(&'static str, Type)>,
    /// Whether B is a copy of A, or both are written.
    one_way: bool,
    /// What the syncs of A and B are told.
    options: Vec<&'static str>,
}

impl Chain {
    fn new(kinds: [Kind; 3], one_way: bool, tracked: [bool; 3]) -> Self {
        let table = timeless(people(1..=8));
        let mut place = Place::new();
        let addresses = kinds.map(|kind| place.store(kind, &table));
        let chain = Self { place, kinds, addresses, columns: table.columns, one_way, options: Vec::new() };
        for (address, tracked) in chain.addresses.iter().zip(tracked) {
            if tracked {
                chain.run(&["history", "install", address]);
            }
        }
        chain
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Run {
        let run = self.place.dir.trueup(args.iter().copied());
        assert!(matches!(run.code, Some(0 | 1)), "{run}");
        run
    }

    #[track_caller]
    fn carry(&self) -> Run {
        let [a, b, _] = &self.addresses;
        let mut args = vec!["sync", a, b, "--yes", "--max-deletes", "100%"];
        if !self.one_way {
            args.extend(["--direction", "both", "--state", "state-ab"]);
        }
        args.extend(&self.options);
        self.run(&args)
    }

    #[track_caller]
    fn meet(&self, options: &[&str]) -> Value {
        let [_, b, c] = &self.addresses;
        let both = ["--direction", "both", "--state", "state-bc", "--winner", "newest:history"];
        let args = [&["sync", b, c, "--max-deletes", "100%", "--format", "json"][..], &both, options].concat();
        let run = self.run(&args);
        run.json(run.code.unwrap())
    }

    fn sql(&mut self, table: usize, sql: &str) {
        self.place.execute(self.kinds[table], &self.addresses[table].clone(), sql);
    }

    fn edit(&mut self, table: usize, ids: &str) {
        let name = ["A", "B", "C"][table];
        self.sql(table, &format!("UPDATE {{t}} SET name = '{name}' WHERE id IN ({ids})"));
    }

    fn delete(&mut self, table: usize, ids: &str) {
        self.sql(table, &format!("DELETE FROM {{t}} WHERE id IN ({ids})"));
    }

    /// The names of rows 1 to 6; `-` where the row is gone.
    fn names(&mut self, table: usize) -> String {
        let rows = self.place.cells(self.kinds[table], &self.addresses[table].clone(), &self.columns);
        let name = |id: usize| {
            let row = rows.iter().find(|row| row[0] == Some(id.to_string()));
            row.map_or("-", |row| row[2].as_deref().unwrap()).to_owned()
        };
        (1..=6).map(name).collect::<Vec<_>>().join(" ")
    }

    /// A and C change the same rows: odd ones are changed last in C, even ones in A.
    fn change(&mut self) {
        self.edit(0, "1, 5");
        self.delete(0, "3");
        self.edit(2, "2, 4");
        self.delete(2, "6");
        pause();
        self.edit(2, "1, 3");
        self.delete(2, "5");
        self.edit(0, "2, 6");
        self.delete(0, "4");
        pause();
    }
}

fn pause() {
    sleep(Duration::from_millis(150));
}

const LATEST: &str = "C A C - - A";

#[test]
fn the_later_edit_and_the_later_delete_win_however_they_came() {
    use Kind::{Mysql, Postgres, Sqlite};
    for (kinds, one_way) in [
        ([Postgres, Postgres, Postgres], false),
        ([Mysql, Mysql, Mysql], true),
        ([Sqlite, Sqlite, Sqlite], false),
        ([Postgres, Mysql, Sqlite], true),
        ([Mysql, Sqlite, Postgres], false),
        ([Sqlite, Postgres, Mysql], true),
    ] {
        let mut chain = Chain::new(kinds, one_way, [true; 3]);
        chain.carry();
        chain.meet(&[]);
        chain.change();
        chain.carry();
        let met = chain.meet(&[]);
        assert_eq!(count(&met, "/conflicts"), 0, "{kinds:?} {met:#}");
        assert_eq!([chain.names(1), chain.names(2)], [LATEST; 2], "{kinds:?} {one_way}");
        // Nothing comes back, and A takes what C has brought.
        if !one_way {
            chain.carry();
            assert_eq!(chain.names(0), LATEST, "{kinds:?}");
        }
        // Notes of the histories are no changes.
        assert_eq!(count(&chain.meet(&[]), "/left/update"), 0);
        let status = chain.run(&["history", "status", &chain.addresses[1].clone(), "--format", "json"]).json(0);
        assert!(count(&status, "/rows") >= 6, "{status:#}");
    }
}

#[test]
fn what_nobody_knows_the_time_of_is_a_conflict() {
    for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
        let mut chain = Chain::new([Kind::Sqlite, kind, kind], true, [false, true, true]);
        chain.carry();
        chain.meet(&[]);
        chain.change();
        chain.carry();
        let met = chain.meet(&[]);
        assert_eq!(count(&met, "/conflicts"), 6, "{kind:?} {met:#}");
        assert_eq!(chain.names(1), "A A - - A A", "{kind:?}");
        assert_eq!(chain.names(2), "C C C C - -", "{kind:?}");
        // Who changes such a row anew is the last.
        chain.edit(1, "1");
        pause();
        chain.edit(2, "2");
        let met = chain.meet(&[]);
        assert_eq!(chain.names(2), "B C C C - -", "{kind:?} {met:#}");
    }
}

#[test]
fn a_column_that_tells_the_time_is_told_to_the_history() {
    for kind in [Kind::Postgres, Kind::Mysql, Kind::Sqlite] {
        let mut chain = Chain::new([Kind::Sqlite, kind, kind], false, [false, true, true]);
        let ty = if kind == Kind::Mysql { "DATETIME(6)" } else { "TIMESTAMP" };
        for table in 0..3 {
            let ty = if table == 0 { "TIMESTAMP" } else { ty };
            chain.sql(table, &format!("ALTER TABLE {{t}} ADD COLUMN updated_at {ty}"));
            chain.sql(table, "UPDATE {t} SET updated_at = '2020-01-01 00:00:00'");
        }
        for table in 1..3 {
            chain.run(&["history", "install", &chain.addresses[table].clone()]);
        }
        chain.options = vec!["--winner", "newest:updated_at"];
        chain.carry();
        chain.meet(&[]);
        // By its own time, long before the other one and a day after it.
        let day = 86_400;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        for (id, time) in [(1, now - day), (2, now + day)] {
            let sql =
                format!("UPDATE {{t}} SET name = 'A', updated_at = datetime({time}, 'unixepoch') WHERE id = {id}");
            chain.sql(0, &sql);
        }
        chain.edit(2, "1, 2");
        chain.carry();
        let met = chain.meet(&[]);
        assert!(chain.names(1).starts_with("C A "), "{kind:?} {met:#}");
        assert!(chain.names(2).starts_with("C A "), "{kind:?} {met:#}");
    }
}

/// The server in the middle, or the one at an end, is ten minutes ahead.
#[test]
fn clocks_that_are_apart_do_not_matter() {
    for ahead in 0..3 {
        for one_way in [true, false] {
            let mut servers: Vec<Postgres> =
                (0..3).map(|at| if at == ahead { Postgres::skewed() } else { Postgres::new() }).collect();
            let mut chain = Chain::new([Kind::Postgres; 3], one_way, [false; 3]);
            let table = timeless(people(1..=8));
            for (at, server) in servers.iter_mut().enumerate() {
                server.execute(&table.sql(crate::support::Dialect::Postgres, "people").join(";\n"));
                chain.addresses[at] = server.address("people");
                chain.run(&["history", "install", &chain.addresses[at]]);
            }
            chain.carry();
            chain.meet(&[]);
            let mut change = |table: usize, sql: &str| servers[table].execute(sql);
            change(0, "UPDATE people SET name = 'A' WHERE id IN (1, 5); DELETE FROM people WHERE id = 3");
            change(2, "UPDATE people SET name = 'C' WHERE id IN (2, 4); DELETE FROM people WHERE id = 6");
            pause();
            change(2, "UPDATE people SET name = 'C' WHERE id IN (1, 3); DELETE FROM people WHERE id = 5");
            change(0, "UPDATE people SET name = 'A' WHERE id IN (2, 6); DELETE FROM people WHERE id = 4");
            pause();
            chain.carry();
            let met = chain.meet(&[]);
            for server in &mut servers[1..] {
                let rows =
                    server.client.query("SELECT id::int, name FROM people WHERE id < 7 ORDER BY id", &[]).unwrap();
                let rows: Vec<(i32, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
                let names = [(1, "C"), (2, "A"), (3, "C"), (6, "A")].map(|(id, name)| (id, name.to_owned()));
                assert_eq!(rows, names, "{ahead} ahead, {one_way} {met:#}");
            }
        }
    }
}
