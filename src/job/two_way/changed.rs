//! Reads only the rows that the histories of both sides tell of, and their partners.
//!
//! A row is looked at if a history says that it changed, if it was not settled the last time, or if it
//! is the partner of such a row: by the base's link, or by its unique key. What is not looked at is as
//! it was when both sides agreed.

use super::columns;
use super::fetched::{Fetcher, broken, distinct, ids, project};
use super::run::{Read, compared_columns};
use super::servers::Servers;
use crate::base::{Base, BasePair, Linker, Wanted};
use crate::compare::CompareOptions;
use crate::endpoint::{Changes, ChangesRead, Endpoint, EndpointError, ExportBatch, HistoryMark, open};
use crate::job::error::RunError;
use crate::job::pending::Pending;
use crate::job::plan::PlanJob;
use crate::job::run::{SAMPLES, both, compare_frozen, with_key_names};
use crate::job::side::{Table, Watch};
use crate::job::side_plan::export_columns;
use crate::plan::{SIDES, convert_column};
use crate::snapshot::{FreezeOptions, Recipe, Snapshot, SnapshotError, freeze_batches};
use crate::table::{Alignment, Column, Fingerprint, Key, TableInfo};
use std::collections::HashSet;

/// Beyond one row in so many, reading whole tables is quicker.
const SHARE: u64 = 10;
/// So many are looked up in any case.
const FEW: u64 = 20_000;
/// A base in more segments than this is made anew. It is only reached where they can't be put together.
const SEGMENTS: usize = 200;

/// What there is to read.
pub(super) enum Changed {
    /// It was read.
    Read(Box<Read>),
    /// Both tables have to be read as a whole. Why, where somebody might wonder.
    Everything(Option<String>),
}

