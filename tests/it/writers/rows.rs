//! Rows in the portable form that writers take and give.

use std::sync::Mutex;
use trueup::endpoint::{
    Action, Address, Endpoint, ExportBatch, ExportRequest, Sink, StepBatch, Stopped, WriteError, WriteOptions,
    WriteTable, Writer, open,
};
use trueup::table::{Cells, Column, PortableBuilder, PortableType};

/// Rows as they print, NULL as `None`.
pub type Printed = Vec<Vec<Option<String>>>;

/// A table and the endpoint behind its address.
pub struct Table {
    pub endpoint: Box<dyn Endpoint>,
    pub columns: Vec<Column>,
    pub key: Vec<usize>,
}

impl Table {
    /// The table at this address, whose rows are known by these columns.
    #[track_caller]
    pub fn at(address: &str, key: &[&str]) -> Self {
        let endpoint = open(&Address::parse(address, &|_| None).unwrap()).unwrap();
        let columns = endpoint.describe().unwrap().columns;
        let key = key.iter().map(|name| columns.iter().position(|column| column.name == *name).unwrap()).collect();
        Self { endpoint, columns, key }
    }

    pub fn all(&self) -> Vec<usize> {
        (0..self.columns.len()).collect()
    }

    #[track_caller]
    pub fn writer(&self) -> Box<dyn Writer> {
        self.writer_with(&WriteOptions::default())
    }

    #[track_caller]
    pub fn writer_with(&self, options: &WriteOptions) -> Box<dyn Writer> {
        let table = WriteTable { columns: self.columns.clone(), key: self.key.clone(), whole: false };
        self.endpoint.writer(&table, options).unwrap().unwrap()
    }

    /// Rows of all columns, from what is printed of them.
    pub fn rows(&self, rows: &[&[Option<&str>]]) -> ExportBatch {
        let fields: Vec<arrow::datatypes::Field> = self
            .columns
            .iter()
            .map(|column| arrow::datatypes::Field::new(&column.name, column.ty.arrow(), true))
            .collect();
        let columns = self.columns.iter().enumerate().map(|(at, column)| {
            let mut builder = PortableBuilder::new(&column.ty);
            for row in rows {
                match row[at] {
                    None => builder.null(),
                    Some(text) if column.ty == PortableType::Bytes => builder.bytes(&bytes(text)),
                    Some(text) => builder.parse(text),
                }
            }
            builder.finish()
        });
        ExportBatch::new(&std::sync::Arc::new(arrow::datatypes::Schema::new(fields)), columns.collect()).unwrap()
    }

    /// All rows of a small table as an export reads them.
    #[track_caller]
    pub fn export(&self) -> ExportBatch {
        let mut batches = self.export_all();
        match batches.len() {
            0 => self.rows(&[]),
            1 => batches.remove(0),
            n => panic!("{n} batches of a small table"),
        }
    }

    /// All rows as an export reads them, in its batches.
    #[track_caller]
    pub fn export_all(&self) -> Vec<ExportBatch> {
        struct Kept(Mutex<Vec<ExportBatch>>);
        impl Sink for Kept {
            fn expect(&self, _: u64) {}
            fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
                self.0.lock().unwrap().push(batch);
                Ok(())
            }
        }
        let kept = Kept(Mutex::default());
        let request = ExportRequest { columns: self.columns.clone(), filter: None, streams: 1 };
        self.endpoint.export(&request, &kept).unwrap();
        kept.0.into_inner().unwrap()
    }

    #[track_caller]
    pub fn printed(&self) -> Printed {
        printed(&self.export())
    }

    pub fn creates(&self, after: ExportBatch, set: &[usize]) -> StepBatch {
        let set = set.to_vec();
        StepBatch { action: Action::Create, before: None, after: Some(after), guard: vec![], set, park: vec![] }
    }

    pub fn updates(&self, before: ExportBatch, after: ExportBatch, set: &[usize]) -> StepBatch {
        StepBatch {
            action: Action::Update,
            before: Some(before),
            after: Some(after),
            guard: self.all(),
            set: set.to_vec(),
            park: vec![],
        }
    }

    pub fn deletes(&self, before: ExportBatch) -> StepBatch {
        let guard = self.all();
        StepBatch { action: Action::Delete, before: Some(before), after: None, guard, set: vec![], park: vec![] }
    }

    /// Writes steps in a transaction of their own; rolled back if that fails.
    pub fn write(&self, writer: &mut dyn Writer, steps: &StepBatch) -> Result<u64, WriteError> {
        writer.begin()?;
        let written = writer.load(steps).and_then(|()| writer.write());
        match written {
            Ok(written) => writer.commit().map(|()| written),
            Err(error) => {
                let _ = writer.rollback();
                Err(error)
            }
        }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    match text.strip_prefix("\\x") {
        Some(digits) => {
            (0..digits.len() / 2).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect()
        }
        None => text.as_bytes().to_vec(),
    }
}

/// What is printed of rows, sorted.
pub fn printed(batch: &ExportBatch) -> Printed {
    let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
    let mut rows: Printed =
        (0..batch.rows.num_rows()).map(|row| cells.iter().map(|cells| cells.print(row)).collect()).collect();
    for other in &batch.others {
        rows[other.row as usize][other.column as usize] = other.text.as_ref().map(|text| format!("other {text}"));
    }
    rows.sort();
    rows
}

/// Some rows of a batch.
pub fn pick(batch: &ExportBatch, rows: &[u32]) -> ExportBatch {
    let at = arrow::array::UInt32Array::from(rows.to_vec());
    let columns: Vec<arrow::array::ArrayRef> =
        batch.rows.columns().iter().map(|array| arrow::compute::take(array, &at, None).unwrap()).collect();
    let mut others = Vec::new();
    for (to, from) in rows.iter().enumerate() {
        for other in batch.others.iter().filter(|other| other.row == *from) {
            others.push(trueup::endpoint::Other { row: to as u32, ..other.clone() });
        }
    }
    let rows = arrow::array::RecordBatch::try_new(batch.rows.schema(), columns).unwrap();
    ExportBatch { rows, others }
}
