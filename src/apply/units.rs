//! Which steps of a chunk can be written without each other, when one of them is refused.
//!
//! Most can. Those that refer to each other in a circle, or exchange unique values in one, can't, and
//! neither can the copies of a whole row. Where unique values are handed on in a chain, each step
//! can once the one before it has given up its value: units come in that order.

use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::work::Work;
use crate::endpoint::Target;
use crate::plan::{Graph, ties};
use std::collections::HashMap;

/// Positions of steps that are written together or not at all.
pub(super) type Unit = Vec<usize>;

/// All steps of a chunk, in an order in which units can be written one after the other.
///
/// # Errors
/// If the rows have another form than the table.
pub(super) fn units(codec: &Codec, target: Option<&Target>, work: &Work) -> Result<Vec<Unit>, ApplyError> {
    if codec.is_whole() {
        let rows = codec.rows(work.steps.rows())?;
        let keys = (0..work.len()).map(|at| rows.key(at));
        return Ok(grouped(keys));
    }
    if let (false, Some(before), Some(after)) = (work.steps.park.is_empty(), &work.steps.before, &work.steps.after) {
        if let Some(target) = target {
            let ties = ties(target, codec.columns(), codec.key(), &[work.step_rows()]);
            return Ok(ties.into_iter().map(|unit| unit.into_iter().map(|(_, at)| at).collect()).collect());
        }
        return Ok(exchanges(work, [&codec.rows(before)?, &codec.rows(after)?]));
    }
    if work.together.is_empty() {
        return Ok((0..work.len()).map(|at| vec![at]).collect());
    }
    Ok(grouped(work.together.iter().copied()))
}

/// Positions of the same label, each group at the place of its first.
fn grouped<L: std::hash::Hash + Eq>(labels: impl Iterator<Item = L>) -> Vec<Unit> {
    let mut out: Vec<Unit> = Vec::new();
    let mut places: HashMap<L, usize> = HashMap::new();
    for (at, label) in labels.enumerate() {
        let place = *places.entry(label).or_insert(out.len());
        if place == out.len() {
            out.push(Unit::new());
        }
        out[place].push(at);
    }
    out
}

/// Who gives a unique value comes before who takes it. A node stands for each value.
fn exchanges(work: &Work, [before, after]: [&Rows<'_>; 2]) -> Vec<Unit> {
    // Values that a collation may take for the same are taken for the same here: units are then
    // larger than need be, or in an order that does not matter.
    let value = |rows: &Rows<'_>, at: usize, column: usize| Some(rows.print(at, column)?.trim().to_lowercase());
    let steps = work.len() as u32;
    let mut nodes: HashMap<(usize, String), u32> = HashMap::new();
    let mut edges = Vec::new();
    for column in &work.steps.park {
        for at in 0..work.len() {
            let (gives, takes) = (value(before, at, *column), value(after, at, *column));
            if gives == takes {
                continue;
            }
            let mut node = |value: String| {
                let next = steps + nodes.len() as u32;
                *nodes.entry((*column, value)).or_insert(next)
            };
            edges.extend(gives.map(|value| (at as u32, node(value))));
            edges.extend(takes.map(|value| (node(value), at as u32)));
        }
    }
    let (circle, _) = Graph::new(work.len() + nodes.len(), &edges).circles();
    let mut order: Vec<usize> = (0..work.len()).collect();
    // A circle that comes after another has a smaller number.
    order.sort_by_key(|at| (std::cmp::Reverse(circle[*at]), *at));
    order.chunk_by(|a, b| circle[*a] == circle[*b]).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::{Memory, Row, Table, table};
    use super::super::run::Steps;
    use super::*;
    use crate::table::PortableType;

    fn work(from: &[i64], to: &[i64], park: bool) -> Work {
        let rows = |values: &[i64]| -> Table {
            let row = |(at, b): (usize, &i64)| -> (String, Row) {
                let id = format!("k{at}");
                (id.clone(), [Some(id), None, Some(b.to_string()), None])
            };
            values.iter().enumerate().map(row).collect()
        };
        let memory = Memory { park, ..Memory::between(&rows(from), &rows(to)) };
        Work::from(memory.forward(100).unwrap().next().unwrap().unwrap())
    }

    #[test]
    fn who_gives_comes_before_who_takes_and_circles_stay_whole() {
        let codec = Codec::new(&table(PortableType::Text));
        // k0 and k1 exchange; k2 takes from k3, which takes from k4, which takes a free value.
        let parked = work(&[1, 2, 3, 4, 5], &[2, 1, 4, 5, 6], true);
        let found = units(&codec, None, &parked).unwrap();
        let place = |at: usize| found.iter().position(|unit| unit.contains(&at)).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[place(0)], [0, 1]);
        assert!(place(4) < place(3) && place(3) < place(2));
        assert_eq!(units(&codec, None, &work(&[1, 2], &[3, 4], false)).unwrap(), [[0], [1]]);
    }

    #[test]
    fn steps_that_go_together_are_one_unit() {
        let codec = Codec::new(&table(PortableType::Text));
        let all = Work { together: vec![1, 1, 2, 3, 3], ..work(&[1, 2, 3, 4, 5], &[6, 7, 8, 9, 10], false) };
        assert_eq!(units(&codec, None, &all).unwrap(), [vec![0, 1], vec![2], vec![3, 4]]);
    }
}