/// Reads what has changed since the base.
///
/// # Errors
/// If a side can't be reached, or the base is of something else.
pub(super) fn read_changed(
    job: &PlanJob,
    base: &Base,
    servers: &Servers,
    watch: &dyn Watch,
) -> Result<Changed, RunError> {
    let everything = |why: &str| Ok(Changed::Everything(Some(format!("both tables were read as a whole: {why}"))));
    if let Some(side) = (0..2).find(|side| servers.unfit[*side]) {
        let side = SIDES[side];
        return everything(&format!(
            "the {side} history does not fit its table any more (`trueup history install` makes it anew)"
        ));
    }
    if let Some(side) = (0..2).find(|side| servers.marks[*side].is_none() && base.file.sides[*side].mark.is_some()) {
        return everything(&format!("the {} history is gone", SIDES[side]));
    }
    let [Some(left_mark), Some(right_mark)] = &servers.marks else { return Ok(Changed::Everything(None)) };
    let [Some(left_since), Some(right_since)] = base.file.sides.each_ref().map(|side| side.mark.as_ref()) else {
        return everything("the histories were not there at the last sync");
    };
    let (marks, since) = ([left_mark, right_mark], [left_since, right_since]);
    if job.job.where_left.is_some() || job.job.where_right.is_some() {
        return everything("only chosen rows are looked at");
    }
    if base.file.unkeyed() > 0 {
        return everything("at the last sync there were rows whose key is NULL or not unique");
    }
    if base.file.segments.len() > SEGMENTS {
        return everything("the base is in many parts, of which some lack columns that others have");
    }
    let addresses = [&job.job.left, &job.job.right];
    let tables = both(|| Table::open(addresses[0]), || Table::open(addresses[1]))?;
    let [Some(left), Some(right)] = [open(addresses[0]), open(addresses[1])] else {
        return Ok(Changed::Everything(None));
    };
    let endpoints: [&dyn Endpoint; 2] = [left.as_ref(), right.as_ref()];
    let options = with_key_names(&job.job.options, &tables);
    let alignment = Alignment::new(tables[0].info(), tables[1].info(), &options)?;
    let Some(key) = alignment.declared_key(tables[0].info(), tables[1].info(), &options.key)? else {
        return Ok(Changed::Everything(None));
    };
    if compared_columns(&alignment, &key) != base.file.columns {
        return everything("other columns are compared than at the last sync, or by other rules");
    }
    for (at, side) in base.file.sides.iter().enumerate() {
        if servers.altered[at].is_some() && servers.altered[at] != side.altered {
            return everything(&format!("the {} table was altered since the last sync", SIDES[at]));
        }
        let anew = |column: &&Column| {
            let was = side.table.columns.iter().find(|was| was.name == column.name);
            was.is_some_and(|was| !columns::carried(was, column).is_still(was))
        };
        if let Some(column) = tables[at].info().columns.iter().find(anew) {
            let name = &column.name;
            return everything(&format!(
                "column `{name}` of the {} table is another one than at the last sync: it was dropped and added anew, or \
                 labels of it were renamed",
                SIDES[at]
            ));
        }
    }
    let recipes = Recipe::of(&alignment, &key);
    let side = |at: usize| Side::new(at, endpoints[at], tables[at].info(), &alignment, &key, &recipes[at], base);
    let [Some(left), Some(right)] = [side(0), side(1)] else { return everything("a key's columns are others now") };
    let sides = [left, right];

    let read = both(|| sides[0].changes(since[0]), || sides[1].changes(since[1]))?;
    let mut keys: [Vec<ExportBatch>; 2] = Default::default();
    let mut next = [marks[0].clone(), marks[1].clone()];
    let mut open_ids: [HashSet<Fingerprint>; 2] = Default::default();
    for (at, read) in read.into_iter().enumerate() {
        match read {
            Ok((batches, mark)) => {
                keys[at] = batches;
                next[at] = mark;
            }
            Err(why) => return everything(&format!("the {} history does not tell of all changes: {why}", SIDES[at])),
        }
        let open = base.open_rows(at)?;
        open_ids[at] = open.iter().flat_map(|batch| sides[at].id_linker.ids(batch)).flatten().collect();
        keys[at].extend(open);
    }
    let looked_up: u64 = keys.iter().flatten().map(|batch| batch.rows.num_rows() as u64).sum();
    let rows: u64 = base.file.sides.iter().map(|side| side.rows).sum();
    if looked_up > FEW.max(rows / SHARE) {
        return everything("so many rows have changed that this is quicker");
    }

    let progress = watch.stage("reading changes");
    progress.total(looked_up);
    let looked = look(&sides, &alignment, &key, base, keys, &open_ids)?;
    drop(progress);
    let pending = Pending::new(job.job.out.as_deref())?;
    let freeze = |at: usize| sides[at].freeze(looked.rows[at].clone(), &recipes[at], job, watch, &pending);
    let frozen = [freeze(0)?, freeze(1)?];
    let [Some(left), Some(right)] = frozen.each_ref().map(|snapshot| snapshot.index.clone()) else {
        return Ok(Changed::Everything(None));
    };
    let progress = watch.stage("comparing");
    let options = CompareOptions {
        memory: job.job.memory,
        samples: SAMPLES,
        interrupt: watch.interrupt(),
        progress: progress.as_ref(),
    };
    let why = "it is the key of the last sync".to_owned();
    let compared = compare_frozen(&job.job, pending, frozen, [left, right], alignment, key, why, &options)?;
    drop(progress);
    let servers = Servers { marks: next.map(Some), ..servers.clone() };
    let read = Read {
        compared,
        servers,
        targets: [None, None],
        partial: Some(looked.counts),
        note: None,
        vanished: looked.vanished,
    };
    Ok(Changed::Read(Box::new(read)))
}

/// One side.
struct Side<'a> {
    at: usize,
    endpoint: &'a dyn Endpoint,
    info: &'a TableInfo,
    /// All columns, as they are exported.
    columns: Vec<Column>,
    /// The positions of the unique key's columns.
    key: Vec<usize>,
    /// The positions of the identity's columns, and they themselves.
    identity: Vec<usize>,
    identifying: Vec<Column>,
    linker: Linker,
    /// For batches of nothing but the identity's columns.
    id_linker: Linker,
}

type Read1 = Result<(Vec<ExportBatch>, HistoryMark), String>;

impl<'a> Side<'a> {
    fn new(
        at: usize,
        endpoint: &'a dyn Endpoint,
        info: &'a TableInfo,
        alignment: &Alignment,
        key: &Key,
        recipe: &Recipe,
        base: &Base,
    ) -> Option<Self> {
        let columns = export_columns(info.columns.clone(), alignment, at);
        let position = |name: &String| columns.iter().position(|column| column.name == *name);
        let names = &base.file.sides[at].identity;
        let identity = names.iter().map(position).collect::<Option<Vec<usize>>>()?;
        let of = |pair: &usize| if at == 0 { &alignment.pairs[*pair].left } else { &alignment.pairs[*pair].right };
        let key = key.pairs.iter().map(|pair| position(&of(pair).name)).collect::<Option<Vec<usize>>>()?;
        let identifying: Vec<Column> = identity.iter().map(|at| columns[*at].clone()).collect();
        let linker = Linker::new(&columns, recipe, names)?;
        let alone = Recipe { key: Vec::new(), ..recipe.clone() };
        let id_linker = Linker::new(&identifying, &alone, names)?;
        Some(Self { at, endpoint, info, columns, key, identity, identifying, linker, id_linker })
    }

