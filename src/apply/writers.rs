//! The sessions that write a side: one finds rows by the unique key; the other, for steps that change
//! or free it, by what stays then.

use super::codec::Codec;
use super::error::ApplyError;
use crate::endpoint::{WriteTable, Writer};
use crate::plan::FoundBy;

/// The sessions that write a side. Only one of them is in a transaction at a time.
pub struct Writers<'a> {
    /// Finds rows by the unique key.
    pub by_key: &'a mut dyn Writer,
    /// Finds rows by their identity; `None` where no step needs it.
    pub by_identity: Option<&'a mut dyn Writer>,
}

/// How rows are compared, in either way to find them.
pub(super) struct Codecs {
    by_key: Codec,
    by_identity: Codec,
}

impl Codecs {
    pub(super) fn new(table: &WriteTable, identity: &[usize]) -> Self {
        Self { by_key: Codec::new(table), by_identity: Codec::found_by(table, identity) }
    }

    pub(super) fn get(&self, found_by: FoundBy) -> &Codec {
        match found_by {
            FoundBy::Key => &self.by_key,
            FoundBy::Identity => &self.by_identity,
        }
    }
}

impl Writers<'_> {
    /// The session that finds rows in this way.
    pub(super) fn get(&mut self, found_by: FoundBy) -> Result<&mut dyn Writer, ApplyError> {
        match (found_by, &mut self.by_identity) {
            (FoundBy::Key, _) => Ok(&mut *self.by_key),
            (FoundBy::Identity, Some(writer)) => Ok(&mut **writer),
            (FoundBy::Identity, None) => {
                Err(ApplyError::Shape("steps whose rows no session finds by their identity".to_owned()))
            }
        }
    }
}
