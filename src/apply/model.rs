//! A database in memory, for tests: one table, one writer, and a script of what goes wrong at which
//! call.

use super::run::{ChunkIter, Steps};
use crate::endpoint::{
    Action, Alike, Dependent, EndpointError, ExportBatch, Reference, StepBatch, WriteError, WriteTable, Writer,
};
use crate::plan::{Chunk, FoundBy, PlanError};
use crate::table::{Cells, Column, PortableBuilder, PortableType};
use arrow::datatypes::{Field, Schema};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

/// A row: what says which it is, and mostly is the key too; two compared columns, of which the second
/// may be the key; and one that is not compared.
pub type Row = [Option<String>; 4];

/// A table by the first column.
pub type Table = BTreeMap<String, Row>;

/// What happens at a call.
#[derive(Clone, Debug)]
pub enum Event {
    /// The connection is lost before the call does anything.
    Lost,
    /// The connection is lost after the call has done its work.
    LostAfter,
    /// Another session was in the way.
    Conflict,
    /// Someone else sets the second column of a row, unless it is locked.
    Set(String),
    /// Someone else adds a row.
    Add(String),
    /// Someone else removes a row, unless it is locked.
    Remove(String),
}

/// What all sessions see.
#[derive(Debug, Default)]
pub struct Db {
    /// Committed.
    pub rows: Table,
    /// By number of the call, from 1.
    pub script: BTreeMap<usize, Event>,
    /// Calls so far.
    pub calls: usize,
    /// What someone else last made of a row.
    pub others: BTreeMap<String, Option<Row>>,
    /// Rows that someone else wrote before us.
    pub before_us: BTreeSet<String>,
    /// How often someone else wrote.
    pub meddled: usize,
    /// Keys that the writer has committed.
    pub ours: BTreeSet<String>,
    /// The third column is unique.
    pub unique: bool,
    /// Keys are compared without case when rows are looked for.
    pub loose: bool,
    /// A trigger writes this into the second column of every row.
    pub trigger: Option<String>,
    /// No row may have this in its second column.
    pub hates: Option<String>,
    /// Whether that is looked at in COMMIT only.
    pub late: bool,
    /// Rows of another table that hang on a key.
    pub hanging: BTreeMap<String, u64>,
    /// How often rows were committed.
    pub commits: usize,
    /// Rows that are locked by the writer.
    pub locked: BTreeSet<String>,
}

impl Db {
    /// What it says of a row that it does not accept.
    fn hated(&self, rows: &Table) -> Option<String> {
        let row = rows.values().find(|row| self.hates.is_some() && row[1] == self.hates)?;
        Some(format!("nobody likes {:?}", row[0]))
    }
}

/// A session.
pub struct Session {
    db: Arc<Mutex<Db>>,
    /// The column by which it finds rows.
    key: usize,
    loaded: Option<StepBatch>,
    open: bool,
    pending: BTreeMap<String, Option<Row>>,
}

/// The columns of the table; the second one's type is up to the test.
pub fn table(second: PortableType) -> WriteTable {
    let columns = vec![
        Column::new("id", PortableType::Text, "text"),
        Column::new("a", second, "text"),
        Column::new("b", PortableType::Integer, "integer"),
        Column::new("c", PortableType::Text, "text"),
    ];
    WriteTable { columns, key: vec![0], whole: false }
}

/// Rows as a batch.
pub fn batch(second: &PortableType, rows: &[Row]) -> ExportBatch {
    let table = table(second.clone());
    let fields: Vec<Field> = table.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    let columns = table.columns.iter().enumerate().map(|(at, column)| {
        let mut builder = PortableBuilder::new(&column.ty);
        rows.iter().for_each(|row| match &row[at] {
            Some(text) => builder.parse(text),
            None => builder.null(),
        });
        builder.finish()
    });
    ExportBatch::new(&Arc::new(Schema::new(fields)), columns.collect()).unwrap()
}

/// The rows of a batch.
pub fn rows(batch: &ExportBatch) -> Vec<Row> {
    let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
    (0..batch.rows.num_rows())
        .map(|row| {
            std::array::from_fn(|column| {
                batch.other(row, column).map(str::to_owned).or_else(|| cells[column].print(row))
            })
        })
        .collect()
}

fn lost() -> WriteError {
    EndpointError::Query { address: "model".into(), doing: "it".into(), why: "connection lost".into() }.into()
}

