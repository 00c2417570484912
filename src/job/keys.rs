//! Key candidates of one table or two.

use super::choose::{Choice, claimed, claims, counted};
use super::error::RunError;
use super::pending::Pending;
use super::read_pairs::ReadPairs;
use super::run::both;
use super::side::{Job, Table, Watch};
use super::side_plan::SidePlan;
use crate::audit::{Candidate, Survey};
use crate::table::Alignment;

/// The candidates for a key.
pub struct CountedKeys {
    /// Which column is which.
    pub alignment: Alignment,
    /// Every column, or pair of columns of two tables.
    pub columns: Vec<Candidate>,
    /// What an audit would choose: what the tables declare, or what is unique; nothing if whole rows.
    pub best: Option<Candidate>,
    /// What a person should know of it.
    pub notes: Vec<String>,
}

/// Counts every column of a table, or every pair of columns of two, as a key.
///
/// # Errors
/// If anything on the way fails; nothing is left behind in any case.
pub fn run_keys(job: &Job, watch: &dyn Watch) -> Result<CountedKeys, RunError> {
    let scratch = std::env::temp_dir().join(format!("trueup-keys-{}", std::process::id()));
    let pending = Pending::new(Some(&scratch))?;
    let tables = both(|| Table::open(&job.left), || Table::open(&job.right))?;
    let mut job = job.clone();
    // What the user may not read is no candidate.
    let denied = tables.iter().flat_map(|table| table.info().denied.iter().flatten());
    job.options.ignore.extend(denied.cloned());
    let job = &job;
    let alignment = Alignment::new(tables[0].info(), tables[1].info(), &job.options)?;
    let sides = SidePlan::both(job, watch, &tables, &[]);
    let frozen = if job.left == job.right && job.where_left == job.where_right {
        let left = sides[0].freeze(&alignment, None, &pending)?;
        [left.clone(), left]
    } else {
        both(|| sides[0].freeze(&alignment, None, &pending), || sides[1].freeze(&alignment, None, &pending))?
    };
    let ReadPairs { alignment, .. } = ReadPairs::of(&alignment, [&frozen[0].parts, &frozen[1].parts]);
    let survey = Survey {
        sides: [&frozen[0].parts, &frozen[1].parts],
        tables: [tables[0].info(), tables[1].info()],
        alignment: &alignment,
        folder: &pending.folder("work")?,
        memory: job.memory,
        interrupt: watch.interrupt(),
    };
    let progress = watch.stage("counting");
    progress.total(alignment.pairs.len() as u64);
    let mut columns = Vec::new();
    for pair in 0..alignment.pairs.len() {
        columns.push(survey.count(&[pair])?);
        progress.advance(1);
    }
    let mut claims = claims(&alignment, &tables, &job.options.key)?;
    let Choice { key, notes, .. } = match claims.pop() {
        Some(only) if claims.is_empty() => claimed(only, &alignment, &tables),
        last => {
            claims.extend(last);
            counted(&survey, claims)?
        }
    };
    let best = if key.is_whole_row() { None } else { Some(survey.count(&key.pairs)?) };
    drop(progress);
    Ok(CountedKeys { alignment, columns, best, notes })
}
