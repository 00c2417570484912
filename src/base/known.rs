//! What a base knows of a pair of columns.

use super::find::Base;
use crate::table::{Alignment, Column};
use serde::{Deserialize, Serialize};

/// A pair of columns as it was compared when a base was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseColumn {
    /// The left name.
    pub left: String,
    /// The right name.
    pub right: String,
    /// As what, and by which rules, it was compared.
    pub compared_as: String,
}

/// Whether what a base has of a pair of columns was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// In every pair of rows: it was compared then as it is now.
    Always,
    /// Where the base's own left and right values are equal: it was not compared then, or by other
    /// rules.
    WhereEqual,
    /// Nowhere: the base does not have both columns.
    Never,
}

impl BaseColumn {
    /// The pair of columns at this position of an alignment.
    pub fn of(alignment: &Alignment, pair: usize) -> Self {
        let zone = alignment.zone.as_deref().unwrap_or("UTC");
        let pair = &alignment.pairs[pair];
        let compared_as = format!("{:?}, {:?}, {zone}", pair.family, pair.rules);
        Self { left: pair.left.name.clone(), right: pair.right.name.clone(), compared_as }
    }
}

impl Base {
    /// What it knows of this pair of columns, which is compared now as `now` says.
    pub fn knows(&self, columns: [&Column; 2], now: &BaseColumn) -> Known {
        if (0..2).any(|side: usize| !self.has(side, columns[side])) {
            Known::Never
        } else if self.file.columns.contains(now) {
            Known::Always
        } else {
            Known::WhereEqual
        }
    }
}