    /// The identities of rows that were changed since a mark; also by trueup itself, which may have
    /// carried them here from a third table.
    fn changes(&self, since: &HistoryMark) -> Result<Read1, RunError> {
        let Some(history) = self.endpoint.history() else { return Ok(Err("there is none".to_owned())) };
        let mut out = Vec::new();
        let mut known = HashSet::new();
        let (mut unknown, mut damaged) = (false, None);
        let mut take = |changes: Changes| -> Result<(), EndpointError> {
            let ids = self.id_linker.ids(&changes.keys);
            unknown |= ids.iter().any(Option::is_none);
            let new = |at: &usize| ids[*at].is_some_and(|id| known.insert(id));
            let rows: Vec<u32> = (0..ids.len()).filter(new).map(|at| at as u32).collect();
            match changes.keys.take(&rows) {
                Ok(batch) => out.push(batch),
                Err(error) => damaged = Some(error),
            }
            Ok(())
        };
        let read = history.changes(Some(since), &self.identifying, &mut take)?;
        if let Some(error) = damaged {
            return Err(broken(error).into());
        }
        match read {
            ChangesRead::Whole { .. } if unknown => Ok(Err("a row whose key is NULL has changed".to_owned())),
            ChangesRead::Whole { mark, .. } => Ok(Ok((out, mark))),
            ChangesRead::Lacking(why) => Ok(Err(why)),
        }
    }

    fn fetcher(&self) -> Fetcher<'_> {
        Fetcher { endpoint: self.endpoint, columns: &self.columns }
    }

    fn freeze(
        &self,
        rows: Vec<ExportBatch>,
        recipe: &Recipe,
        job: &PlanJob,
        watch: &dyn Watch,
        pending: &Pending,
    ) -> Result<Snapshot, RunError> {
        let address = if self.at == 0 { &job.job.left } else { &job.job.right };
        let progress = watch.stage(&format!("writing {}", SIDES[self.at]));
        let options = FreezeOptions {
            address: address.to_string(),
            recipe: Some(recipe),
            filter: None,
            filter_text: None,
            interrupt: watch.interrupt(),
            progress: progress.as_ref(),
        };
        Ok(freeze_batches(rows, self.info, &self.columns, options, &pending.folder(SIDES[self.at])?)?)
    }
}

/// What was looked at.
struct Looked {
    rows: [Vec<ExportBatch>; 2],
    vanished: Vec<BasePair>,
    /// The rows of both tables now: what they had at the last sync, and what has changed since.
    counts: [u64; 2],
}

