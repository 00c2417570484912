//! Rows that a person should look at, one line each, in a Parquet file of the plan folder:
//! `refused.parquet` lists the steps that were not written,
//! `unverified.parquet` the cells that were written and are not as planned when read again.
//!
//! | column | what |
//! |---|---|
//! | `side` | `left` or `right` |
//! | `action` | what was to be done, or was done, to the row |
//! | `step` | the step's number: as in `steps.parquet`, counted per side from 0 |
//! | `key` | the key, a JSON object |
//! | `cause` (refused) | `moved`: the row was not as planned; `rejected`: the database did not accept it |
//! | `why` (refused) or `column` (unverified) | why in words, the database's own if it rejected the row; which column, NULL for the whole row |
//! | `planned`, `found` | refused: whole rows, JSON objects, NULL for no row; unverified: the cell as printed |
//!
//! Each run writes them anew, under a temporary name; one that has nothing to list leaves none
//! behind. The file's metadata carry the format's version, `trueup.version`.

use super::error::ApplyError;
use super::outcome::{Cause, Refusal, Unverified, side_word};
use crate::endpoint::{Action, disk};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringBuilder, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, UInt64Type};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the list of refused steps.
pub const REFUSED: &str = "refused.parquet";
/// The name of the list of cells that are not as planned.
pub const UNVERIFIED: &str = "unverified.parquet";

/// Lines to hold before they are written.
const BATCH: usize = 4096;

/// A list under way.
pub struct Listing {
    path: PathBuf,
    temporary: PathBuf,
    schema: SchemaRef,
    writer: Option<ArrowWriter<File>>,
    step: UInt64Builder,
    /// side, action, key, cause if there is one, why or column, planned, found
    texts: Vec<StringBuilder>,
    waiting: usize,
}

impl Listing {
    /// The list of refused steps.
    pub fn refused(folder: &Path) -> Self {
        Self::new(folder, REFUSED, &["cause", "why"])
    }

    /// The list of cells that are not as planned.
    pub fn unverified(folder: &Path) -> Self {
        Self::new(folder, UNVERIFIED, &["column"])
    }

    fn new(folder: &Path, name: &str, details: &[&str]) -> Self {
        let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
        let step = Field::new("step", DataType::UInt64, false);
        let mut fields = vec![text("side", false), text("action", false), step, text("key", false)];
        fields.extend(details.iter().map(|name| text(name, true)));
        fields.extend([text("planned", true), text("found", true)]);
        let texts = fields.iter().skip(1).map(|_| StringBuilder::new()).collect();
        let schema = Arc::new(Schema::new(fields));
        Self {
            path: folder.join(name),
            temporary: folder.join(format!(".{name}.tmp")),
            schema,
            writer: None,
            step: UInt64Builder::new(),
            texts,
            waiting: 0,
        }
    }

