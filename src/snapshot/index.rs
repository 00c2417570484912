//! The index: per row the fingerprint of its key, the fingerprint of its compared values, and its
//! position. Two tables are joined on it; nothing else of them needs to be read for equal rows.

use super::error::SnapshotError;
use super::file_hash::FileSum;
use super::part::{PartKind, PartWriter};
use super::recipe::Recipe;
use crate::endpoint::ExportBatch;
use crate::table::{Cells, Encoder, Fingerprint, fingerprint};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The columns of every index: the halves of the key's fingerprint (NULL where the key has a NULL,
/// but for whole rows), the halves of the row's, and the row's position in the snapshot. `s0`,
/// `s1` … follow for softened columns, and another one behind those for the whole row.
pub const INDEX_COLUMNS: [&str; 5] = ["k1", "k2", "f1", "f2", "row"];

/// Rows that one split is meant to hold: a hash table of them stays in a core's cache, and a table
/// of a million rows keeps several cores busy.
const SPLIT_ROWS: u64 = 128 << 10;

/// How many splits a table of so many rows is given: a power of two, so that splits of two tables
/// of different size nest.
pub fn splits_for(rows: u64) -> usize {
    const MOST: u64 = 1024;
    rows.div_ceil(SPLIT_ROWS).next_power_of_two().clamp(1, MOST) as usize
}

/// Where one split of an index is.
#[derive(Clone, Debug)]
pub enum IndexSplit {
    /// In a Parquet file.
    File(PathBuf),
    /// In memory, for an index that is used once.
    Memory(SchemaRef, Vec<RecordBatch>),
}

impl IndexSplit {
    /// The split's rows.
    ///
    /// # Errors
    /// If its file can't be read.
    pub fn load(&self) -> Result<(SchemaRef, Vec<RecordBatch>), SnapshotError> {
        const BATCH: usize = 64 * 1024;
        match self {
            Self::Memory(schema, batches) => Ok((Arc::clone(schema), batches.clone())),
            Self::File(path) => {
                let bytes = std::fs::read(path).map_err(|e| SnapshotError::read(path, e))?;
                let damaged = |e: &dyn std::fmt::Display| SnapshotError::Damaged {
                    path: path.display().to_string(),
                    why: e.to_string(),
                };
                let builder =
                    ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).map_err(|e| damaged(&e))?;
                let schema = Arc::clone(builder.schema());
                let reader = builder.with_batch_size(BATCH).build().map_err(|e| damaged(&e))?;
                let batches = reader.collect::<Result<_, _>>().map_err(|e| damaged(&e))?;
                Ok((schema, batches))
            }
        }
    }
}

/// A finished index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Their number is a power of two.
    pub splits: Vec<IndexSplit>,
    /// How those in files are to be known again.
    pub sums: Vec<FileSum>,
    /// The rows in them.
    pub rows: u64,
    /// How many hashes of unsoftened values each row has: see [`Recipe::hashes`].
    pub softened: usize,
}

impl Index {
    /// Several indexes in memory, of different rows by the same recipe, as one.
    pub(super) fn joined(indexes: Vec<Self>) -> Self {
        let mut indexes = indexes.into_iter();
        let mut all = indexes.next().unwrap_or(Self { splits: Vec::new(), sums: Vec::new(), rows: 0, softened: 0 });
        for index in indexes {
            all.rows += index.rows;
            for (split, more) in all.splits.iter_mut().zip(index.splits) {
                if let (IndexSplit::Memory(_, batches), IndexSplit::Memory(_, more)) = (split, more) {
                    batches.extend(more);
                }
            }
        }
        all
    }
}

#[derive(Clone, Copy)]
struct Entry {
    key: Option<Fingerprint>,
    row: Fingerprint,
}

/// The entries of some rows, not yet written.
pub struct Entries {
    entries: Vec<Entry>,
    strict: Vec<u64>,
}

