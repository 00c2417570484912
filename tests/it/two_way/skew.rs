//! Servers whose clocks are apart by ten minutes, with the left or the right one ahead.

use super::pair::Counts;
use super::people::{people, timeless};
use crate::support::{Dialect, Postgres, Run, Table, Workdir};
use serde_json::Value;
use std::thread::sleep;
use std::time::Duration;

/// A table on a server with the right time and one on a server that is ahead.
struct Apart {
    dir: Workdir,
    servers: [Postgres; 2],
    /// The side that is ahead.
    ahead: usize,
}

impl Apart {
    fn new(ahead: usize, table: &Table) -> Self {
        let mut servers = [Postgres::new(), Postgres::skewed()];
        if ahead == 0 {
            servers.swap(0, 1);
        }
        for server in &mut servers {
            server.execute(&table.sql(Dialect::Postgres, "people").join(";\n"));
        }
        Self { dir: Workdir::new(), servers, ahead }
    }

    fn addresses(&self) -> [String; 2] {
        [0, 1].map(|side| self.servers[side].address("people"))
    }

    fn run(&self, command: &str, options: &[&str]) -> Run {
        let [left, right] = self.addresses();
        let args = [command, &left, &right, "--direction", "both", "--state", "state", "--format", "json"];
        self.dir.trueup(args.into_iter().chain(options.iter().copied()))
    }

    fn name(&mut self, side: usize, id: i64) -> String {
        let row = self.servers[side].client.query_one("SELECT name FROM people WHERE id = $1", &[&id]).unwrap();
        row.get(0)
    }

    /// Changes a row on the side that is ahead, or on the other.
    fn edit(&mut self, ahead: bool, id: i64, at: Option<&str>) {
        let side = if ahead { self.ahead } else { 1 - self.ahead };
        let name = if ahead { "ahead" } else { "in time" };
        let time = at.map(|at| format!(", updated_at = '{at}'")).unwrap_or_default();
        self.servers[side].execute(&format!("UPDATE people SET name = '{name}'{time} WHERE id = {id}"));
        sleep(Duration::from_millis(200));
    }
}

#[track_caller]
fn assert_warned(json: &Value) {
    let warnings = json["warnings"].as_array().unwrap();
    assert!(
        warnings.iter().any(|warning| warning.as_str().unwrap().to_lowercase().contains("clock")),
        "no warning of the clocks: {json:#}"
    );
}

fn by_history(ahead: usize) {
    let mut apart = Apart::new(ahead, &timeless(people(1..=5)));
    for address in apart.addresses() {
        let run = apart.dir.trueup(["history", "install", &address]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    let winner = ["--winner", "newest:history"];
    assert_eq!(Counts::of(&apart.run("sync", &winner).json(0)), Counts::none());
    // Row 2 is changed last on the server that is ahead, row 3 first, although its clock says later.
    apart.edit(false, 2, None);
    apart.edit(true, 2, None);
    apart.edit(true, 3, None);
    apart.edit(false, 3, None);
    // A delete has a time as well.
    let (late, early) = (apart.ahead, 1 - apart.ahead);
    apart.servers[late].execute("DELETE FROM people WHERE id = 4");
    sleep(Duration::from_millis(200));
    apart.edit(false, 4, None);
    apart.edit(true, 5, None);
    apart.servers[early].execute("DELETE FROM people WHERE id = 5");

    let plan = apart.run("plan", &winner);
    assert_warned(&plan.json(1));
    let synced = apart.run("sync", &[&winner[..], &["--max-deletes", "100%"]].concat());
    assert_warned(&synced.json(0));
    for side in [0, 1] {
        assert_eq!(apart.name(side, 2), "ahead", "{synced}");
        assert_eq!(apart.name(side, 3), "in time", "the clock that is ahead counts: {synced}");
        assert_eq!(apart.name(side, 4), "in time", "{synced}");
        let rows = apart.servers[side].client.query("SELECT 1 FROM people WHERE id = 5", &[]).unwrap();
        assert!(rows.is_empty(), "side {side} still has the row that was deleted last: {synced}");
    }
}

#[test]
fn history_with_the_right_ahead() {
    by_history(1);
}

#[test]
fn history_with_the_left_ahead() {
    by_history(0);
}

/// The application's times are not shifted, but two within ten minutes prove nothing.
fn by_column(ahead: usize) {
    let mut apart = Apart::new(ahead, &people(1..=5));
    let winner = ["--winner", "newest:updated_at"];
    assert_eq!(Counts::of(&apart.run("sync", &winner).json(0)), Counts::none());
    for (id, in_time, too_fast) in [
        (1, "2024-05-01 10:00:00", "2024-05-01 10:05:00"),
        (2, "2024-05-01 10:05:00", "2024-05-01 10:00:00"),
        (3, "2024-05-01 10:00:00", "2024-05-01 10:15:00"),
        (4, "2024-05-01 10:15:00", "2024-05-01 10:00:00"),
    ] {
        apart.edit(false, id, Some(in_time));
        apart.edit(true, id, Some(too_fast));
    }
    let plan = apart.run("plan", &winner).json(1);
    assert_eq!(plan["conflicts"], 2, "{plan:#}");
    assert_warned(&plan);
    let synced = apart.run("sync", &winner);
    assert_eq!(synced.code, Some(1), "{synced}");
    for side in [0, 1] {
        assert_eq!(apart.name(side, 3), "ahead", "{synced}");
        assert_eq!(apart.name(side, 4), "in time", "{synced}");
        let own = if side == apart.ahead { "ahead" } else { "in time" };
        assert_eq!([apart.name(side, 1), apart.name(side, 2)], [own, own], "left alone: {synced}");
    }
    // A smaller window than the clocks are apart is not taken at its word.
    let narrow = apart.run("plan", &["--winner", "newest:updated_at", "--conflict-window", "1s"]).json(1);
    assert_eq!(narrow["conflicts"], 2, "{narrow:#}");
}

#[test]
fn a_column_with_the_right_ahead() {
    by_column(1);
}

#[test]
fn a_column_with_the_left_ahead() {
    by_column(0);
}
