//! Loads steps into a temporary table.
//!
//! | column | what |
//! |---|---|
//! | `step` | the step's position in its batch |
//! | `i0`, `i1` … | which row of the table it is, once that is known ([`Layout::identity`]) |
//! | `kN` | the key's value in column N of the table |
//! | `vN` | the value to write to column N |
//! | `wN` | whether that changes column N; only where writing the same again might change its form |
//! | `pN` | a value that nobody has, for column N |
//!
//! [`Layout::identity`]: super::layout::Layout::identity

use super::shape::Shape;
use super::stored::Stored;
use crate::endpoint::rows::View;
use crate::endpoint::{Action, StepBatch, WriteError};
use rusqlite::{Connection, params_from_iter};

/// The temporary table.
pub(super) const STEPS: &str = "temp.trueup_steps";

/// What is in the temporary table.
pub(super) struct Loaded {
    /// The steps.
    pub(super) steps: StepBatch,
    /// The columns that say which row a step means: the key's; of a whole row that is to go, all of
    /// them that are guarded.
    pub(super) sought: Vec<usize>,
    /// Those columns of each step in canonical bytes.
    pub(super) keys: Vec<Vec<u8>>,
    /// Whether some keys are stored in another way than their columns' values.
    pub(super) odd_keys: bool,
    /// The columns to write.
    pub(super) written: Vec<usize>,
    /// Those of them that have a `wN`.
    pub(super) flagged: Vec<usize>,
    /// Whether a rollback takes the table back too.
    pub(super) in_transaction: bool,
}

/// Loads steps in place of those loaded before.
pub(super) fn load(connection: &Connection, shape: &Shape, steps: &StepBatch) -> Result<Loaded, WriteError> {
    let before = steps.before.as_ref().map(|batch| shape.view(batch)).transpose()?;
    let after = steps.after.as_ref().map(|batch| shape.view(batch)).transpose()?;
    let rows = shape.view(steps.rows())?;
    let written = match steps.action {
        Action::Create => {
            let wanted = |at: &usize| shape.key.contains(at) || steps.set.contains(at);
            (0..shape.columns.len()).filter(wanted).filter(|at| !shape.is_generated(*at)).collect()
        }
        Action::Update => steps.set.clone(),
        Action::Delete => Vec::new(),
    };
    let flagged: Vec<usize> = match steps.action {
        Action::Update => written.iter().copied().filter(|at| shape.varies(*at) || steps.park.contains(at)).collect(),
        _ => Vec::new(),
    };
    let mut sought = shape.key.clone();
    if shape.whole {
        sought.extend(steps.guard.iter().filter(|at| !shape.key.contains(at)));
    }
    let loaded = Loaded {
        keys: (0..steps.len()).map(|row| shape.canon.bytes(&rows, row, &sought)).collect(),
        odd_keys: (0..steps.len()).any(|row| shape.has_odd_key(&rows, row)),
        sought,
        steps: steps.clone(),
        written,
        flagged,
        in_transaction: !connection.is_autocommit(),
    };
    let fill = || -> rusqlite::Result<()> {
        connection.execute_batch(&create_table(shape, &loaded))?;
        let mut names = vec!["step".to_owned()];
        names.extend(shape.key.iter().map(|at| format!("k{at}")));
        names.extend(loaded.written.iter().map(|at| format!("v{at}")));
        names.extend(loaded.flagged.iter().map(|at| format!("w{at}")));
        let marks = vec!["?"; names.len()].join(", ");
        let mut insert = connection.prepare(&format!("INSERT INTO {STEPS} ({}) VALUES ({marks})", names.join(", ")))?;
        let mut values: Vec<Stored> = Vec::with_capacity(names.len());
        for row in 0..steps.len() {
            values.clear();
            values.push(Stored::Integer(row as i64));
            values.extend(shape.key.iter().map(|at| shape.store(&rows, row, *at)));
            if let Some(after) = &after {
                values.extend(loaded.written.iter().map(|at| shape.written(after, row, *at)));
                values.extend(loaded.flagged.iter().map(|at| changes(shape, before.as_ref(), after, row, *at)));
            }
            insert.execute(params_from_iter(&values))?;
        }
        Ok(())
    };
    let failed = |error| shape.failed("loading steps", &error);
    // One transaction for all rows, whether or not there is one already.
    connection.execute_batch("SAVEPOINT trueup_load").map_err(failed)?;
    let filled = fill();
    let end = if filled.is_ok() { "RELEASE trueup_load" } else { "ROLLBACK TO trueup_load; RELEASE trueup_load" };
    filled.and(connection.execute_batch(end)).map_err(failed)?;
    Ok(loaded)
}

fn changes(shape: &Shape, before: Option<&View<'_>>, after: &View<'_>, row: usize, column: usize) -> Stored {
    let same = before.is_some_and(|before| shape.canon.same((before, row), (after, row), &[column]));
    Stored::Integer((!same).into())
}

fn create_table(shape: &Shape, loaded: &Loaded) -> String {
    let mut names = vec!["step INTEGER PRIMARY KEY".to_owned()];
    // Without types, so that values stay what they are.
    names.extend((0..shape.layout.identity.len()).map(|at| format!("i{at}")));
    names.extend(shape.key.iter().map(|at| format!("k{at}")));
    names.extend(loaded.written.iter().map(|at| format!("v{at}")));
    names.extend(loaded.flagged.iter().map(|at| format!("w{at}")));
    names.extend(loaded.steps.park.iter().map(|at| format!("p{at}")));
    format!("DROP TABLE IF EXISTS {STEPS}; CREATE TABLE {STEPS} ({})", names.join(", "))
}
