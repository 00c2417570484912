//! Reading a history: everything in one transaction with a consistent snapshot, so that the mark, the
//! entries and the count of rows are of one moment. What the server tells of triggers and tables is
//! of no moment and is asked for before: what happens after is found by the next reading.

use super::connect::Server;
use super::describe::{self, Found, number, text};
use super::failure::{self, words};
use super::history_book::{Book, Install, Name, micros};
use super::history_fit::{self, Witness};
use super::history_keys::Keys;
use super::history_trigger::literal;
use super::session::Purpose;
use crate::endpoint::carried::{CARRIED, Carried};
use crate::endpoint::history::PUT_BACK;
use crate::endpoint::seen::Seen;
use crate::endpoint::{Action, Changes, ChangesRead, EndpointError, HistoryMark, HistoryStatus, ServerAddress, now};
use crate::table::Column;
use mysql::prelude::Queryable;
use mysql::{Conn, Row};

/// How many entries are read at once.
const PAGE: usize = 5_000;
/// With more gaps than these, reading them again costs more than reading the table.
const MOST_GAPS: usize = 10_000;
const DOING: &str = "reading the history";

/// A history at one moment.
pub struct View<'a> {
    address: &'a ServerAddress,
    conn: Conn,
    name: Name,
    found: Found,
    book: Book,
    numbers: Option<String>,
    /// Why the triggers do not fit the table any more.
    misfits: Vec<String>,
}

impl<'a> View<'a> {
    /// Opens it; `None` if no history is installed.
    ///
    /// # Errors
    /// If the server can't be asked.
    pub fn open(address: &'a ServerAddress) -> Result<Option<Self>, EndpointError> {
        let mut conn = Server::reach(address, Purpose::Read)?.connect()?;
        let found = describe::find(&mut conn, address)?;
        let name = Name { schema: found.schema.clone(), table: found.table.clone() };
        let numbers = Witness::numbers(&mut conn, &name);
        let there = history_fit::there(&mut conn, address, &found)?;
        conn.query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            .map_err(|error| failure::query(address, DOING, words(&error)))?;
        let Some(book) = Book::read(&mut conn, address, &name)? else { return Ok(None) };
        let Some(install) = &book.install else { return Ok(None) };
        let misfits = history_fit::misfits(&mut conn, address, &found, &install.note, &there)?;
        Ok(Some(Self { address, conn, name, found, book, numbers, misfits }))
    }

    fn rows(&mut self, sql: &str) -> Result<Vec<Row>, EndpointError> {
        self.conn.query(sql).map_err(|error| failure::query(self.address, DOING, words(&error)))
    }

