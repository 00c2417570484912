//! What a table asks of those who write to it: what its columns can hold, what fills itself, and
//! which other rows hang on its rows.

use super::{Action, Charset};
use crate::table::PortableType;
use serde::{Deserialize, Serialize};

/// What there is to know of a table before it is written to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// In the order of the table's own columns.
    pub columns: Vec<TargetColumn>,
    /// Every unique index, the primary key first; partial ones and those over expressions too.
    pub unique: Vec<UniqueIndex>,
    /// The foreign keys of this table.
    pub references: Vec<Reference>,
    /// The foreign keys of other tables, or of this one, that point to this table.
    pub dependents: Vec<Dependent>,
    /// The columns that every update of a row sets by itself (`ON UPDATE CURRENT_TIMESTAMP`), unless
    /// it sets them to what they are.
    #[serde(default)]
    pub touched: Vec<String>,
    /// The names of the triggers that writing rows will set off.
    pub triggers: Vec<String>,
    /// Why it can't be written to at all (it is a view, its engine has no transactions); empty if
    /// it can.
    pub obstacles: Vec<String>,
    /// What the user may not do, where that is not everything.
    #[serde(default)]
    pub lacking: Vec<Lacking>,
    /// What a person should know before writing to it.
    pub warnings: Vec<String>,
}

/// An action that the user has no right to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lacking {
    /// Steps of this action can't be written.
    pub action: Action,
    /// Which right is missing.
    pub why: String,
}

/// One column as a writer sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetColumn {
    /// Its name.
    pub name: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether a row may be created without naming it (a default, an identity, a counter, or NULL).
    pub optional: bool,
    /// Whether the database computes it and refuses any value for it.
    pub computed: bool,
    /// Whether new rows take their value from a counter (identity, serial, AUTO_INCREMENT).
    pub counter: bool,
    /// What its declared type can hold.
    pub holds: Holds,
}

/// What a declared type can hold, as far as it can be told without asking the database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Holds {
    /// Most characters.
    pub chars: Option<u64>,
    /// Most bytes.
    pub bytes: Option<u64>,
    /// The smallest and largest whole number.
    pub range: Option<(i128, i128)>,
    /// Whether 0 is held although it is not in `range` (MySQL's `YEAR`).
    #[serde(default)]
    pub or_zero: bool,
    /// Digits in all, and after the point. More digits after the point would be rounded.
    pub digits: Option<(u32, u32)>,
    /// The labels of an enum.
    pub labels: Option<Vec<String>>,
    /// Whether `labels` may be combined with commas (a MySQL set).
    pub combined: bool,
    /// The first and last moment, in microseconds since 1970 (dates: their midnight).
    pub times: Option<(i64, i64)>,
    /// Whether NaN and infinities are refused.
    pub finite: bool,
    /// Whether NaN is refused, and infinities are not.
    #[serde(default)]
    pub no_nan: bool,
    /// Whether text with the character of code 0 is refused.
    pub no_zero_character: bool,
    /// The character set, where it does not have all characters and is known here.
    #[serde(default)]
    pub charset: Option<Charset>,
    /// Whether spaces at the end of text are dropped.
    #[serde(default)]
    pub trims: bool,
    /// How many bytes a value has; shorter ones are filled with zeros.
    #[serde(default)]
    pub padded: Option<u64>,
    /// Whether JSON with `\u0000` in it is refused.
    #[serde(default)]
    pub no_zero_escape: bool,
    /// Values that its portable type cannot hold but this column can, as it prints them
    /// (`infinity`, `0000-00-00`); `#` stands for any digit. Any other such value does not fit.
    pub others: Vec<String>,
    /// Whether it can hold any such value, not only `others`.
    #[serde(default)]
    pub any_other: bool,
    /// Whether numbers are kept as 64-bit integers or floats, also those that are given as text: a
    /// decimal of many digits or a text like `007` would not stay what it is. Ask
    /// [`keeps`](Self::keeps).
    #[serde(default)]
    pub numeric: bool,
}

impl Holds {
    /// Whether a value of this type, given as trueup prints it, stays the same if numbers are kept
    /// as [`numeric`](Self::numeric) says.
    pub fn keeps(&self, ty: &PortableType, printed: &str) -> bool {
        !self.numeric || super::sqlite::survives(ty, printed)
    }
}

/// A unique index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueIndex {
    /// Its name.
    pub name: String,
    /// The columns it is made of, those inside expressions included.
    pub columns: Vec<String>,
}

/// A foreign key of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table it points to, qualified as the system does.
    pub table: String,
    /// The columns it points to.
    pub to: Vec<String>,
    /// Whether it points to the same table.
    pub to_itself: bool,
}

/// A foreign key that points to the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependent {
    /// Its name.
    pub name: String,
    /// The table that has it, qualified as the system does.
    pub table: String,
    /// The schema (or database) and name of that table, unquoted.
    pub table_name: (String, String),
    /// Its columns.
    pub columns: Vec<String>,
    /// The columns of this table that it points to.
    pub to: Vec<String>,
    /// What happens to the dependent rows when a row is deleted.
    pub on_delete: OnDelete,
    /// Whether it is this table itself.
    pub is_itself: bool,
}

/// What a foreign key does when the row it points to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The delete is refused while there are dependent rows.
    Refuse,
    /// The dependent rows are deleted too.
    Cascade,
    /// The dependent rows lose the value.
    SetNull,
    /// The dependent rows get their default.
    SetDefault,
}

impl Target {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&TargetColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What keeps steps of these actions from being written.
    pub fn obstacles_to(&self, needed: impl Fn(Action) -> bool) -> impl Iterator<Item = &String> {
        let lacking = self.lacking.iter().filter(move |lacking| needed(lacking.action));
        self.obstacles.iter().chain(lacking.map(|lacking| &lacking.why))
    }
}
