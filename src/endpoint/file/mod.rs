//! Tables in files that are not snapshots yet: CSV; and files that are written anew, CSV and
//! Parquet.
//!
//! The tokenizer is our own, because an empty field without quotes is NULL and one in quotes is
//! an empty string: the usual CSV libraries hand out both as the same empty field.
//!
//! What counts as CSV: RFC 4180, with `,`, `;`, a tab or `|` between the fields, whichever splits the
//! header and the rows alike (where several do, or none surely, it has to be said); a quote
//! inside quotes is doubled; lines end in LF or CRLF, also mixed, the last one with or without;
//! quoted fields may hold line ends. UTF-8, with or without a byte order mark. The first line
//! names the columns; blanks around the names don't count. Beyond the RFC, a quote inside a field that does not start with one is an
//! ordinary character.
//!
//! Empty lines: at the end of the file they are skipped, elsewhere they are an error. In a file
//! of one column each is a row whose value is NULL, because that is how such a row is written.
//!
//! A file that is not as it should be is refused, with the line and what is wrong with it;
//! nothing is guessed and no row is skipped.
//!
//! A file is written to by writing a new one beside it ([`Draft`]), which has the same form: rows
//! that stay are copied byte for byte (CSV) or keep their types and compression (Parquet), and
//! new values are spelled as their column's others are. Then it takes the old one's place at once.

mod csv;
mod csv_bytes;
mod csv_delimiter;
mod csv_style;
mod csv_write;
mod draft;
mod edits;
mod infer;
mod parquet_write;
mod records;

pub use csv::Csv;
pub use csv_bytes::ByteForm;
pub use csv_write::rewrite_csv;
pub use draft::{Draft, Original};
pub use edits::{Edits, NewRow};
pub use infer::Inference;
pub use parquet_write::rewrite_parquet;