    /// What there is.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn status(&mut self) -> Result<HistoryStatus, EndpointError> {
        let rows = self.rows(&format!(
            "SELECT COUNT(*), {}, {} FROM {} WHERE table_name = {} AND seq > {} AND action <> '{CARRIED}'",
            micros("MIN(changed_at)"),
            micros("MAX(changed_at)"),
            self.name.history(),
            literal(&self.name.table),
            self.book.install.as_ref().map_or(0, |install| install.seq),
        ))?;
        let time = |at| rows.first().and_then(|row| text(row, at)?.parse().ok());
        Ok(HistoryStatus {
            key: self.book.install.as_ref().map_or_else(Vec::new, |install| install.note.key.clone()),
            rows: rows.first().and_then(|row| number(row, 0)).unwrap_or(0),
            oldest: time(1),
            newest: time(2),
            covers_from: self.book.covers_from(),
            misfits: self.misfits.clone(),
        })
    }

    /// The bases that the table has had.
    pub fn bases(&self) -> Vec<String> {
        self.book.bases.iter().map(|(_, base)| base.clone()).collect()
    }

    /// The mark behind everything that is there; `None` if the triggers don't fit.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn mark(&mut self) -> Result<Option<HistoryMark>, EndpointError> {
        if !self.misfits.is_empty() {
            return Ok(None);
        }
        let mark = self.end()?;
        if mark.gaps.len() > MOST_GAPS {
            tracing::warn!("{}: the history has no mark: {}", self.address.shown, too_many(&mark));
            return Ok(None);
        }
        Ok(Some(mark))
    }

    /// The same, whether they fit or not.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn end(&mut self) -> Result<HistoryMark, EndpointError> {
        let begin = self.book.begin();
        let mut seen = Seen::new(&begin, now());
        self.walk((&begin, &mut seen, ""), &mut |_| Ok(true))?;
        let witness = self.witness()?;
        self.signed(seen.finish(), &witness)
    }

    fn signed(&mut self, mark: HistoryMark, witness: &Witness) -> Result<HistoryMark, EndpointError> {
        let last = print(&mut self.conn, self.address, &self.name.history(), mark.seq)?.or(mark.last);
        let id = self.book.install.as_ref().map_or("", |install| install.note.id.as_str());
        Ok(HistoryMark { installed: format!("{id} {witness}"), last, ..mark })
    }

    fn witness(&mut self) -> Result<Witness, EndpointError> {
        match &self.numbers {
            Some(numbers) => Ok(Witness::Numbers(numbers.clone())),
            None => self.counted(),
        }
    }

    fn counted(&mut self) -> Result<Witness, EndpointError> {
        let count = self.rows(&format!("SELECT COUNT(*) FROM {}", self.name.qualified()))?;
        let made = self.rows(&format!(
            "SELECT table_schema, table_name, create_time FROM information_schema.tables \
             WHERE table_schema = {} AND table_name = {}",
            literal(&self.name.schema),
            literal(&self.name.table)
        ))?;
        let made = made.iter().find(|row| describe::is_of(row, &self.found)).and_then(|row| text(row, 2));
        let count = count.first().and_then(|row| number(row, 0)).unwrap_or(0);
        Ok(Witness::Rows(count, made.unwrap_or_default()))
    }

    fn walk(
        &mut self,
        reading: (&HistoryMark, &mut Seen, &str),
        take: &mut dyn FnMut(Vec<Row>) -> Result<bool, EndpointError>,
    ) -> Result<(), EndpointError> {
        walk(&mut self.conn, self.address, &self.name.history(), &self.book.settled, reading, take)
    }

    /// Hands over the changes since a mark.
    ///
    /// # Errors
    /// If they can't be read, or what `take` says.
    pub fn changes(
        &mut self,
        since: Option<&HistoryMark>,
        key: &[Column],
        take: &mut dyn FnMut(Changes) -> Result<(), EndpointError>,
    ) -> Result<ChangesRead, EndpointError> {
        let lacking = |why: String| Ok(ChangesRead::Lacking(why));
        if !self.misfits.is_empty() {
            return lacking(self.misfits.join("; "));
        }
        let Some(install) = self.book.finished().map(|install| install.note.clone()) else {
            return lacking("its installation was not finished".to_owned());
        };
        let mut keys = match Keys::new(key, &install.key, &self.found.columns) {
            Ok(keys) => keys,
            Err(why) => return lacking(why),
        };
        let before = match since {
            None => None,
            Some(mark) => match mark.installed.split_once(' ').filter(|(id, _)| *id == install.id) {
                None => return lacking("it was installed anew since".to_owned()),
                Some(_) if self.book.forgot_since(mark) => return lacking("it was cleared since".to_owned()),
                Some((_, witness)) => Witness::parse(witness),
            },
        };
        if let (Some(Witness::Numbers(then)), now) = (&before, &self.numbers)
            && Some(then) != now.as_ref()
        {
            return lacking(match now {
                Some(_) => "the table was emptied by TRUNCATE, or rebuilt, since".to_owned(),
                None => "the user has lost the right PROCESS since, by which a TRUNCATE is noticed".to_owned(),
            });
        }
        if let Some(mark) = since
            && is_put_back(&mut self.conn, self.address, &self.name.history(), &self.book, mark)?
        {
            return lacking(PUT_BACK.to_owned());
        }
        let begin = since.cloned().unwrap_or_else(|| self.book.begin());
        let mut seen = Seen::new(&begin, now());
        let (mut balance, mut lost) = (0i64, None);
        let mine = format!("table_name = {}", literal(&self.name.table));
        let what = format!(", IF({mine}, action, NULL), IF({mine}, row_key, NULL), {}, own", micros("changed_at"));
        let address = self.address;
        self.walk((&begin, &mut seen, &what), &mut |rows| {
            let (mut actions, mut times, mut own) = (Vec::new(), Vec::new(), Vec::new());
            let mut carried = Vec::new();
            for row in &rows {
                let Some(word) = text(row, 1) else { continue };
                let (action, time) = (action(&word), text(row, 3).and_then(|time| time.parse().ok()));
                if let (CARRIED, Some(time)) = (word.as_str(), time) {
                    carried.push((actions.len(), Carried::read(time, &text(row, 2).unwrap_or_default())));
                    continue;
                }
                let known = text(row, 2).is_some_and(|values| keys.push(&values));
                let (Some(action), Some(time), true) = (action, time, known) else {
                    lost = Some(format!("its entry {} can't be read", text(row, 0).unwrap_or_default()));
                    return Ok(false);
                };
                balance += match action {
                    Action::Create => 1,
                    Action::Update => 0,
                    Action::Delete => -1,
                };
                actions.push(action);
                times.push(time);
                own.push(text(row, 4).is_some_and(|own| own != "0"));
            }
            if !actions.is_empty() || !carried.is_empty() {
                let keys = keys.finish().map_err(|error| failure::query(address, DOING, error.to_string()))?;
                take(Changes { keys, actions, times, own, carried })?;
            }
            Ok(true)
        })?;
        if let Some(why) = lost {
            return lacking(why);
        }
        if let Some(Witness::Rows(then, made_then)) = &before {
            let Witness::Rows(rows, made) = self.counted()? else { return lacking("its rows were not counted".into()) };
            if i64::try_from(*then).ok().and_then(|then| then.checked_add(balance)) != i64::try_from(rows).ok() {
                return lacking(format!(
                    "the table has {rows} rows, and not {then} {} {} as it says: some came or went without it",
                    if balance < 0 { '-' } else { '+' },
                    balance.unsigned_abs()
                ));
            }
            if made != *made_then {
                return lacking("the table was altered since".to_owned());
            }
        }
        let witness = self.witness()?;
        let mark = self.signed(seen.finish(), &witness)?;
        if mark.gaps.len() > MOST_GAPS {
            return lacking(too_many(&mark));
        }
        Ok(ChangesRead::Whole { mark, covers_from: self.book.covers_from() })
    }
}

