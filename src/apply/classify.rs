//! Which steps of a chunk can be written, which rows are as planned already, and which have moved.
//! Pure: the rows were fetched before.

use super::codec::{Codec, Rows};
use super::error::ApplyError;
use super::whole;
use super::work::Work;
use crate::endpoint::{Action, ExportBatch};
use std::collections::HashMap;

/// What is to become of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its row is as the step found it.
    Write,
    /// Its row is as planned already.
    Already,
    /// Its row is neither.
    Moved {
        /// The row in the fetched batch; `None` if there is none.
        found: Option<usize>,
        /// In words, for a person.
        why: String,
    },
}

/// The verdicts on a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classified {
    /// Per step.
    pub verdicts: Vec<Verdict>,
    /// Whether rows were fetched that have the key of no step, byte for byte: the database goes by
    /// a collation. To a create they may mean that its key is taken.
    pub strangers: bool,
}

/// Decides on each step. Rows belong to a step if their key is the same byte for byte; of whole rows,
/// to all copies of a step.
///
/// # Errors
/// If the rows have another form than the table.
pub fn classify(codec: &Codec, work: &Work, fetched: &ExportBatch) -> Result<Classified, ApplyError> {
    if codec.is_whole() {
        return whole::classify(codec, work, fetched);
    }
    let found = codec.rows(fetched)?;
    let steps = codec.rows(work.steps.rows())?;
    let mut by_key: HashMap<Vec<u8>, Vec<usize>> = HashMap::with_capacity(found.len());
    for row in 0..found.len() {
        by_key.entry(found.key(row)).or_default().push(row);
    }
    let before = work.steps.before.as_ref().map(|batch| codec.rows(batch)).transpose()?;
    let after = work.steps.after.as_ref().map(|batch| codec.rows(batch)).transpose()?;
    let judge = Judge { work, found: &found, before, after };
    let mut matched = 0;
    let mut verdicts = Vec::with_capacity(work.len());
    for step in 0..work.len() {
        let rows = by_key.get(&steps.key(step)).map_or(&[][..], Vec::as_slice);
        matched += rows.len();
        let nameless = work.steps.action != Action::Create && steps.is_nameless(step);
        verdicts.push(if nameless { nobodys() } else { judge.verdict(step, rows) });
    }
    let strangers = found.len() > matched;
    if strangers && work.len() == 1 && work.steps.action == Action::Create && verdicts[0] == Verdict::Write {
        // Fetched for this step alone: the database takes its key for that of another row.
        let why = "the database takes its key for that of another row".to_owned();
        verdicts[0] = Verdict::Moved { found: Some(0), why };
    }
    Ok(Classified { verdicts, strangers })
}

/// Nobody can tell whether its row is there.
fn nobodys() -> Verdict {
    Verdict::Moved { found: None, why: "the columns that say which row it is are NULL".to_owned() }
}

struct Judge<'a> {
    work: &'a Work,
    found: &'a Rows<'a>,
    before: Option<Rows<'a>>,
    after: Option<Rows<'a>>,
}

