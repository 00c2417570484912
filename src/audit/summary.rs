//! What a comparison came to: the verdict, whether it is exact, and what was compared. Everything that
//! the first sentence of an audit, a plan or a sync says.

use super::facts::Audit;
use crate::table::{Alignment, Key, KeyChoice, Softener};
use serde::{Deserialize, Serialize};

/// What is to be thought of two tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every column of both was compared or left out by the job, and every row is equal.
    #[default]
    Agree,
    /// A row differs.
    Differ,
    /// Every row is equal in the columns that were compared, but a column of either has no partner, and
    /// the job did not leave it out.
    Columns,
    /// The conditions chose no row on either side.
    Nothing,
}

impl Verdict {
    /// The word for scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Differ => "differ",
            Self::Columns => "columns",
            Self::Nothing => "nothing",
        }
    }

    /// Whether that is agreement; a job may say that having nothing to compare is.
    pub fn is_agreement(self, allow_nothing: bool) -> bool {
        match self {
            Self::Agree => true,
            Self::Nothing => allow_nothing,
            Self::Differ | Self::Columns => false,
        }
    }
}

/// A softened comparison and what it made equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softening {
    /// The left name of the column.
    pub left: String,
    /// The right name.
    pub right: String,
    /// What softens it.
    #[serde(flatten)]
    pub softener: Softener,
    /// Rows in which values are equal only because of it; a lower bound where rows have no key of their
    /// own.
    pub rows: u64,
}

/// What a comparison came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// In a word.
    pub verdict: Verdict,
    /// Whether no row is equal only because of a softener.
    pub exact: bool,
    /// Whether the job says that having nothing to compare is agreement.
    pub allow_nothing: bool,
    /// Whether only rows were looked at that histories tell of.
    pub partial: bool,
    /// Whether whole rows were compared, for want of a key.
    pub whole_rows: bool,
    /// The sentence that doubts that these are the same table, if that is in doubt.
    pub doubt: Option<String>,
    /// Rows: left, right.
    pub rows: [u64; 2],
    /// Keys on both sides.
    pub in_both: u64,
    /// Those of them whose rows are the same.
    pub equal: u64,
    /// Those with one row on each side, which differ.
    pub changed: u64,
    /// Those that are not unique and differ.
    pub ambiguous: u64,
    /// Keys on one side only: left, right.
    pub only: [u64; 2],
    /// Keys that only the other side shows, where policies may hide them: on the left, on the right.
    #[serde(default)]
    pub unseen: [u64; 2],
    /// Rows with a NULL in the key: left, right.
    pub null_keys: [u64; 2],
    /// Whether those are the same on both sides.
    pub null_keys_equal: bool,
    /// How many pairs of columns were compared, the key's among them.
    pub columns: u64,
    /// Columns without a partner that the job does not leave out: left, right.
    pub unpaired: [Vec<String>; 2],
    /// Columns that the job leaves out.
    pub left_out: Vec<String>,
    /// Compared pairs that something softens, and what it made equal.
    pub softened: Vec<Softening>,
}

impl Summary {
    /// Of an audit.
    pub fn of(audit: &Audit) -> Self {
        let counts = [0, 1].map(|side: usize| audit.sides[side].counts);
        let whole_rows = audit.key.chosen == KeyChoice::WholeRow;
        Self {
            verdict: audit.verdict,
            exact: audit.exact,
            allow_nothing: audit.allow_nothing,
            partial: false,
            whole_rows,
            doubt: audit.doubt(),
            rows: counts.map(|side| side.rows),
            in_both: audit.in_both,
            equal: audit.equal,
            changed: audit.changed,
            ambiguous: audit.ambiguous,
            only: audit.only,
            unseen: audit.unseen,
            null_keys: counts.map(|side| side.null_keys),
            null_keys_equal: audit.null_keys_equal,
            columns: (if whole_rows { 0 } else { audit.key.columns.len() } + audit.columns.len()) as u64,
            unpaired: audit.sides.each_ref().map(|side| side.alone.clone()),
            left_out: audit.ignored.clone(),
            softened: audit.softened.clone(),
        }
    }

    /// The same of a comparison that looked only at rows that histories tell of. What else there is, was
    /// equal the last time, though perhaps only because of a softener.
    pub fn partial(self) -> Self {
        let exact = self.exact && self.softened.is_empty();
        Self { partial: true, exact, ..self }
    }

    /// Whether the tables agree, as the exit code says it.
    pub fn agrees(&self) -> bool {
        self.verdict.is_agreement(self.allow_nothing)
    }

    /// Columns in all: pairs, and those without a partner.
    pub fn all_columns(&self) -> u64 {
        let unpaired: usize = self.unpaired.iter().map(Vec::len).sum();
        self.columns + (unpaired + self.left_out.len()) as u64
    }
}

/// The columns that the job leaves out: pairs that are not the key's by their left names, then those
/// without a partner.
pub(super) fn left_out(alignment: &Alignment, key: &Key) -> Vec<String> {
    let in_key = |name: &String| key.pairs.iter().any(|at| alignment.pairs[*at].left.name == *name);
    let pairs = alignment.ignored.iter().filter(|name| !in_key(name));
    pairs.chain(alignment.left_out.iter().flatten()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_one_word_of_four() {
        let all = [Verdict::Agree, Verdict::Differ, Verdict::Columns, Verdict::Nothing];
        assert_eq!(all.map(|verdict| verdict.is_agreement(false)), [true, false, false, false]);
        assert_eq!(all.map(|verdict| verdict.is_agreement(true)), [true, false, false, true]);
        for verdict in all {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.word());
        }
    }
}
