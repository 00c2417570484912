//! `base.json`: what a base is of.

use crate::endpoint::HistoryMark;
use crate::table::TableInfo;
use serde::{Deserialize, Serialize};

/// The file's name in a state folder.
pub const BASE: &str = "base.json";
/// The name of the one before it.
pub const PREVIOUS: &str = "previous.json";

/// One side of a base.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseSide {
    /// Where the table lives: without a password, and for files with the whole path.
    pub address: String,
    /// The condition that chose its rows.
    pub filter: Option<String>,
    /// Its columns and keys.
    pub table: TableInfo,
    /// The columns that say which row it is, whatever becomes of the unique key.
    pub identity: Vec<String>,
    /// The unique key's columns.
    pub key: Vec<String>,
    /// When it was exported, UTC, RFC 3339.
    pub exported_at: String,
    /// Its rows, settled or not.
    pub rows: u64,
    /// How far its history had been read.
    pub mark: Option<HistoryMark>,
}

/// The content of `base.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseFile {
    /// The format's version.
    pub version: u64,
    /// The program that wrote it.
    pub written_by: String,
    /// When, UTC, RFC 3339.
    pub written_at: String,
    /// Unlike that of any other base.
    pub id: String,
    /// The checksum of the plan whose applying made it.
    pub plan: String,
    /// Left and right.
    pub sides: [BaseSide; 2],
    /// The pairs of columns that were compared, the key's first, by their left and right names.
    pub columns: Vec<(String, String)>,
    /// Rows that no later run may leave out unless it looks at everything: keys that are not unique,
    /// or NULL. With any, later runs read both tables as a whole.
    pub unkeyed: u64,
    /// The segments' folders, oldest first.
    pub segments: Vec<String>,
    /// Pairs in it.
    pub pairs: u64,
}
