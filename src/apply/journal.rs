//! What apply and undo have written, one file per side in the plan folder: `journal-left.jsonl`
//! and `journal-right.jsonl`, one JSON object a line.
//!
//! The first line says the format's version and the checksum of the plan. Every other line says what
//! is done (`apply` or `undo`), when (`at`), how far (`stage`), and of a chunk which steps
//! (`[[first, last], …]`), and in which files their rows are kept as they are [stored](super::stored):
//!
//! - `began`: a run is about to write.
//! - `intent`: written and safe on the disk before COMMIT. Each of these rows has just been
//!   written in the open transaction, so each of them was as its step found it. `mark` is what the
//!   database will say of the transaction afterwards, where it can say anything.
//! - `done`: after COMMIT.
//! - `dropped`: COMMIT was refused, or turned out not to have taken place; nothing was written.
//! - `unclear`: nobody can tell whether COMMIT took place, and the rows have changed since.
//! - `already`: the rows of these steps were as planned before apply came to them; or, of an undo, as before
//!   the plan before undo came to them: somebody put them back.
//! - `ended`: the run has dealt with every step.
//!
//! A step is *ours*, for undo to take back, from the moment that an apply intends it until an undo
//! of it is done or the apply is dropped. An intent without an end is *open*: the next run finds out
//! what became of it ([`resolve`](super::SideRun::resolve)) before it writes anything. A step whose
//! row was as planned before apply came to it is not ours.
//!
//! Each line ends with a [checksum](Chain) that hangs on the line before, so that none of them can be
//! changed or taken out unseen. A crash may tear the last line: its end is missing, or some of it never
//! came to the disk and reads as zeros. What it would have told did not happen: COMMIT comes only
//! after the whole line is on the disk. It is cut off.

use super::chain::Chain;
use super::error::ApplyError;
use super::journal_facts::{JournalFacts, Told, change, read};
use super::outcome::side_word;
use super::step_set::StepSet;
use super::stored::StoredFile;
use crate::endpoint::disk;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The version of the format.
pub(super) const VERSION: u64 = 4;

/// What is done with steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// They are written.
    Apply,
    /// They are taken back.
    Undo,
}

/// How far something has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Began,
    Intent,
    Done,
    Dropped,
    Unclear,
    Already,
    Ended,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) version: u64,
    pub(super) plan: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) deed: Deed,
    pub(super) stage: Stage,
    /// UTC, RFC 3339.
    pub(super) at: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) steps: Vec<(u64, u64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) stored: Vec<StoredFile>,
}

/// The journal of one side.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    facts: JournalFacts,
    chain: Chain,
    /// The bytes of the whole lines.
    length: u64,
}

impl Journal {
    /// Whether anything was ever written to this side.
    pub fn exists(folder: &Path, side: usize) -> bool {
        path(folder, side).exists()
    }

