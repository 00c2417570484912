//! Every type that the documentation names beside every other, written: what is equal gets no step,
//! what differs gets one or is named as what the column can't hold, and after that nothing is left to do.
//!
//! The types are read from `docs/types.md`, which is made from what the program decides: a type that is
//! added there is missing here until somebody says which values it has.

use super::System;
use crate::support::{Place, count, steps, table_name};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A type as it is declared, and values of it.
struct Type {
    sql: &'static str,
    values: [&'static str; 3],
}

const fn of(sql: &'static str, values: [&'static str; 3]) -> Type {
    Type { sql, values }
}

/// The first word of a documented type, and columns of it.
const POSTGRES: &[(&str, &[Type])] = &[
    ("boolean", &[of("boolean", ["true", "false", "true"])]),
    ("smallint", &[of("bigint", ["1", "-5", "9223372036854775807"])]),
    ("oid", &[of("oid", ["1", "0", "4294967295"])]),
    ("numeric", &[of("numeric", ["1", "0.100", "12345678901234567890.5"])]),
    ("numeric(12,2)", &[of("numeric(12,2)", ["1", "0.50", "-7.25"])]),
    ("real", &[of("real", ["1", "0.1", "16777216"])]),
    ("double", &[of("double precision", ["1", "0.1", "'-Infinity'"])]),
    ("text", &[of("text", ["'1'", "'a, b'", "'2024-05-06'"])]),
    ("character(n)", &[of("character(12)", ["'1'", "'a'", "'2024-05-06'"])]),
    ("citext", &[]),
    ("bytea", &[of("bytea", ["'\\x31'", "'\\x00ff'", "'\\x'"])]),
    ("bit(8)", &[of("bit(8)", ["b'00000001'", "b'10000001'", "b'00000000'"])]),
    ("bit", &[of("bit varying", ["b'1'", "b'101'", "b'0'"])]),
    ("date", &[of("date", ["'2024-05-06'", "'0001-01-01'", "'infinity'"])]),
    ("time", &[of("time", ["'00:00:01'", "'23:59:59.000001'", "'24:00:00'"])]),
    ("timestamp", &[of("timestamp", ["'2024-05-06'", "'2024-05-06 07:08:09.123456'", "'1900-01-01'"])]),
    ("timestamp(0)", &[of("timestamp(0)", ["'2024-05-06'", "'2024-05-06 07:08:09'", "'1900-01-01'"])]),
    ("timestamp with", &[of("timestamptz", ["'2024-05-06Z'", "'2024-05-06 07:08:09.5Z'", "'1999-01-01Z'"])]),
    ("interval", &[of("interval", ["'1 second'", "'1 mon -2 days'", "'24:00:00'"])]),
    (
        "uuid",
        &[of("uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000000'", "NULL"])],
    ),
    ("json", &[of("jsonb", ["'1'", "'[1, 2]'", "'{\"a\": null}'"]), of("json", ["'1'", "'[1,2]'", "'\"1\"'"])]),
    ("integer[]", &[of("integer[]", ["'{1}'", "'{1,2}'", "'{}'"])]),
    ("text[]", &[of("text[]", ["'{a}'", "'{a,NULL}'", "'{\"a, b\"}'"])]),
    ("arrays", &[of("inet[]", ["'{10.0.0.1}'", "'{}'", "'{NULL}'"])]),
    (
        "time with",
        &[
            of("timetz", ["'07:08:09+02'", "'24:00:00Z'", "NULL"]),
            of("money", ["1", "-2.5", "0"]),
            of("int4range", ["'[1,5)'", "'empty'", "NULL"]),
        ],
    ),
];

const MYSQL: &[(&str, &[Type])] = &[
    ("tinyint", &[of("int", ["1", "-5", "2147483647"])]),
    ("bigint", &[of("bigint unsigned", ["1", "0", "18446744073709551615"])]),
    ("decimal(12,2)", &[of("decimal(12,2)", ["1", "0.50", "-7.25"])]),
    ("decimal(65,30)", &[of("decimal(65,30)", ["1", "0.1", "12345678901234567890.5"])]),
    ("float", &[of("float", ["1", "0.1", "16777216"])]),
    ("double", &[of("double", ["1", "0.1", "-2.5"])]),
    ("char,", &[of("varchar(60)", ["'1'", "'a, b'", "'2024-05-06'"])]),
    ("binary,", &[of("varbinary(60)", ["x'31'", "x'00ff'", "''"])]),
    ("bit(8)", &[of("bit(8)", ["b'00000001'", "b'10000001'", "b'00000000'"])]),
    ("date", &[of("date", ["'2024-05-06'", "'1000-01-01'", "'9999-12-31'"])]),
    ("time(6)", &[of("time(6)", ["'00:00:01'", "'23:59:59.000001'", "'-838:59:59'"])]),
    ("datetime", &[of("datetime", ["'2024-05-06'", "'2024-05-06 07:08:09'", "'1900-01-01'"])]),
    ("datetime(6)", &[of("datetime(6)", ["'2024-05-06'", "'2024-05-06 07:08:09.123456'", "'1900-01-01'"])]),
    ("timestamp(6)", &[of("timestamp(6)", ["'2024-05-06 05:30:00'", "'2024-05-06 07:08:09.5'", "'1999-01-01'"])]),
    (
        "uuid",
        &[of("uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'00000000-0000-0000-0000-000000000001'", "NULL"])],
    ),
    ("json", &[of("json", ["'1'", "'[1, 2]'", "'{\"a\": null}'"])]),
    ("set", &[of("set('1','a','b')", ["'1'", "'a,b'", "''"])]),
    ("enum,", &[of("enum('1','a','2024-05-06')", ["'1'", "'a'", "'2024-05-06'"])]),
];

