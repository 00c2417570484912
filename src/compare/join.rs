//! Joins two indexes with DataFusion, one split of both sides at a time.

use super::classify::Found;
use super::{CompareError, CompareOptions};
use crate::snapshot::IndexFiles;
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use futures::StreamExt;

/// Bytes of memory that joining one row of each side takes, generously: five 8-byte columns in the
/// build side's batches and again in their concatenation, its hash table, and batches under way.
const BYTES_PER_ROW: usize = 200;

/// Joins split by split and hands over what each found.
pub fn join(
    left: &IndexFiles,
    right: &IndexFiles,
    options: &CompareOptions<'_>,
    take: &mut dyn FnMut(Found) -> Result<(), CompareError>,
) -> Result<(), CompareError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().build().map_err(|e| CompareError::Engine(e.to_string()))?;
    let rows = left.rows.max(right.rows) as usize;
    let by_memory = (rows * BYTES_PER_ROW).div_ceil(options.memory / 2).next_power_of_two();
    let splits = by_memory.max(left.files.len()).max(right.files.len());
    options.progress.total(left.rows + right.rows);
    for split in 0..splits {
        if options.interrupt.is_set() {
            return Err(CompareError::Interrupted);
        }
        let pair = SplitPair { left, right, split, splits, options };
        let found = runtime.block_on(pair.join())?;
        options.progress.advance(found.keyed_rows.iter().chain(&found.null_keys).sum());
        take(found)?;
    }
    Ok(())
}

struct SplitPair<'a> {
    left: &'a IndexFiles,
    right: &'a IndexFiles,
    split: usize,
    splits: usize,
    options: &'a CompareOptions<'a>,
}

impl SplitPair<'_> {
    async fn join(&self) -> Result<Found, CompareError> {
        let context = self.context().await.map_err(|e| self.failed(e))?;
        // Nearly always every key is unique, and joining the rows themselves is several times
        // quicker than grouping them first. Whether it was so shows afterwards.
        let keyed = [self.keyed_rows(&context, "l").await?, self.keyed_rows(&context, "r").await?];
        let most = keyed[0].min(keyed[1]);
        let quick = self.run(&context, &self.sql("l", "r"), most).await?;
        let mut found = match quick.and_then(|found| found.if_keys_are_unique(keyed)) {
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

    async fn context(&self) -> Result<SessionContext, datafusion::error::DataFusionError> {
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(self.options.memory, 1.0).build_arc()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let config = SessionConfig::new().with_target_partitions(cores).with_collect_statistics(true);
        let context = SessionContext::new_with_config_rt(config, runtime);
        for (name, index) in [("l", self.left), ("r", self.right)] {
            // Splits are by the upper bits of the key, so a coarser one holds finer ones.
            let file = &index.files[self.split * index.files.len() / self.splits];
            let path = file.to_string_lossy();
            context.register_parquet(format!("{name}_file"), path, ParquetReadOptions::default()).await?;
            let view = if self.splits == index.files.len() {
                format!("CREATE VIEW {name} AS SELECT * FROM {name}_file")
            } else {
                let width = (1u128 << 64) / self.splits as u128;
                let from = self.split as u128 * width;
                let nulls = if self.split == 0 { "OR k1 IS NULL" } else { "" };
                let to = from + (width - 1);
                format!("CREATE VIEW {name} AS SELECT * FROM {name}_file WHERE k1 BETWEEN {from} AND {to} {nulls}")
            };
            context.sql(&view).await?;
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

    async fn keyed_rows(&self, context: &SessionContext, table: &str) -> Result<u64, CompareError> {
        let sql = format!("SELECT count(k1) AS n FROM {table}");
        let batches = async { context.sql(&sql).await?.collect().await }.await.map_err(|e| self.failed(e))?;
        let count = batches.first().and_then(|b| Some(b.column(0).as_primitive_opt::<Int64Type>()?.value(0)));
        count.map(i64::unsigned_abs).ok_or_else(|| CompareError::Engine("no count".to_owned()))
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

    fn failed(&self, error: datafusion::error::DataFusionError) -> CompareError {
        CompareError::engine(error, self.options.memory)
    }
}
