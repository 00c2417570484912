//! Which steps wait for which, when they can't all be written together.

use super::demands::demands;
use super::graph::Graph;
use super::steps::StepRows;
use super::watch::Watch;
use crate::endpoint::Target;
use crate::table::{Column, TableInfo};
use std::cmp::Reverse;

/// A step: the position of its batch, and its own in there.
pub type Tied = (usize, usize);

/// All steps of these batches, in units of which each can be written once those before it are; the
/// steps of a unit wait for each other in a circle. `key` are the columns that find a row.
pub fn ties(target: &Target, columns: &[Column], key: &[usize], batches: &[StepRows]) -> Vec<Vec<Tied>> {
    let info = TableInfo { columns: columns.to_vec(), ..TableInfo::default() };
    let watch = Watch::new(Some(target), &info, key);
    let places: Vec<Tied> =
        (0..).zip(batches).flat_map(|(batch, steps)| (0..steps.len()).map(move |step| (batch, step))).collect();
    let footprints: Vec<_> = batches.iter().flat_map(|batch| watch.footprints(batch)).collect();
    let alone: Vec<u32> = (0..places.len() as u32).collect();
    let (edges, subjects) = demands(&footprints, &alone);
    let (circle, _) = Graph::new(places.len() + subjects.len(), &edges).circles();
    let mut order: Vec<usize> = (0..places.len()).collect();
    // A circle that comes after another has a smaller number.
    order.sort_by_key(|at| (Reverse(circle[*at]), *at));
    let units = order.chunk_by(|a, b| circle[*a] == circle[*b]);
    units.map(|unit| unit.iter().map(|at| places[*at]).collect()).collect()
}
