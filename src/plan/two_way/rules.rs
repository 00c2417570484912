//! Who wins where both sides changed the same, as it is said and as `plan.json` keeps it.

use crate::endpoint::{Action, Clock};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Who wins a row that both sides changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Winner {
    /// The left side.
    Left,
    /// The right side.
    Right,
    /// The later one by a column of each table that tells when the row was changed.
    NewestColumn {
        /// The left table's.
        left: String,
        /// The right table's.
        right: String,
    },
    /// The later one by the tables' histories.
    NewestHistory,
    /// Neither: it is a conflict.
    #[default]
    None,
}

impl FromStr for Winner {
    type Err = String;

    /// Reads `left`, `right`, `none`, `newest:history`, `newest:COL` or `newest:LEFT=RIGHT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no winner: left, right, newest:COLUMN, newest:history or none");
        Ok(match text.trim() {
            "left" => Self::Left,
            "right" => Self::Right,
            "none" => Self::None,
            other => match other.strip_prefix("newest:").map(str::trim) {
                Some("history") => Self::NewestHistory,
                Some("") | None => return Err(wrong()),
                Some(column) => {
                    let (left, right) = column.split_once('=').unwrap_or((column, column));
                    if left.trim().is_empty() || right.trim().is_empty() {
                        return Err(wrong());
                    }
                    Self::NewestColumn { left: left.trim().to_owned(), right: right.trim().to_owned() }
                }
            },
        })
    }
}

impl fmt::Display for Winner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("left"),
            Self::Right => f.write_str("right"),
            Self::NewestColumn { left, right } if left == right => write!(f, "newest:{left}"),
            Self::NewestColumn { left, right } => write!(f, "newest:{left}={right}"),
            Self::NewestHistory => f.write_str("newest:history"),
            Self::None => f.write_str("none"),
        }
    }
}

/// What is taken over where both sides changed a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Merge {
    /// Columns that one side changed merge by themselves.
    #[default]
    Column,
    /// The whole row is one side's.
    Row,
}

/// Which side's version a person takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// The left one.
    Left,
    /// The right one.
    Right,
    /// The one that was changed later, where both times are known.
    Newest,
}

/// A person's decision on a conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The key's values as printed; `None` for all that are not decided by their own key.
    pub key: Option<Vec<String>>,
    /// What was decided.
    pub take: Take,
}

/// How changes of both sides are brought together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Who wins.
    pub winner: Winner,
    /// By columns or by rows.
    pub merge: Merge,
    /// Two changes closer than this are a conflict, in microseconds. Never smaller than the measured
    /// difference of the clocks where that matters.
    pub window: i64,
    /// Whether times of a column are shifted by the difference of the servers' clocks.
    pub shift: bool,
}

/// What `plan.json` says of a plan that writes both sides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TwoWayFile {
    /// How changes were brought together; the window is the one that was used.
    pub rules: Rules,
    /// Where the base is kept, as given.
    pub state: String,
    /// The id of the base that it was made from; `None` for a first run.
    pub base: Option<String>,
    /// When that was written, UTC, RFC 3339.
    #[serde(default)]
    pub base_at: Option<String>,
    /// Why it is a first run, or why everything was read although there are histories; in words.
    pub note: Option<String>,
    /// Whether only rows were read that the histories tell of.
    pub partial: bool,
    /// The clocks of left and right.
    pub clocks: [Option<Clock>; 2],
    /// Pairs that differ and stay so, since neither side has changed since the base.
    pub kept: u64,
    /// The actions that were wanted.
    pub actions: Vec<Action>,
    /// What a person decided.
    pub decisions: Vec<Decision>,
}
