//! Rows written to PostgreSQL, read back, and refused.

mod bounds;
mod sessions;
mod types;

use crate::support::Place;
use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;
use std::sync::Mutex;
use trueup::endpoint::{
    Action, Address, Endpoint, ExportBatch, ExportRequest, Other, Sink, StepBatch, Stopped, WriteError, WriteOptions,
    WriteTable, Writer, open,
};
use trueup::table::Cells;

/// A table behind its endpoint.
struct Table {
    endpoint: Box<dyn Endpoint>,
    written: WriteTable,
}

#[derive(Default)]
struct Kept(Mutex<Vec<ExportBatch>>);

impl Sink for Kept {
    fn expect(&self, _: u64) {}

    fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
        self.0.lock().unwrap().push(batch);
        Ok(())
    }
}

/// Cells as printed, with the others in their places.
type Printed = Vec<Vec<Option<String>>>;

impl Table {
    fn new(place: &mut Place, name: &str, key: &[&str]) -> Self {
        let address = place.postgres().address(name);
        let endpoint = open(&Address::parse(&address, &|_| None).unwrap()).unwrap();
        let columns = endpoint.describe().unwrap().columns;
        let key = key.iter().map(|name| columns.iter().position(|column| column.name == *name).unwrap()).collect();
        Self { endpoint, written: WriteTable { columns, key } }
    }

    /// All rows, in the order of the first column, as one batch.
    fn rows(&self) -> ExportBatch {
        self.rows_where(None)
    }

    fn rows_where(&self, filter: Option<&str>) -> ExportBatch {
        let kept = Kept::default();
        let filter = filter.map(str::to_owned);
        let request = ExportRequest { columns: self.written.columns.clone(), filter, streams: 1 };
        let exported = self.endpoint.export(&request, &kept).unwrap();
        let mut batches = kept.0.into_inner().unwrap();
        assert!(batches.len() < 2);
        let Some(batch) = batches.pop() else {
            let fields: Vec<_> = self
                .written
                .columns
                .iter()
                .map(|column| arrow::datatypes::Field::new(&column.name, column.ty.arrow(), true))
                .collect();
            let rows = arrow::array::RecordBatch::new_empty(std::sync::Arc::new(arrow::datatypes::Schema::new(fields)));
            return ExportBatch { rows, others: Vec::new() };
        };
        assert_eq!(exported.rows, batch.rows.num_rows() as u64);
        by_first_column(&batch)
    }

    fn printed(&self) -> Printed {
        printed(&self.rows())
    }

    fn all(&self) -> Vec<usize> {
        (0..self.written.columns.len()).collect()
    }

    /// All columns but the key's.
    fn values(&self) -> Vec<usize> {
        self.all().into_iter().filter(|at| !self.written.key.contains(at)).collect()
    }

    fn create(&self, after: ExportBatch) -> StepBatch {
        let (set, action) = (self.all(), Action::Create);
        StepBatch { action, before: None, after: Some(after), guard: Vec::new(), set, park: Vec::new() }
    }

    fn update(&self, before: ExportBatch, after: ExportBatch) -> StepBatch {
        StepBatch {
            action: Action::Update,
            before: Some(before),
            after: Some(after),
            guard: self.all(),
            set: self.values(),
            park: Vec::new(),
        }
    }

    fn delete(&self, before: ExportBatch) -> StepBatch {
        let (guard, action) = (self.all(), Action::Delete);
        StepBatch { action, before: Some(before), after: None, guard, set: Vec::new(), park: Vec::new() }
    }

    fn writer(&self) -> Box<dyn Writer> {
        self.writer_with(&WriteOptions::default())
    }

    fn writer_with(&self, options: &WriteOptions) -> Box<dyn Writer> {
        self.endpoint.writer(&self.written, options).unwrap().unwrap()
    }

    /// Writes a chunk of its own.
    #[track_caller]
    fn write(&self, steps: &StepBatch) -> u64 {
        self.try_write(steps).unwrap()
    }

    fn try_write(&self, steps: &StepBatch) -> Result<u64, WriteError> {
        let mut writer = self.writer();
        chunk(writer.as_mut(), steps)
    }
}

fn chunk(writer: &mut dyn Writer, steps: &StepBatch) -> Result<u64, WriteError> {
    writer.begin()?;
    writer.load(steps)?;
    let written = writer.write()?;
    writer.commit()?;
    Ok(written)
}

/// The chosen rows of a batch, in this order.
fn pick(batch: &ExportBatch, rows: &[u32]) -> ExportBatch {
    let others = rows.iter().enumerate().flat_map(|(to, from)| {
        let here = batch.others.iter().filter(move |other| other.row == *from);
        here.map(move |other| Other { row: to as u32, ..other.clone() })
    });
    let others = others.collect();
    ExportBatch { rows: take_record_batch(&batch.rows, &UInt32Array::from(rows.to_vec())).unwrap(), others }
}

fn by_first_column(batch: &ExportBatch) -> ExportBatch {
    let order = arrow::compute::sort_to_indices(batch.rows.column(0), None, None).unwrap();
    pick(batch, &order.values().iter().copied().collect::<Vec<_>>())
}

fn printed(batch: &ExportBatch) -> Printed {
    let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
    let mut out: Printed =
        (0..batch.rows.num_rows()).map(|row| cells.iter().map(|cells| cells.print(row)).collect()).collect();
    for other in &batch.others {
        out[other.row as usize][other.column as usize] = Some(format!("other: {}", other.text));
    }
    out
}

fn cell(text: &str) -> Option<String> {
    (text != "NULL").then(|| text.to_owned())
}

/// Rows of cells written as in `1 a NULL`.
fn table(rows: &[&str]) -> Printed {
    rows.iter().map(|row| row.split(' ').map(cell).collect()).collect()
}