fn refused(why: String) -> WriteError {
    WriteError::Refused { address: "model".into(), doing: "writing".into(), why }
}

impl Session {
    /// A new one. What an old one left open is rolled back.
    pub fn new(db: &Arc<Mutex<Db>>) -> Self {
        Self::by(db, 0)
    }

    /// One that finds rows by this column.
    pub fn by(db: &Arc<Mutex<Db>>, key: usize) -> Self {
        db.lock().unwrap().locked.clear();
        Self { db: Arc::clone(db), key, loaded: None, open: false, pending: BTreeMap::new() }
    }

    fn call<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, WriteError>) -> Result<T, WriteError> {
        let event = {
            let mut db = self.db.lock().unwrap();
            db.calls += 1;
            let calls = db.calls;
            db.script.remove(&calls)
        };
        match event {
            Some(Event::Lost) => {
                self.give_up();
                return Err(lost());
            }
            Some(Event::LostAfter) => {
                let _ = work(self);
                self.give_up();
                return Err(lost());
            }
            Some(Event::Conflict) => {
                self.give_up();
                return Err(WriteError::Conflict {
                    address: "model".into(),
                    doing: "it".into(),
                    why: "deadlock".into(),
                });
            }
            Some(event) => self.meddle(&event),
            None => {}
        }
        work(self)
    }

    fn give_up(&mut self) {
        self.pending.clear();
        self.open = false;
        self.db.lock().unwrap().locked.clear();
    }

    fn meddle(&mut self, event: &Event) {
        let mut db = self.db.lock().unwrap();
        db.meddled += 1;
        let value = Some(format!("\"other-{}\"", db.meddled));
        let (id, row) = match event {
            Event::Set(id) => match db.rows.get(id) {
                Some(row) => (id, Some([row[0].clone(), value, row[2].clone(), row[3].clone()])),
                None => return,
            },
            Event::Add(id) if !db.rows.contains_key(id) => (id, Some([Some(id.clone()), value, None, None])),
            Event::Remove(id) if db.rows.contains_key(id) => (id, None),
            _ => return,
        };
        if db.locked.contains(id) {
            return;
        }
        match &row {
            Some(row) => db.rows.insert(id.clone(), row.clone()),
            None => db.rows.remove(id),
        };
        if !db.ours.contains(id) {
            db.before_us.insert(id.clone());
        }
        db.others.insert(id.clone(), row);
    }

    /// The table as this session sees it.
    fn seen(&self, db: &Db) -> Table {
        let mut rows = db.rows.clone();
        for (id, row) in &self.pending {
            match row {
                Some(row) => rows.insert(id.clone(), row.clone()),
                None => rows.remove(id),
            };
        }
        rows
    }
}

impl Writer for Session {
    fn begin(&mut self) -> Result<(), WriteError> {
        self.call(|session| {
            assert!(!session.open, "a transaction is under way");
            session.open = true;
            Ok(())
        })
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        self.call(|session| {
            assert!(session.open);
            let shared = Arc::clone(&session.db);
            let mut db = shared.lock().unwrap();
            session.open = false;
            if let (true, Some(words)) = (db.late, db.hated(&session.seen(&db))) {
                session.pending.clear();
                db.locked.clear();
                return Err(refused(words));
            }
            for (id, row) in std::mem::take(&mut session.pending) {
                match row {
                    Some(row) => db.rows.insert(id.clone(), row),
                    None => db.rows.remove(&id),
                };
                db.ours.insert(id);
            }
            db.commits += 1;
            db.locked.clear();
            Ok(())
        })
    }

    fn rollback(&mut self) -> Result<(), WriteError> {
        self.give_up();
        self.loaded = None;
        Ok(())
    }

    fn load(&mut self, steps: &StepBatch) -> Result<(), WriteError> {
        self.call(|session| {
            session.loaded = Some(steps.clone());
            Ok(())
        })
    }

