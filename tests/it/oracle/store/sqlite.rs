//! A table in SQLite, its values bound, not written in SQL: a literal may be read as another float.

use super::sql::create;
use crate::oracle::calendar::{needed_digits, print_moment};
use crate::oracle::case::Side;
use crate::oracle::form::Form;
use crate::oracle::random::Random;
use crate::oracle::value::{Value, spell};
use rusqlite::types::Value as Stored;

pub fn fill(connection: &rusqlite::Connection, side: &Side, name: &str) {
    let create = create(side, name).join(";\n");
    connection.execute_batch(&format!("BEGIN; DROP TABLE IF EXISTS \"{name}\"; {create}")).unwrap();
    let marks = vec!["?"; side.columns.len()].join(", ");
    {
        let mut insert = connection.prepare(&format!("INSERT INTO \"{name}\" VALUES ({marks})")).unwrap();
        for row in &side.rows {
            let cells = row.iter().zip(&side.columns).map(|(value, column)| stored(value, column.form));
            insert.execute(rusqlite::params_from_iter(cells)).unwrap();
        }
    }
    connection.execute_batch("COMMIT").unwrap();
}

fn stored(value: &Value, form: Form) -> Stored {
    match (form, value) {
        (_, Value::Null) => Stored::Null,
        (_, Value::Number { digits, scale: 0 }) => Stored::Integer(i64::try_from(*digits).unwrap()),
        (_, Value::Bytes(bytes)) => Stored::Blob(bytes.clone()),
        (_, Value::Instant(micros)) => Stored::Text(print_moment(*micros, ' ', needed_digits(*micros)) + "Z"),
        (_, Value::Float(float)) => Stored::Real(*float),
        (_, Value::Truth(truth)) => Stored::Integer(i64::from(*truth)),
        (Form::Uuid, Value::Uuid(bytes)) if bytes[15] % 2 == 0 => Stored::Blob(bytes.to_vec()),
        // A decimal as text: its column makes a number of it.
        (_, value) => Stored::Text(spell(value, &mut Random::new(1))),
    }
}
