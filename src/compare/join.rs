//! Joins two indexes with DataFusion, one split of both sides at a time, as many at once as there
//! are cores. A split is joined on one core: splits are small, and nothing then has to be handed
//! from core to core.

use super::cancel::cancel;
use super::classify::Found;
use super::{CompareError, CompareOptions};
use crate::snapshot::Index;
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema, UInt64Type};
use datafusion::common::{JoinType, NullEquality};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::functions_aggregate::expr_fn::{count, min, sum};
use datafusion::logical_expr::{cast, col, lit};
use datafusion::physical_expr::PhysicalExprRef;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// Bytes of memory that joining one row of each side takes, generously: five 8-byte columns in the
/// build side's batches and again in their concatenation, its hash table, and batches under way.
const BYTES_PER_ROW: usize = 200;

/// Which rows of keys that are on one side only are wanted besides samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// None.
    Samples,
    /// Those of keys with one row.
    Single,
    /// All of them.
    Copies,
}

/// Joins split by split and hands over what each found, and the rows that are wanted.
pub fn join(
    left: &Index,
    right: &Index,
    options: &CompareOptions<'_>,
    wanted: Wanted,
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
                    let memory = options.memory / workers;
                    let pair = SplitPair { left, right, split, splits, options, wanted, memory };
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
    wanted: Wanted,
    memory: usize,
}