    fn write(&mut self) -> Result<u64, WriteError> {
        self.call(|session| {
            assert!(session.open);
            let steps = session.loaded.clone().expect("steps are loaded");
            let shared = Arc::clone(&session.db);
            let mut db = shared.lock().unwrap();
            let mut now = session.seen(&db);
            let (before, after) = (steps.before.as_ref().map(rows), steps.after.as_ref().map(rows));
            let mut wrote = 0;
            for at in 0..steps.len() {
                let by = session.key;
                let key = rows(steps.rows())[at][by].clone().unwrap();
                let place = now.iter().find(|(_, row)| row[by].as_ref() == Some(&key)).map(|(id, _)| id.clone());
                let mut id = place.clone().unwrap_or_default();
                // What becomes of the row.
                let change: Option<Row> = match (&before, &after) {
                    (None, Some(after)) => {
                        let alike = |other: &String| db.loose && other.to_lowercase() == key.to_lowercase();
                        if place.is_some() || now.keys().any(alike) {
                            continue;
                        }
                        id = after[at][0].clone().unwrap();
                        if now.contains_key(&id) {
                            return Err(refused(format!("duplicate id {id}")));
                        }
                        let default = |at: usize| (at == 3).then(|| "default".to_owned());
                        Some(std::array::from_fn(|column| {
                            if steps.set.contains(&column) { after[at][column].clone() } else { default(column) }
                        }))
                    }
                    (Some(before), after) => {
                        let Some(row) = now.get(&id).cloned() else { continue };
                        if steps.guard.iter().any(|column| row[*column] != before[at][*column]) {
                            continue;
                        }
                        let set = |column: usize, after: &[Row]| {
                            if steps.set.contains(&column) { after[at][column].clone() } else { row[column].clone() }
                        };
                        after.as_ref().map(|after| std::array::from_fn(|column| set(column, after)))
                    }
                    (None, None) => unreachable!(),
                };
                let change = change.map(|mut row| {
                    row[1] = db.trigger.clone().or(row[1].clone());
                    row
                });
                match &change {
                    Some(row) => now.insert(id.clone(), row.clone()),
                    None => now.remove(&id),
                };
                session.pending.insert(id.clone(), change);
                db.locked.insert(id);
                wrote += 1;
            }
            if let (false, Some(words)) = (db.late, db.hated(&now)) {
                return Err(refused(words));
            }
            let mut values = BTreeSet::new();
            if db.unique && now.values().any(|row| row[2].is_some() && !values.insert(row[2].clone())) {
                return Err(refused("duplicate value of b".into()));
            }
            Ok(wrote)
        })
    }

    fn fetch(&mut self, lock: bool) -> Result<ExportBatch, WriteError> {
        self.call(|session| {
            let steps = session.loaded.clone().expect("steps are loaded");
            let mut db = session.db.lock().unwrap();
            let by = session.key;
            let keys: BTreeSet<String> = rows(steps.rows()).into_iter().map(|row| row[by].clone().unwrap()).collect();
            let found: Vec<Row> = session
                .seen(&db)
                .into_iter()
                .filter(|(id, row)| {
                    row[by].as_ref().is_some_and(|key| keys.contains(key))
                        || (db.loose && keys.iter().any(|key| key.to_lowercase() == id.to_lowercase()))
                })
                .map(|(_, row)| row)
                .collect();
            if lock {
                db.locked.extend(found.iter().map(|row| row[0].clone().unwrap()));
            }
            let second = match steps.rows().rows.schema().field(1).name().as_str() {
                "a" => second_type(steps.rows()),
                other => panic!("{other} is not the second column"),
            };
            // In no particular order.
            Ok(batch(&second, &found.into_iter().rev().collect::<Vec<_>>()))
        })
    }

    fn count_dependents(&mut self, dependents: &[Dependent]) -> Result<Vec<u64>, WriteError> {
        self.call(|session| {
            let steps = session.loaded.clone().expect("steps are loaded");
            assert_eq!(steps.action, Action::Delete);
            let db = session.db.lock().unwrap();
            let count = rows(steps.rows()).iter().filter_map(|row| db.hanging.get(row[0].as_ref().unwrap())).sum();
            Ok(dependents.iter().map(|_| count).collect())
        })
    }

    fn alike(&mut self) -> Result<Vec<Alike>, WriteError> {
        unreachable!("asked while planning only")
    }

    fn orphans(&mut self, _: &Reference) -> Result<Vec<usize>, WriteError> {
        unreachable!("asked while planning only")
    }

    fn advance_counters(&mut self) -> Result<Vec<String>, WriteError> {
        self.call(|_| Ok(Vec::new()))
    }
}

/// Text and JSON look the same in Arrow; the tests for JSON say so by what they hold.
fn second_type(batch: &ExportBatch) -> PortableType {
    let json = rows(batch).iter().flat_map(|row| row[1].clone()).any(|text| text.starts_with('{'));
    if json { PortableType::Json } else { PortableType::Text }
}

