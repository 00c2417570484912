//! Two tables, each in a place of its own, that the program reaches through a proxy where they are on
//! a server.

use super::judge::Table;
use super::proxy::Proxy;
use super::versions::{COLUMNS, Versions};
use crate::support::{Cells, Kind, Place, Run, Type, Workdir, password_variables, table_name};
use mysql::prelude::Queryable;
use std::process::Command;

/// The key, and the columns that [`super::versions`] knows.
const ALL: [(&str, Type); COLUMNS + 1] =
    [("id", Type::Integer), ("a", Type::Text), ("b", Type::Text), ("updated_at", Type::Timestamp)];

/// One of them.
pub struct Side {
    pub kind: Kind,
    pub place: Place,
    /// As the test itself reaches it.
    pub real: String,
    /// As the program reaches it.
    pub address: String,
    pub proxy: Option<Proxy>,
}

/// Both, and the folder that the program runs in.
pub struct Tables {
    pub dir: Workdir,
    pub sides: [Side; 2],
}

/// The port and the address by it of a server's table.
fn through(proxy: &Proxy, url: &url::Url) -> url::Url {
    let mut url = url.clone();
    url.set_port(Some(proxy.port)).unwrap();
    // What is passed on must be read.
    url.query_pairs_mut().append_pair("sslmode", "disable");
    url
}

impl Side {
    fn new(kind: Kind, rows: Vec<Cells>) -> Self {
        let table = crate::support::Table { columns: ALL.to_vec(), primary_key: 1, rows };
        let mut place = Place::new();
        let real = place.store(kind, &table);
        let name = table_name(&real).to_owned();
        let (proxy, address) = match kind {
            Kind::Postgres => {
                let server = place.postgres();
                let proxy = Proxy::new(server.url.port().unwrap_or(5432));
                let address = server.address_by(&through(&proxy, &server.url), &name);
                (Some(proxy), address)
            }
            Kind::Mysql => {
                let server = place.mysql();
                server.execute("SET lock_wait_timeout = 20");
                let proxy = Proxy::new(server.url.port().unwrap_or(3306));
                let address = server.address_by(&through(&proxy, &server.url), &name);
                (Some(proxy), address)
            }
            _ => (None, real.clone()),
        };
        Self { kind, place, real, address, proxy }
    }

    /// Waits until nobody writes to it any more, and reads it.
    pub fn read(&mut self) -> Table {
        let name = table_name(&self.real).to_owned();
        match self.kind {
            Kind::Postgres => {
                self.place.postgres().execute(&format!("BEGIN; LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE; COMMIT"));
            }
            Kind::Mysql => {
                self.place.mysql().execute(&format!("LOCK TABLES {name} WRITE"));
                self.place.mysql().execute("UNLOCK TABLES");
            }
            _ => {}
        }
        let row = |cells: Cells| {
            let mut cells = cells.into_iter();
            let id: i64 = cells.next().flatten().unwrap().parse().unwrap();
            (id, cells.collect::<Vec<_>>().try_into().unwrap())
        };
        self.place.cells(self.kind, &self.real, &ALL).into_iter().map(row).collect()
    }

    /// Somebody writes what [`Versions`] says about a row.
    pub fn write(&mut self, side: usize, id: i64, was: bool, versions: &Versions) -> String {
        let values: Option<Vec<Option<String>>> = versions.values(side, id).into_iter().collect();
        let literal = |value: &Option<String>| value.as_ref().map_or("NULL".to_owned(), |text| format!("'{text}'"));
        let sql = match (was, values) {
            (_, None) => format!("DELETE FROM {{t}} WHERE id = {id}"),
            (false, Some(values)) => {
                let values: Vec<String> = values.iter().map(literal).collect();
                format!("INSERT INTO {{t}} VALUES ({id}, {})", values.join(", "))
            }
            (true, Some(values)) => {
                let set = ALL[1..].iter().zip(&values).map(|((name, _), value)| format!("{name} = {}", literal(value)));
                format!("UPDATE {{t}} SET {} WHERE id = {id}", set.collect::<Vec<_>>().join(", "))
            }
        };
        if self.kind == Kind::Csv {
            let table = crate::support::Table { columns: ALL.to_vec(), primary_key: 1, rows: versions.table(side) };
            std::fs::write(&self.real, table.csv()).unwrap();
        } else {
            self.execute(&sql);
        }
        sql.replace("{t}", "t")
    }