impl Judge<'_> {
    fn verdict(&self, step: usize, rows: &[usize]) -> Verdict {
        let moved = |found, why: &str| Verdict::Moved { found, why: why.to_owned() };
        let row = match (rows, self.work.steps.action) {
            ([], Action::Create) => return Verdict::Write,
            ([], Action::Update) => return moved(None, "the row is gone"),
            ([], Action::Delete) => return Verdict::Already,
            ([row], _) => *row,
            ([first, ..], _) => return moved(Some(*first), "its key is no longer unique"),
        };
        let as_before = |before: &Rows<'_>| before.same(step, self.found, row, &self.work.steps.guard);
        if self.before.as_ref().is_some_and(as_before) {
            return Verdict::Write;
        }
        let as_after = |after: &Rows<'_>| after.same(step, self.found, row, self.work.wants(step));
        if self.after.as_ref().is_some_and(as_after) {
            return Verdict::Already;
        }
        match &self.before {
            None => moved(Some(row), "there is another row with its key"),
            Some(before) => {
                let differ = |column: &&usize| !before.same(step, self.found, row, &[**column]);
                let names: Vec<String> = self.work.steps.guard.iter().filter(differ).map(|at| self.name(*at)).collect();
                Verdict::Moved { found: Some(row), why: format!("the row has changed: {}", names.join(", ")) }
            }
        }
    }

    fn name(&self, column: usize) -> String {
        format!("`{}`", self.found.columns()[column].name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::model::{Memory, Row, Table, batch, table};
    use super::super::run::Steps;
    use super::*;
    use crate::table::PortableType;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = Table> {
        let cells = (prop::option::of("[xy]"), prop::option::of(0i64..2), prop::option::of("[cd]"));
        prop::collection::btree_map("[ab]", cells, 0..3).prop_map(|rows| {
            let row = |id: &String, (a, b, c): (Option<String>, Option<i64>, Option<String>)| -> Row {
                [Some(id.clone()), a, b.map(|b| b.to_string()), c]
            };
            rows.into_iter().map(|(id, cells)| (id.clone(), row(&id, cells))).collect()
        })
    }

    proptest! {
        #[test]
        fn a_step_is_written_only_if_its_row_is_as_it_found_it(from in rows(), to in rows(), now in rows(), chunk in 1usize..4) {
            let steps = Memory::between(&from, &to);
            let codec = Codec::new(&table(PortableType::Text));
            let found: Vec<Row> = now.values().cloned().collect();
            for chunk in steps.forward(chunk).unwrap() {
                let work = Work::from(chunk.unwrap());
                let classified = classify(&codec, &work, &batch(&PortableType::Text, &found)).unwrap();
                let keys: Vec<&String> = work.numbers.iter().map(|number| {
                    let (_, before, after) = &steps.steps[*number as usize];
                    before.as_ref().or(after.as_ref()).unwrap()[0].as_ref().unwrap()
                }).collect();
                prop_assert_eq!(classified.strangers, now.keys().any(|key| !keys.contains(&key)));
                for ((number, verdict), key) in work.numbers.iter().zip(&classified.verdicts).zip(keys) {
                    let same = |row: &Row, other: &Row, columns: &[usize]| columns.iter().all(|at| row[*at] == other[*at]);
                    let expected = match (&steps.steps[*number as usize], now.get(key)) {
                        ((Action::Create, ..), None) => {
                            // Alone, whatever row was fetched for it has its key.
                            if work.len() == 1 && !now.is_empty() { 'm' } else { 'w' }
                        }
                        ((Action::Create, _, Some(after)), Some(row)) => if same(after, row, &[0, 1, 2]) { 'a' } else { 'm' },
                        ((Action::Update, ..), None) => 'm',
                        ((Action::Update, Some(before), Some(after)), Some(row)) => {
                            let changed: Vec<usize> = (0..4).filter(|at| before[*at] != after[*at]).collect();
                            if same(before, row, &[0, 1, 2]) { 'w' } else if same(after, row, &changed) { 'a' } else { 'm' }
                        }
                        ((Action::Delete, ..), None) => 'a',
                        ((Action::Delete, Some(before), _), Some(row)) => if before == row { 'w' } else { 'm' },
                        (step, _) => panic!("{step:?}"),
                    };
                    let verdict = match verdict { Verdict::Write => 'w', Verdict::Already => 'a', Verdict::Moved { .. } => 'm' };
                    prop_assert_eq!(verdict, expected, "step {} of {:?}", number, steps.steps);
                }
            }
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_nobodys() {
        let row = |a: &str| -> Row { [Some("k".into()), Some(a.into()), None, None] };
        let (from, to): (Table, Table) = ([("k".into(), row("x"))].into(), [("k".into(), row("y"))].into());
        let work = Work::from(Memory::between(&from, &to).forward(9).unwrap().next().unwrap().unwrap());
        let codec = Codec::new(&table(PortableType::Text));
        let fetched = batch(&PortableType::Text, &[row("x"), row("x")]);
        let why = "its key is no longer unique".to_owned();
        let verdicts = classify(&codec, &work, &fetched).unwrap().verdicts;
        assert_eq!(verdicts, [Verdict::Moved { found: Some(0), why }]);
    }
}