    /// Opens a side's journal, or begins it.
    ///
    /// # Errors
    /// If it can't be read or written, is damaged, or belongs to another plan.
    pub fn open(folder: &Path, side: usize, plan: &str) -> Result<Self, ApplyError> {
        let path = path(folder, side);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| ApplyError::file("write", &path, &e))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|e| ApplyError::file("read", &path, &e))?;
        let Told { whole, facts, chain } = read(&text, plan).map_err(|why| journal(&path, why))?;
        let failed = |e: std::io::Error| ApplyError::file("write", &path, &e);
        let mut out = Self { path: path.clone(), file, facts, chain, length: whole as u64 };
        out.cut().map_err(failed)?;
        if whole == 0 {
            out.write(&Header { version: VERSION, plan: plan.to_owned() }, true)?;
            disk::sync_folder(folder).map_err(failed)?;
        }
        Ok(out)
    }

    /// What a side's journal tells, without touching it; `None` if nothing was ever written there.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn facts_of(folder: &Path, side: usize, plan: &str) -> Result<Option<JournalFacts>, ApplyError> {
        let path = path(folder, side);
        match std::fs::read(&path) {
            Ok(text) => read(&text, plan).map(|told| Some(told.facts)).map_err(|why| journal(&path, why)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(ApplyError::file("read", &path, &e)),
        }
    }

    /// What it tells.
    pub fn facts(&self) -> &JournalFacts {
        &self.facts
    }

    /// The checksum of its last line.
    pub fn last_sum(&self) -> &str {
        self.chain.last()
    }

    /// The steps that are ours.
    pub fn ours(&self) -> &StepSet {
        &self.facts.ours
    }

    /// Before a run writes anything.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn began(&mut self, deed: Deed) -> Result<(), ApplyError> {
        self.tell(deed, Stage::Began, &StepSet::default(), None, Vec::new())
    }

    /// Before COMMIT: returns once it is safe on the disk. `mark` is what the database can be asked
    /// about afterwards.
    ///
    /// # Errors
    /// If it can't be written. Do not commit then.
    pub fn intent(&mut self, deed: Deed, steps: &StepSet, mark: Option<String>) -> Result<(), ApplyError> {
        self.tell_of(deed, Stage::Intent, steps, mark, Vec::new())
    }

    /// After COMMIT.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn done(&mut self, deed: Deed, steps: &StepSet, stored: Vec<StoredFile>) -> Result<(), ApplyError> {
        self.tell_of(deed, Stage::Done, steps, None, stored)
    }

    /// After a COMMIT that was refused, or turned out not to have taken place.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn dropped(&mut self, deed: Deed, steps: &StepSet) -> Result<(), ApplyError> {
        self.tell_of(deed, Stage::Dropped, steps, None, Vec::new())
    }

    /// Of these steps nobody can tell any more whether they were committed.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn unclear(&mut self, deed: Deed, steps: &StepSet) -> Result<(), ApplyError> {
        self.tell_of(deed, Stage::Unclear, steps, None, Vec::new())
    }

    /// The rows of these steps were as planned before apply came to them, or as before the plan before
    /// undo did.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn already(&mut self, deed: Deed, steps: &StepSet, stored: Vec<StoredFile>) -> Result<(), ApplyError> {
        self.tell_of(deed, Stage::Already, steps, None, stored)
    }

    /// A run has dealt with every step.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn ended(&mut self, deed: Deed) -> Result<(), ApplyError> {
        self.tell(deed, Stage::Ended, &StepSet::default(), None, Vec::new())
    }

    fn tell_of(
        &mut self,
        deed: Deed,
        stage: Stage,
        steps: &StepSet,
        mark: Option<String>,
        stored: Vec<StoredFile>,
    ) -> Result<(), ApplyError> {
        if steps.is_empty() { Ok(()) } else { self.tell(deed, stage, steps, mark, stored) }
    }

    fn tell(
        &mut self,
        deed: Deed,
        stage: Stage,
        steps: &StepSet,
        mark: Option<String>,
        stored: Vec<StoredFile>,
    ) -> Result<(), ApplyError> {
        let at = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let line = Line { deed, stage, at, steps: steps.ranges().collect(), mark, stored };
        self.write(&line, matches!(stage, Stage::Began | Stage::Intent))?;
        change(&mut self.facts, line);
        Ok(())
    }

    fn write(&mut self, line: &impl Serialize, safe: bool) -> Result<(), ApplyError> {
        let path = self.path.clone();
        let failed = |e: &dyn std::fmt::Display| ApplyError::file("write", &path, e);
        let object = serde_json::to_string(line).map_err(|e| failed(&e))?;
        let mut chain = self.chain.clone();
        let text = chain.seal(&object);
        // After a write that failed half-way, what came of it would stand before this line.
        self.cut().map_err(|e| failed(&e))?;
        self.file.write_all(text.as_bytes()).map_err(|e| failed(&e))?;
        self.length += text.len() as u64;
        self.facts.sums.push(chain.last().to_owned());
        self.chain = chain;
        if safe {
            self.file.sync_data().map_err(|e| failed(&e))?;
        }
        Ok(())
    }

    /// Cuts off what is no whole line.
    fn cut(&mut self) -> std::io::Result<()> {
        if self.file.metadata()?.len() != self.length {
            self.file.set_len(self.length)?;
        }
        self.file.seek(SeekFrom::Start(self.length)).map(drop)
    }
}

fn path(folder: &Path, side: usize) -> PathBuf {
    folder.join(format!("journal-{}.jsonl", side_word(side)))
}

