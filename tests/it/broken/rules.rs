//! Who wins where both sides changed a row apart.

use super::versions::{COLUMNS, Register, TIME, Versions};

/// Times that are closer than this, in microseconds, prove nothing.
const CLOSE: u64 = 15_000;

/// The rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    None,
    Side(usize),
    NewestColumn,
    NewestHistory,
}

/// What every run of a story is told.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub winner: Winner,
    /// Whether a row that both changed is one side's as a whole.
    pub by_row: bool,
    /// Left to right only.
    pub one_way: bool,
}

impl Rules {
    /// The options that say so.
    pub fn options(&self) -> Vec<&'static str> {
        if self.one_way {
            return vec!["--direction", "left-to-right"];
        }
        let winner = match self.winner {
            Winner::None => "none",
            Winner::Side(side) => ["left", "right"][side],
            Winner::NewestColumn => "newest:updated_at",
            Winner::NewestHistory => "newest:history",
        };
        let merge = if self.by_row { "row" } else { "column" };
        vec!["--direction", "both", "--winner", winner, "--merge", merge]
    }

    /// Whether this side's row may be preferred to the other's, where they were changed apart in a column.
    pub fn may_prefer(&self, versions: &Versions, side: usize, rows: &[Register; 2], column: usize) -> bool {
        let value = |side: usize, column: usize| versions.value(rows[side][column].node);
        let gone = [0, 1].iter().any(|side| value(*side, column).is_none());
        match self.winner {
            Winner::None => false,
            // Who deleted a row has no say about what the other made of it.
            Winner::Side(winner) => winner == side && !gone,
            Winner::NewestColumn => match (value(side, TIME), value(1 - side, TIME)) {
                (Some(Some(own)), Some(Some(other))) => own > other && !gone,
                _ => false,
            },
            Winner::NewestHistory => {
                let at = |side: usize, column: usize| versions.at(rows[side][column].node);
                let last = |side: usize| (0..COLUMNS).map(|column| at(side, column)).max().unwrap_or(0);
                last(side) + CLOSE > last(1 - side) || at(side, column) + CLOSE > at(1 - side, column)
            }
        }
    }
}
