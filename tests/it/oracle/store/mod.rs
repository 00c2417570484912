//! Puts a case's tables where the program reads them.

mod csv;
mod parquet;
mod read;
mod sql;
mod sqlite;

use super::case::{Case, Side};
use super::form::System;
use crate::support::Place;

/// Where tables are put, one pair after the other.
pub struct Store {
    pub place: Place,
    sqlite: rusqlite::Connection,
}

impl Store {
    pub fn new() -> Self {
        let place = Place::new();
        let sqlite = place.sqlite();
        Self { place, sqlite }
    }

    /// Stores both tables and gives their addresses.
    pub fn put(&mut self, case: &Case) -> [String; 2] {
        [0, 1].map(|side| self.put_side(&case.sides[side], ["l", "r"][side]))
    }

    /// The case as its right table is now.
    pub fn read_back(&mut self, case: &Case) -> Case {
        let mut case = case.clone();
        case.sides[1].rows = read::rows(&mut self.place, &self.sqlite, &case.sides[1], "r");
        case
    }

    fn put_side(&mut self, side: &Side, name: &str) -> String {
        match side.system {
            System::Csv => self.place.dir.write(&format!("{name}.csv"), csv::text(side)),
            System::Parquet => {
                let path = self.place.dir.file(&format!("{name}.parquet"));
                parquet::write(side, path.as_ref());
                path
            }
            System::Sqlite => {
                sqlite::fill(&self.sqlite, side, name);
                self.place.sqlite_address(name)
            }
            System::Postgres => {
                let server = self.place.postgres();
                server.execute(&sql::script(side, name).join(";\n"));
                server.address(name)
            }
            System::Mysql => {
                let server = self.place.mysql();
                sql::script(side, name).iter().for_each(|sql| server.execute(sql));
                server.address(name)
            }
        }
    }
}

/// A table as a person can read it, and make it again.
pub fn show(side: &Side) -> String {
    match side.system {
        System::Csv => csv::text(side),
        System::Parquet => format!("{:?}\n{}", side.columns, csv::text(side)),
        System::Sqlite | System::Postgres | System::Mysql => sql::script(side, "t").join(";\n"),
    }
}
