//! The type matrix: wherever two systems can hold the same value, they agree when they do and
//! differ in exactly the one row where they don't.

pub mod classes;
mod every_pair;
mod stored;

use crate::support::{Kind, Place, assert_identities, changed_columns, count, steps};
use classes::{CLASSES, Class, Form};
use serde_json::json;
use std::fmt::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Postgres,
    Mysql,
    Sqlite,
}

impl System {
    fn forms(self, class: &Class) -> &'static [Form] {
        match self {
            Self::Postgres => class.postgres,
            Self::Mysql => class.mysql,
            Self::Sqlite => class.sqlite,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Postgres => Kind::Postgres,
            Self::Mysql => Kind::Mysql,
            Self::Sqlite => Kind::Sqlite,
        }
    }

    fn execute(self, place: &mut Place, sql: &str) {
        match self {
            Self::Postgres => place.postgres().execute(sql),
            Self::Mysql => place.mysql().execute(sql),
            Self::Sqlite => place.sqlite().execute_batch(sql).unwrap(),
        }
    }

    /// Makes a table of one column per form, with the value in rows 1 and 3 and NULL in row 2; in
    /// row 3 the other value if `changed`.
    fn store(self, place: &mut Place, name: &str, columns: &[(String, Form)], changed: bool) -> String {
        let mut create = format!("CREATE TABLE {name} (id integer PRIMARY KEY");
        let (mut value, mut null, mut last) = (String::new(), String::new(), String::new());
        for (column, (ty, same, other)) in columns {
            // MySQL would make the first TIMESTAMP column NOT NULL.
            let nullable = if self == Self::Mysql { " NULL" } else { "" };
            write!(create, ", {column} {ty}{nullable}").unwrap();
            write!(value, ", {same}").unwrap();
            null.push_str(", NULL");
            write!(last, ", {}", if changed { other } else { same }).unwrap();
        }
        let statements = [
            format!("{create})"),
            format!("INSERT INTO {name} VALUES (1{value})"),
            format!("INSERT INTO {name} VALUES (2{null})"),
            format!("INSERT INTO {name} VALUES (3{last})"),
        ];
        match self {
            Self::Postgres => {
                let server = place.postgres();
                server.execute(&statements.join(";\n"));
                server.address(name)
            }
            Self::Mysql => {
                let server = place.mysql();
                statements.iter().for_each(|sql| server.execute(sql));
                server.address(name)
            }
            Self::Sqlite => {
                place.sqlite().execute_batch(&statements.join(";\n")).unwrap();
                place.sqlite_address(name)
            }
        }
    }
}

/// A name, and a form on either side, for each class in every form of the left with every one of the
/// right.
fn columns(left: System, right: System) -> Vec<(String, Form, Form)> {
    let mut columns = Vec::new();
    for class in CLASSES {
        for (i, l) in left.forms(class).iter().enumerate() {
            for (j, r) in right.forms(class).iter().enumerate() {
                columns.push((format!("{}_{i}_{j}", class.name), *l, *r));
            }
        }
    }
    columns
}

