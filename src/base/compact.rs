//! Putting the pieces of a base together. Each sync that reads only changes adds a segment or two, and
//! every one of them is opened and looked through by each later sync. The oldest, which is by far the
//! largest as a rule, stays as it is.

use super::file::BaseFile;
use super::find::Base;
use super::next::{Next, PairedRows};
use super::pair::BasePair;
use crate::snapshot::{Recipe, SnapshotError};

/// Pairs whose rows are rewritten at once.
const CHUNK: usize = 16 * 1024;

impl Base {
    /// Rewrites all segments but the oldest as one, if there are more than `most`; `None` if there
    /// are not, or if some of them lack columns that others have: what they did not know must not
    /// look known. `recipes` says how the unique key's fingerprints are made, left and right. It
    /// tells of the same rows afterwards, and of the same plan.
    ///
    /// # Errors
    /// If reading or writing fails; the base that was there stays then.
    pub fn compact(&self, recipes: &[Recipe; 2], most: usize) -> Result<Option<Self>, SnapshotError> {
        let [oldest, .., _] = self.segments.as_slice() else { return Ok(None) };
        if self.segments.len() <= most || !self.is_even() {
            return Ok(None);
        }
        let (mut later, mut gone) = (Vec::new(), Vec::new());
        self.tell(&mut |pairs, ended| {
            later.extend(pairs.iter().filter(|pair| pair.segment > 0));
            gone.extend(ended.iter().filter(|pair| pair.segment == 0));
            Ok(())
        })?;
        later.sort_unstable_by_key(|pair: &BasePair| (pair.segment, pair.rows));
        let on = Self {
            folder: self.folder.clone(),
            file: BaseFile { segments: self.file.segments[..1].to_vec(), ..self.file.clone() },
            segments: vec![oldest.clone()],
        };
        let torn = self.torn()?;
        let next = Next {
            state: &self.folder,
            file: self.file.clone(),
            recipes,
            on: Some(&on),
            frozen: None,
            gone: &gone,
            open: [self.open_rows(0)?, self.open_rows(1)?],
            torn: &torn,
        };
        let mut chunks = later.chunks(CHUNK);
        let rows = |side: usize, pairs| self.rows(side, &self.file.sides[side].table.columns, pairs);
        next.write(&mut || {
            let pairs = chunks.next();
            pairs.map(|pairs| Ok(PairedRows { rows: [rows(0, pairs)?, rows(1, pairs)?] })).transpose()
        })
        .map(Some)
    }

    /// Whether all segments have all columns of the tables.
    fn is_even(&self) -> bool {
        (0..2).all(|side| self.file.sides[side].table.columns.iter().all(|column| self.has(side, column)))
    }
}
