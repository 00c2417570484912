//! Steps that wait for each other, so that no order of them will do: what their rows are set to
//! meanwhile. Pure: [`untie`](super::untie) writes it.

use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::weave::{Patches, patched, weave};
use super::work::Work;
use crate::endpoint::{Action, ExportBatch, Target};
use crate::plan::spare;

/// What stands in for a unique value that is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Park {
    /// It is not set aside.
    Nothing,
    /// NULL, else a value far from all others.
    Far,
    /// A number right above those known, else NULL, else a value far from all others: a check may
    /// not take NULL, or only numbers that make sense.
    Near,
}

/// One way to write such steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// What stands in for the unique values.
    pub(super) park: Park,
    /// Whether rows first let go of those that they refer to, and deletes go first then.
    pub(super) lets_go: bool,
    /// Whether rows to be updated are deleted and created again.
    pub(super) replaces: bool,
}

/// The ways in the order in which they are tried, the least intrusive first. The first only makes sense
/// where constraints are deferred.
pub(super) const WAYS: [Way; 7] = [
    Way { park: Park::Nothing, lets_go: false, replaces: false },
    Way { park: Park::Far, lets_go: false, replaces: false },
    Way { park: Park::Near, lets_go: false, replaces: false },
    Way { park: Park::Nothing, lets_go: true, replaces: false },
    Way { park: Park::Far, lets_go: true, replaces: false },
    Way { park: Park::Near, lets_go: true, replaces: false },
    Way { park: Park::Nothing, lets_go: true, replaces: true },
];

/// Rows as they are meanwhile.
pub(super) struct Aside {
    /// The rows.
    pub(super) rows: ExportBatch,
    /// The columns in which any of them is not as it was.
    pub(super) columns: Vec<usize>,
}

/// Steps that wait for each other.
pub(super) struct Knot<'a> {
    codec: &'a Codec,
    target: &'a Target,
    parts: &'a [Work],
    /// The columns of each unique index that can be set aside, best first.
    indexes: Vec<Vec<usize>>,
    /// All columns of each unique index.
    values: Vec<Vec<usize>>,
    /// The columns of each foreign key of the table to itself that can be set, and those they refer to.
    references: Vec<[Vec<usize>; 2]>,
}

impl<'a> Knot<'a> {
    /// Of these steps; `writable` are the columns that can be given a value.
    pub(super) fn new(codec: &'a Codec, target: &'a Target, writable: &[usize], parts: &'a [Work]) -> Self {
        let position = |name: &String| codec.columns().iter().position(|column| column.name == *name);
        let positions = |names: &[String]| names.iter().filter_map(position).collect::<Vec<usize>>();
        let refers = |at: &usize| target.references.iter().any(|one| one.columns.contains(&codec.columns()[*at].name));
        let free = |at: &usize| writable.contains(at) && !codec.key().contains(at);
        let values: Vec<Vec<usize>> = target.unique.iter().map(|index| positions(&index.columns)).collect();
        let mut out = Self { codec, target, parts, indexes: Vec::new(), values, references: Vec::new() };
        for index in &out.values {
            let mut columns: Vec<usize> = index.iter().copied().filter(free).collect();
            columns.sort_by_key(|at| (refers(at), !out.is_nullable(*at)));
            out.indexes.push(columns);
        }
        let own = target.references.iter().filter(|reference| reference.to_itself);
        out.references = own
            .map(|reference| [positions(&reference.columns), positions(&reference.to)])
            .filter(|[from, _]| from.iter().any(free))
            .collect();
        out.references.iter_mut().for_each(|[from, to]| match from.as_slice() {
            [_] => {}
            _ => {
                from.retain(free);
                to.clear();
            }
        });
        out
    }

    fn is_nullable(&self, at: usize) -> bool {
        let column = &self.codec.columns()[at];
        self.target.column(&column.name).map_or(column.nullable, |target| target.nullable)
    }

