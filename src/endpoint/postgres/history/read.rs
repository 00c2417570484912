//! Reading the entries of a history, in the order of their numbers.

use super::super::attributes::Attribute;
use super::super::connect::Session;
use super::super::copy::{Cells, Frames, Malformed};
use super::super::decode::{BadCell, Columns};
use super::super::failure::words;
use super::super::quote::literal;
use super::body::value;
use super::ranges::narrow;
use super::state::State;
use super::tables::{Installation, covers_from};
use super::words::{Words, lacking};
use super::{Place, micros};
use crate::endpoint::carried::{CARRIED, Carried};
use crate::endpoint::history::PUT_BACK;
use crate::endpoint::seen::Seen;
use crate::endpoint::{Action, Changes, ChangesRead, EndpointError, ExportBatch, HistoryMark, now};
use crate::table::{Column, MICROS_PER_DAY};
use arrow::datatypes::{Field, Schema, SchemaRef};
use futures::StreamExt;
use std::pin::pin;
use std::sync::Arc;
use tokio_postgres::Error;

const DOING: &str = "reading the history";

/// Changes that are handed over at once, at most.
const BATCH: usize = 8 * 1024;

/// From 1970-01-01 to PostgreSQL's day 0, 2000-01-01.
const EPOCH: i64 = 10_957 * MICROS_PER_DAY;

/// See [`History::mark`](crate::endpoint::History::mark).
pub(super) fn mark(place: &Place<'_>, session: &Session) -> Result<Option<HistoryMark>, EndpointError> {
    let state = State::read(place, session)?;
    state.may_read(place)?;
    match state.fitting() {
        Some(row) => here(place, session, &state, row).map(Some),
        None => Ok(None),
    }
}

/// The mark behind all that there is.
pub(super) fn here(
    place: &Place<'_>,
    session: &Session,
    state: &State,
    row: &Installation,
) -> Result<HistoryMark, EndpointError> {
    let since = row.cleared.clone().unwrap_or_default();
    let reading = Reading::new(&since, row, &[]);
    read(place, session, state, reading, &mut |_| Ok(()))
}

/// See [`History::changes`](crate::endpoint::History::changes).
pub(super) fn changes(
    place: &Place<'_>,
    session: &Session,
    since: Option<&HistoryMark>,
    key: &[Column],
    take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
) -> Result<ChangesRead, EndpointError> {
    let state = State::read(place, session)?;
    state.may_read(place)?;
    if !state.is_installed() {
        return Ok(ChangesRead::Lacking("no history of the table is kept".to_owned()));
    }
    let Some(row) = state.fitting() else {
        return Ok(ChangesRead::Lacking(format!("its triggers do not fit: {}", state.misfits.join("; "))));
    };
    let columns = match wanted(place, &state, row, key)? {
        Ok(columns) => columns,
        Err(why) => return Ok(ChangesRead::Lacking(why)),
    };
    let cleared = row.cleared.clone().unwrap_or_default();
    if let Some(why) = since.and_then(|since| lacking(&state, row, since)) {
        return Ok(ChangesRead::Lacking(why));
    }
    if let Some(since) = since
        && is_put_back(place, session, &state, since)?
    {
        return Ok(ChangesRead::Lacking(PUT_BACK.to_owned()));
    }
    let since = since.unwrap_or(&cleared);
    if many_at_once(place, session, row, since)? {
        let why = "rows were changed that it can't name (by TRUNCATE, or while the key's columns had other names)";
        return Ok(ChangesRead::Lacking(why.to_owned()));
    }
    let covers_from = covers_from(place, session, row)?;
    let mark = read(place, session, &state, Reading::new(since, row, &columns), take)?;
    Ok(ChangesRead::Whole { mark, covers_from })
}

/// A column that is wanted, and where the entries have it.
type Wanted<'a> = (usize, &'a Attribute, &'a Column);

/// The columns as the entries have them; or why they do not have them.
fn wanted<'a>(
    place: &Place<'_>,
    state: &'a State,
    row: &Installation,
    key: &'a [Column],
) -> Result<Result<Vec<Wanted<'a>>, String>, EndpointError> {
    if key.is_empty() {
        return Err(place.error(DOING, "no column of the key is asked for"));
    }
    let mut out = Vec::with_capacity(key.len());
    for column in key {
        let at = row.key.iter().position(|name| *name == column.name);
        let attribute = state.attributes.iter().find(|attribute| attribute.name == column.name);
        let (Some(at), Some(attribute)) = (at, attribute) else {
            let why = format!("it knows rows by {}, not by `{}`", row.key.join(", "), column.name);
            return Ok(Err(why));
        };
        if attribute.kind.ty != column.ty {
            let why = format!("the table changed its shape: column `{}` is {} now", column.name, attribute.base);
            return Err(place.error(DOING, why));
        }
        out.push((at, attribute, column));
    }
    Ok(Ok(out))
}

