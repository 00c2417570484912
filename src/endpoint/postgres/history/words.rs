//! What a mark's `installed` says, and whether the mark can be read on from.

use super::ranges::covers;
use super::state::State;
use super::tables::Installation;
use crate::endpoint::HistoryMark;

/// The three words of a mark's `installed`.
pub(super) struct Words<'a> {
    pub id: &'a str,
    pub fingerprint: &'a str,
    pub horizon: Option<i64>,
}

impl<'a> Words<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut words = text.split(' ');
        let mut next = || words.next().unwrap_or_default();
        Self { id: next(), fingerprint: next(), horizon: next().parse().ok() }
    }

    pub(super) fn text(&self) -> String {
        let horizon = self.horizon.map(|horizon| horizon.to_string()).unwrap_or_default();
        format!("{} {} {horizon}", self.id, self.fingerprint)
    }
}

/// The `installed` of two marks of one installation that are joined: what was missing then must be
/// older than both.
pub(super) fn later(a: &HistoryMark, b: &HistoryMark) -> String {
    let (a, b) = (Words::of(&a.installed), Words::of(&b.installed));
    let horizon = a.horizon.zip(b.horizon).map(|(a, b)| a.max(b));
    Words { horizon, ..b }.text()
}

/// Why a mark can't be read on from; `None` if it can.
pub(super) fn lacking(state: &State, row: &Installation, since: &HistoryMark) -> Option<String> {
    let mark = Words::of(&since.installed);
    if mark.id != row.id {
        return Some("it was installed anew since".to_owned());
    }
    if mark.fingerprint != state.fingerprint {
        let why = "rows may have changed that it does not tell of: since, the table was rewritten or emptied, its \
                   partitions or triggers were changed, or the server was restored or is another one";
        return Some(why.to_owned());
    }
    let last = state.tables.as_ref().and_then(|tables| tables.last);
    if last.is_some_and(|last| since.seq > last) {
        return Some("it ends before what was seen of it: it was restored from a backup".to_owned());
    }
    match &row.cleared {
        Some(cleared) if !covers(since, cleared) => Some("it was cleared since".to_owned()),
        _ => None,
    }
}