impl Entries {
    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Some bits that are the same for equal rows, and as good as random for others.
    pub fn mixed(&self, row: usize) -> u64 {
        self.entries[row].row.low
    }

    /// Whether two entries have the same key and the same values.
    pub fn same(&self, row: usize, other: &Self, other_row: usize) -> bool {
        let (one, other) = (self.entries[row], other.entries[other_row]);
        one.row == other.row && one.key == other.key
    }
}

/// Computes index entries from rows.
pub struct Hasher {
    key: Vec<(usize, Encoder)>,
    /// Whether the compared columns are the key.
    whole: bool,
    compared: Vec<(usize, Encoder)>,
    /// The softened ones among them, without what softens them.
    strict: Vec<(usize, Encoder)>,
}

/// Rows hashed by one task.
const CHUNK: usize = 4096;
/// Rows encoded side by side, column by column: their bytes stay in the nearest cache.
const BLOCK: usize = 64;

impl Hasher {
    /// `position` finds a column of the batches by name.
    fn new(recipe: &Recipe, position: &dyn Fn(&str) -> Option<usize>) -> Result<Self, String> {
        let all = |columns: &[super::RecipeColumn]| {
            columns
                .iter()
                .map(|c| Ok((position(&c.name).ok_or_else(|| c.name.clone())?, c.encoder())))
                .collect::<Result<Vec<_>, String>>()
        };
        let strict = recipe
            .softened
            .iter()
            .map(|softened| {
                let (column, encoder) = recipe.strict(softened);
                Ok((position(&column.name).ok_or_else(|| column.name.clone())?, encoder))
            })
            .collect::<Result<Vec<_>, String>>()?;
        // The compared columns have an order that does not depend on the table's.
        let key = if recipe.whole { Vec::new() } else { all(&recipe.key)? };
        Ok(Self { key, whole: recipe.whole, compared: all(&recipe.compared)?, strict })
    }

    /// The entries of a batch, hashed on all cores.
    pub fn entries(&self, batch: &ExportBatch) -> Entries {
        let cells: Vec<Option<Cells>> = batch.rows.columns().iter().map(Cells::new).collect();
        let others: HashMap<(u32, u32), &str> =
            batch.others.iter().filter_map(|o| Some(((o.row, o.column), o.text.as_deref()?))).collect();
        let other = |row: usize, column: usize| {
            if others.is_empty() { None } else { others.get(&(row as u32, column as u32)).copied() }
        };
        let encode = |part: &(usize, Encoder), first: usize, out: &mut [Vec<u8>]| match &cells[part.0] {
            Some(cells) if others.is_empty() => part.1.encode_block(cells, first, out),
            Some(cells) => {
                for (i, out) in out.iter_mut().enumerate() {
                    part.1.encode(cells, first + i, other(first + i, part.0), out);
                }
            }
            None => {}
        };
        let is_null = |(column, encoder): &(usize, Encoder), row: usize| {
            let other = other(row, *column);
            match &cells[*column] {
                Some(cells) => encoder.is_null(cells, row, other),
                None => other.is_none(),
            }
        };

        let rows = batch.rows.num_rows();
        let mut entries = vec![Entry { key: None, row: Fingerprint { high: 0, low: 0 } }; rows];
        let hashes = if self.strict.is_empty() { 0 } else { self.strict.len() + 1 };
        let mut strict = vec![0u64; rows * hashes];
        entries.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, entries)| {
            let mut buffers: Vec<Vec<u8>> = (0..BLOCK).map(|_| Vec::with_capacity(256)).collect();
            for (block, entries) in entries.chunks_mut(BLOCK).enumerate() {
                let first = chunk * CHUNK + block * BLOCK;
                let buffers = &mut buffers[..entries.len()];
                buffers.iter_mut().for_each(Vec::clear);
                self.key.iter().for_each(|part| encode(part, first, buffers));
                for (i, (entry, buffer)) in entries.iter_mut().zip(&mut *buffers).enumerate() {
                    if !self.key.iter().any(|part| is_null(part, first + i)) {
                        entry.key = Some(fingerprint(buffer));
                        // What the key says need not be said again; but a row without a key is
                        // known by all of its values.
                        buffer.clear();
                    }
                }
                self.compared.iter().for_each(|part| encode(part, first, buffers));
                for (entry, buffer) in entries.iter_mut().zip(buffers) {
                    entry.row = fingerprint(buffer);
                    if self.whole {
                        entry.key = Some(entry.row);
                    }
                }
            }
        });
        if hashes > 0 {
            strict.par_chunks_mut(hashes).enumerate().for_each(|(row, hashes)| {
                let mut buffer = [Vec::new()];
                // Of rows that have their key from others, only the whole says which belong together.
                let Fingerprint { high, low } = entries[row].row;
                let mut whole = [high.to_le_bytes(), low.to_le_bytes()].concat();
                for (part, hash) in self.strict.iter().zip(&mut *hashes) {
                    buffer[0].clear();
                    encode(part, row, &mut buffer);
                    *hash = fingerprint(&buffer[0]).low;
                    whole.extend_from_slice(&buffer[0]);
                }
                if let Some(last) = hashes.last_mut() {
                    *last = fingerprint(&whole).low;
                }
            });
        }
        Entries { entries, strict }
    }
}

