//! What of each step matters for the order of writing: unique values that it gives up or takes, and
//! rows of the same table that it refers to.

use super::error::PlanError;
use super::folder::Plan;
use super::footprint::Footprint;
use super::steps::StepRows;
use crate::endpoint::{Action, Dependent, ExportBatch, StepBatch, Target, storage_class};
use crate::table::{Cells, Column, Encoder, Family, Fingerprint, PortableType, Rules, TableInfo, family, fingerprint};
use std::collections::HashSet;

/// Steps to read at once.
const CHUNK: usize = 10_000;

/// Columns whose values, together, are watched.
#[derive(Clone, Debug)]
pub struct Watched {
    columns: Vec<usize>,
    encoders: Vec<Encoder>,
    /// The types of the columns in which SQLite tells `1` from `'1'`: those without a type of their own.
    classes: Vec<Option<PortableType>>,
}

impl Watched {
    /// With `alike`, text that differs in case or in white space around it only counts as the same,
    /// as it does under some collations.
    fn new(columns: Vec<usize>, table: &[Column], alike: bool) -> Self {
        let rules = Rules { trim: alike, ignore_case: alike, ..Rules::default() };
        let encoder = |at: &usize| {
            let ty = &table[*at].ty;
            Encoder::new(ty.clone(), family(ty, ty), rules, None)
        };
        Self { encoders: columns.iter().map(encoder).collect(), classes: vec![None; columns.len()], columns }
    }

    /// The same for a unique index.
    fn unique(columns: Vec<usize>, table: &[Column], alike: bool) -> Self {
        let class = |at: &usize| Some(&table[*at]).filter(|column| !column.declared).map(|column| column.ty.clone());
        Self { classes: columns.iter().map(class).collect(), ..Self::new(columns, table, alike) }
    }

    /// The fingerprints of the values in these rows; `None` where one of them is NULL.
    pub fn values(&self, batch: &ExportBatch) -> Vec<Option<Fingerprint>> {
        let cells: Vec<Option<Cells>> = self.columns.iter().map(|at| Cells::new(batch.rows.column(*at))).collect();
        let other = |row: usize, column: usize| batch.other(row, column);
        let mut bytes = Vec::new();
        (0..batch.rows.num_rows())
            .map(|row| {
                bytes.clear();
                let columns = cells.iter().zip(&self.columns).zip(self.encoders.iter().zip(&self.classes));
                for ((cells, column), (encoder, class)) in columns {
                    let (cells, other) = (cells.as_ref()?, other(row, *column));
                    if other.is_none() && cells.is_null(row) {
                        return None;
                    }
                    encoder.encode(cells, row, other, &mut bytes);
                    if let Some(ty) = class {
                        bytes.push(storage_class(ty, batch.stored(row, *column), other));
                    }
                }
                Some(fingerprint(&bytes))
            })
            .collect()
    }
}

/// What is watched of a table.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    unique: Vec<Watched>,
    /// Those of `unique` in which equal values of two rows are refused for certain: indexes that
    /// hold for all rows, and values that are equal whatever the collation. And the key, where it may
    /// change.
    sure: Vec<usize>,
    /// The columns that refer, and those that they refer to.
    references: Vec<[Watched; 2]>,
}

impl Watch {
    /// Of a table that is written and whose keys stay; `key` are the positions of its key.
    pub fn new(target: Option<&Target>, info: &TableInfo, key: &[usize]) -> Self {
        Self::of(target, info, key, false)
    }

    /// Of a table that is written and whose keys may change: they are handed around like any other
    /// unique values.
    pub fn with_keys(target: Option<&Target>, info: &TableInfo, key: &[usize]) -> Self {
        Self::of(target, info, key, true)
    }

