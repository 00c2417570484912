//! Two tables that have no column name in common: the contents are asked which columns are the key.

use super::error::RunError;
use super::pending::Pending;
use super::run::both;
use super::side::{Job, Table, Watch};
use super::side_plan::SidePlan;
use crate::audit::{Proposal, key_under_two_names};
use crate::table::{Alignment, AlignmentError};

/// Says of tables without a common name what could be their key. Other errors stay as they are.
pub(super) fn explained(
    error: AlignmentError,
    job: &Job,
    watch: &dyn Watch,
    tables: &[Table; 2],
    pending: &Pending,
) -> RunError {
    if !matches!(error, AlignmentError::NothingInCommon { .. }) || !job.reasons || conditions(job) {
        return error.into();
    }
    match proposal(job, watch, tables, pending) {
        Ok(Some(proposal)) => RunError::Unlike { cause: error, proposal: Box::new(proposal) },
        Err(interrupted) if interrupted.interrupted() => interrupted,
        // What is to be told is that the names differ; that the rows could not be read tells nothing more.
        Ok(None) | Err(_) => error.into(),
    }
}

fn conditions(job: &Job) -> bool {
    job.where_left.is_some() || job.where_right.is_some()
}

fn proposal(
    job: &Job,
    watch: &dyn Watch,
    tables: &[Table; 2],
    pending: &Pending,
) -> Result<Option<Proposal>, RunError> {
    let alignment = Alignment::default();
    let sides = SidePlan::both(job, watch, tables, &[]);
    let frozen = both(|| sides[0].freeze(&alignment, None, pending), || sides[1].freeze(&alignment, None, pending))?;
    let _progress = watch.stage("looking for a key");
    let parts = [&frozen[0].parts, &frozen[1].parts];
    let infos = [tables[0].info(), tables[1].info()];
    Ok(key_under_two_names(parts, infos, &watch.interrupt())?)
}
