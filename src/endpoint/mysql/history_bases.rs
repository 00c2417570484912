//! The bases of two-way syncs that a table has had, as notes in the history's table.

use super::history_book::Known;
use super::history_install::Work;
use crate::endpoint::EndpointError;

impl Work<'_> {
    /// The names of those of the table.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn bases(&mut self) -> Result<Vec<String>, EndpointError> {
        let book = self.book()?.unwrap_or_default();
        Ok(book.bases.into_iter().map(|(_, base)| base).collect())
    }

    /// Writes one down.
    ///
    /// # Errors
    /// If a right is missing.
    pub fn remember(&mut self, base: &str) -> Result<(), EndpointError> {
        if self.bases()?.iter().any(|known| known == base) {
            return Ok(());
        }
        let note = Known { table: self.name.table.clone(), base: base.to_owned() };
        let note = serde_json::to_string(&note).unwrap_or_default();
        let sql = self.name.note("base", &note, "UTC_TIMESTAMP(6)");
        let right = self.name.right("INSERT");
        self.run(&sql, &right).map(drop)
    }

    /// Forgets one.
    ///
    /// # Errors
    /// If a right is missing.
    pub fn forget_base(&mut self, base: &str) -> Result<(), EndpointError> {
        let book = self.book()?.unwrap_or_default();
        let rows: Vec<u64> = book.bases.iter().filter(|(_, known)| known == base).map(|(seq, _)| *seq).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.guard(&book.settled)?;
        let right = self.name.right("DELETE");
        self.forget(&rows, &right).map(drop)
    }
}
