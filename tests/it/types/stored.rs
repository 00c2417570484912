//! What a table holds, in its own system's words: whether a written value is the one that a person
//! would have stored there.

use super::System;
use crate::support::{Place, table_name};
use mysql::prelude::Queryable;

/// One column of the rows of both tables, by `id`, as the system prints it.
pub fn columns(system: System, place: &mut Place, tables: [&str; 2], column: &str) -> [Vec<Option<String>>; 2] {
    tables.map(|address| column_of(system, place, table_name(address), column))
}

fn column_of(system: System, place: &mut Place, table: &str, column: &str) -> Vec<Option<String>> {
    match system {
        System::Postgres => {
            let sql = format!("SELECT {column}::text AS cell FROM {table} t ORDER BY t.id");
            place.postgres().client.query(&sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
        }
        System::Mysql => {
            let sql = format!("SELECT hex(CAST({column} AS char)) AS cell FROM {table} t ORDER BY t.id");
            place.mysql().client.query(sql).unwrap()
        }
        System::Sqlite => {
            let connection = place.sqlite();
            let mut statement =
                connection.prepare(&format!("SELECT quote({column}) FROM {table} ORDER BY id")).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        }
    }
}

/// Whether a type holds text, which has several ways to write one value.
pub fn is_text(ty: &str) -> bool {
    let ty = ty.to_ascii_lowercase();
    ["text", "char", "json", "clob"].iter().any(|word| ty.contains(word))
}