/// Whether there is a new entry that does not say which rows it is about.
fn many_at_once(
    place: &Place<'_>,
    session: &Session,
    row: &Installation,
    since: &HistoryMark,
) -> Result<bool, EndpointError> {
    let mut seen = Seen::new(since, now());
    let sql = format!(
        "SELECT seq FROM {} WHERE installed = $1 AND action = 'all' AND seq > $2 ORDER BY seq",
        place.entries()
    );
    let after = i64::try_from(seen.after()).unwrap_or(i64::MAX);
    for found in session.query(DOING, &sql, &[&row.id, &after])? {
        let seq: i64 = found.try_get(0).map_err(|e| session.query_error(DOING, &e))?;
        if seen.see(u64::try_from(seq).unwrap_or(0)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Entries on their way to the taker.
struct Reading<'a> {
    row: &'a Installation,
    wanted: &'a [Wanted<'a>],
    since: HistoryMark,
    begun: i64,
    seen: Seen,
    schema: SchemaRef,
    keys: Columns,
    actions: Vec<Action>,
    times: Vec<i64>,
    own: Vec<bool>,
    carried: Vec<(usize, Carried)>,
}

impl<'a> Reading<'a> {
    fn new(since: &HistoryMark, row: &'a Installation, wanted: &'a [Wanted<'a>]) -> Self {
        let begun = now();
        let fields: Vec<_> =
            wanted.iter().map(|(_, _, column)| Field::new(&column.name, column.ty.arrow(), true)).collect();
        Self {
            row,
            wanted,
            since: since.clone(),
            begun,
            seen: Seen::new(since, begun),
            schema: Arc::new(Schema::new(fields)),
            keys: Columns::new(wanted.iter().map(|(_, attribute, column)| (attribute.kind.wire, (*column).clone()))),
            actions: Vec::new(),
            times: Vec::new(),
            own: Vec::new(),
            carried: Vec::new(),
        }
    }

    /// All entries behind the mark: those of other tables only as numbers.
    fn sql(&self, place: &Place<'_>) -> String {
        let own = format!("h.installed = {}", literal(&self.row.id));
        let keys = self
            .wanted
            .iter()
            .map(|(at, attribute, _)| format!(", CASE WHEN {own} THEN {} END", value("h.row_key", *at, attribute)));
        format!(
            "COPY (SELECT h.seq, CASE WHEN {own} THEN h.action END, h.changed_at, h.own,
                CASE WHEN {own} AND h.action = '{CARRIED}' THEN h.row_key::pg_catalog.text END{} FROM {} h
                WHERE h.seq > {} ORDER BY h.seq) TO STDOUT (FORMAT binary)",
            keys.collect::<String>(),
            place.entries(),
            self.seen.after()
        )
    }

    fn entry(&mut self, mut cells: Cells<'_>) -> Result<(), Trouble> {
        let mut next = || cells.next().ok_or_else(|| Trouble::shape("an entry has too few values"));
        let (seq, action, time, own, note) = (next()?, next()?, next()?, next()?, next()?);
        let new = self.seen.see(u64::try_from(number(seq)?).unwrap_or(0));
        let Some(action) = action.filter(|_| new && !self.wanted.is_empty()) else { return Ok(()) };
        if let Some(note) = note {
            let since = number(time)?.saturating_add(EPOCH);
            self.carried.push((self.actions.len(), Carried::read(since, &String::from_utf8_lossy(note))));
            return Ok(());
        }
        let action = match action {
            b"create" => Action::Create,
            b"update" => Action::Update,
            b"delete" => Action::Delete,
            // Those that are new were looked for before.
            _ => return Ok(()),
        };
        self.actions.push(action);
        self.times.push(number(time)?.saturating_add(EPOCH));
        self.own.push(own == Some(&[1][..]));
        self.keys.row(cells).map_err(Trouble::Cell)
    }

    /// What has come so far.
    fn batch(&mut self) -> Result<Option<Changes>, Trouble> {
        if self.actions.is_empty() && self.carried.is_empty() {
            return Ok(None);
        }
        let keys = ExportBatch::new(&self.schema, self.keys.finish()).map_err(|e| Trouble::shape(&e.to_string()))?;
        let (actions, times) = (std::mem::take(&mut self.actions), std::mem::take(&mut self.times));
        let (own, carried) = (std::mem::take(&mut self.own), std::mem::take(&mut self.carried));
        Ok(Some(Changes { keys, actions, times, own, carried }))
    }

    /// The mark behind all that came.
    fn finish(self, state: &State, oldest: i64, horizon: Option<i64>) -> HistoryMark {
        let mut mark = self.seen.finish();
        let before = Words::of(&self.since.installed).horizon;
        // Whatever had a number then is over, and what it wrote was here to be seen.
        if before.is_some_and(|before| before <= oldest) {
            mark.gaps.retain(|(_, _, missed)| *missed >= self.begun);
        }
        for cleared in state.tables.iter().flat_map(|tables| &tables.cleared) {
            narrow(&mut mark, cleared);
        }
        mark.installed = Words { id: &self.row.id, fingerprint: &state.fingerprint, horizon }.text();
        mark
    }
}

/// Reads to the end. Gives the mark behind it.
fn read(
    place: &Place<'_>,
    session: &Session,
    state: &State,
    mut reading: Reading<'_>,
    take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
) -> Result<HistoryMark, EndpointError> {
    let (oldest, horizon) = horizon(session)?;
    let failed = |trouble: Trouble| match trouble {
        Trouble::Driver(error) => place.error(DOING, words(&error)),
        Trouble::Frame(Malformed(why)) => place.error(DOING, why),
        Trouble::Cell(BadCell { column, why }) => {
            place.error(DOING, format!("column {} of the key: {why}", column + 1))
        }
    };
    let sql = reading.sql(place);
    let mut frames = Frames::new(5 + reading.wanted.len());
    let stream = session.run(session.client().copy_out(&sql)).map_err(|e| failed(Trouble::Driver(e)))?;
    let mut stream = pin!(stream);
    loop {
        let more = session.run(async {
            let mut bytes = 0;
            while reading.actions.len() < BATCH && bytes < ExportBatch::BYTES {
                let Some(message) = stream.next().await else { return Ok(false) };
                let message = message.map_err(Trouble::Driver)?;
                bytes += message.len();
                frames.feed(message.as_ref(), |cells| reading.entry(cells))?;
            }
            Ok(true)
        });
        let more = more.map_err(failed)?;
        if let Some(batch) = reading.batch().map_err(failed)? {
            take(batch)?;
        }
        if !more {
            break;
        }
    }
    if !frames.ended() {
        return Err(place.error(DOING, "the entries ended without their end mark"));
    }
    let mark = reading.finish(state, oldest, horizon);
    Ok(HistoryMark { last: print(place, session, mark.seq)?.or(mark.last), ..mark })
}

/// What stands for the entry of a number in marks; `None` if it is not there.
fn print(place: &Place<'_>, session: &Session, seq: u64) -> Result<Option<String>, EndpointError> {
    let sql = format!(
        "SELECT table_name, action, COALESCE(row_key::pg_catalog.text, ''), {}::pg_catalog.text FROM {} WHERE seq = $1",
        micros("changed_at"),
        place.entries()
    );
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    let Some(row) = session.query(DOING, &sql, &[&seq])?.into_iter().next() else { return Ok(None) };
    let cell = |at: usize| row.try_get::<_, String>(at).map_err(|e| session.query_error(DOING, &e));
    Ok(Some(HistoryMark::print(&[cell(0)?, cell(1)?, cell(2)?, cell(3)?])))
}

/// Whether the history was put back from a copy since a mark was taken.
pub(super) fn is_put_back(
    place: &Place<'_>,
    session: &Session,
    state: &State,
    mark: &HistoryMark,
) -> Result<bool, EndpointError> {
    let now = print(place, session, mark.seq)?;
    let mut cleared = state.tables.iter().flat_map(|tables| &tables.cleared);
    Ok(mark.is_put_back(now.as_deref(), cleared.any(|cleared| cleared.has(mark.seq))))
}

/// The oldest transaction that is still open, in the snapshot that is read; and one that is younger
/// than all whose numbers can be in it. A stand-by has none of its own.
fn horizon(session: &Session) -> Result<(i64, Option<i64>), EndpointError> {
    let sql = "SELECT pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot()),
        CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.txid_current() END";
    match session.query(DOING, sql, &[])?.first() {
        Some(row) => {
            let read = |e| session.query_error(DOING, &e);
            Ok((row.try_get(0).map_err(read)?, row.try_get(1).map_err(read)?))
        }
        None => Ok((0, None)),
    }
}

enum Trouble {
    Driver(Error),
    Frame(Malformed),
    Cell(BadCell),
}

impl Trouble {
    fn shape(why: &str) -> Self {
        Self::Frame(Malformed(why.to_owned()))
    }
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        Self::Frame(malformed)
    }
}

/// A whole number of 64 bits, or a time.
fn number(cell: Option<&[u8]>) -> Result<i64, Trouble> {
    let bytes = cell.and_then(|cell| cell.try_into().ok()).ok_or_else(|| Trouble::shape("an entry has no number"))?;
    Ok(i64::from_be_bytes(bytes))
}
