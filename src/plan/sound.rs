//! That what a plan's file says fits together. Its numbers are positions and counts later on; a plan that
//! somebody else made, or that was changed by hand, is told so before any of them is used.

use super::file::{PlanFile, PlanSide};
use crate::table::{PortableType, TableInfo};

/// More digits than any system gives the fraction of a number.
const MOST_DIGITS: u32 = 1 << 14;

/// Why a file can't be right; in words. `steps` are the rows of its steps.
pub(super) fn check(file: &PlanFile, steps: u64) -> Result<(), String> {
    let mut total = 0u64;
    for (side, own) in file.sides.iter().enumerate() {
        let name = super::SIDES[side];
        table(&own.table).map_err(|why| format!("of the {name} table, {why}"))?;
        positions(own).map_err(|why| format!("of the {name} side, {why}"))?;
        let counts = &own.counts;
        let more = [counts.create, counts.update, counts.delete]
            .into_iter()
            .try_fold(total, u64::checked_add)
            .filter(|all| *all <= steps)
            .ok_or_else(|| format!("its {name} side has more steps than steps.parquet, which has {steps}"))?;
        let written = more > total;
        if written && !file.direction.writes(side) {
            return Err(format!("it has steps for its {name} side, which it does not write"));
        }
        total = more;
    }
    if total != steps {
        return Err(format!("it tells of {total} steps, and steps.parquet has {steps}"));
    }
    if let Some(at) = file.key.iter().find(|at| **at >= file.alignment.pairs.len()) {
        return Err(format!("its key has pair {at} of {}", file.alignment.pairs.len()));
    }
    for pair in &file.alignment.pairs {
        kind(&pair.left.ty)?;
        kind(&pair.right.ty)?;
    }
    Ok(())
}

fn table(table: &TableInfo) -> Result<(), String> {
    table.columns.iter().try_for_each(|column| kind(&column.ty))
}

fn kind(ty: &PortableType) -> Result<(), String> {
    let fits = match ty {
        PortableType::Time { precision }
        | PortableType::Timestamp { precision }
        | PortableType::Instant { precision } => *precision <= 6,
        PortableType::Decimal { precision, scale } => precision.unwrap_or(0).max(*scale) <= MOST_DIGITS,
        PortableType::Array { element } => return kind(element),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("there is no type {ty}")) }
}

fn positions(side: &PlanSide) -> Result<(), String> {
    let Some(writes) = &side.writes else { return Ok(()) };
    let columns = side.table.columns.len();
    for (what, list) in
        [("key", &writes.key), ("guard", &writes.guard), ("create", &writes.create), ("identity", &writes.identity)]
    {
        let mut sorted = list.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|two| two[0] == two[1]) {
            return Err(format!("its list `{what}` has a column twice"));
        }
        if let Some(at) = sorted.last().filter(|at| **at >= columns) {
            return Err(format!("its list `{what}` has column {at} of {columns}"));
        }
    }
    Ok(())
}
