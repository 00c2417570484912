//! pgloader, from MariaDB and from SQLite to PostgreSQL.
//!
//! It lowers names, puts the tables of a MySQL database into a schema of its name, makes booleans of
//! `tinyint(1)` and `bit(1)`, an array of an enum of a SET, NULL of zero dates (where the column's
//! default is one), and instants of `datetime`, which it takes to be in the session's time zone.

use super::{Right, assert_right, run_tool, wrong};
use crate::support::Place;
use std::process::Command;
use url::Url;

const PASSWORD: &str = "Of-a-loader-5ecret";
/// The time zone of the sessions on the test servers.
const ZONE: [&str; 2] = ["--time-zone", "Asia/Kolkata"];

/// The PostgreSQL server, as a role of pgloader's own, which puts tables into the test's schema.
fn loader_of_postgres(place: &mut Place) -> (Url, String) {
    let server = place.postgres();
    let schema = server.schema.clone();
    let role = format!("{schema}_loader");
    let database = server.url.path().trim_start_matches('/').to_owned();
    server.execute(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; ALTER ROLE {role} SET search_path = {schema};
         GRANT CREATE ON DATABASE {database} TO {role}; GRANT ALL ON SCHEMA {schema} TO {role}"
    ));
    (as_user(&server.url, &role), role)
}

fn as_user(url: &Url, user: &str) -> Url {
    let mut url = url.clone();
    url.set_username(user).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    url
}

fn forget(place: &mut Place, role: &str) {
    let database = place.postgres().url.path().trim_start_matches('/').to_owned();
    place.postgres().execute(&format!(
        "DROP OWNED BY {role} CASCADE; REVOKE ALL ON DATABASE {database} FROM {role}; DROP ROLE {role}"
    ));
}

fn load(place: &Place, source: &str, target: &str) {
    let target = target.replacen("postgres://", "postgresql://", 1);
    let root = place.dir.file("pgloader");
    let said = run_tool(Command::new("pgloader").args(["--quiet", "--root-dir", &root, source, &target]));
    assert!(!said.contains("CONTEXT"), "pgloader left rows out:\n{said}");
}

const SHOP: [&str; 8] = [
    "CREATE TABLE Customers (
        Id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, Email varchar(120) NOT NULL UNIQUE, FullName varchar(80),
        kind enum('person','company') NOT NULL DEFAULT 'person', labels set('new','vip','on hold'),
        is_active tinyint(1) NOT NULL, newsletter bit(1), country char(2), balance decimal(12,2),
        joined date DEFAULT '0000-00-00', birthday date, last_seen datetime(6),
        called datetime DEFAULT '0000-00-00 00:00:00', updated_at timestamp NOT NULL DEFAULT current_timestamp,
        note text, photo blob, prefs json)",
    "INSERT INTO Customers VALUES
        (1, 'ada@example.org', 'Ada Løvelace', 'person', 'new,vip', 1, b'1', 'GB', 1200.50, '2019-03-31', '1815-12-10',
         '2024-05-06 07:08:09.123456', '2024-02-29 23:59:59', '2024-05-06 07:08:09', 'it''s \"quoted\", \\\\ and\ttab',
         x'89504e470d0a1a0a00ff', '{\"a\": 1, \"b\": [1, 2.50, null], \"ü\": \"é\"}'),
        (2, 'bob@example.org', '', 'company', '', 0, b'0', 'DE', -0.10, '2020-01-01', '1999-12-31',
         '2024-05-06 07:08:09.000000', '2024-01-01 00:00:00', '2024-05-06 07:08:10', 'two\nlines', x'', '[]'),
        (3, 'c@example.org', NULL, 'person', NULL, 1, NULL, NULL, NULL, '2021-06-30', NULL, NULL, '2021-06-30 12:00:00',
         '1971-01-01 00:00:01', NULL, NULL, NULL),
        (4, 'd@example.org', '日本語 😀', 'person', 'on hold', 1, b'1', 'FR', 9999999999.99, '0000-00-00', '0001-01-01',
         '1000-01-01 00:00:00.000001', '0000-00-00 00:00:00', '2038-01-18 03:14:07', 'NULL', x'00',
         '{\"x\": {\"y\": \"a, b\"}}'),
        (4294967295, 'e@example.org', ' spaces ', 'company', 'new,vip,on hold', 0, b'0', 'x', 0.00, '9999-12-31',
         '2000-02-29', '9999-12-31 00:00:00', '9999-12-30 23:59:59', '2024-05-06 07:08:09', '\\\\N', x'ff', 'true')",
    "CREATE TABLE readings (
        sensor varchar(20) NOT NULL, at datetime(3) NOT NULL, tiny tinyint, tinyu tinyint unsigned, small smallint,
        mediumu mediumint unsigned, big bigint, bigu bigint unsigned, value double, precise float, flags bit(8),
        took time, took_ms time(3), year_made year, PRIMARY KEY (sensor, at))",
    "INSERT INTO readings VALUES
        ('s-1', '2024-05-06 07:08:09.123', -128, 255, -32768, 16777215, -9223372036854775808, 18446744073709551615, 0.1,
         0.1, b'10101010', '12:34:56', '12:34:56.789', 2024),
        ('s-1', '2024-05-06 07:08:10.000', 127, 0, 32767, 0, 9223372036854775807, 0, 1e300, 1.5, b'0', '00:00:00',
         '00:00:00.000', 1999),
        ('s-2', '2024-05-06 07:08:09.123', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "CREATE TABLE order_lines (order_id int NOT NULL, line smallint NOT NULL, product char(8) NOT NULL,
        price decimal(20,4), amount int, PRIMARY KEY (order_id, line))",
    "INSERT INTO order_lines VALUES (1, 1, 'A-1', 12.5000, 1), (1, 2, 'B-22', 0.0001, NULL),
        (2, 1, 'A-1', 1234567890123456.7891, 3)",
    // Nothing identifies its rows.
    "CREATE TABLE log (at datetime, level varchar(10), message text)",
    "INSERT INTO log VALUES ('2024-01-01 00:00:00', 'info', 'started'), ('2024-01-01 00:00:00', 'info', 'started'),
        (NULL, 'warn', NULL), ('2024-01-01 00:00:01', 'info', '')",
];