    fn of(target: Option<&Target>, info: &TableInfo, key: &[usize], keys_change: bool) -> Self {
        let Some(target) = target else { return Self::default() };
        let table = info.columns.as_slice();
        // A table's own description knows no indexes of some rows only, nor any over expressions.
        let for_all_rows = |columns: &[String]| {
            let same = |other: &Vec<String>| other.len() == columns.len() && columns.iter().all(|c| other.contains(c));
            same(&info.primary_key) || info.unique.iter().any(same)
        };
        let mut sure = Vec::new();
        let position = |name: &String| table.iter().position(|column| column.name == *name);
        let positions = |names: &[String]| names.iter().map(position).collect::<Option<Vec<usize>>>();
        let textual = |at: &usize| family(&table[*at].ty, &table[*at].ty) == Family::Text;
        let mut unique: Vec<Watched> = Vec::new();
        for index in &target.unique {
            // An expression's index may name columns that are not there; the others are watched.
            let columns: Vec<usize> = index.columns.iter().filter_map(position).collect();
            // Values that have the key in them differ from row to row anyway, as long as it stays.
            if columns.is_empty() || !keys_change && key.iter().all(|at| columns.contains(at)) {
                continue;
            }
            if columns.iter().any(textual) {
                unique.push(Watched::unique(columns.clone(), table, true));
            }
            if for_all_rows(&index.columns) {
                sure.push(unique.len());
            }
            unique.push(Watched::unique(columns, table, false));
        }
        let is_key = |at: &usize| {
            let columns = &unique[*at].columns;
            columns.len() == key.len() && key.iter().all(|at| columns.contains(at))
        };
        // Keys stay unique, also where no index sees to it.
        if keys_change && !key.is_empty() && !sure.iter().any(is_key) {
            sure.push(unique.len());
            unique.push(Watched::new(key.to_vec(), table, false));
        }
        let references = target
            .references
            .iter()
            .filter(|reference| reference.to_itself)
            .filter_map(|reference| Some([positions(&reference.columns)?, positions(&reference.to)?]))
            .map(|sides| sides.map(|columns| Watched::new(columns, table, false)))
            .collect();
        Self { unique, sure, references }
    }

    /// Whether the order of steps within an action, or of actions, matters at all.
    pub fn is_idle(&self) -> bool {
        self.unique.is_empty() && self.references.is_empty()
    }

    /// The unique indexes, by their positions among those watched, in which equal values of two rows
    /// are refused for certain, over rows of the columns that come first.
    pub fn sure(&self) -> (Vec<usize>, Vec<(usize, Watched)>) {
        let mut columns: Vec<usize> = self.sure.iter().flat_map(|at| self.unique[*at].columns.clone()).collect();
        columns.sort_unstable();
        columns.dedup();
        let place = |column: &usize| columns.partition_point(|other| other < column);
        let narrowed = |at: &usize| {
            let watched = &self.unique[*at];
            (*at, Watched { columns: watched.columns.iter().map(place).collect(), ..watched.clone() })
        };
        let indexes = self.sure.iter().map(narrowed).collect();
        (columns, indexes)
    }

    /// The same values, but only of those indexes.
    pub fn only_sure(&self, values: &[Option<Fingerprint>]) -> Vec<Option<Fingerprint>> {
        values.iter().enumerate().map(|(at, value)| value.filter(|_| self.sure.contains(&at))).collect()
    }

    /// The columns of a watched unique index.
    pub fn columns(&self, index: usize) -> &[usize] {
        &self.unique[index].columns
    }

    /// Whether there is an index in which equal values of two rows are refused for certain.
    pub fn has_sure(&self) -> bool {
        !self.sure.is_empty()
    }

    /// Whether rows of the table refer to each other.
    pub fn has_references(&self) -> bool {
        !self.references.is_empty()
    }

