//! The scripts of a plan, run by each database's own client, come to the same end as `apply`.

use super::moved::{source, succeed, target};
use crate::support::{Kind, Place, Table, Type, password_variables, steps};
use std::fs::File;
use std::process::Command;

/// Values that each dialect escapes in its own way.
fn awkward(odd: bool) -> Table {
    let texts =
        ["it's", "back\\slash", "\"double\"", "two\nlines", "-- no comment", "; DROP", "\u{1F600}", "\\'", "$$"];
    let rows = texts
        .iter()
        .enumerate()
        .flat_map(|(id, text)| {
            let there = |at: usize, text: String| {
                let at_time = Some("2024-02-29 23:59:59.999999".to_owned());
                vec![Some(at.to_string()), Some(text), at_time, Some(at.is_multiple_of(2).to_string())]
            };
            let own = if odd { "source" } else { "target" };
            [there(id * 3, format!("{text} {own}")), there(id * 3 + if odd { 1 } else { 2 }, (*text).to_owned())]
        })
        .collect();
    let columns = vec![("id", Type::Integer), ("te xt", Type::Text), ("at", Type::Timestamp), ("ok", Type::Boolean)];
    Table { columns, primary_key: 1, rows }
}

pub(crate) fn run_script(place: &mut Place, kind: Kind, script: &str) {
    match kind {
        Kind::Postgres => {
            let url = place.postgres().url.to_string();
            succeed(Command::new("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script]).arg(url));
        }
        Kind::Mysql => {
            let (url, database) = (place.mysql().url.clone(), place.mysql().database.clone());
            let mut command = Command::new("mariadb");
            command.args(["--no-defaults", "--protocol", "tcp", "--host", url.host_str().unwrap()]);
            command.args(["--port", &url.port().unwrap_or(3306).to_string(), "--user", url.username()]);
            command.arg(database).stdin(File::open(script).unwrap());
            for (name, value) in password_variables() {
                command.env(name, value);
            }
            succeed(&mut command);
        }
        _ => {
            let mut command = Command::new("sqlite3");
            command.arg(place.dir.file("tables.db")).stdin(File::open(script).unwrap());
            succeed(&mut command);
        }
    }
}

fn check(kind: Kind, source: &Table, target: &Table) {
    let mut place = Place::new();
    let left = place.store(kind, source);
    let [by_script, by_apply] = [(); 2].map(|()| place.store(kind, target));
    let planned = steps(&place.dir.plan(&left, &by_script, "script", &[]).json(1), "right");
    assert_ne!(planned, [0; 3]);
    assert_eq!(steps(&place.dir.plan(&left, &by_apply, "apply", &[]).json(1), "right"), planned);

    let script = place.dir.file("script/right.sql");
    run_script(&mut place, kind, &script);
    place.dir.apply("apply", &[]).json(0);
    let expected = place.contents(kind, &by_apply);
    assert_eq!(place.contents(kind, &by_script), expected);
    assert_eq!(place.contents(kind, &by_script), place.contents(kind, &left));

    run_script(&mut place, kind, &script);
    assert_eq!(place.contents(kind, &by_script), expected, "running it twice changes nothing");
}

#[test]
fn psql() {
    check(Kind::Postgres, &source(), &target());
    check(Kind::Postgres, &awkward(true), &awkward(false));
}

#[test]
fn mariadb() {
    check(Kind::Mysql, &source(), &target());
    check(Kind::Mysql, &awkward(true), &awkward(false));
}

#[test]
fn sqlite3() {
    check(Kind::Sqlite, &source(), &target());
    check(Kind::Sqlite, &awkward(true), &awkward(false));
}
