//! Names that a person would rather not have in a database, on every server.

use crate::support::{Dialect, Place, changed_columns};

/// No `=` or `,` in them: those mean something in options.
const NAMES: [&str; 18] = [
    "a\"b",
    "a'b",
    "a`b",
    "a b",
    "Upper",
    "select",
    "from",
    "50%",
    "a#b",
    "ünï\u{1F600}",
    "back\\slash",
    "a.b",
    "$1",
    "?",
    ":x",
    "{}",
    "-- x",
    "/* x",
];

fn quote(dialect: Dialect, name: &str) -> String {
    dialect.quote_name(name)
}

/// MySQL has no names beyond the basic multilingual plane.
fn names() -> Vec<String> {
    NAMES.iter().map(|name| name.replace('\u{1F600}', "日")).collect()
}

/// A table with one text column per name; the value of each is its name, in the given row another.
fn statements(dialect: Dialect, table: &str, changed: bool) -> Vec<String> {
    let names = names();
    let ty = if dialect == Dialect::Mysql { "varchar(40)" } else { "text" };
    let columns: Vec<String> = names.iter().map(|name| format!("{} {ty}", quote(dialect, name))).collect();
    let key = quote(dialect, "primary \"key\" of 'it'");
    let row = |id: u8, changed: bool| {
        let values: Vec<String> = names
            .iter()
            .map(|name| dialect.quote_text(&if changed { format!("{name}!") } else { name.clone() }))
            .collect();
        format!("({id}, {})", values.join(", "))
    };
    let table = quote(dialect, table);
    vec![
        format!("CREATE TABLE {table} ({key} int PRIMARY KEY, {})", columns.join(", ")),
        format!("INSERT INTO {table} VALUES {}, {}", row(1, false), row(2, changed)),
    ]
}

fn store(place: &mut Place, dialect: Dialect, table: &str, changed: bool) -> String {
    let statements = statements(dialect, table, changed);
    match dialect {
        Dialect::Postgres => {
            let server = place.postgres();
            server.execute(&statements.join(";\n"));
            server.address(table)
        }
        Dialect::Mysql => {
            let server = place.mysql();
            statements.iter().for_each(|sql| server.execute(sql));
            server.address(table)
        }
        Dialect::Sqlite => {
            place.sqlite().execute_batch(&statements.join(";\n")).unwrap();
            // Quoted, so that a quote in it is one.
            place.sqlite_address(&quote(Dialect::Sqlite, table))
        }
    }
}

const DIALECTS: [Dialect; 3] = [Dialect::Postgres, Dialect::Mysql, Dialect::Sqlite];

#[test]
fn columns_of_any_name() {
    let mut place = Place::new();
    let same = DIALECTS.map(|dialect| store(&mut place, dialect, "same", false));
    let other = DIALECTS.map(|dialect| store(&mut place, dialect, "other", true));
    let mut expected: Vec<(String, i64)> = names().into_iter().map(|name| (name, 1)).collect();
    expected.sort();
    for left in &same {
        for right in &same {
            assert_eq!(place.dir.audit(left, right, &[]).json(0)["agree"], true);
        }
        for right in &other {
            assert_eq!(changed_columns(&place.dir.audit(left, right, &[]).json(1)), expected);
        }
    }
}

#[test]
fn tables_of_any_name() {
    let mut place = Place::new();
    for dialect in DIALECTS {
        for name in names() {
            // The last `#` of an SQLite address begins the table.
            if dialect == Dialect::Sqlite && name.contains('#') {
                continue;
            }
            let address = store(&mut place, dialect, &name, false);
            let run = place.dir.audit(&address, &address, &[]);
            assert_eq!(run.json(0)["rows"]["equal"], 2, "{run}");
        }
    }
}

#[test]
fn keys_and_options_of_any_name() {
    let mut place = Place::new();
    for dialect in DIALECTS {
        let left = store(&mut place, dialect, "left", false);
        let right = store(&mut place, dialect, "right", true);
        for name in names() {
            let report = place.dir.audit(&left, &right, &[&format!("--key={name}")]).json(1);
            assert_eq!(
                (&report["key"]["columns"][0]["left"], &report["keys"]["in_both"]),
                (&name.clone().into(), &1.into())
            );
            let report = place.dir.audit(&left, &right, &[&format!("--columns={name}")]).json(1);
            assert_eq!(changed_columns(&report), [(name.clone(), 1)]);
        }
    }
}

#[test]
fn schemas_and_databases_of_any_name() {
    let mut place = Place::new();
    let server = place.postgres();
    let schema = format!("{} \"s\".'x' 50%", server.schema);
    let quoted = quote(Dialect::Postgres, &schema);
    server.execute(&format!(
        "CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.t (id int PRIMARY KEY); INSERT INTO {quoted}.t VALUES (1)"
    ));
    let address = format!("{}#{}.t", server.url, quoted.replace('%', "%25"));
    let run = place.dir.audit(&address, &address, &[]);
    place.postgres().execute(&format!("DROP SCHEMA {quoted} CASCADE"));
    assert_eq!(run.json(0)["rows"]["equal"], 1);

    // Without a schema it is the public one's.
    let server = place.postgres();
    let table = format!("{}.t", server.schema);
    server.execute(&format!(
        "CREATE TABLE public.\"{table}\" (id int PRIMARY KEY); INSERT INTO public.\"{table}\" VALUES (1)"
    ));
    let address = format!("{}#\"{table}\"", server.url);
    let run = place.dir.audit(&address, &address, &[]);
    place.postgres().execute(&format!("DROP TABLE public.\"{table}\""));
    assert_eq!(run.json(0)["rows"]["equal"], 1);

    let server = place.postgres();
    let database = format!("{} \"d\" 'x' 50%#?", server.schema);
    let quoted = quote(Dialect::Postgres, &database);
    server.execute(&format!("CREATE DATABASE {quoted}"));
    let mut url = server.url.clone();
    url.set_path(&database.replace('%', "%25").replace('#', "%23").replace('?', "%3F"));
    let mut inside = postgres::Client::connect(url.as_str(), postgres::NoTls).unwrap();
    inside.batch_execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)").unwrap();
    drop(inside);
    let address = format!("{url}#t");
    let run = place.dir.audit(&address, &address, &[]);
    place.postgres().execute(&format!("DROP DATABASE {quoted}"));
    assert_eq!(run.json(0)["rows"]["equal"], 1);

    let server = place.mysql();
    let database = format!("{} `d` 'x' 50%#", server.database);
    let quoted = quote(Dialect::Mysql, &database);
    server.execute(&format!("CREATE DATABASE {quoted}"));
    server.execute(&format!("CREATE TABLE {quoted}.t (id int PRIMARY KEY)"));
    server.execute(&format!("INSERT INTO {quoted}.t VALUES (1)"));
    let mut url = server.url.clone();
    url.set_path(&database.replace('%', "%25").replace('#', "%23"));
    let address = format!("{url}#t");
    let run = place.dir.audit(&address, &address, &[]);
    place.mysql().execute(&format!("DROP DATABASE {quoted}"));
    assert_eq!(run.json(0)["rows"]["equal"], 1);
}
