//! What a database holds, asked by its own client.

use crate::oracle::case::{Column, Side};
use crate::oracle::form::{Form, System};
use crate::oracle::number::number_of_float;
use crate::oracle::parse::parse;
use crate::oracle::value::{Value, print_bytes};
use crate::support::{Dialect, Place};
use mysql::prelude::Queryable;
use rusqlite::types::ValueRef;

/// The rows of a table of this shape.
pub fn rows(place: &mut Place, sqlite: &rusqlite::Connection, side: &Side, name: &str) -> Vec<Vec<Value>> {
    let texts: Vec<Vec<Option<String>>> = match side.system {
        System::Sqlite => return of_sqlite(sqlite, side, name),
        System::Postgres => {
            let server = place.postgres();
            server.execute("SET extra_float_digits = 3; SET datestyle = ISO; SET bytea_output = hex");
            let rows = server.client.query(&select(side, Dialect::Postgres, name), &[]).unwrap();
            server.execute("RESET extra_float_digits; RESET datestyle; RESET bytea_output");
            rows.iter().map(|row| (0..row.len()).map(|at| row.get(at)).collect()).collect()
        }
        System::Mysql => {
            let rows: Vec<mysql::Row> = place.mysql().client.query(select(side, Dialect::Mysql, name)).unwrap();
            rows.into_iter().map(|row| row.unwrap().into_iter().map(mysql::from_value).collect()).collect()
        }
        other => panic!("{other:?} has no client"),
    };
    let value = |(text, column): (Option<String>, &Column)| match text {
        None => Value::Null,
        Some(text) => parse(column.kind, column.form, &text),
    };
    texts.into_iter().map(|row| row.into_iter().zip(&side.columns).map(value).collect()).collect()
}

fn select(side: &Side, dialect: Dialect, name: &str) -> String {
    let cells = side.columns.iter().map(|column| {
        let name = dialect.quote_name(&column.name);
        match (dialect, column.form) {
            (Dialect::Postgres, Form::List) => format!("to_json({name})::text"),
            (Dialect::Postgres, _) => format!("{name}::text"),
            (_, Form::Bytes) => format!("concat('\\\\x', hex({name}))"),
            (_, Form::Bits) => format!("bin({name})"),
            _ => format!("CAST({name} AS CHAR)"),
        }
    });
    format!("SELECT {} FROM {}", cells.collect::<Vec<_>>().join(", "), dialect.quote_name(name))
}

fn of_sqlite(connection: &rusqlite::Connection, side: &Side, name: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
    let rows = statement.query_map([], |row| {
        let cells = side.columns.iter().enumerate();
        cells.map(|(at, column)| row.get_ref(at).map(|value| of_stored(value, column))).collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn of_stored(value: ValueRef<'_>, column: &Column) -> Value {
    match (value, column.form) {
        (ValueRef::Null, _) => Value::Null,
        (ValueRef::Integer(number @ (0 | 1)), Form::Truth) => Value::Truth(number == 1),
        (ValueRef::Integer(number), Form::Float) => Value::Float(number as f64),
        // Its affinity makes a number of JSON that is one.
        (ValueRef::Integer(number), Form::Json) => parse(column.kind, Form::Json, &number.to_string()),
        (ValueRef::Integer(number), _) => Value::whole(number.into()),
        (ValueRef::Real(float), Form::Int { .. } | Form::Decimal { .. }) => number_of_float(float).unwrap(),
        (ValueRef::Real(float), _) => Value::Float(float),
        (ValueRef::Blob(bytes), Form::Uuid) => Value::Uuid(bytes.try_into().unwrap()),
        (ValueRef::Blob(bytes), Form::Bytes) => Value::Bytes(bytes.to_vec()),
        (ValueRef::Blob(bytes), _) => Value::Odd(print_bytes(bytes)),
        (ValueRef::Text(text), Form::Int { .. } | Form::Decimal { .. } | Form::Float) => {
            // What looked like a number has become one.
            Value::Odd(String::from_utf8_lossy(text).into_owned())
        }
        (ValueRef::Text(text), form) => parse(column.kind, form, &String::from_utf8_lossy(text)),
    }
}
