//! Looking pairs up in the base.

use super::disk::{damaged, refuse_links};
use super::file::{BASE, BaseFile, PREVIOUS};
use super::pair::{BasePair, Ids, PrintMap, PrintSet};
use super::place::check_kept;
use super::segment::Segment;
use super::sought::Sought;
use crate::snapshot::SnapshotError;
use crate::table::Fingerprint;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// A base in its state folder.
#[derive(Clone, Debug)]
pub struct Base {
    /// The state folder.
    pub folder: PathBuf,
    /// What `base.json` says.
    pub file: BaseFile,
    /// Opened, in the order of the file.
    pub(super) segments: Vec<Segment>,
}

/// Takes pairs that hold, and such that no longer do.
type Tell<'a> = dyn FnMut(&[BasePair], &[BasePair]) -> Result<(), SnapshotError> + 'a;

/// What is looked up: pairs with any of these.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Fingerprints of unique keys.
    pub keys: HashSet<Fingerprint>,
    /// Fingerprints of left and right identities.
    pub ids: [HashSet<Fingerprint>; 2],
}

impl Base {
    /// Opens the base of a state folder; `None` if it has none.
    ///
    /// # Errors
    /// If it is damaged or of another version.
    pub fn open(state: &Path) -> Result<Option<Self>, SnapshotError> {
        refuse_links(state)?;
        let file = BaseFile::read(&state.join(BASE))?;
        if file.is_none() {
            check_kept(state)?;
        }
        file.map(|file| Self::of(state, file)).transpose()
    }

    /// Opens the base that was there before the current one; `None` if that is not kept.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_previous(state: &Path) -> Result<Option<Self>, SnapshotError> {
        let file = BaseFile::read(&state.join(PREVIOUS))?;
        file.map(|file| Self::of(state, file)).transpose()
    }

    /// Opens the segments of a base.
    pub(super) fn of(state: &Path, file: BaseFile) -> Result<Self, SnapshotError> {
        let segments = file.segments.iter().map(|name| Segment::open(state, name)).collect::<Result<_, _>>()?;
        Ok(Self { folder: state.to_owned(), file, segments })
    }

    /// Checks that its files are as they were written, which [`open`](Self::open) does not: they are
    /// read as a whole for that.
    ///
    /// # Errors
    /// If one is damaged.
    pub fn check(&self) -> Result<(), SnapshotError> {
        self.segments.iter().try_for_each(Segment::check_files)
    }

    /// The pairs that hold and have any of what is wanted, in no particular order.
    ///
    /// # Errors
    /// If the files can't be read.
    pub fn find(&self, wanted: &Wanted) -> Result<Vec<BasePair>, SnapshotError> {
        let [left, right] = &wanted.ids;
        let sought = Sought::of(wanted.keys.iter().copied(), [left, right].map(|ids| ids.iter().copied()));
        if sought.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        for (at, segment) in self.segments.iter().enumerate() {
            found.extend(segment.pairs(at, &sought)?);
        }
        self.holding(found)
    }

    /// Those that no later segment supersedes or ends. The link that does so may have nothing of
    /// what was wanted, so later segments are looked through once more, for these pairs' identities.
    fn holding(&self, mut found: Vec<BasePair>) -> Result<Vec<BasePair>, SnapshotError> {
        let Some(oldest) = found.iter().map(|pair| pair.segment).min() else { return Ok(found) };
        // By identity, the last segment that links it.
        let mut last: [PrintMap<Fingerprint, usize>; 2] = Default::default();
        for pair in &found {
            note(&mut last, pair);
        }
        // The last segment that ends a pair.
        let mut ended: PrintMap<Ids, usize> = PrintMap::default();
        for (at, segment) in self.segments.iter().enumerate().skip(oldest + 1) {
            let known = Sought::of([], last.each_ref().map(|last| last.keys().copied()));
            let gone = segment.gone(&|ids| known.has_ids(ids))?;
            let links = segment.pairs(at, &known)?;
            ended.extend(gone.into_iter().map(|ids| (ids, at)));
            links.iter().for_each(|pair| note(&mut last, pair));
        }
        found.retain(|pair| {
            let is_last = |side: usize| last[side].get(&pair.ids[side]) == Some(&pair.segment);
            is_last(0) && is_last(1) && ended.get(&pair.ids).is_none_or(|at| *at <= pair.segment)
        });
        Ok(found)
    }

    /// All pairs that hold, in batches. What it keeps in memory are the identities of all segments
    /// but the oldest.
    ///
    /// # Errors
    /// If the files can't be read, or what `take` says.
    pub fn each(&self, take: &mut dyn FnMut(&[BasePair]) -> Result<(), SnapshotError>) -> Result<(), SnapshotError> {
        self.tell(&mut |pairs, _| if pairs.is_empty() { Ok(()) } else { take(pairs) })
    }

    /// As [`each`](Self::each), with the pairs beside them that no longer hold.
    pub(super) fn tell(&self, take: &mut Tell<'_>) -> Result<(), SnapshotError> {
        let mut later: [PrintSet<Fingerprint>; 2] = Default::default();
        let mut ended: PrintSet<Ids> = PrintSet::default();
        for (at, segment) in self.segments.iter().enumerate().rev() {
            segment.each(at, &mut |pairs| {
                let (pairs, past): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| {
                    let superseded = (0..2).any(|side| later[side].contains(&pair.ids[side]));
                    // An identity is linked once in a segment, so these are of no other pair in it.
                    if at > 0 {
                        for (later, id) in later.iter_mut().zip(pair.ids) {
                            later.insert(id);
                        }
                    }
                    !superseded && !ended.contains(&pair.ids)
                });
                take(&pairs, &past)
            })?;
            ended.extend(segment.gone(&|_| true)?);
        }
        Ok(())
    }

    /// The segment of a pair.
    pub(super) fn segment(&self, pair: &BasePair) -> Result<&Segment, SnapshotError> {
        self.segments.get(pair.segment).ok_or_else(|| damaged(&self.folder, "a pair is of no segment of it"))
    }
}

fn note(last: &mut [PrintMap<Fingerprint, usize>; 2], pair: &BasePair) {
    for (last, id) in last.iter_mut().zip(pair.ids) {
        let at = last.entry(id).or_insert(pair.segment);
        *at = pair.segment.max(*at);
    }
}
