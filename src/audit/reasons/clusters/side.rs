//! The clusters of one side: its rows are sampled once, and counted once for all sets of rows that
//! differ.

use super::ALONE;
use super::choose::{Counted, Sets, choose};
use super::condition::Condition;
use super::count::{MOST, count};
use super::population::{Population, Role};
use super::sample::{CHANGED, IS_CHANGED, ONLY, SPREAD, Sample};
use super::search::{Proposal, Rows, propose, single_conditions};
use super::surprise::Table;
use super::words::sentence;
use crate::audit::reasons::evidence::{Evidence, ReasonError};
use crate::audit::reasons::reason::{Kind, Reason, ReasonSide};
use crate::compare::{Judge, Verdict, View};
use crate::snapshot::Recipe;

/// Changed rows that are looked at to learn which columns changed.
const LOOKED_AT: usize = 2 * 1024;
/// How much less a condition counts if its column changed in all changed rows: that its value is
/// another one there goes without saying.
const LESS: f64 = 0.5;

/// One side and the rows of it that were drawn.
pub struct Side<'a> {
    evidence: &'a Evidence<'a>,
    at: usize,
    population: Population<'a>,
    sample: Sample,
}

impl<'a> Side<'a> {
    /// Draws rows of the left (0) or right (1) side; `None` if nothing there could cluster.
    ///
    /// # Errors
    /// If rows can't be read, or the person interrupts.
    pub fn draw(evidence: &'a Evidence<'a>, at: usize) -> Result<Option<Self>, ReasonError> {
        let population = Population::new(evidence, at)?;
        // A single row has nothing in common with others.
        if population.only.len() < 2 && population.changed.len() < 2 {
            return Ok(None);
        }
        let sample = Sample::draw(evidence, &population)?;
        Ok(Some(Self { evidence, at, population, sample }))
    }

    /// The same without some of its columns.
    pub fn without(self, columns: &[usize]) -> Self {
        Self { sample: self.sample.without(columns), ..self }
    }

    /// The clusters among the rows on this side only, and among the changed rows.
    ///
    /// # Errors
    /// If rows can't be read, or the person interrupts.
    pub fn all(&self) -> Result<Vec<Reason>, ReasonError> {
        let changed = if self.population.changed.len() < 2 { Vec::new() } else { changed_shares(self.evidence)? };
        let prefer_unchanged = |conditions: &[Condition]| {
            let share = |condition: &Condition| changed.get(condition.column).copied().unwrap_or(0.0);
            1.0 - LESS * conditions.iter().map(share).fold(0.0, f64::max)
        };
        let of_changed = Looked {
            sets: Sets { target: Role::Changed as usize, rest: &[Role::Other as usize] },
            rows: rows(
                &self.sample,
                |flags| flags & CHANGED > 0,
                |flags| flags & SPREAD > 0 && flags & IS_CHANGED == 0,
            ),
            side: ReasonSide::Both,
            weight: &prefer_unchanged,
        };
        self.look(&[self.of_alone(), of_changed])
    }

    /// The clusters among the rows on this side only.
    ///
    /// # Errors
    /// If rows can't be read, or the person interrupts.
    pub fn alone(&self) -> Result<Vec<Reason>, ReasonError> {
        self.look(&[self.of_alone()])
    }

    fn of_alone(&self) -> Looked<'static> {
        Looked {
            sets: Sets { target: Role::Only as usize, rest: &[Role::Changed as usize, Role::Other as usize] },
            rows: rows(&self.sample, |flags| flags & ONLY > 0, |flags| flags & SPREAD > 0),
            side: ALONE[self.at],
            weight: &|_| 1.0,
        }
    }

    fn look(&self, kinds: &[Looked<'_>]) -> Result<Vec<Reason>, ReasonError> {
        let mut proposals: Vec<Vec<Proposal>> = Vec::new();
        let mut all: Vec<Proposal> = Vec::new();
        for kind in kinds {
            let found = propose(self.evidence, &self.sample, kind.rows.clone(), kind.weight)?;
            all.extend(found.iter().cloned());
            proposals.push(found);
        }
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let bits = single_conditions(&all, MOST);
        let counts = count(self.evidence, &self.population, &bits)?;
        let mut out = Vec::new();
        for (kind, proposals) in kinds.iter().zip(&proposals) {
            let counted = Counted { bits: &bits, counts: &counts, sets: kind.sets };
            let chosen = choose(&counted, proposals, kind.weight);
            out.extend(
                chosen
                    .into_iter()
                    .map(|(proposal, table)| reason(self.evidence, self.at, kind.side, &proposal.conditions, &table)),
            );
        }
        Ok(out)
    }
}

