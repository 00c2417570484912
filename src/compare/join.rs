//! Joins two indexes with DataFusion, one split of both sides at a time, as many at once as there
//! are cores. A split is joined on one core: splits are small, and nothing then has to be handed
//! from core to core.

use super::classify::Found;
use super::{CompareError, CompareOptions};
use crate::snapshot::Index;
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// Bytes of memory that joining one row of each side takes, generously: five 8-byte columns in the
/// build side's batches and again in their concatenation, its hash table, and batches under way.
const BYTES_PER_ROW: usize = 200;

/// Joins split by split and hands over what each found.
pub fn join(
    left: &Index,
    right: &Index,
    options: &CompareOptions<'_>,
    take: &mut dyn FnMut(Found) -> Result<(), CompareError>,
) -> Result<(), CompareError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rows = left.rows.max(right.rows) as usize;
    let by_memory = (rows * BYTES_PER_ROW * cores).div_ceil(options.memory / 2).next_power_of_two();
    let splits = by_memory.max(left.splits.len()).max(right.splits.len());
    options.progress.total(left.rows + right.rows);

    let next = AtomicUsize::new(0);
    let workers = cores.min(splits);
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(workers);
        for _ in 0..workers {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let split = next.fetch_add(1, Ordering::Relaxed);
                    if split >= splits || options.interrupt.is_set() {
                        return;
                    }
                    let pair = SplitPair { left, right, split, splits, options, memory: options.memory / workers };
                    // Nobody takes any more after a failure.
                    if sender.send(pair.run_join()).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for found in receiver {
            let found = found?;
            options.progress.advance(found.keyed_rows.iter().chain(&found.null_keys).sum());
            take(found)?;
        }
        if options.interrupt.is_set() { Err(CompareError::Interrupted) } else { Ok(()) }
    })
}

struct SplitPair<'a> {
    left: &'a Index,
    right: &'a Index,
    split: usize,
    splits: usize,
    options: &'a CompareOptions<'a>,
    memory: usize,
}

impl SplitPair<'_> {
    fn run_join(&self) -> Result<Found, CompareError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().map_err(|e| CompareError::Engine(e.to_string()))?;
        runtime.block_on(self.join())
    }

    async fn join(&self) -> Result<Found, CompareError> {
        let (left, right) = (self.load(self.left)?, self.load(self.right)?);
        let rows = [&left, &right].map(|(_, batches)| batches.iter().map(|b| b.num_rows() as u64).sum::<u64>());
        let context = self.context([left, right]).map_err(|e| self.failed(e))?;
        // Nearly always every key is unique, and joining the rows themselves is several times
        // quicker than grouping them first. Whether it was so shows afterwards.
        let quick = self.run(&context, &self.sql("l", "r"), rows[0].min(rows[1])).await?;
        let mut found = match quick.and_then(|found| found.if_keys_are_unique(rows)) {
            Some(found) => found,
            None => {
                let grouped = self.sql(&self.grouped("l"), &self.grouped("r"));
                let found = self.run(&context, &grouped, u64::MAX).await?;
                found.ok_or_else(|| CompareError::Engine("too many groups".to_owned()))?
            }
        };
        found.only_keys = Default::default();
        Ok(found)
    }

    /// This split of an index. Splits are by the upper bits of the key, so a coarser one holds
    /// finer ones.
    fn load(&self, index: &Index) -> Result<(SchemaRef, Vec<RecordBatch>), CompareError> {
        let (schema, mut batches) = index.splits[self.split * index.splits.len() / self.splits].load()?;
        if self.splits > index.splits.len() {
            let shift = 64 - self.splits.trailing_zeros();
            for batch in &mut batches {
                let keys = batch.column(0).as_primitive::<UInt64Type>();
                // Rows without a key are in the first split.
                let here: BooleanArray =
                    keys.iter().map(|key| Some(key.map_or(0, |key| key >> shift) == self.split as u64)).collect();
                *batch = filter_record_batch(batch, &here).map_err(|e| self.failed(e.into()))?;
            }
        }
        Ok((schema, batches))
    }

    fn context(&self, tables: [(SchemaRef, Vec<RecordBatch>); 2]) -> Result<SessionContext, DataFusionError> {
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(self.memory, 1.0).build_arc()?;
        let config = SessionConfig::new().with_target_partitions(1);
        let context = SessionContext::new_with_config_rt(config, runtime);
        for (name, (schema, batches)) in ["l", "r"].into_iter().zip(tables) {
            context.register_table(name, Arc::new(MemTable::try_new(schema, vec![batches])?))?;
        }
        Ok(context)
    }

    fn softened(&self) -> usize {
        self.left.softened.min(self.right.softened)
    }

    fn sql(&self, left: &str, right: &str) -> String {
        let grouped = left != "l";
        let mut columns: Vec<String> = ["k1", "k2", "f1", "f2", "row"].map(str::to_owned).to_vec();
        columns.extend((0..self.softened()).map(|i| format!("s{i}")));
        if grouped {
            columns.push("n".to_owned());
        }
        let select: Vec<String> =
            ["l", "r"].iter().flat_map(|t| columns.iter().map(move |c| format!("{t}.{c} AS {t}{c}"))).collect();
        let (l, r) =
            if grouped { (format!("({left}) AS l"), format!("({right}) AS r")) } else { ("l".into(), "r".into()) };
        format!("SELECT {} FROM {l} FULL JOIN {r} ON l.k1 = r.k1 AND l.k2 = r.k2", select.join(", "))
    }

    fn grouped(&self, table: &str) -> String {
        let softened: String = (0..self.softened()).map(|i| format!(", sum(s{i}) AS s{i}")).collect();
        format!(
            "SELECT k1, k2, sum(f1) AS f1, sum(f2) AS f2, min(row) AS row, \
             arrow_cast(count(*), 'UInt64') AS n{softened} FROM {table} GROUP BY k1, k2"
        )
    }

    /// Runs a join. `None` as soon as it matched more than `most` pairs: keys then repeat, and
    /// their rows, multiplied with each other, might never come to an end.
    async fn run(&self, context: &SessionContext, sql: &str, most: u64) -> Result<Option<Found>, CompareError> {
        let mut stream = async { context.sql(sql).await?.execute_stream().await }.await.map_err(|e| self.failed(e))?;
        let mut found = Found { softened: vec![0; self.softened()], ..Found::default() };
        while let Some(batch) = stream.next().await {
            if self.options.interrupt.is_set() {
                return Err(CompareError::Interrupted);
            }
            let batch = batch.map_err(|e| self.failed(e))?;
            found
                .add(&batch, self.softened(), self.options.samples)
                .ok_or_else(|| CompareError::Engine("an index has other columns than it should".to_owned()))?;
            if found.in_both > most {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    fn failed(&self, error: DataFusionError) -> CompareError {
        CompareError::engine(error, self.options.memory)
    }
}