/// Fetches the rows with these identities, their partners, and all rows with the same unique keys.
fn look(
    sides: &[Side<'_>; 2],
    alignment: &Alignment,
    key: &Key,
    base: &Base,
    keys: [Vec<ExportBatch>; 2],
    open: &[HashSet<Fingerprint>; 2],
) -> Result<Looked, RunError> {
    let mut wanted = Wanted::default();
    for (at, batches) in keys.iter().enumerate() {
        wanted.ids[at] = batches.iter().flat_map(|batch| sides[at].id_linker.ids(batch)).flatten().collect();
    }
    let mut touched = base.find(&wanted)?;
    // By identity: what the histories tell of, and the partners of these rows.
    let by_identity = |at: usize| -> Result<(Vec<ExportBatch>, Vec<ExportBatch>), RunError> {
        let side = &sides[at];
        let mut all = keys[at].clone();
        all.push(base.rows(at, &side.identifying, &touched)?);
        let found = match distinct(&all, &mut HashSet::new(), |batch| side.id_linker.ids(batch))? {
            Some(keys) => side.fetcher().fetch(&side.identity, &keys)?,
            None => Vec::new(),
        };
        Ok((all, found))
    };
    let [(left_asked, left), (right_asked, right)] = both(|| by_identity(0), || by_identity(1))?;
    let (asked, mut rows) = ([left_asked, right_asked], [left, right]);
    // By unique key, as each side has them; also those that rows had when they agreed, which others may
    // have taken.
    let mut unique_keys: [Vec<ExportBatch>; 2] = Default::default();
    for at in [0, 1] {
        let side = &sides[at];
        let now = rows[at].iter().map(|batch| project(batch, &side.key));
        unique_keys[at] = now.collect::<Result<_, RunError>>()?;
        unique_keys[at].push(if side.identity == side.key {
            asked[at].last().cloned().ok_or_else(nothing_asked)?
        } else {
            let columns: Vec<Column> = side.key.iter().map(|at| side.columns[*at].clone()).collect();
            base.rows(at, &columns, &touched)?
        });
    }
    let by_key = |at: usize| -> Result<Vec<ExportBatch>, RunError> {
        let side = &sides[at];
        let own: Vec<Column> = side.key.iter().map(|at| side.columns[*at].clone()).collect();
        let linker = key_linker(&own, alignment, key, at)?;
        let mut all = unique_keys[at].clone();
        for batch in &unique_keys[1 - at] {
            all.push(convert(alignment, key, 1 - at, batch, side)?);
        }
        // Where the key is the identity, most were looked up already.
        let mut known = HashSet::new();
        if side.identity == side.key {
            known.extend(asked[at].iter().flat_map(|batch| linker.keys(batch)).flatten());
        }
        match distinct(&all, &mut known, |batch| linker.keys(batch))? {
            Some(keys) if keys.rows.num_rows() > 0 => side.fetcher().fetch(&side.key, &keys),
            _ => Ok(Vec::new()),
        }
    };
    let found = both(|| by_key(0), || by_key(1))?;
    for at in [0, 1] {
        let side = &sides[at];
        // Rows that the first look has found need not be taken twice.
        let first = ids(&side.linker, &rows[at]);
        for batch in &found[at] {
            let prints = side.linker.ids(batch);
            let new: Vec<u32> = (0..prints.len())
                .filter(|row| prints[*row].is_none_or(|print| !first.contains(&print)))
                .map(|row| row as u32)
                .collect();
            rows[at].push(batch.take(&new).map_err(broken)?);
        }
    }
    let here = [ids(&sides[0].linker, &rows[0]), ids(&sides[1].linker, &rows[1])];

    // Of all that was looked at: how many rows there were at the last sync, and how many there are.
    // Rows of pairs that were found, and those that were looked up in vain, need not be looked up again.
    let looked_up = |at: usize| -> HashSet<Fingerprint> {
        touched.iter().map(|pair| pair.ids[at]).chain(wanted.ids[at].iter().copied()).collect()
    };
    let looked_up = [looked_up(0), looked_up(1)];
    let more = [0, 1].map(|at: usize| here[at].difference(&looked_up[at]).copied().collect());
    let mut known = touched.clone();
    known.extend(base.find(&Wanted { ids: more, ..Wanted::default() })?);
    touched.retain(|pair| !here[0].contains(&pair.ids[0]) && !here[1].contains(&pair.ids[1]));
    let settled = known.iter().filter(|pair| !(0..2).any(|at| open[at].contains(&pair.ids[at]))).count() as u64;
    let counts = [0, 1].map(|at: usize| {
        let now: u64 = rows[at].iter().map(|batch| batch.rows.num_rows() as u64).sum();
        (base.file.sides[at].rows + now).saturating_sub(settled + open[at].len() as u64)
    });
    Ok(Looked { rows, vanished: touched, counts })
}

fn nothing_asked() -> SnapshotError {
    SnapshotError::Damaged { path: "the base".to_owned(), why: "it has no rows of its own pairs".to_owned() }
}

/// The unique keys of one side in the other side's types.
fn convert(
    alignment: &Alignment,
    key: &Key,
    from: usize,
    keys: &ExportBatch,
    to: &Side<'_>,
) -> Result<ExportBatch, RunError> {
    let pair = |at: usize| &alignment.pairs[key.pairs[at]];
    let columns = (0..key.pairs.len()).map(|at| convert_column(pair(at), from, alignment.zone.as_deref(), keys, at));
    let schema = crate::snapshot::portable_schema(to.key.iter().map(|at| &to.columns[*at]));
    Ok(ExportBatch::new(&schema, columns.collect()).map_err(broken)?)
}

fn key_linker(columns: &[Column], alignment: &Alignment, key: &Key, side: usize) -> Result<Linker, RunError> {
    let recipe = &Recipe::of(alignment, key)[side];
    let linker = Linker::new(columns, recipe, &[]);
    let why = || SnapshotError::Damaged { path: "the key".to_owned(), why: "a column of it is gone".to_owned() };
    Ok(linker.ok_or_else(why)?)
}