/// Rows that differ, and what they are held against.
struct Looked<'a> {
    sets: Sets,
    rows: Rows,
    side: ReasonSide,
    /// How much conditions count.
    weight: &'a dyn Fn(&[Condition]) -> f64,
}

/// The rows of a sample that are meant, by their flags.
fn rows(sample: &Sample, target: fn(u8) -> bool, rest: fn(u8) -> bool) -> Rows {
    let chosen =
        |is: fn(u8) -> bool| (0u32..).zip(&sample.rows).filter(|(_, flags)| is(**flags)).map(|(row, _)| row).collect();
    Rows { target: chosen(target), rest: chosen(rest) }
}

fn reason(evidence: &Evidence<'_>, side: usize, of: ReasonSide, conditions: &[Condition], table: &Table) -> Reason {
    let name = |condition: &Condition| evidence.parts[side].columns()[condition.column].name.as_str();
    let left_name = |condition: &Condition| {
        let name = name(condition);
        let partner = evidence.alignment.pairs.iter().find(|pair| side == 1 && pair.right.name == name);
        partner.map_or(name, |pair| &pair.left.name).to_owned()
    };
    let whose = match of {
        ReasonSide::Left => "left-only rows",
        ReasonSide::Right => "right-only rows",
        ReasonSide::Both => "changed rows",
    };
    let has: Vec<String> = conditions.iter().map(|condition| condition.words(name(condition))).collect();
    let rule: Vec<String> = conditions.iter().map(|condition| condition.sql(name(condition))).collect();
    Reason {
        kind: Kind::Cluster,
        side: of,
        columns: conditions.iter().map(left_name).collect(),
        rule: rule.join(" AND "),
        rows: table.inside,
        of: table.target,
        text: sentence(whose, &has.join(" and "), table),
        examples: Vec::new(),
        fix: None,
    }
}

/// Per left column, the share of the changed rows in which it changed, about.
fn changed_shares(evidence: &Evidence<'_>) -> Result<Vec<f64>, ReasonError> {
    let all = &evidence.differences.changed;
    let many = all.len().min(LOOKED_AT);
    let mut some: Vec<(u64, u64)> = (0..many).map(|i| all[i * all.len() / many]).collect();
    some.sort_unstable();
    let order = Recipe::order(evidence.alignment, evidence.key);
    let [left, right] = evidence.parts;
    let place = |at: usize, name: &str| evidence.parts[at].position(name);
    let pairs = order.iter().map(|at| &evidence.alignment.pairs[*at]);
    let columns: Option<Vec<(usize, usize)>> =
        pairs.map(|pair| Some((place(0, &pair.left.name)?, place(1, &pair.right.name)?))).collect();
    let mut out = vec![0.0; left.columns().len()];
    let Some(columns) = columns else { return Ok(out) };
    let left_rows: Vec<u64> = some.iter().map(|(left, _)| *left).collect();
    let mut right_rows: Vec<u64> = some.iter().map(|(_, right)| *right).collect();
    right_rows.sort_unstable();
    let projection = |of: fn(&(usize, usize)) -> usize| columns.iter().map(of).collect::<Vec<_>>();
    let (left, right) = rayon::join(
        || left.fetch(&projection(|pair| pair.0), &left_rows),
        || right.fetch(&projection(|pair| pair.1), &right_rows),
    );
    let (left, right) = (View::new(left?), View::new(right?));
    let partner: Vec<usize> = some.iter().map(|(_, row)| right_rows.partition_point(|there| there < row)).collect();
    let judge = Judge::new(evidence.alignment, evidence.key);
    let mut buffers = [Vec::new(), Vec::new()];
    for (at, (column, _)) in columns.iter().enumerate() {
        let differs = |i: &usize, buffers: &mut _| {
            judge.verdict(at, [(&left, *i), (&right, partner[*i])], buffers) == Verdict::Different
        };
        let changed = (0..many).filter(|i| differs(i, &mut buffers)).count();
        out[*column] = changed as f64 / many.max(1) as f64;
    }
    Ok(out)
}