    /// What matters of each of these steps.
    pub fn footprints(&self, steps: &StepRows) -> Vec<Footprint> {
        let none = || vec![None; steps.len()];
        let values =
            |watched: &Watched, batch: Option<&ExportBatch>| batch.map_or_else(none, |batch| watched.values(batch));
        let (before, after) = (steps.before.as_ref(), steps.after.as_ref());
        let gives: Vec<_> = self.unique.iter().map(|watched| values(watched, before)).collect();
        let takes: Vec<_> = self.unique.iter().map(|watched| values(watched, after)).collect();
        let own = if steps.action == Action::Update { None } else { before.or(after) };
        let is: Vec<_> = self.references.iter().map(|[_, to]| values(to, own)).collect();
        let needs = |batch| -> Vec<_> { self.references.iter().map(|[from, _]| values(from, batch)).collect() };
        let (needs_before, needs_after) = (needs(before), needs(after));
        let of = |lists: &[Vec<Option<Fingerprint>>], row: usize| lists.iter().map(|list| list[row]).collect();
        (0..steps.len())
            .map(|row| {
                let mut footprint = Footprint {
                    action: steps.action,
                    gives: of(&gives, row),
                    takes: of(&takes, row),
                    is: of(&is, row),
                    needs_before: of(&needs_before, row),
                    needs_after: of(&needs_after, row),
                };
                for (gives, takes) in footprint.gives.iter_mut().zip(&mut footprint.takes) {
                    if gives == takes {
                        (*gives, *takes) = (None, None);
                    }
                }
                footprint
            })
            .collect()
    }
}

