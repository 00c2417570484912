//! What the page says.

use crate::audit::Audit;
use crate::compare::{Briefs, View, brief_texts};
use crate::job::KeptFile;
use crate::plan::PlanFile;
use crate::report::pair::Pair;

/// A run or a plan as the page shows it. Values of masked columns are not in here.
#[derive(Clone, Debug, Default)]
pub struct PageModel {
    /// The folder that all of it comes from.
    pub folder: String,
    /// How the tables were compared.
    pub run: Option<PageRun>,
    /// What the comparison found.
    pub audit: Option<Audit>,
    /// The plan, if it is one.
    pub plan: Option<PlanFile>,
    /// How far the plan has come, in words.
    pub plan_state: Option<String>,
    /// The snapshots of left and right.
    pub snapshots: Vec<PageSnapshot>,
    /// The tables of rows.
    pub tables: Vec<PageTable>,
    /// The masked columns.
    pub masked: Vec<String>,
    /// What a reader should know before believing the page.
    pub notes: Vec<String>,
}

/// How and when tables were compared.
#[derive(Clone, Debug, Default)]
pub struct PageRun {
    /// The program.
    pub written_by: String,
    /// When the run began.
    pub started_at: String,
    /// When it was done.
    pub finished_at: String,
    /// The job's options, as on the command line.
    pub options: Vec<String>,
    /// Whether reasons were looked for.
    pub reasons: bool,
}

/// What one side's rows were read from.
#[derive(Clone, Debug, Default)]
pub struct PageSnapshot {
    /// `left` or `right`.
    pub side: &'static str,
    /// Where the table lives.
    pub address: String,
    /// When the export began.
    pub exported_at: String,
    /// The program that exported.
    pub written_by: String,
    /// How the rows are known to be of one moment.
    pub consistency: String,
    /// The condition that chose the rows.
    pub filter: Option<String>,
    /// The rows.
    pub rows: u64,
    /// The rows that the database itself counted.
    pub counted: Option<u64>,
    /// How many columns the table has.
    pub columns: usize,
    /// Per column, the values that its type cannot hold.
    pub others: Vec<(String, u64)>,
    /// The files with the rows.
    pub files: Vec<KeptFile>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// There is none.
    Nothing,
    /// NULL.
    Null,
    /// A value as printed.
    Text(String),
    /// The same with what else is to be said of it: its length, if this is a piece of it; what it is, if
    /// it is printed like the one beside it.
    Noted(String, String),
}

impl Cell {
    /// Of a value that may not be there at all; `Some(None)` is NULL.
    pub fn maybe(value: Option<Option<String>>) -> Self {
        value.map_or(Self::Nothing, |value| Self::of(value.as_deref()))
    }

    /// Of a value of which `None` is NULL.
    pub fn of(value: Option<&str>) -> Self {
        let [cell, _] = Self::both(&brief_texts([value, None]), ["", ""]);
        cell
    }

    /// Of a row's value in a column.
    pub fn in_view(view: &View, row: usize, column: usize) -> Self {
        let (text, length) = view.brief(row, column);
        let [cell, _] =
            Self::both(&Briefs { texts: [text, None], lengths: [length, None], ..Briefs::default() }, ["", ""]);
        cell
    }

    /// Of two values that differ, and of what they are.
    pub fn both(briefs: &Briefs, kinds: [&'static str; 2]) -> [Self; 2] {
        let pair = Pair { texts: briefs.texts.each_ref().map(Option::as_deref), lengths: briefs.lengths, kinds };
        let [left, right] = pair.page_notes();
        [(left, 0), (right, 1)].map(|(note, side)| match (briefs.texts[side].clone(), note) {
            (None, _) => Self::Null,
            (Some(text), None) => Self::Text(text),
            (Some(text), Some(note)) => Self::Noted(text, note),
        })
    }
}

/// What a column of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Values.
    Text,
    /// Values that are numbers.
    Number,
    /// A few words of ours: a side, an action.
    Word,
    /// Values, beside those of the next column.
    Left,
    /// Values, beside those of the column before.
    Right,
}

/// One row's changed cells: the position of the column's name, and a cell per version.
pub type Changes = Vec<(usize, Vec<Cell>)>;

/// The content of a column.
#[derive(Clone, Debug)]
pub enum Values {
    /// A cell per row.
    Cells(ColumnKind, Vec<Cell>),
    /// Several changed cells per row.
    Changes {
        /// What the versions are.
        heads: Vec<&'static str>,
        /// The names of columns.
        names: Vec<String>,
        /// Per row.
        rows: Vec<Changes>,
    },
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct PageColumn {
    /// Its heading.
    pub name: String,
    /// Whether it is of the unique key.
    pub key: bool,
    /// Its content.
    pub values: Values,
}

/// A table of rows.
#[derive(Clone, Debug)]
pub struct PageTable {
    /// Its place on the page, in a link.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What a row of it is called.
    pub unit: [&'static str; 2],
    /// How many things there are in all, of what its heading counts.
    pub total: u64,
    /// What it holds, in a sentence.
    pub lead: String,
    /// What was left out, and where that is.
    pub left_out: Option<String>,
    /// What to do next, as a command.
    pub command: Option<String>,
    /// The columns.
    pub columns: Vec<PageColumn>,
    /// The rows of each.
    pub rows: usize,
    /// Columns to filter by, with a label each.
    pub filters: Vec<(usize, &'static str)>,
}
