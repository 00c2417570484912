//! What a column is besides its name: one that was dropped and added anew is another one.

use serde::{Deserialize, Serialize};

/// What a catalog says a column is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The table's number. 0 where the system numbers neither tables nor columns.
    pub table: u64,
    /// The column's number in it. Where the system gives none, how many columns of this name there were
    /// before it, as far as that was noticed.
    pub column: u64,
    /// The labels of an enum, each with its number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<(u64, String)>,
}

impl Origin {
    /// Whether a column of the same name is the same one later: it has the same number in the same
    /// table, and no label of it was renamed. Numbers of a table that was made anew tell nothing.
    pub fn is_still(&self, now: &Self) -> bool {
        let same = self.table != now.table || self.column == now.column;
        let renamed = |(number, label): &(u64, String)| match self.table {
            // Where labels have only places, one that is inserted moves others, whose rows go with them.
            0 => !now.labels.is_empty() && !now.labels.iter().any(|(_, is)| is == label),
            _ => now.labels.iter().any(|(own, is)| own == number && is != label),
        };
        same && !self.labels.iter().any(renamed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_known_by_its_number_and_labels() {
        let origin = |table, column, labels: &[(u64, &str)]| Origin {
            table,
            column,
            labels: labels.iter().map(|(number, label)| (*number, (*label).to_owned())).collect(),
        };
        let was = origin(7, 2, &[(1, "a"), (2, "b")]);
        assert!(was.is_still(&was));
        assert!(was.is_still(&origin(7, 2, &[(1, "a"), (3, "new"), (2, "b")])), "a label more");
        assert!(!was.is_still(&origin(7, 2, &[(1, "a"), (2, "c")])), "a label renamed");
        assert!(!was.is_still(&origin(7, 3, &[(1, "a"), (2, "b")])), "added anew");
        assert!(was.is_still(&origin(8, 1, &[(11, "a"), (12, "b")])), "the table was made anew");
        assert!(!origin(0, 0, &[]).is_still(&origin(0, 1, &[])));
        let places = origin(0, 0, &[(1, "a"), (2, "b")]);
        assert!(places.is_still(&origin(0, 0, &[(1, "a"), (2, "new"), (3, "b")])));
        assert!(!places.is_still(&origin(0, 0, &[(1, "a"), (2, "new")])));
    }
}