#[test]
fn from_mariadb() {
    let mut place = Place::new();
    let (target, role) = loader_of_postgres(&mut place);
    let source = place.mysql();
    source.execute("SET sql_mode = ''");
    SHOP.iter().for_each(|sql| source.execute(sql));
    let (database, user) = (source.database.clone(), format!("{}_l", source.database));
    source.execute(&format!("CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'"));
    source.execute(&format!("GRANT ALL ON {database}.* TO {user}@'%'"));
    let as_loader = as_user(&source.url, &user);
    load(&place, as_loader.as_str(), target.as_str());
    place.mysql().execute(&format!("DROP USER {user}@'%'"));

    // Its zero dates are NULL.
    let customers = Right::differ("primary key", 4, &[("called", 1), ("joined", 1)]);
    let readings = Right::agree("primary key", 3).softened(&[("precise", 1)]);
    let cases = [
        ("Customers", "customers", customers),
        ("readings", "readings", readings),
        ("order_lines", "order_lines", Right::agree("primary key", 3)),
        ("log", "log", Right::agree("whole row", 3)),
    ];
    let mut found = Vec::new();
    for (left, right, expected) in cases {
        let left = place.mysql().address(left);
        let right = format!("{}#{database}.{right}", place.postgres().url);
        found.extend(wrong(&place, &left, &right, &ZONE, expected));
    }
    // Taken as UTC, every time of day is another.
    let (left, right) = (place.mysql().address("log"), format!("{}#{database}.log", place.postgres().url));
    let run = place.dir.audit(&left, &right, &[]);
    if run.code != Some(1) {
        found.push(format!("without a time zone, the log should differ: {run}"));
    }
    forget(&mut place, &role);
    assert_right(&found);
}

#[test]
fn from_sqlite() {
    let mut place = Place::new();
    let (target, role) = loader_of_postgres(&mut place);
    place
        .sqlite()
        .execute_batch(
            "CREATE TABLE orders (
                order_id INTEGER PRIMARY KEY AUTOINCREMENT, customer INTEGER NOT NULL, placed DATETIME NOT NULL, due DATE,
                total DECIMAL(12,2), rate REAL, paid BOOLEAN, note TEXT, country CHAR(2), extra BLOB, started TIME,
                big BIGINT, price NUMERIC);
             INSERT INTO orders VALUES
                (1, 10, '2024-05-06 07:08:09', '2024-05-20', 129.90, 0.1, 1, 'it''s \"quoted\", with , and \\N', 'DE',
                 x'89504e470d0a', '08:30:00', 9223372036854775807, 12.5),
                (2, 10, '1999-12-31 23:59:59', '1999-12-31', 0, 1e30, 0, '', 'FR', x'', '00:00:00',
                 -9223372036854775808, 3),
                (3, 11, '2024-02-29 00:00:00.5', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                (4, 4294967296, '2038-01-19 03:14:08', '9999-12-31', -9999999999.99, -2.5, 1, 'two\nlines, 日本語 😀',
                 'x', x'00ff', '23:59:59', 0, 0.000001);
             CREATE TABLE lines (
                order_id INTEGER NOT NULL, line INTEGER NOT NULL, product VARCHAR(20) NOT NULL, amount INTEGER,
                PRIMARY KEY (order_id, line));
             INSERT INTO lines VALUES (1, 1, 'A-1', 1), (1, 2, 'B-2', NULL), (2, 1, 'A-1', 3);
             CREATE TABLE log (at DATETIME, level TEXT, message TEXT);
             INSERT INTO log VALUES ('2024-01-01 00:00:00', 'info', 'started'), ('2024-01-01 00:00:00', 'info', 'started'),
                (NULL, 'warn', NULL), ('2024-01-01 00:00:01', 'info', '')",
        )
        .unwrap();
    load(&place, &format!("sqlite://{}", place.dir.file("tables.db")), target.as_str());
    // It makes a `real` of 32 bits of a REAL of 64.
    let orders = Right::agree("primary key", 4).softened(&[("rate", 2)]);
    let cases = [("orders", orders), ("lines", Right::agree("primary key", 3)), ("log", Right::agree("whole row", 3))];
    let mut found = Vec::new();
    for (table, expected) in cases {
        let (left, right) = (place.sqlite_address(table), place.postgres().address(table));
        found.extend(wrong(&place, &left, &right, &ZONE, expected));
    }
    forget(&mut place, &role);
    assert_right(&found);
}