    /// The rows of a part's updates or deletes while others of the knot are written; `None` if nothing
    /// can stand in for a value.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub(super) fn aside(&self, part: usize, way: Way) -> Result<Option<Aside>, ApplyError> {
        let work = &self.parts[part];
        let Some(before) = &work.steps.before else { return Ok(None) };
        let rows = self.codec.rows(before)?;
        let number = self.parts[..part].iter().map(Work::len).sum::<usize>();
        let update = work.steps.action == Action::Update;
        let mut patches = Patches::new();
        for row in 0..work.len() {
            let changes = |columns: &[usize]| !update || columns.iter().any(|at| work.wants(row).contains(at));
            for (value, columns) in self.values.iter().zip(&self.indexes) {
                let has_one = value.iter().all(|at| rows.print(row, *at).is_some());
                let Some(at) = columns.first().filter(|_| way.park != Park::Nothing && has_one && changes(value))
                else {
                    continue;
                };
                let Some(text) = self.stand_in(*at, (number + row) as u64, way.park)? else { return Ok(None) };
                patches.entry(*at).or_default().insert(row, text);
            }
            for reference in self.references.iter().filter(|[from, _]| way.lets_go && changes(from)) {
                if let Some((at, text)) = self.let_go(&rows, row, reference) {
                    patches.entry(at).or_default().insert(row, text);
                }
            }
        }
        let columns: Vec<usize> = patches.keys().copied().collect();
        Ok(patched(self.codec.columns(), before, &patches)?.map(|rows| Aside { rows, columns }))
    }

    /// A value that stands in, NULL or as printed; `None` if there is none.
    fn stand_in(&self, at: usize, number: u64, park: Park) -> Result<Option<Option<String>>, ApplyError> {
        let column = &self.codec.columns()[at];
        let target = self.target.column(&column.name);
        let near = match park {
            Park::Near => spare(column, target, number, Some(self.highest(at)?)),
            _ => None,
        };
        Ok(match near {
            Some(near) => Some(Some(near)),
            None if self.is_nullable(at) => Some(None),
            None => spare(column, target, number, None).map(Some),
        })
    }

    /// The highest whole number that a column has in these steps.
    fn highest(&self, at: usize) -> Result<i128, ApplyError> {
        let mut highest = 0;
        for batch in self.parts.iter().flat_map(|work| [&work.steps.before, &work.steps.after]).flatten() {
            let rows = self.codec.rows(batch)?;
            let printed = (0..rows.len()).filter_map(|row| rows.print(row, at));
            let whole = printed.filter_map(|text| text.split('.').next()?.parse::<i128>().ok());
            highest = whole.fold(highest, i128::max);
        }
        Ok(highest)
    }

    /// What a row's reference is set to, so that it hangs on no other: NULL, else the row itself.
    fn let_go(&self, rows: &Rows<'_>, row: usize, [from, to]: &[Vec<usize>; 2]) -> Option<(usize, Option<String>)> {
        match (from.iter().find(|at| self.is_nullable(**at)), from.as_slice(), to.as_slice()) {
            (Some(at), ..) => Some((*at, None)),
            (None, [from], [to]) => Some((*from, Some(rows.print(row, *to)?))),
            _ => None,
        }
    }

    /// New rows that do not refer to others yet, and the columns by which they will.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub(super) fn unrelated(&self, rows: &ExportBatch, set: &[usize]) -> Result<Aside, ApplyError> {
        let cells = self.codec.rows(rows)?;
        let mut patches = Patches::new();
        for reference in self.references.iter().filter(|[from, _]| from.iter().all(|at| set.contains(at))) {
            for row in 0..cells.len() {
                let refers = reference[0].iter().all(|at| cells.print(row, *at).is_some());
                if let Some((at, text)) = self.let_go(&cells, row, reference).filter(|_| refers) {
                    patches.entry(at).or_default().insert(row, text);
                }
            }
        }
        let columns = patches.keys().copied().collect();
        let unrelated = patched(self.codec.columns(), rows, &patches)?;
        Ok(Aside { rows: unrelated.unwrap_or_else(|| rows.clone()), columns })
    }

    /// The rows of a part's updates as they become: what a step does not change is as it was.
    ///
    /// # Errors
    /// If the rows have another form than the table.
    pub(super) fn finished(&self, work: &Work) -> Result<ExportBatch, ApplyError> {
        match (&work.steps.before, &work.steps.after) {
            (Some(before), Some(after)) => weave(before, after, &|row, at| work.wants(row).contains(&at)),
            _ => Err(ApplyError::Shape("an update without a row before or after it".to_owned())),
        }
    }
}