/// Where an index is to be built.
#[derive(Clone, Copy, Debug)]
pub enum IndexPlace<'a> {
    /// In files of this folder.
    Folder(&'a Path),
    /// In memory.
    Memory,
}

enum Store {
    File(PathBuf, Box<PartWriter>),
    Memory(Vec<RecordBatch>),
}

/// One split under way: columns that wait to be written.
struct Split {
    store: Store,
    /// In the order of the schema; the key's halves are 0 where there is no key.
    columns: Vec<Vec<u64>>,
    /// The waiting rows without a key.
    no_key: Vec<usize>,
}

/// Rows that wait to be written, in all splits together: about 50 MB.
const PENDING: usize = 1 << 20;

/// Builds an index split by split.
#[must_use]
pub struct IndexWriter {
    hasher: Arc<Hasher>,
    schema: SchemaRef,
    splits: Vec<Split>,
    rows: u64,
    softened: usize,
}

impl IndexWriter {
    /// Begins the index of a recipe. `position` finds a column of the batches
    /// to come by its name.
    ///
    /// # Errors
    /// If a column is missing or a file can't be created.
    pub fn create(
        place: IndexPlace<'_>,
        recipe: &Recipe,
        address: &str,
        splits: usize,
        position: &dyn Fn(&str) -> Option<usize>,
    ) -> Result<Self, SnapshotError> {
        let hasher = Hasher::new(recipe, position)
            .map_err(|column| SnapshotError::NoColumn { address: address.to_owned(), column })?;
        let softened = recipe.hashes();
        let mut fields: Vec<Field> =
            INDEX_COLUMNS.iter().map(|name| Field::new(*name, DataType::UInt64, name.starts_with('k'))).collect();
        fields.extend((0..softened).map(|i| Field::new(format!("s{i}"), DataType::UInt64, false)));
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let splits = (0..splits)
            .map(|i| {
                let store = match place {
                    IndexPlace::Folder(folder) => {
                        let path = folder.join(format!("index-{i:02}.parquet"));
                        let none = Compression::UNCOMPRESSED;
                        let writer = PartWriter::create(&path, Arc::clone(&schema), none, PartKind::Index)?;
                        Store::File(path, Box::new(writer))
                    }
                    IndexPlace::Memory => Store::Memory(Vec::new()),
                };
                Ok(Split { store, columns: vec![Vec::new(); INDEX_COLUMNS.len() + softened], no_key: Vec::new() })
            })
            .collect::<Result<_, SnapshotError>>()?;
        Ok(Self { hasher: Arc::new(hasher), schema, splits, rows: 0, softened })
    }