/// Each class in every form of the left with every form of the right, a column each.
fn compare(left: System, right: System) {
    let mut place = Place::new();
    place.postgres().execute("CREATE TYPE letter AS ENUM ('x', 'y')");
    let columns = columns(left, right);
    let mut wrong = Vec::new();
    // A MySQL row has its limits.
    for (at, columns) in columns.chunks(30).enumerate() {
        let side = |pick: fn(&(String, Form, Form)) -> Form| -> Vec<(String, Form)> {
            columns.iter().map(|column| (column.0.clone(), pick(column))).collect()
        };
        let (l, r) = (side(|c| c.1), side(|c| c.2));
        let left_address = left.store(&mut place, &format!("left_{at}"), &l, false);
        for changed in [false, true] {
            let right_address = right.store(&mut place, &format!("right_{at}_{changed}"), &r, changed);
            let run = place.dir.audit(&left_address, &right_address, &[]);
            let Some(0 | 1) = run.code else {
                wrong.push(format!("{run}"));
                continue;
            };
            let report = run.json(run.code.unwrap());
            assert_identities(&report);
            let found = changed_columns(&report);
            for (name, l, r) in columns {
                let rows = found.iter().find(|(column, _)| column == name).map_or(0, |(_, rows)| *rows);
                if rows != i64::from(changed) {
                    let (l, r) = ((l.0, l.1), (r.0, if changed { r.2 } else { r.1 }));
                    wrong.push(format!("{name}: {left:?} {l:?} and {right:?} {r:?} differ in {rows} rows"));
                }
            }
            let rows = i64::from(changed && !columns.is_empty());
            if wrong.is_empty() {
                assert_eq!((count(&report, "/rows/changed"), count(&report, "/rows/equal")), (rows, 3 - rows));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} columns:\n{}", wrong.len(), columns.len(), wrong.join("\n"));
}

/// The same, written: the right lacks a row and has another value in a second one. After the plan
/// is applied both read back equal; undone, everything is as it was.
fn write(left: System, right: System) {
    let mut place = Place::new();
    place.postgres().execute("CREATE TYPE letter AS ENUM ('x', 'y')");
    let columns = columns(left, right);
    let mut wrong = Vec::new();
    for (at, columns) in columns.chunks(30).enumerate() {
        let side = |pick: fn(&(String, Form, Form)) -> Form| -> Vec<(String, Form)> {
            columns.iter().map(|column| (column.0.clone(), pick(column))).collect()
        };
        let from = left.store(&mut place, &format!("left_{at}"), &side(|c| c.1), false);
        let to = right.store(&mut place, &format!("right_{at}"), &side(|c| c.2), true);
        right.execute(&mut place, &format!("DELETE FROM right_{at} WHERE id = 1"));
        let kind = right.kind();
        let before = place.contents(kind, &to);

        let folder = format!("plan_{at}");
        let planned = place.dir.plan(&from, &to, &folder, &[]);
        let json = planned.json(1);
        if steps(&json, "right") != [1, 1, 0] || count(&json, "/misfits") != 0 {
            let summary = place.dir.trueup(["show", &folder, "--summary"]).stdout;
            wrong.push(format!("{left:?} to {right:?}: planned {json}\n{summary}"));
            continue;
        }
        let applied = place.dir.apply(&folder, &[]);
        if applied.code != Some(0) {
            wrong.push(format!("{left:?} to {right:?}: {applied}"));
            continue;
        }
        let audit = place.dir.audit(&from, &to, &[]);
        if audit.code != Some(0) {
            wrong.push(format!("{left:?} to {right:?} does not read back equal: {audit}"));
        }
        let again = place.dir.plan(&from, &to, &format!("again_{at}"), &[]);
        if again.code != Some(0) || steps(&again.json(0), "right") != [0; 3] {
            wrong.push(format!("{left:?} to {right:?}: something is left to do: {again}"));
        }
        // The system itself holds what it would hold if a person had stored the value there.
        let twin = right.store(&mut place, &format!("twin_{at}"), &side(|c| c.2), false);
        for (name, l, r) in columns {
            let [written, meant] = stored::columns(right, &mut place, [&to, &twin], name);
            let class = name.split("_").next().unwrap_or_default();
            // From SQLite to SQLite a value keeps the text that it has.
            let kept = (left, right) == (System::Sqlite, System::Sqlite)
                && stored::columns(right, &mut place, [&from, &to], name)[0] == written;
            let same_value = kept || stored::is_text(r.0) || SEVERAL_FORMS.contains(&class);
            if written != meant && !same_value {
                wrong.push(format!("{name}: {left:?} {l:?} to {right:?} {r:?}: {written:?} is written, not {meant:?}"));
            }
        }
        let undone = place.dir.undo(&folder, &[]);
        if undone.code != Some(0) || place.contents(kind, &to) != before {
            wrong.push(format!("{left:?} to {right:?} is not undone: {undone}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Classes whose values are equal, but not one and the same: `5` and `5.000`, a float of 32 bits and
/// its nearest one of 64, 0 and −0, times of different precision.
const SEVERAL_FORMS: [&str; 4] = ["five", "single", "zero", "coarser"];

macro_rules! matrix {
    ($($test:ident: $left:ident, $right:ident;)*) => {
        $(#[test] fn $test() { compare(System::$left, System::$right); })*

        mod written {
            use super::{System, write};
            $(#[test] fn $test() { write(System::$left, System::$right); })*
        }
    };
}

matrix! {
    postgres_postgres: Postgres, Postgres;
    postgres_mysql: Postgres, Mysql;
    postgres_sqlite: Postgres, Sqlite;
    mysql_postgres: Mysql, Postgres;
    mysql_mysql: Mysql, Mysql;
    mysql_sqlite: Mysql, Sqlite;
    sqlite_postgres: Sqlite, Postgres;
    sqlite_mysql: Sqlite, Mysql;
    sqlite_sqlite: Sqlite, Sqlite;
}

#[test]
fn an_instant_is_the_same_in_every_session_time_zone() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute(
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz, plain timestamp);
         INSERT INTO t VALUES (1, '2024-03-31 00:59:59.5+00', '2024-03-31 02:30:00'), (2, '1883-11-18 12:00:00+00', NULL),
                              (3, '0001-06-01 00:00:00+00', '0001-06-01'), (4, '9999-06-01 00:00:00+00', '9999-06-01')",
    );
    let schema = server.schema.clone();
    let zones = ["Asia/Tokyo", "America/New_York"];
    let addresses: Vec<String> = zones
        .iter()
        .enumerate()
        .map(|(at, zone)| {
            let role = format!("{schema}_{at}");
            server.execute(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD 'Of-a-role-5ecret'; ALTER ROLE {role} SET timezone = '{zone}';
                 GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON t TO {role}"
            ));
            let mut url = server.url.clone();
            url.set_username(&role).unwrap();
            url.set_password(Some("Of-a-role-5ecret")).unwrap();
            server.address_by(&url, "t")
        })
        .collect();
    let sqlite = place.sqlite();
    sqlite
        .execute_batch(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT, plain TEXT);
             INSERT INTO t VALUES (1, '2024-03-31T00:59:59.5Z', '2024-03-31 02:30:00'), (2, '1883-11-18 12:00:00+00:00', NULL),
                                  (3, '0001-06-01 00:00:00Z', '0001-06-01 00:00:00'), (4, '9999-06-01 01:00:00+01:00', '9999-06-01')",
        )
        .unwrap();
    let sqlite_address = place.sqlite_address("t");
    let runs = [
        place.dir.audit(&addresses[0], &addresses[1], &[]),
        place.dir.audit(&addresses[0], &sqlite_address, &[]),
        place.dir.audit(&sqlite_address, &addresses[1], &[]),
    ];
    for at in 0..zones.len() {
        place.postgres().execute(&format!("DROP OWNED BY {schema}_{at}; DROP ROLE {schema}_{at}"));
    }
    for run in runs {
        assert_eq!(run.json(0)["rows"], json!({"equal": 4, "changed": 0}), "{run}");
    }
}

#[test]
fn zero_dates_are_neither_null_nor_lost() {
    let mut place = Place::new();
    let server = place.mysql();
    server.execute("SET sql_mode = ''");
    for (table, date, time) in [
        ("zero", "'0000-00-00'", "'0000-00-00 00:00:00'"),
        ("part", "'2024-00-00'", "'2024-05-00 00:00:00'"),
        ("none", "NULL", "NULL"),
    ] {
        server.execute(&format!("CREATE TABLE {table} (id int PRIMARY KEY, d date NULL, t datetime NULL)"));
        server.execute(&format!("INSERT INTO {table} VALUES (1, {date}, {time})"));
    }
    let [zero, part, none] = ["zero", "part", "none"].map(|table| server.address(table));
    place
        .sqlite()
        .execute_batch(
            "CREATE TABLE zero (id INTEGER PRIMARY KEY, d DATE, t DATETIME);
             INSERT INTO zero VALUES (1, '0000-00-00', '0000-00-00 00:00:00')",
        )
        .unwrap();
    let lite = place.sqlite_address("zero");
    let postgres = place.postgres();
    postgres.execute(
        "CREATE TABLE zero (id int PRIMARY KEY, d text, t text);
         INSERT INTO zero VALUES (1, '0000-00-00', '0000-00-00 00:00:00')",
    );
    let text = postgres.address("zero");

    for same in [&zero, &lite, &text] {
        assert_eq!(place.dir.audit(&zero, same, &[]).json(0)["agree"], true);
    }
    for (l, r) in [(&zero, &none), (&zero, &part), (&part, &none), (&none, &zero)] {
        let report = place.dir.audit(l, r, &[]).json(1);
        assert_eq!(changed_columns(&report), [("d".to_owned(), 1), ("t".to_owned(), 1)], "{report:#}");
    }
}
