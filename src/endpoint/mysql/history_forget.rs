//! Forgetting what a history has written down, in the way of nobody who writes.

use super::describe::{number, text};
use super::history_book::Clear;
use super::history_install::Work;
use super::history_read;
use super::history_trigger::literal;
use crate::endpoint::seen::Seen;
use crate::endpoint::{EndpointError, HistoryMark, now};
use mysql::prelude::Queryable;
use mysql::{Error, Row};

/// How many entries are forgotten at once.
const PIECE: usize = 1_000;

/// Forgets what a mark has seen. That is noted first, so that nobody takes what is left for the whole.
/// How many entries it was.
///
/// # Errors
/// If a right is missing.
pub fn clear(work: &mut Work<'_>, mark: HistoryMark) -> Result<u64, EndpointError> {
    let Some(book) = work.book()? else { return Ok(0) };
    let Some(install) = &book.install else { return Ok(0) };
    // A mark of another installation has seen nothing of this one.
    if mark.installed.split(' ').next() != Some(&install.note.id) {
        return Ok(0);
    }
    // Nor has one of a history that is gone since.
    if history_read::is_put_back(&mut work.conn, work.address, &work.name.history(), &book, &mark)? {
        return Ok(0);
    }
    let mine = format!("table_name = {}", literal(&work.name.table));
    let before = book.begin();
    let mark = if mark.seq > before.seq {
        let sql = format!(
            "SELECT MAX(seq), CAST(MAX(changed_at) AS CHAR) FROM {} WHERE {mine} AND seq <= {}",
            work.name.history(),
            mark.seq
        );
        let rows = work.rows(&sql)?;
        let cell = |at| rows.first().and_then(|row| text(row, at));
        let (Some(last), Some(time)) = (cell(0).and_then(|seq| seq.parse().ok()), cell(1)) else { return Ok(0) };
        let note = Clear { table: work.name.table.clone(), mark: mark.clone(), last };
        let note = work.name.note("clear", &serde_json::to_string(&note).unwrap_or_default(), &literal(&time));
        let [insert, delete] = ["INSERT", "DELETE"].map(|right| work.name.right(right));
        let old: Vec<u64> = book.rows.iter().copied().filter(|seq| *seq != install.seq).collect();
        work.guard(&book.settled)?;
        work.run(&note, &insert)?;
        work.forget(&old, &delete)?;
        mark
    } else {
        before
    };
    let kept = |seq: u64| mark.gaps.iter().any(|(first, last, _)| (*first..=*last).contains(&seq));
    work.forget_where(&format!("{mine} AND seq <= {}", mark.seq), &|seq| !kept(seq))
}

impl Work<'_> {
    /// Takes down which numbers there are, so that they may be deleted. Goes on from the guard before.
    pub(super) fn guard(&mut self, settled: &HistoryMark) -> Result<(), EndpointError> {
        let mut seen = Seen::new(settled, now());
        let history = self.name.history();
        history_read::walk(&mut self.conn, self.address, &history, settled, (settled, &mut seen, ""), &mut |_| {
            Ok(true)
        })?;
        let mark = serde_json::to_string(&seen.finish()).unwrap_or_default();
        let note = self.name.note("guard", &mark, "UTC_TIMESTAMP(6)");
        let right = self.name.right("INSERT");
        self.run(&note, &right)?;
        let seq = self.conn.last_insert_id();
        self.forget_where(&format!("table_name = '' AND action = 'guard' AND seq < {seq}"), &|_| true).map(|_| ())
    }

    /// Deletes these rows of the history's table. They are committed ones, and each is found by its
    /// number alone: a statement about several might go through all rows, and wait for those who are
    /// writing others.
    pub(super) fn forget(&mut self, rows: &[u64], right: &str) -> Result<u64, EndpointError> {
        let history = self.name.history();
        let statement = |seq: &u64| format!("DELETE FROM {history} WHERE seq = {seq}; ");
        // The right is asked for also if there are none.
        let statements: String = std::iter::once(&0).chain(rows).map(statement).collect();
        let done = self.conn.query_iter(format!("START TRANSACTION; {statements}COMMIT")).and_then(|mut result| {
            let mut forgotten = 0;
            while let Some(set) = result.iter() {
                forgotten += set.affected_rows();
                set.collect::<Result<Vec<Row>, Error>>()?;
            }
            Ok(forgotten)
        });
        done.map_err(|error| self.denied(&error, right))
    }

    /// Deletes the committed rows of which a condition and `which` hold, piece by piece. How many.
    pub(super) fn forget_where(&mut self, condition: &str, which: &dyn Fn(u64) -> bool) -> Result<u64, EndpointError> {
        let (history, delete) = (self.name.history(), self.name.right("DELETE"));
        let (mut last, mut forgotten) = (0, 0);
        loop {
            let rows = self.rows(&format!(
                "SELECT seq FROM {history} WHERE {condition} AND seq > {last} ORDER BY seq LIMIT {PIECE}"
            ))?;
            let numbers: Vec<u64> = rows.iter().filter_map(|row| number(row, 0)).collect();
            last = numbers.last().copied().unwrap_or(last);
            let chosen: Vec<u64> = numbers.iter().copied().filter(|seq| which(*seq)).collect();
            if !chosen.is_empty() {
                forgotten += self.forget(&chosen, &delete)?;
            }
            if rows.len() < PIECE {
                return Ok(forgotten);
            }
        }
    }
}
