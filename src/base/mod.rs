//! The base: what both sides agreed on after the last two-way sync, per side as that side stored it.
//! It makes comparing three ways possible: a row that differs from its base was changed, one that is
//! in the base and not in the table was deleted there.
//!
//! A state folder holds one base and the one before it:
//!
//! | file | what |
//! |---|---|
//! | `base.json` | which tables, key and pairs of columns; the segments, oldest first; written last |
//! | `previous.json` | the base before it, for undo |
//! | `segments/ID/left/`, `right/` | rows of each side, as in a snapshot |
//! | `segments/ID/links.parquet` | one row a pair: `k1`, `k2` the key's fingerprint, `l1`, `l2` and `r1`, `r2` the fingerprints of the left and right row's identity, `left_row` and `right_row` their positions |
//! | `segments/ID/gone.parquet` | pairs of earlier segments that no longer hold: `l1`, `l2`, `r1`, `r2` |
//! | `segments/ID/torn.parquet` | `l1`, `l2`, `r1`, `r2`: rows that were both there and not settled, and that no link tells of; those of the last segment count |
//! | `segments/ID/unclear.parquet` | the same of rows of which nobody can tell what an interrupted run has written |
//! | `segments/ID/open-left.parquet`, `open-right.parquet` | identities of rows that are not settled (conflicts, refused steps) and have to be looked at again; those of the last segment count |
//! | `segments/ID/segment.json` | how many rows each of its files has, so that none can go missing unseen, and their checksums |
//! | `pending.json` | the plan that is being applied or undone, from before its first write until the base says what came of it |
//! | `sync.lock` | locked while a sync is at work |
//!
//! Links of a later segment supersede those of earlier ones with the same identity on either side;
//! within a segment an identity is linked once. A segment is named after the base that wrote it and
//! is never changed; one that neither base names is removed by the next write. When there are many,
//! all but the oldest are put together as one.
//!
//! A row's identity is its primary key where the table has one, else the unique key of the job: it
//! stays when the unique key changes. Identities are compared strictly, each in its column's own
//! type; the unique key's fingerprint is that of the index, the same on both sides.

mod checksum;
mod compact;
mod disk;
mod file;
mod find;
mod held;
mod job;
mod join;
mod known;
mod linker;
mod links;
mod lock;
mod next;
mod numbers;
mod pair;
mod pending;
mod place;
mod rows;
mod seen;
mod segment;
mod segment_writer;
mod sought;
#[cfg(test)]
mod testing;

pub use disk::{move_folder, sync_files};
pub use file::{BASE, BaseFile, BaseSide, PREVIOUS};
pub use find::{Base, Wanted};
pub use held::keep_to;
pub use job::BaseJob;
pub use known::{BaseColumn, Known};
pub use linker::{Linker, identity_of};
pub use links::{LinkSide, Room, write_links};
pub use lock::{StateLock, lock_file};
pub use next::{Next, PairedRows};
pub use pair::{BasePair, Torn};
pub use pending::Pending;
pub use place::{TakenBack, take_back};