/// How many of the rows that a plan deletes hang, by a foreign key of the table to itself, on others
/// that it deletes: they go anyway.
///
/// # Errors
/// If the steps can't be read.
pub fn deleted_anyway(plan: &Plan, side: usize, dependent: &Dependent) -> Result<u64, PlanError> {
    let table = &plan.file.sides[side].table.columns;
    let position = |name: &String| table.iter().position(|column| column.name == *name);
    let watched = |names: &[String]| {
        let columns = names.iter().map(position).collect::<Option<Vec<usize>>>()?;
        Some(Watched::new(columns, table, false))
    };
    let (Some(from), Some(to)) = (watched(&dependent.columns), watched(&dependent.to)) else { return Ok(0) };
    let values = |watched: &Watched| -> Result<Vec<Option<Fingerprint>>, PlanError> {
        let mut out = Vec::new();
        for chunk in plan.chunks(side, CHUNK)? {
            if let StepBatch { action: Action::Delete, before: Some(before), .. } = chunk?.steps {
                out.extend(watched.values(&before));
            }
        }
        Ok(out)
    };
    let gone: HashSet<Fingerprint> = values(&to)?.into_iter().flatten().collect();
    Ok(values(&from)?.into_iter().flatten().filter(|value| gone.contains(value)).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{Reference, UniqueIndex};
    use crate::table::PortableBuilder;
    use arrow::array::RecordBatch;
    use arrow::datatypes::{Field, Schema};
    use std::sync::Arc;

    fn table() -> TableInfo {
        let columns = vec![
            Column::new("id", PortableType::Integer, "int"),
            Column::new("email", PortableType::Text, "text"),
            Column::new("boss", PortableType::Integer, "int"),
        ];
        TableInfo { columns, unique: vec![vec!["email".into()]], ..TableInfo::default() }
    }

    fn batch(rows: &[[Option<&str>; 3]]) -> ExportBatch {
        let columns = table().columns;
        let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
        let arrays = (0..3).map(|at| {
            let mut builder = PortableBuilder::new(&columns[at].ty);
            for row in rows {
                match row[at] {
                    Some(text) => builder.parse(text),
                    None => builder.null(),
                }
            }
            builder.finish().0
        });
        let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect()).unwrap();
        ExportBatch { rows, others: Vec::new() }
    }

    fn target() -> Target {
        let index = |name: &str, columns: &[&str]| UniqueIndex {
            name: name.into(),
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        Target {
            unique: vec![index("pk", &["id"]), index("email", &["email"]), index("wide", &["email", "id"])],
            references: vec![Reference {
                name: "boss".into(),
                columns: vec!["boss".into()],
                table: "staff".into(),
                to: vec!["id".into()],
                to_itself: true,
            }],
            ..Target::default()
        }
    }

    #[test]
    fn updates_hand_on_what_changes() {
        let watch = Watch::new(Some(&target()), &table(), &[0]);
        let steps = StepRows {
            action: Action::Update,
            reason: "changed",
            before: Some(batch(&[[Some("1"), Some("a"), None], [Some("2"), Some("b"), Some("1")]])),
            after: Some(batch(&[[Some("1"), Some("A "), None], [Some("2"), Some("a"), Some("1")]])),
            changed: vec![vec![1]; 2],
            together: vec![0; 2],
            times: Vec::new(),
        };
        let found = watch.footprints(&steps);
        // The index on the key, and the one that contains it, are not watched; the one on text is
        // watched twice: as alike values, then exactly.
        assert_eq!(found[0].gives.len(), 2);
        assert_eq!(watch.sure().0, [1]);
        assert_eq!(watch.only_sure(&found[1].takes)[0], None);
        // "a" to "A " is no change to a collation that does not tell them apart.
        assert_eq!((found[0].gives[0], found[0].takes[0]), (None, None));
        assert!(found[0].gives[1].is_some());
        assert_eq!(found[0].gives[1], found[1].takes[1]);
        assert_eq!(found[0].needs_before, [None]);
        assert!(found[1].needs_before[0].is_some() && found[1].needs_before == found[1].needs_after);
        assert_eq!(found[1].is, [None]);
    }

    #[test]
    fn creates_and_deletes_are_what_others_refer_to() {
        let watch = Watch::new(Some(&target()), &table(), &[0]);
        let rows = |action, before, after| StepRows {
            action,
            reason: "",
            before,
            after,
            changed: vec![Vec::new(); 2],
            together: vec![0; 2],
            times: Vec::new(),
        };
        let two = batch(&[[Some("1"), Some("a"), None], [Some("2"), None, Some("1")]]);
        let created = watch.footprints(&rows(Action::Create, None, Some(two.clone())));
        let deleted = watch.footprints(&rows(Action::Delete, Some(two), None));
        assert_eq!(created[0].is, created[1].needs_after);
        assert_eq!(deleted[0].is, deleted[1].needs_before);
        assert_eq!(created[0].takes, deleted[0].gives);
        assert_eq!(created[0].gives, [None, None]);
        assert_eq!(deleted[1].gives, [None, None]);
    }

    #[test]
    fn keys_that_change_are_handed_around_too() {
        let steps = StepRows {
            action: Action::Update,
            reason: "changed",
            before: Some(batch(&[[Some("1"), Some("a"), None], [Some("2"), Some("b"), None]])),
            after: Some(batch(&[[Some("1"), Some("b"), None], [Some("2"), Some("c"), None]])),
            changed: vec![vec![1]; 2],
            together: vec![0; 2],
            times: Vec::new(),
        };
        // The primary key, which stays, and the unique key's index.
        let mut target = target();
        target.unique.truncate(2);
        assert_eq!(Watch::new(Some(&target), &table(), &[1]).footprints(&steps)[0].gives.len(), 1);
        let found = Watch::with_keys(Some(&target), &table(), &[1]).footprints(&steps);
        assert_eq!(found[0].gives.len(), 3);
        assert_eq!((found[0].gives[0], found[0].takes[0]), (None, None));
        assert!(found[0].takes[2].is_some() && found[0].takes[2] == found[1].gives[2]);
        assert_eq!(super::super::order(&found).together, [1, 1]);
        // They stay unique without an index, too.
        target.unique.truncate(1);
        let watch = Watch::with_keys(Some(&target), &table(), &[1]);
        let found = watch.footprints(&steps);
        assert!(found[0].takes[1].is_some() && found[0].takes[1] == found[1].gives[1]);
        assert_eq!(watch.only_sure(&found[0].takes)[1], found[0].takes[1]);
        assert_eq!(super::super::order(&found).together, [1, 1]);
    }

    #[test]
    fn a_table_without_either_is_idle() {
        assert!(Watch::new(None, &table(), &[0]).is_idle());
        let keyed = Target { unique: target().unique[..1].to_vec(), ..Target::default() };
        assert!(Watch::new(Some(&keyed), &table(), &[0]).is_idle());
    }
}