    /// What computes the entries to [`add`](Self::add), apart so that it needs no lock.
    pub fn hasher(&self) -> Arc<Hasher> {
        Arc::clone(&self.hasher)
    }

    /// Adds the entries of some rows, of which the first is row `first` of the snapshot; only
    /// those that `chosen` has true, if it is given.
    ///
    /// # Errors
    /// If writing fails.
    pub fn add(&mut self, entries: &Entries, first: u64, chosen: Option<&BooleanArray>) -> Result<(), SnapshotError> {
        let Entries { entries, strict } = entries;
        let shift = 64 - self.splits.len().trailing_zeros();
        for (i, entry) in entries.iter().enumerate() {
            if chosen.is_some_and(|chosen| !chosen.value(i)) {
                continue;
            }
            // Rows without a key match nothing, so any split will do.
            let split = entry.key.map_or(0, |key| key.high.checked_shr(shift).unwrap_or(0)) as usize;
            let split = &mut self.splits[split];
            if entry.key.is_none() {
                split.no_key.push(split.columns[0].len());
            }
            let key = entry.key.unwrap_or(Fingerprint { high: 0, low: 0 });
            let values = [key.high, key.low, entry.row.high, entry.row.low, first + i as u64];
            let softened = &strict[i * self.softened..(i + 1) * self.softened];
            for (column, value) in split.columns.iter_mut().zip(values.iter().chain(softened)) {
                column.push(*value);
            }
            self.rows += 1;
        }
        let schema = &self.schema;
        let most = (PENDING / self.splits.len()).clamp(1024, 64 * 1024);
        self.splits.iter_mut().filter(|split| split.columns[0].len() >= most).try_for_each(|split| split.flush(schema))
    }

    /// Completes the index.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(self) -> Result<Index, SnapshotError> {
        let (mut splits, mut sums) = (Vec::with_capacity(self.splits.len()), Vec::new());
        for mut split in self.splits {
            split.flush(&self.schema)?;
            splits.push(match split.store {
                Store::File(path, writer) => {
                    sums.push(writer.finish_with_sum()?.1);
                    IndexSplit::File(path)
                }
                Store::Memory(batches) => IndexSplit::Memory(Arc::clone(&self.schema), batches),
            });
        }
        Ok(Index { splits, sums, rows: self.rows, softened: self.softened })
    }
}

impl Split {
    fn flush(&mut self, schema: &SchemaRef) -> Result<(), SnapshotError> {
        let rows = self.columns[0].len();
        if rows == 0 {
            return Ok(());
        }
        let without = std::mem::take(&mut self.no_key);
        let nulls = (!without.is_empty()).then(|| {
            let mut valid = vec![true; rows];
            without.iter().for_each(|row| valid[*row] = false);
            NullBuffer::from(valid)
        });
        let columns = self
            .columns
            .iter_mut()
            .enumerate()
            .map(|(at, values)| {
                let nulls = nulls.clone().filter(|_| at < 2);
                let values = std::mem::replace(values, Vec::with_capacity(rows));
                Arc::new(UInt64Array::new(values.into(), nulls)) as ArrayRef
            })
            .collect();
        let batch = RecordBatch::try_new(Arc::clone(schema), columns);
        match &mut self.store {
            Store::File(path, writer) => {
                writer.write(&batch.map_err(|e| SnapshotError::write(path, e))?)?;
                // Nothing more of the split stays in memory.
                writer.close_group()
            }
            Store::Memory(batches) => {
                batches.push(batch.map_err(|e| SnapshotError::write(Path::new("memory"), e))?);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::splits_for;

    #[test]
    fn splits_are_powers_of_two() {
        assert_eq!([0, 1, SPLIT, SPLIT + 1, 10 * SPLIT].map(splits_for), [1, 1, 1, 2, 16]);
        const SPLIT: u64 = super::SPLIT_ROWS;
    }
}
