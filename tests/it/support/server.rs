//! The test servers: a fresh schema or database per test, dropped at its end.

use mysql::prelude::Queryable;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};
use url::Url;

const POSTGRES: &str = "TRUEUP_TEST_POSTGRES_URL";
/// A PostgreSQL server whose clock is ten minutes ahead.
const SKEWED: &str = "TRUEUP_TEST_SKEWED_URL";
const MYSQL: &str = "TRUEUP_TEST_MYSQL_URL";

fn server(variable: &str) -> Url {
    let text = std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run scripts/test, which starts the servers these tests need")
    });
    Url::parse(&text).unwrap_or_else(|e| panic!("{variable} is no URL: {e}"))
}

/// The servers' passwords, as written in their URLs and as they are.
pub fn passwords() -> Vec<String> {
    let of = |variable| {
        let url = Url::parse(&std::env::var(variable).ok()?).ok()?;
        let raw = url.password()?.to_owned();
        Some([decode(&raw), raw])
    };
    [POSTGRES, SKEWED, MYSQL].into_iter().filter_map(of).flatten().filter(|password| password.len() > 5).collect()
}

/// The variables that give the program the servers' passwords.
pub fn password_variables() -> Vec<(&'static str, String)> {
    let of = |variable, name| {
        let url = Url::parse(&std::env::var(variable).ok()?).ok()?;
        Some((name, decode(url.password()?)))
    };
    [of(POSTGRES, "PGPASSWORD"), of(MYSQL, "MYSQL_PWD")].into_iter().flatten().collect()
}

fn decode(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes()).next().unwrap().1.into_owned()
}

/// A table's name as the part of an address after `#`.
pub fn encode_name(name: &str) -> String {
    name.replace('%', "%25")
}

/// A name that no other test has, in this run or any other.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("t{}_{}_{now}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A PostgreSQL schema of the test's own.
pub struct Postgres {
    pub client: postgres::Client,
    pub schema: String,
    pub url: Url,
}

impl Postgres {
    pub fn new() -> Self {
        Self::of(POSTGRES)
    }

    /// On the server whose clock is ten minutes ahead.
    pub fn skewed() -> Self {
        Self::of(SKEWED)
    }

    fn of(variable: &str) -> Self {
        let url = server(variable);
        let mut client =
            postgres::Client::connect(url.as_str(), postgres::NoTls).unwrap_or_else(|e| panic!("{variable}: {e}"));
        let schema = unique();
        client
            .batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path = {schema}; SET timezone = UTC"))
            .unwrap();
        Self { client, schema, url }
    }

    #[track_caller]
    pub fn execute(&mut self, sql: &str) {
        if let Err(error) = self.client.batch_execute(sql) {
            panic!("{error:?}\n{sql}");
        }
    }

    pub fn address(&self, table: &str) -> String {
        self.address_by(&self.url, table)
    }

    /// The address of a table by another URL of the same server.
    pub fn address_by(&self, url: &Url, table: &str) -> String {
        let plain = table.chars().all(|c| c.is_alphanumeric() || c == '_');
        let table = if plain { table.to_owned() } else { format!("\"{}\"", table.replace('"', "\"\"")) };
        format!("{url}#{}.{}", self.schema, encode_name(&table))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.client.batch_execute(&format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema));
    }
}

/// A MySQL or MariaDB database of the test's own.
pub struct Mysql {
    pub client: mysql::Conn,
    pub database: String,
    pub url: Url,
}

impl Mysql {
    pub fn new() -> Self {
        let mut url = server(MYSQL);
        let opts = mysql::Opts::from_url(url.as_str()).unwrap_or_else(|e| panic!("{MYSQL}: {e}"));
        let mut client = mysql::Conn::new(opts).unwrap_or_else(|e| panic!("{MYSQL}: {e}"));
        let database = unique();
        client.query_drop(format!("CREATE DATABASE {database} CHARACTER SET utf8mb4")).unwrap();
        client.query_drop(format!("USE {database}")).unwrap();
        client.query_drop("SET time_zone = '+00:00'").unwrap();
        url.set_path(&database);
        Self { client, database, url }
    }

    #[track_caller]
    pub fn execute(&mut self, sql: &str) {
        if let Err(error) = self.client.query_drop(sql) {
            panic!("{error:?}\n{sql}");
        }
    }

    pub fn address(&self, table: &str) -> String {
        self.address_by(&self.url, table)
    }

    /// The address of a table by another URL of the same server.
    pub fn address_by(&self, url: &Url, table: &str) -> String {
        let quoted = table.starts_with('`') && table.ends_with('`');
        let table = if quoted { format!("`{}`", table.replace('`', "``")) } else { table.to_owned() };
        format!("{url}#{}", encode_name(&table))
    }
}

impl Drop for Mysql {
    fn drop(&mut self) {
        let _ = self.client.query_drop(format!("DROP DATABASE IF EXISTS {}", self.database));
    }
}