/// Goes through all entries behind a mark, in the order of their numbers; `take` gets those that are
/// new, and says whether to go on. The last of `reading` is what to select beside the number.
///
/// # Errors
/// If they can't be read, or what `take` says.
pub fn walk(
    conn: &mut Conn,
    address: &ServerAddress,
    history: &str,
    settled: &HistoryMark,
    (since, seen, what): (&HistoryMark, &mut Seen, &str),
    take: &mut dyn FnMut(Vec<Row>) -> Result<bool, EndpointError>,
) -> Result<(), EndpointError> {
    let mut last = seen.after();
    loop {
        let page: Vec<Row> = conn
            .query(format!(
                "SELECT seq{what} FROM {history} FORCE INDEX (PRIMARY) WHERE seq > {last} ORDER BY seq LIMIT {PAGE}"
            ))
            .map_err(|error| failure::query(address, DOING, words(&error)))?;
        let full = page.len() == PAGE;
        let mut new = Vec::new();
        for row in page {
            let Some(seq) = number(&row, 0) else {
                return Err(failure::query(address, DOING, "an entry has no number"));
            };
            settle(seen, settled, last + 1, seq);
            last = seq;
            if seen.see(seq) {
                new.push(row);
            }
        }
        if !take(new)? || !full {
            break;
        }
    }
    settle(seen, settled, last + 1, since.seq.saturating_add(1));
    Ok(())
}

/// What stands for the entry of a number in marks; `None` if it is not there.
fn print(conn: &mut Conn, address: &ServerAddress, history: &str, seq: u64) -> Result<Option<String>, EndpointError> {
    let sql = format!("SELECT table_name, action, row_key, CAST(changed_at AS CHAR) FROM {history} WHERE seq = {seq}");
    let row: Option<Row> = conn.query_first(sql).map_err(|error| failure::query(address, DOING, words(&error)))?;
    Ok(row.map(|row| {
        let mut entry = [0, 1, 2, 3].map(|at| text(&row, at).unwrap_or_default());
        // This note is written once more, when the installation is finished.
        if entry[0].is_empty()
            && entry[1] == "install"
            && let Ok(note) = serde_json::from_str::<Install>(&entry[2])
        {
            entry[2] = note.id;
            entry[3].clear();
        }
        HistoryMark::print(&entry)
    }))
}

/// Whether the history was put back from a copy since a mark was taken.
///
/// # Errors
/// If it can't be read.
pub fn is_put_back(
    conn: &mut Conn,
    address: &ServerAddress,
    history: &str,
    book: &Book,
    mark: &HistoryMark,
) -> Result<bool, EndpointError> {
    let now = print(conn, address, history, mark.seq)?;
    Ok(mark.is_put_back(now.as_deref(), book.settled.has(mark.seq)))
}

fn too_many(mark: &HistoryMark) -> String {
    format!("its numbers have {} gaps, as with auto_increment_increment above 1", mark.gaps.len())
}

fn action(word: &str) -> Option<Action> {
    Action::ALL.into_iter().find(|action| action.word() == word)
}

/// Of numbers that are not there, from `from` to before `to`, passes those that a guard has seen: they
/// were deleted.
fn settle(seen: &mut Seen, settled: &HistoryMark, from: u64, to: u64) {
    let (mut at, end) = (from, to.min(settled.seq.saturating_add(1)));
    for (first, last, _) in &settled.gaps {
        if *last < at {
            continue;
        }
        if at >= end || *first >= end {
            break;
        }
        if at < *first {
            seen.pass(at, first - 1);
        }
        at = last + 1;
    }
    if at < end {
        seen.pass(at, end - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_is_not_missed() {
        let settled = HistoryMark { seq: 20, gaps: vec![(3, 4, 0), (8, 12, 0), (19, 20, 0)], ..HistoryMark::default() };
        let mut seen = Seen::new(&HistoryMark::default(), 7);
        settle(&mut seen, &settled, 1, 10);
        assert!(seen.see(10));
        settle(&mut seen, &settled, 11, 25);
        assert!(seen.see(25));
        let mark = seen.finish();
        let gaps: Vec<(u64, u64)> = mark.gaps.iter().map(|(first, last, _)| (*first, *last)).collect();
        assert_eq!((mark.seq, gaps), (25, vec![(3, 4), (8, 9), (11, 12), (19, 24)]));
    }

    #[test]
    fn only_changes_of_one_row_are_actions() {
        assert_eq!(action("delete"), Some(Action::Delete));
        assert_eq!(action("all"), None);
    }
}