    /// Adds a refused step.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn refuse(&mut self, refusal: &Refusal) -> Result<(), ApplyError> {
        let Refusal { side, action, step, key, cause, why, planned, found } = refusal;
        let [side, action] = [Some(side_word(*side)), Some(action.word())];
        let rows = [planned.as_deref(), found.as_deref()];
        self.add(*step, &[side, action, Some(key), Some(cause.word()), Some(why), rows[0], rows[1]])
    }

    /// Adds a cell that is not as planned.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn doubt(&mut self, cell: &Unverified) -> Result<(), ApplyError> {
        let Unverified { side, action, step, key, column, planned, found } = cell;
        let detail = column.as_deref();
        let action = action.word();
        self.add(
            *step,
            &[Some(side_word(*side)), Some(action), Some(key), detail, planned.as_deref(), found.as_deref()],
        )
    }

    fn add(&mut self, step: u64, texts: &[Option<&str>]) -> Result<(), ApplyError> {
        self.step.append_value(step);
        self.texts.iter_mut().zip(texts).for_each(|(builder, text)| builder.append_option(*text));
        self.waiting += 1;
        if self.waiting >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ApplyError> {
        let failed = |e: &dyn std::fmt::Display| ApplyError::file("write", &self.temporary, e);
        let mut columns: Vec<ArrayRef> =
            self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        columns.insert(2, Arc::new(self.step.finish()));
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|e| failed(&e))?;
        if self.writer.is_none() {
            let file = disk::create(&self.temporary).map_err(|e| failed(&e))?;
            let version = KeyValue::new("trueup.version".to_owned(), "2".to_owned());
            let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![version])).build();
            let writer = ArrowWriter::try_new(file, Arc::clone(&self.schema), Some(properties));
            self.writer = Some(writer.map_err(|e| failed(&e))?);
        }
        if let Some(writer) = &mut self.writer {
            writer.write(&batch).map_err(|e| failed(&e))?;
        }
        self.waiting = 0;
        Ok(())
    }

    /// Puts the list in its place, or takes an older one away if there is nothing to list. Where
    /// it is.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn finish(mut self) -> Result<Option<PathBuf>, ApplyError> {
        if self.waiting > 0 {
            self.flush()?;
        }
        match self.writer.take() {
            Some(writer) => {
                let file = writer.into_inner().map_err(|e| ApplyError::file("write", &self.temporary, &e))?;
                file.sync_all().map_err(|e| ApplyError::file("write", &self.temporary, &e))?;
                disk::rename(&self.temporary, &self.path).map_err(|e| ApplyError::file("write", &self.path, &e))?;
                Ok(Some(self.path.clone()))
            }
            None => match std::fs::remove_file(&self.path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(ApplyError::file("remove", &self.path, &e)),
                _ => Ok(None),
            },
        }
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // Not finished: of no use to anybody, and nobody to tell if it stays.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// The first lines of a list of refused steps, at most so many of each cause.
///
/// # Errors
/// If it can't be read.
pub fn read_refused(path: &Path, most: usize) -> Result<Vec<Refusal>, ApplyError> {
    let failed = |e: &dyn std::fmt::Display| ApplyError::file("read", path, e);
    let file = File::open(path).map_err(|e| failed(&e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| failed(&e))?;
    let mut out: Vec<Refusal> = Vec::new();
    for batch in builder.build().map_err(|e| failed(&e))? {
        let batch = batch.map_err(|e| failed(&e))?;
        let text = |name: &str, row: usize| -> Option<String> {
            let texts = batch.column_by_name(name)?.as_string_opt::<i32>()?;
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        let steps = batch.column_by_name("step").and_then(|steps| steps.as_primitive_opt::<UInt64Type>());
        for row in 0..batch.num_rows() {
            let action = Action::ALL.into_iter().find(|action| text("action", row).as_deref() == Some(action.word()));
            let (Some(action), Some(steps), Some(key)) = (action, steps, text("key", row)) else {
                return Err(failed(&"it is no list of refused steps"));
            };
            let cause = match text("cause", row).as_deref() {
                Some("rejected") => Cause::Rejected,
                _ => Cause::Moved,
            };
            if out.iter().filter(|other| other.cause == cause).count() >= most {
                continue;
            }
            out.push(Refusal {
                side: usize::from(text("side", row).as_deref() == Some(side_word(1))),
                action,
                step: steps.value(row),
                key,
                cause,
                why: text("why", row).unwrap_or_default(),
                planned: text("planned", row),
                found: text("found", row),
            });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(step: u64) -> Refusal {
        Refusal {
            side: 1,
            action: Action::Delete,
            step,
            key: "{\"id\": \"1\"}".into(),
            cause: Cause::Moved,
            why: "it moved".into(),
            planned: None,
            found: Some("{}".into()),
        }
    }

    #[test]
    fn a_list_is_there_only_while_there_is_something_to_list() {
        let folder = tempfile::tempdir().unwrap();
        let names = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let mut list = Listing::refused(folder.path());
        let rows = BATCH as u64 + 3;
        (0..rows).for_each(|step| list.refuse(&refusal(step)).unwrap());
        let path = list.finish().unwrap().unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
        let batches: Vec<_> = reader.map(Result::unwrap).collect();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>() as u64, rows);
        let first = &batches[0];
        let text = |name: &str| first.column_by_name(name).unwrap().as_string::<i32>().clone();
        assert_eq!(
            (text("side").value(0), text("action").value(0), text("why").value(0)),
            ("right", "delete", "it moved")
        );
        assert!(text("planned").is_null(0));
        assert_eq!(read_refused(&path, 2).unwrap(), [refusal(0), refusal(1)]);

        // One that is given up leaves the old one in place.
        let mut list = Listing::refused(folder.path());
        (0..rows).for_each(|step| list.refuse(&refusal(step)).unwrap());
        drop(list);
        assert_eq!(names(), ["refused.parquet"]);
        assert_eq!(Listing::refused(folder.path()).finish().unwrap(), None);
        assert!(names().is_empty());
    }
}