fn journal(path: &Path, why: String) -> ApplyError {
    ApplyError::Journal { path: path.display().to_string(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(steps: &[u64]) -> StepSet {
        steps.iter().copied().collect()
    }

    #[test]
    fn what_was_told_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), 1, "p").unwrap();
        journal.intent(Deed::Apply, &set(&[0, 1, 2, 7]), Some("m".into())).unwrap();
        journal.done(Deed::Apply, &set(&[0, 1, 2, 7]), Vec::new()).unwrap();
        journal.intent(Deed::Apply, &set(&[9]), None).unwrap();
        journal.dropped(Deed::Apply, &set(&[9])).unwrap();
        journal.intent(Deed::Undo, &set(&[1, 2]), None).unwrap();
        journal.done(Deed::Undo, &set(&[2]), Vec::new()).unwrap();
        assert_eq!(*journal.ours(), set(&[0, 1, 7]));
        drop(journal);
        assert_eq!(*Journal::open(folder.path(), 1, "p").unwrap().ours(), set(&[0, 1, 7]));
        assert!(Journal::exists(folder.path(), 1) && !Journal::exists(folder.path(), 0));
        assert!(matches!(Journal::open(folder.path(), 1, "q"), Err(ApplyError::Journal { .. })));
    }

    #[test]
    fn a_torn_last_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal-left.jsonl");
        let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
        journal.intent(Deed::Apply, &set(&[3]), None).unwrap();
        let good = std::fs::read(&file).unwrap();
        journal.intent(Deed::Apply, &set(&[4]), None).unwrap();
        drop(journal);
        let all = std::fs::read(&file).unwrap();
        for length in 0..=all.len() {
            std::fs::write(&file, &all[..length]).unwrap();
            let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
            assert_eq!(journal.ours().contains(3), length >= good.len(), "{length}");
            assert_eq!(journal.ours().contains(4), length == all.len(), "{length}");
            // What is told next stands on a line of its own.
            journal.intent(Deed::Apply, &set(&[5]), None).unwrap();
            drop(journal);
            assert!(Journal::open(folder.path(), 0, "p").unwrap().ours().contains(5));
        }
        // A block of the last line that never came to the disk.
        let mut torn = all.clone();
        torn[good.len() + 5..good.len() + 9].fill(0);
        std::fs::write(&file, &torn).unwrap();
        assert_eq!(*Journal::open(folder.path(), 0, "p").unwrap().ours(), set(&[3]));
        assert_eq!(std::fs::read(&file).unwrap(), good);
    }

    #[test]
    fn a_changed_line_is_damaged_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("journal-left.jsonl");
        let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
        for step in [13, 14] {
            journal.intent(Deed::Apply, &set(&[step]), None).unwrap();
            journal.done(Deed::Apply, &set(&[step]), Vec::new()).unwrap();
        }
        drop(journal);
        let all = std::fs::read_to_string(&file).unwrap();
        let refused = |text: &str| {
            std::fs::write(&file, text).unwrap();
            let facts = Journal::facts_of(folder.path(), 0, "p").map(drop).unwrap_err().to_string();
            assert_eq!(facts, Journal::open(folder.path(), 0, "p").map(drop).unwrap_err().to_string());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "a damaged file is left as it is");
            facts
        };
        let lines: Vec<&str> = all.split_inclusive('\n').collect();
        assert_eq!(lines.len(), 5);
        for at in 0..lines.len() {
            let others = |own: &str| [&lines[..at].concat(), own, &lines[at + 1..].concat()].concat();
            let own = lines[at].replace(":[[1", ":[[2").replace("\"p\"", "\"q\"");
            let why = refused(&others(&own));
            assert!(why.contains(&format!("line {} is damaged", at + 1)), "{why}");
            if at + 1 < lines.len() {
                refused(&others(""));
            }
        }
        refused(&[&lines[..2], &[lines[3], lines[2], lines[4]]].concat().concat());
        // A line of another journal.
        refused(&[&all, lines[4]].concat());
        for version in [1, 2, 99] {
            let why = refused(&format!("{{\"version\":{version},\"plan\":\"p\"}}\n"));
            assert!(why.contains(&format!("version {version}")), "{why}");
        }
        std::fs::write(&file, &all).unwrap();
        assert_eq!(*Journal::open(folder.path(), 0, "p").unwrap().ours(), set(&[13, 14]));
    }

    #[test]
    fn what_came_of_a_line_that_was_not_written_whole_is_cut_off_before_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
        journal.intent(Deed::Apply, &set(&[3]), None).unwrap();
        journal.file.write_all(b"{\"deed\":\"app").unwrap();
        journal.dropped(Deed::Apply, &set(&[3])).unwrap();
        journal.intent(Deed::Apply, &set(&[4]), None).unwrap();
        drop(journal);
        assert_eq!(*Journal::open(folder.path(), 0, "p").unwrap().ours(), set(&[4]));
    }

    proptest! {
        /// Whatever is told and wherever the process ends, every row that apply wrote and undo did
        /// not take back is ours, and of the others only those whose COMMIT nobody saw end.
        #[test]
        fn what_stands_is_ours(runs in prop::collection::vec((any::<bool>(), 0u64..6, 0u8..5), 0..30)) {
            let folder = tempfile::tempdir().unwrap();
            // The rows that are as planned by our hand, and those of open COMMITs.
            let (mut written, mut open) = (BTreeSet::new(), BTreeSet::new());
            for (undo, step, how) in runs {
                let mut journal = Journal::open(folder.path(), 0, "p").unwrap();
                let deed = if undo { Deed::Undo } else { Deed::Apply };
                // Only such a row is written: apply's as before, undo's as apply left it.
                if undo != written.contains(&step) || (undo && !journal.ours().contains(step)) {
                    prop_assert!(!undo || !written.contains(&step), "undo would not find {}", step);
                    continue;
                }
                let steps = set(&[step]);
                // 0: killed before the intent; 1: after it; 2: after COMMIT; 3: not killed; 4: refused.
                if how == 0 { continue; }
                journal.intent(deed, &steps, None).unwrap();
                if matches!(how, 2 | 3) {
                    if undo { written.remove(&step); } else { written.insert(step); }
                }
                match how {
                    3 => { journal.done(deed, &steps, Vec::new()).unwrap(); open.remove(&step); }
                    4 => { journal.dropped(deed, &steps).unwrap(); if !undo { open.remove(&step); } }
                    _ => { open.insert(step); }
                }
            }
            let journal = Journal::open(folder.path(), 0, "p").unwrap();
            for step in 0..6 {
                let ours = journal.ours().contains(step);
                prop_assert!(ours || !written.contains(&step));
                prop_assert!(!ours || written.contains(&step) || open.contains(&step));
            }
        }
    }
}