    pub fn execute(&mut self, sql: &str) {
        self.place.execute(self.kind, &self.real, sql);
    }

    /// Ends the session that the proxy has on this port.
    pub fn end_session(&mut self, port: u16) {
        if self.kind == Kind::Postgres {
            let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = {port}");
            self.place.postgres().execute(&sql);
        } else {
            let sql = format!("SELECT id FROM information_schema.processlist WHERE host LIKE '%:{port}'");
            let ids: Vec<u64> = self.place.mysql().client.query(sql).unwrap();
            for id in ids {
                // It may be gone by itself.
                let _ = self.place.mysql().client.query_drop(format!("KILL {id}"));
            }
        }
    }

    /// Somebody holds a row, or the key of one that is not there, until this is called.
    pub fn hold(&mut self, id: i64) -> Box<dyn FnOnce()> {
        let name = table_name(&self.real).to_owned();
        let rows = self.read();
        let sql = match rows.contains_key(&id) {
            true => format!("UPDATE {name} SET a = 'held' WHERE id = {id}"),
            false => format!("INSERT INTO {name} (id) VALUES ({id})"),
        };
        match self.kind {
            Kind::Postgres => {
                let server = self.place.postgres();
                let mut client = postgres::Client::connect(server.url.as_str(), postgres::NoTls).unwrap();
                client.batch_execute(&format!("SET search_path = {}; BEGIN; {sql}", server.schema)).unwrap();
                Box::new(move || client.batch_execute("ROLLBACK").unwrap())
            }
            Kind::Mysql => {
                let server = self.place.mysql();
                let mut client = mysql::Conn::new(mysql::Opts::from_url(server.url.as_str()).unwrap()).unwrap();
                client.query_drop("START TRANSACTION").unwrap();
                client.query_drop(sql).unwrap();
                Box::new(move || client.query_drop("ROLLBACK").unwrap())
            }
            _ => {
                let client = self.place.sqlite();
                client.execute_batch("BEGIN IMMEDIATE").unwrap();
                Box::new(move || client.execute_batch("ROLLBACK").unwrap())
            }
        }
    }

    /// From now on the table takes nothing that has to do with this row.
    pub fn refuse(&mut self, id: i64) {
        let events = [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")];
        match self.kind {
            Kind::Postgres => self.execute(&format!(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 'BEGIN IF coalesce(NEW.id, OLD.id) = {id} THEN RAISE EXCEPTION ''not this one''; END IF; \
                 RETURN coalesce(NEW, OLD); END'; \
                 CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON {{t}} FOR EACH ROW EXECUTE FUNCTION refuse()"
            )),
            Kind::Mysql => {
                for (event, row) in events {
                    self.execute(&format!(
                        "CREATE TRIGGER refuse_{event} BEFORE {event} ON {{t}} FOR EACH ROW IF {row}.id = {id} THEN \
                         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF"
                    ));
                }
            }
            _ => {
                for (event, row) in events {
                    self.execute(&format!(
                        "CREATE TRIGGER refuse_{event} BEFORE {event} ON {{t}} WHEN {row}.id = {id} \
                         BEGIN SELECT RAISE(ABORT, 'not this one'); END"
                    ));
                }
            }
        }
    }

    /// It takes everything again.
    pub fn accept(&mut self) {
        match self.kind {
            Kind::Postgres => self.execute("DROP FUNCTION refuse() CASCADE"),
            _ => ["INSERT", "UPDATE", "DELETE"]
                .iter()
                .for_each(|event| self.execute(&format!("DROP TRIGGER refuse_{event}"))),
        }
    }
}

impl Tables {
    pub fn new(kinds: [Kind; 2], versions: &Versions) -> Self {
        let sides = [0, 1].map(|side| Side::new(kinds[side], versions.table(side)));
        Self { dir: Workdir::new(), sides }
    }

    pub fn read(&mut self) -> [Table; 2] {
        let [left, right] = &mut self.sides;
        [left.read(), right.read()]
    }

    /// The program with these arguments.
    pub fn command(&self, args: &[String]) -> Command {
        let mut command = self.dir.command(args);
        password_variables().into_iter().for_each(|(name, value)| {
            command.env(name, value);
        });
        command.env("XDG_STATE_HOME", self.dir.path().join("state-home"));
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[String]) -> Run {
        self.dir.start(&mut self.command(args)).wait()
    }
}
