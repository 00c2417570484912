//! A table as SQL statements.

use crate::oracle::case::Side;
use crate::oracle::form::{Form, System};
use crate::oracle::random::Random;
use crate::oracle::value::{Json, Value, print_bytes, print_number, spell};
use crate::support::Dialect;

fn dialect(system: System) -> Dialect {
    match system {
        System::Postgres => Dialect::Postgres,
        System::Mysql => Dialect::Mysql,
        _ => Dialect::Sqlite,
    }
}

fn type_name(system: System, form: Form) -> String {
    use System::{Mysql, Postgres, Sqlite};
    match (system, form) {
        (Sqlite, Form::Int { .. }) => "INTEGER".to_owned(),
        (_, Form::Int { bits: 16 }) => "SMALLINT".to_owned(),
        (_, Form::Int { bits: 32 }) => "INTEGER".to_owned(),
        (_, Form::Int { .. }) => "BIGINT".to_owned(),
        (_, Form::Decimal { precision, scale }) => format!("DECIMAL({precision},{scale})"),
        (Sqlite, Form::Float) => "REAL".to_owned(),
        (_, Form::Float) => "DOUBLE PRECISION".to_owned(),
        (_, Form::Truth) => "BOOLEAN".to_owned(),
        (Mysql, Form::Text) => "VARCHAR(200)".to_owned(),
        (_, Form::Text) => "TEXT".to_owned(),
        (_, Form::Day) => "DATE".to_owned(),
        (_, Form::Clock(digits)) => format!("TIME({digits})"),
        (Postgres, Form::Moment(digits)) => format!("TIMESTAMP({digits})"),
        (_, Form::Moment(digits)) => format!("DATETIME({digits})"),
        (Sqlite, Form::Instant(digits)) => format!("TIMESTAMPTZ({digits})"),
        (_, Form::Instant(digits)) => format!("TIMESTAMP({digits}) WITH TIME ZONE"),
        (_, Form::Uuid) => "UUID".to_owned(),
        (Postgres, Form::Json) => "JSONB".to_owned(),
        (_, Form::Json) => "JSON".to_owned(),
        (Sqlite, Form::Bytes) => "BLOB".to_owned(),
        (Postgres, Form::Bytes) => "BYTEA".to_owned(),
        (_, Form::Bytes) => "VARBINARY(40)".to_owned(),
        (_, Form::List) => "TEXT[]".to_owned(),
        (_, Form::Bits) => "BIT(8)".to_owned(),
        (_, Form::Untyped) => panic!("{system:?} has types"),
    }
}

/// The statements that make the empty table.
pub fn create(side: &Side, name: &str) -> Vec<String> {
    let dialect = dialect(side.system);
    let quote = |at: &usize| dialect.quote_name(&side.columns[*at].name);
    let quoted = |key: &[usize]| key.iter().map(quote).collect::<Vec<_>>().join(", ");
    let mut parts: Vec<String> = side
        .columns
        .iter()
        .enumerate()
        .map(|(at, column)| format!("{} {}", quote(&at), type_name(side.system, column.form)))
        .collect();
    if !side.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", quoted(&side.primary_key)));
    }
    parts.extend(side.unique.iter().map(|key| format!("UNIQUE ({})", quoted(key))));
    vec![format!("CREATE TABLE {} ({})", dialect.quote_name(name), parts.join(", "))]
}

/// The statements that make it anew and fill it.
pub fn script(side: &Side, name: &str) -> Vec<String> {
    let dialect = dialect(side.system);
    let table = dialect.quote_name(name);
    let mut statements = vec![format!("DROP TABLE IF EXISTS {table}")];
    statements.extend(create(side, name));
    if !side.rows.is_empty() {
        let rows = side.rows.iter().map(|row| {
            let cells = row.iter().zip(&side.columns).map(|(value, column)| literal(side.system, value, column.form));
            format!("({})", cells.collect::<Vec<_>>().join(", "))
        });
        statements.push(format!("INSERT INTO {table} VALUES {}", rows.collect::<Vec<_>>().join(",\n")));
    }
    statements
}

fn literal(system: System, value: &Value, form: Form) -> String {
    match (value, form) {
        (Value::Null, _) => "NULL".to_owned(),
        (Value::Number { digits, .. }, Form::Bits) => format!("b'{digits:08b}'"),
        (Value::Bytes(bytes), _) if system != System::Postgres => print_bytes(bytes).replacen("\\x", "x'", 1) + "'",
        (Value::Json(Json::List(items)), Form::List) => {
            let items = items.iter().map(|item| match item {
                Json::Text(text) => format!("\"{text}\""),
                _ => "NULL".to_owned(),
            });
            format!("'{{{}}}'", items.collect::<Vec<_>>().join(","))
        }
        (Value::Number { digits, scale }, _) => print_number(*digits, *scale),
        (Value::Float(float), _) => format!("{float:e}"),
        (Value::Truth(truth), _) if system == System::Sqlite => u8::from(*truth).to_string(),
        (Value::Truth(truth), _) => truth.to_string(),
        (value, _) => dialect(system).quote_text(&spell(value, &mut Random::new(1))),
    }
}
