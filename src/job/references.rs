//! Updates of columns that rows of other tables refer to. What a foreign key does then (`ON UPDATE
//! CASCADE`, `SET NULL`) is no step of the plan, so undo could not take it back.

use super::error::RunError;
use crate::endpoint::{Action, Dependent};
use crate::plan::Plan;

/// Steps to look at together.
const ROWS: usize = 10_000;

/// A referenced column that updates change.
struct Referenced<'a> {
    dependent: &'a Dependent,
    /// Its position in the written table.
    column: usize,
    name: String,
    rows: u64,
}

/// Takes note of such updates in the plan.
///
/// # Errors
/// If they are not allowed, or if rows would have to exchange values by way of NULL, which would
/// take the references of other rows along.
pub(super) fn note_references(plan: &mut Plan, side: usize, allowed: bool) -> Result<(), RunError> {
    let own = &plan.file.sides[side];
    let Some(target) = &own.target else { return Ok(()) };
    if own.counts.of(Action::Update) == 0 {
        return Ok(());
    }
    let changed = |name: &str| {
        let of = |c: &crate::plan::ChangedColumn| if side == 0 { c.left.clone() } else { c.right.clone() };
        plan.file.changed_columns.iter().find(|c| of(c) == name).map_or(0, |c| c.changed)
    };
    let referenced: Vec<Referenced<'_>> = target
        .dependents
        .iter()
        .flat_map(|dependent| dependent.to.iter().map(move |name| (dependent, name)))
        .filter_map(|(dependent, name)| {
            let rows = changed(name);
            let column = own.table.position(name)?;
            (rows > 0).then(|| Referenced { dependent, column, name: name.clone(), rows })
        })
        .collect();
    let Some(first) = referenced.first() else { return Ok(()) };
    if !allowed {
        return Err(RunError::References {
            column: first.name.clone(),
            table: first.dependent.table.clone(),
            key: first.dependent.name.clone(),
            rows: first.rows,
        });
    }
    for chunk in plan.chunks(side, ROWS)? {
        let parked = chunk?.steps.park;
        let by_null = |r: &&Referenced<'_>| parked.contains(&r.column) && own.table.columns[r.column].nullable;
        if let Some(referenced) = referenced.iter().find(by_null) {
            return Err(RunError::Exchanged {
                column: referenced.name.clone(),
                table: referenced.dependent.table.clone(),
                key: referenced.dependent.name.clone(),
            });
        }
    }
    let warnings = referenced.iter().map(|r| {
        format!(
            "updates change `{}`, which rows of {} refer to by the foreign key `{}`: what that does to them is not \
             in this plan",
            r.name, r.dependent.table, r.dependent.name
        )
    });
    let warnings: Vec<String> = warnings.collect();
    plan.file.warnings.extend(warnings);
    Ok(())
}