/// Steps in memory, as they would be read from a plan.
#[derive(Clone, Debug)]
pub struct Memory {
    /// In order of writing.
    pub steps: Vec<(Action, Option<Row>, Option<Row>)>,
    /// The type of the second column.
    pub second: PortableType,
    /// Updates hand values of the third column around.
    pub park: bool,
    /// The column of the key; if it is not the first, that is the identity.
    pub key: usize,
}

impl Memory {
    /// What makes one table of another: deletes, updates, creates. A create leaves the last column
    /// to its default.
    pub fn between(from: &Table, to: &Table) -> Self {
        let mut steps = Vec::new();
        for (id, row) in from.iter().filter(|(id, _)| !to.contains_key(*id)) {
            assert_eq!(row[0].as_ref(), Some(id));
            steps.push((Action::Delete, Some(row.clone()), None));
        }
        for (id, row) in from {
            if let Some(other) = to.get(id).filter(|other| *other != row) {
                steps.push((Action::Update, Some(row.clone()), Some(other.clone())));
            }
        }
        for (_, row) in to.iter().filter(|(id, _)| !from.contains_key(*id)) {
            let mut row = row.clone();
            row[3] = None;
            steps.push((Action::Create, None, Some(row)));
        }
        Self { steps, second: PortableType::Text, park: false, key: 0 }
    }

    /// The same where the third column is the key. Updates that change it go together.
    pub fn between_keys(from: &Table, to: &Table) -> Self {
        let mut out = Self { key: 2, ..Self::between(from, to) };
        out.steps.sort_by_key(|step| match step {
            (Action::Delete, ..) => 0,
            (Action::Create, ..) => 3,
            (Action::Update, before, after) => {
                let key = |row: &Option<Row>| row.as_ref().map(|row| row[2].clone());
                if key(before) == key(after) { 2 } else { 1 }
            }
        });
        out
    }

    fn found_by(&self, (action, before, after): &(Action, Option<Row>, Option<Row>)) -> FoundBy {
        let key = |row: &Option<Row>| row.as_ref().map(|row| row[self.key].clone());
        match action {
            Action::Delete if self.key != 0 => FoundBy::Identity,
            Action::Update if key(before) != key(after) => FoundBy::Identity,
            _ => FoundBy::Key,
        }
    }

    fn chunks(&self, rows: usize) -> Vec<Chunk> {
        let mut out = Vec::new();
        let mut first = 0;
        while first < self.steps.len() {
            let (action, found_by) = (self.steps[first].0, self.found_by(&self.steps[first]));
            let together = action == Action::Update && (self.park || found_by == FoundBy::Identity);
            let alike = |step: &&(Action, _, _)| step.0 == action && self.found_by(step) == found_by;
            let same = self.steps[first..].iter().take_while(alike).count();
            let count = if together { same } else { same.min(rows) };
            let some = &self.steps[first..first + count];
            let side = |rows: Vec<Option<Row>>| {
                let rows: Option<Vec<Row>> = rows.into_iter().collect();
                rows.map(|rows| batch(&self.second, &rows))
            };
            let changed: Vec<Vec<usize>> = some
                .iter()
                .map(|(_, before, after)| match (before, after) {
                    (Some(before), Some(after)) => (0..4).filter(|at| before[*at] != after[*at]).collect(),
                    _ => Vec::new(),
                })
                .collect();
            let (guard, set) = match action {
                Action::Create => (Vec::new(), vec![0, 1, 2]),
                Action::Update => {
                    (vec![0, 1, 2], changed.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect())
                }
                Action::Delete => (vec![0, 1, 2, 3], Vec::new()),
            };
            let steps = StepBatch {
                action,
                before: side(some.iter().map(|step| step.1.clone()).collect()),
                after: side(some.iter().map(|step| step.2.clone()).collect()),
                guard,
                set,
                park: if together { vec![2] } else { Vec::new() },
            };
            out.push(Chunk { first: first as u64, found_by, steps, changed, together: Vec::new(), times: Vec::new() });
            first += count;
        }
        out
    }
}

impl Steps for Memory {
    fn forward(&self, rows: usize) -> Result<ChunkIter<'_>, PlanError> {
        Ok(Box::new(self.chunks(rows).into_iter().map(Ok)))
    }

    fn backward(&self, rows: usize) -> Result<ChunkIter<'_>, PlanError> {
        Ok(Box::new(self.chunks(rows).into_iter().rev().map(Ok)))
    }
}