impl SplitPair<'_> {
    fn run_join(&self) -> Result<Found, CompareError> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().build().map_err(|e| CompareError::Engine(e.to_string()))?;
        runtime.block_on(self.join())
    }

    async fn join(&self) -> Result<Found, CompareError> {
        let sides = [self.load(self.left)?, self.load(self.right)?];
        // Nearly always every key is unique. Equal rows can then be taken out one by one, and only
        // the others be joined; whether it was so shows on the way.
        if let Some(mut found) = self.quick(&sides).await? {
            found.only_keys = Default::default();
            return Ok(found);
        }
        let mut found = self.nothing_found();
        let rows = if self.wanted == Wanted::Copies { Some(sides.clone()) } else { None };
        self.collect(self.grouped(sides).await.map_err(|e| self.failed(e))?, &mut found, u64::MAX).await?;
        if let (Some(rows), Some(keys)) = (rows, found.only_repeated.take()) {
            found.copies = [copies(&rows[0], &keys[0]), copies(&rows[1], &keys[1])];
        }
        found.only_keys = Default::default();
        Ok(found)
    }

    /// Joins row by row. `None` if keys are not unique.
    async fn quick(&self, sides: &[Vec<RecordBatch>; 2]) -> Result<Option<Found>, CompareError> {
        let count = |batches: &[RecordBatch]| batches.iter().map(|b| b.num_rows() as u64).sum::<u64>();
        let rows = [count(&sides[0]), count(&sides[1])];
        let mut found = self.nothing_found();
        let Some(rest) = cancel(sides, self.softened(), &mut found).map_err(|e| self.failed(e.into()))? else {
            return Ok(None);
        };
        if rest.iter().any(|batches| count(batches) > 0) {
            let most = found.in_both + count(&rest[0]).min(count(&rest[1]));
            let stream = self.hash_join(rest).map_err(|e| self.failed(e))?;
            if !self.collect(stream, &mut found, most).await? {
                return Ok(None);
            }
        }
        Ok(found.if_keys_are_unique(rows))
    }

    /// This split of an index. Splits are by the upper bits of the key, so a coarser one holds
    /// finer ones.
    fn load(&self, index: &Index) -> Result<Vec<RecordBatch>, CompareError> {
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
        if batches.is_empty() {
            batches.push(RecordBatch::new_empty(schema));
        }
        Ok(batches)
    }

    fn softened(&self) -> usize {
        self.left.softened.min(self.right.softened)
    }

    /// Every row of both sides with its partner, if it has one. The plan is made by hand: planning
    /// it from a query would take longer than running it.
    fn hash_join(&self, sides: [Vec<RecordBatch>; 2]) -> Result<SendableRecordBatchStream, DataFusionError> {
        let [left, right] = named(sides)?;
        let on = ["k1", "k2"]
            .iter()
            .map(|key| {
                let column = |side: &[RecordBatch], prefix| {
                    Ok::<_, DataFusionError>(Arc::new(Column::new_with_schema(
                        &format!("{prefix}{key}"),
                        &side[0].schema(),
                    )?) as PhysicalExprRef)
                };
                Ok((column(&left, 'l')?, column(&right, 'r')?))
            })
            .collect::<Result<Vec<_>, DataFusionError>>()?;
        let scan = |batches: Vec<RecordBatch>| {
            let schema = batches[0].schema();
            MemorySourceConfig::try_new_exec(&[batches], schema, None)
        };
        let plan = HashJoinExec::try_new(
            scan(left)?,
            scan(right)?,
            on,
            None,
            &JoinType::Full,
            None,
            PartitionMode::CollectLeft,
            NullEquality::NullEqualsNothing,
            false,
        )?;
        let context = TaskContext::default().with_session_config(self.config()).with_runtime(self.runtime()?);
        plan.execute(0, Arc::new(context))
    }

    /// Every key of both sides: how many rows it has, and their fingerprints added up.
    async fn grouped(&self, sides: [Vec<RecordBatch>; 2]) -> Result<SendableRecordBatchStream, DataFusionError> {
        let context = SessionContext::new_with_config_rt(self.config(), self.runtime()?);
        let group = |side: char, batches: Vec<RecordBatch>| {
            let name = |column: &str| format!("{side}{column}");
            let table = context.read_batches(batches)?;
            let mut sums = vec![
                sum(col(name("f1"))).alias(name("f1")),
                sum(col(name("f2"))).alias(name("f2")),
                min(col(name("row"))).alias(name("row")),
                count(lit(1)).alias(name("n")),
            ];
            sums.extend((0..self.softened()).map(|i| sum(col(name(&format!("s{i}")))).alias(name(&format!("s{i}")))));
            table
                .aggregate(vec![col(name("k1")), col(name("k2"))], sums)?
                .with_column(&name("n"), cast(col(name("n")), DataType::UInt64))
        };
        let [left, right] = named(sides)?;
        let joined = group('l', left)?.join(group('r', right)?, JoinType::Full, &["lk1", "lk2"], &["rk1", "rk2"], None);
        joined?.execute_stream().await
    }

    fn config(&self) -> SessionConfig {
        SessionConfig::new().with_target_partitions(1)
    }

    fn runtime(&self) -> Result<Arc<RuntimeEnv>, DataFusionError> {
        RuntimeEnvBuilder::new().with_memory_limit(self.memory, 1.0).build_arc()
    }

    /// Classifies what a join yields. False as soon as it matched more than `most` pairs: keys then
    /// repeat, and their rows, multiplied with each other, might never come to an end.
    async fn collect(
        &self,
        mut stream: SendableRecordBatchStream,
        found: &mut Found,
        most: u64,
    ) -> Result<bool, CompareError> {
        while let Some(batch) = stream.next().await {
            if self.options.interrupt.is_set() {
                return Err(CompareError::Interrupted);
            }
            let batch = batch.map_err(|e| self.failed(e))?;
            found
                .add(&batch, self.softened(), self.options.samples)
                .ok_or_else(|| CompareError::Engine("an index has other columns than it should".to_owned()))?;
            if found.in_both > most {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn nothing_found(&self) -> Found {
        let only_rows = (self.wanted != Wanted::Samples).then(Default::default);
        let only_repeated = (self.wanted == Wanted::Copies).then(Default::default);
        Found { softened: vec![0; self.softened()], only_rows, only_repeated, ..Found::default() }
    }

    fn failed(&self, error: DataFusionError) -> CompareError {
        CompareError::engine(error, self.options.memory)
    }
}

/// The rows of these keys of an index, key by key.
fn copies(batches: &[RecordBatch], keys: &[(u64, u64)]) -> Vec<Vec<u64>> {
    let places: HashMap<(u64, u64), usize> = keys.iter().enumerate().map(|(at, key)| (*key, at)).collect();
    let mut out = vec![Vec::new(); keys.len()];
    for batch in batches.iter().filter(|_| !keys.is_empty()) {
        let [k1, k2, row] = [0, 1, 4].map(|at| batch.column(at).as_primitive::<UInt64Type>());
        for at in (0..batch.num_rows()).filter(|at| k1.is_valid(*at)) {
            if let Some(place) = places.get(&(k1.value(at), k2.value(at))) {
                out[*place].push(row.value(at));
            }
        }
    }
    out.iter_mut().for_each(|rows| rows.sort_unstable());
    out
}

/// The two sides with their columns named apart: `l` and `r` before each name.
fn named(sides: [Vec<RecordBatch>; 2]) -> Result<[Vec<RecordBatch>; 2], DataFusionError> {
    let name = |side: char, batches: Vec<RecordBatch>| {
        let fields: Vec<Field> = batches
            .iter()
            .take(1)
            .flat_map(|batch| batch.schema().fields().iter().map(|f| rename(side, f)).collect::<Vec<_>>())
            .collect();
        let schema = Arc::new(Schema::new(fields));
        batches
            .into_iter()
            .map(|batch| Ok(RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())?))
            .collect::<Result<Vec<_>, DataFusionError>>()
    };
    let [left, right] = sides;
    Ok([name('l', left)?, name('r', right)?])
}

fn rename(side: char, field: &Field) -> Field {
    Field::new(format!("{side}{}", field.name()), field.data_type().clone(), field.is_nullable())
}