const SQLITE: &[(&str, &[Type])] = &[
    ("BOOLEAN", &[of("BOOLEAN", ["1", "0", "1"])]),
    ("INTEGER,", &[of("INTEGER", ["1", "-5", "'a word'"])]),
    ("DECIMAL,", &[of("DECIMAL(12,2)", ["1", "0.5", "-7.25"])]),
    ("REAL,", &[of("REAL", ["1.0", "0.1", "-2.5"])]),
    ("TEXT,", &[of("TEXT", ["'1'", "'a, b'", "'2024-05-06'"])]),
    ("BLOB,", &[of("BLOB", ["x'31'", "x'00ff'", "x''"])]),
    ("DATE", &[of("DATE", ["'2024-05-06'", "'0001-01-01'", "'some day'"])]),
    ("TIME", &[of("TIME", ["'00:00:01'", "'23:59:59.000001'", "'07:08'"])]),
    ("DATETIME,", &[of("DATETIME", ["'2024-05-06 00:00:00'", "'2024-05-06 07:08:09.123456'", "'1900-01-01'"])]),
    ("TIMESTAMPTZ", &[of("TIMESTAMPTZ", ["'2024-05-06 00:00:00Z'", "'2024-05-06T07:08:09.5+02:00'", "NULL"])]),
    ("UUID,", &[of("UUID", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'no uuid'", "NULL"])]),
    ("JSON", &[of("JSON", ["'1'", "'[1, 2]'", "'{\"a\": null}'"])]),
    ("none,", &[of("THING", ["1", "'a'", "x'00'"])]),
];

/// The documented types of a system, as columns to make.
fn types(system: System) -> Vec<&'static Type> {
    let (name, known) = match system {
        System::Postgres => ("PostgreSQL", POSTGRES),
        System::Mysql => ("MySQL, MariaDB", MYSQL),
        System::Sqlite => ("SQLite", SQLITE),
    };
    let documentation = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/types.md")).unwrap();
    let rows = documentation.lines().filter_map(|line| line.strip_prefix(&format!("| {name} | ")));
    let of_row = |row: &str| {
        let native = row.split(" | ").next().unwrap();
        let fits = |word: &str| {
            native == word
                || native.starts_with(&format!("{word} "))
                || word.ends_with(',') && native.starts_with(word)
                || native.starts_with(&format!("{word},"))
        };
        let best = known.iter().filter(|(word, _)| fits(word)).max_by_key(|(word, _)| word.len());
        best.unwrap_or_else(|| panic!("which values has {name}'s `{native}`?")).1
    };
    let found: Vec<&Type> = rows.flat_map(of_row).collect();
    assert!(found.len() >= known.len() - 1, "{name}: {} types are documented", found.len());
    found
}

/// Pairs of types in tables, a column each; each row has a value in one of them.
/// Types of which only the server knows how it keeps a text: it may take `1` for `$1.00`. That such a
/// value is not as planned is told after it was written.
const KEPT_AS_THE_SERVER_LIKES: [&str; 4] = ["timetz", "money", "int4range", "inet[]"];

fn all(left: System, right: System) {
    let mut place = Place::new();
    let (lefts, rights) = (types(left), types(right));
    let pairs: Vec<(&Type, &Type)> = lefts.iter().flat_map(|l| rights.iter().map(move |r| (*l, *r))).collect();
    let loose = |(l, r): &(&Type, &Type)| l.sql != r.sql && KEPT_AS_THE_SERVER_LIKES.contains(&r.sql);
    let (loose, strict): (Vec<_>, Vec<_>) = pairs.into_iter().partition(loose);
    let tables = strict.chunks(60).map(|pairs| (true, pairs)).chain(loose.chunks(60).map(|pairs| (false, pairs)));
    let mut wrong = Vec::new();
    for (at, (strict, pairs)) in tables.enumerate() {
        let names = [format!("one_{at}"), format!("other_{at}")];
        let mut store = |system: System, name: &str, side: usize| {
            let ty = |at: usize| if side == 0 { pairs[at].0 } else { pairs[at].1 };
            let null = if system == System::Mysql { " NULL" } else { "" };
            let mut create = format!("CREATE TABLE {name} (id integer PRIMARY KEY");
            (0..pairs.len()).for_each(|at| write!(create, ", c{at} {}{null}", ty(at).sql).unwrap());
            let mut sql = vec![create + ")"];
            for at in 0..pairs.len() {
                // The second row of the target has another value, the third none, the fourth is not there.
                let values = match side {
                    0 => [ty(at).values[0], ty(at).values[1], ty(at).values[2], ty(at).values[1]],
                    _ => [ty(at).values[0], ty(at).values[2], "NULL", ""],
                };
                for (row, value) in values.into_iter().enumerate().filter(|(_, value)| !value.is_empty()) {
                    let id = at * 4 + row;
                    sql.push(format!("INSERT INTO {name} (id, c{at}) VALUES ({id}, {value})"));
                }
            }
            for sql in sql {
                system.execute(&mut place, &sql);
            }
            match system {
                System::Postgres => place.postgres().address(name),
                System::Mysql => place.mysql().address(name),
                System::Sqlite => place.sqlite_address(name),
            }
        };
        let (from, to) = (store(left, &names[0], 0), store(right, &names[1], 1));
        let before = place.contents(right.kind(), &to);
        let audit = place.dir.audit(&from, &to, &[]).json(1);
        let (folder, again) = (format!("plan_{at}"), format!("again_{at}"));
        let plan = place.dir.plan(&from, &to, &folder, &[]).json(1);
        let [create, update, delete] = steps(&plan, "right");
        let misfits = count(&plan, "/misfits");
        let differ = count(&audit, "/rows/changed") + count(&audit, "/keys/only_left");
        if create + update + misfits != differ || delete != 0 {
            wrong.push(format!("{at}: {differ} rows differ, but {plan}"));
        }
        let applied = place.dir.apply(&folder, &[]);
        // What only the server can tell to be no value of its type, it refuses, row by row.
        let refused = applied.code.filter(|code| *code < 2).map(|code| count(&applied.json(code), "/refused"));
        let Some(refused) = refused.filter(|refused| applied.code == Some(i32::from(misfits + refused > 0))) else {
            wrong.push(format!("{at}: {applied}"));
            continue;
        };
        let left_over = place.dir.plan(&from, &to, &again, &[]);
        let left_over = left_over.json(left_over.code.unwrap());
        if strict && steps(&left_over, "right").iter().sum::<i64>() != refused
            || count(&left_over, "/misfits") != misfits
        {
            let shown = place.dir.trueup(["show", &again]);
            wrong.push(format!("{at}: left over after {plan}: {left_over}\n{shown}"));
        }
        let audit = place.dir.audit(&from, &to, &[]);
        let audit = audit.json(audit.code.unwrap());
        let differ = count(&audit, "/rows/changed") + count(&audit, "/keys/only_left");
        if strict && differ != misfits + refused {
            wrong.push(format!("{at}: {misfits} misfits, {refused} refused, but {audit:#}"));
        }
        if left == right {
            // A value of the same type is the same to the byte.
            let same = (0..pairs.len()).filter(|at| pairs[*at].0.sql == pairs[*at].1.sql).map(|at| format!("c{at}"));
            for column in same {
                let ids = super::stored::columns(right, &mut place, [&from, &to], "id");
                let cells = super::stored::columns(right, &mut place, [&from, &to], &column);
                let of = |side: usize| ids[side].iter().zip(&cells[side]).collect::<BTreeMap<_, _>>();
                let (one, other) = (of(0), of(1));
                for (id, became) in other.iter().filter(|(id, became)| one[*id] != **became) {
                    wrong.push(format!("{} {column}, row {id:?}: {:?} became {became:?}", table_name(&to), one[id]));
                }
            }
        }
        let undone = place.dir.undo(&folder, &[]);
        let after = place.contents(right.kind(), &to);
        if undone.code != Some(0) || after != before {
            let first = after.iter().zip(&before).find(|(after, before)| after != before);
            wrong.push(format!("{at} is not undone: {undone}, {first:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} tables:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! pairs {
    ($($test:ident: $left:ident, $right:ident;)*) => {
        $(#[test] fn $test() { all(System::$left, System::$right); })*
    };
}

pairs! {
    postgres_to_postgres: Postgres, Postgres;
    postgres_to_mysql: Postgres, Mysql;
    postgres_to_sqlite: Postgres, Sqlite;
    mysql_to_postgres: Mysql, Postgres;
    mysql_to_mysql: Mysql, Mysql;
    mysql_to_sqlite: Mysql, Sqlite;
    sqlite_to_postgres: Sqlite, Postgres;
    sqlite_to_mysql: Sqlite, Mysql;
    sqlite_to_sqlite: Sqlite, Sqlite;
}
