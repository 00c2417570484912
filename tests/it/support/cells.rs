//! What a table holds, in one form whatever the kind of endpoint: to say what it must hold.

use super::place::{Kind, Place, table_name};
use super::table::{Dialect, Type};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use mysql::prelude::Queryable;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// A row's cells as [`Table`](super::Table) has them.
pub type Cells = Vec<Option<String>>;

impl Place {
    /// The rows of a table over these columns, sorted.
    pub fn cells(&mut self, kind: Kind, address: &str, columns: &[(&'static str, Type)]) -> Vec<Cells> {
        let name = table_name(address);
        let mut rows: Vec<Cells> = match kind {
            Kind::Postgres => {
                let sql = select(Dialect::Postgres, name, columns);
                let width = columns.len();
                let rows = self.postgres().client.query(&sql, &[]).unwrap();
                rows.iter().map(|row| (0..width).map(|at| row.get(at)).collect()).collect()
            }
            Kind::Mysql => {
                let sql = select(Dialect::Mysql, name, columns);
                let rows: Vec<mysql::Row> = self.mysql().client.query(sql).unwrap();
                rows.into_iter().map(|row| row.unwrap().into_iter().map(mysql::from_value).collect()).collect()
            }
            Kind::Sqlite => {
                let connection = self.sqlite();
                let mut statement = connection.prepare(&select(Dialect::Sqlite, name, columns)).unwrap();
                let rows = statement.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect());
                rows.unwrap().map(Result::unwrap).collect()
            }
            Kind::Csv => of_csv(&std::fs::read_to_string(address).unwrap(), columns),
            Kind::Parquet | Kind::Snapshot => of_parquet(address, columns),
        };
        rows.iter_mut().flat_map(|row| row.iter_mut().zip(columns)).for_each(|(cell, (_, ty))| plain(cell, *ty));
        rows.sort();
        rows
    }
}

fn select(dialect: Dialect, name: &str, columns: &[(&'static str, Type)]) -> String {
    let cell = |(column, ty): &(&'static str, Type)| {
        let column = dialect.quote_name(column);
        match (dialect, ty) {
            // Whatever the server's own style is.
            (Dialect::Postgres, Type::Timestamp) => format!("to_char({column}, 'YYYY-MM-DD HH24:MI:SS.US')"),
            (Dialect::Postgres, Type::Date) => format!("to_char({column}, 'YYYY-MM-DD')"),
            (Dialect::Mysql, _) => format!("CAST({column} AS CHAR)"),
            _ => format!("CAST({column} AS TEXT)"),
        }
    };
    let cells: Vec<String> = columns.iter().map(cell).collect();
    format!("SELECT {} FROM {}", cells.join(", "), dialect.quote_name(name))
}

/// As it was written: times without an empty fraction, decimals with two digits, booleans in words.
fn plain(cell: &mut Option<String>, ty: Type) {
    let Some(text) = cell else { return };
    match ty {
        Type::Timestamp => {
            *text = text.replace('T', " ");
            if text.contains('.') {
                *text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
            }
        }
        Type::Boolean if text == "1" => *text = "true".to_owned(),
        Type::Boolean if text == "0" => *text = "false".to_owned(),
        Type::Decimal => *text = format!("{:.2}", text.parse::<f64>().unwrap()),
        _ => {}
    }
}

fn of_csv(text: &str, columns: &[(&'static str, Type)]) -> Vec<Cells> {
    let mut records = records(text).into_iter();
    let head = records.next().unwrap();
    let at: Vec<usize> =
        columns.iter().map(|(name, _)| head.iter().position(|cell| cell.as_deref() == Some(*name)).unwrap()).collect();
    records.map(|record| at.iter().map(|at| record[*at].clone()).collect()).collect()
}

/// The records of a CSV file: an empty field is NULL, a quoted one is a text.
fn records(text: &str) -> Vec<Cells> {
    let (mut records, mut record) = (Vec::new(), Vec::new());
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        let mut field = String::new();
        let quoted = rest.next_if_eq(&'"').is_some();
        if quoted {
            while let Some(c) = rest.next() {
                if c == '"' && rest.next_if_eq(&'"').is_none() {
                    break;
                }
                field.push(c);
            }
        }
        while let Some(c) = rest.next_if(|c| !matches!(c, ',' | '\n')) {
            field.push(c);
        }
        let field = field.strip_suffix('\r').map_or(field.clone(), str::to_owned);
        record.push((quoted || !field.is_empty()).then_some(field));
        match rest.next() {
            // An empty last field has nothing behind its comma.
            Some(',') if rest.peek().is_none() => record.push(None),
            Some(',') => {}
            _ => records.push(std::mem::take(&mut record)),
        }
    }
    if !record.is_empty() {
        records.push(record);
    }
    records
}

fn of_parquet(path: &str, columns: &[(&'static str, Type)]) -> Vec<Cells> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap().build();
    let mut rows = Vec::new();
    for batch in reader.unwrap().map(Result::unwrap) {
        let texts: Vec<_> = columns
            .iter()
            .map(|(name, _)| cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap())
            .collect();
        rows.extend((0..batch.num_rows()).map(|row| {
            let cell = |text: &arrow::array::ArrayRef| {
                let text = text.as_string::<i32>();
                text.is_valid(row).then(|| text.value(row).to_owned())
            };
            texts.iter().map(cell).collect::<Cells>()
        }));
    }
    rows
}
