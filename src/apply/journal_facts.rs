//! What the lines of a journal come to: which steps stand, which nobody has seen the end of, and how
//! far a plan has come.

use super::chain::Chain;
use super::journal::{Deed, Header, Line, Stage, VERSION};
use super::step_set::StepSet;
use super::stored::StoredFile;

/// A chunk whose COMMIT nobody saw end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenChunk {
    /// What was being done.
    pub deed: Deed,
    /// Its steps.
    pub steps: StepSet,
    /// What the database can be asked about.
    pub mark: Option<String>,
}

/// What a journal tells of its side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JournalFacts {
    /// The steps that apply wrote, or may have written, and no undo took back.
    pub ours: StepSet,
    /// Chunks without an end, in order.
    pub open: Vec<OpenChunk>,
    /// Those of ours of which nobody can tell any more whether they were written.
    pub unclear: StepSet,
    /// Steps whose rows were as planned before apply came to them, since the last undo.
    pub already: StepSet,
    /// The steps that the last undo took back, or may have.
    pub undone: StepSet,
    /// Those that apply wrote, and whose rows somebody put back before an undo came to them.
    pub put_back: StepSet,
    /// What the last run did, if it came as far as to write.
    pub last: Option<Deed>,
    /// Whether that run dealt with every step.
    pub ended: bool,
    /// When that run began, UTC, RFC 3339.
    pub began_at: String,
    /// When it last wrote something down.
    pub last_at: String,
    /// The checksums of its lines, in order.
    pub sums: Vec<String>,
    /// The files of rows as they are stored of which it tells.
    pub stored: Vec<StoredFile>,
}

impl JournalFacts {
    /// The steps that stand as apply wrote them, for certain.
    pub fn certain(&self) -> StepSet {
        let mut out = self.ours.clone();
        out.remove_all(&self.unclear);
        self.open.iter().filter(|chunk| chunk.deed == Deed::Apply).for_each(|chunk| out.remove_all(&chunk.steps));
        out
    }

    /// The steps that apply has dealt with: those that stand, those whose rows were as planned, and those
    /// that somebody else than undo put back.
    pub fn dealt_with(&self) -> StepSet {
        let mut out = self.agreed();
        out.insert_all(&self.already);
        out
    }

    /// The steps that both sides agreed on, and no undo took back: whatever has become of their rows is
    /// somebody's doing.
    pub fn agreed(&self) -> StepSet {
        let mut out = self.certain();
        out.insert_all(&self.put_back);
        out
    }

    /// Whether anything is left of what apply did, once undo has been over it.
    pub fn is_anything_left(&self) -> bool {
        [&self.ours, &self.put_back, &self.unclear].iter().any(|steps| !steps.is_empty())
    }
}

/// Takes a line in.
pub(super) fn change(facts: &mut JournalFacts, line: Line) {
    let mut steps = StepSet::default();
    line.steps.iter().for_each(|(first, last)| steps.insert_range(*first, *last));
    let deed = line.deed;
    if matches!(line.stage, Stage::Done | Stage::Dropped | Stage::Unclear) {
        close(&mut facts.open, deed, &steps);
    }
    match (deed, line.stage) {
        (_, Stage::Began) => {
            facts.began_at.clone_from(&line.at);
            facts.ended = false;
            if deed == Deed::Undo {
                facts.undone = StepSet::default();
                facts.already = StepSet::default();
            }
        }
        (_, Stage::Intent) => {
            if deed == Deed::Apply {
                facts.ours.insert_all(&steps);
                facts.unclear.remove_all(&steps);
            }
            facts.open.push(OpenChunk { deed, steps, mark: line.mark });
        }
        (Deed::Apply, Stage::Done) => facts.undone.remove_all(&steps),
        (Deed::Apply, Stage::Dropped) => facts.ours.remove_all(&steps),
        (Deed::Undo, Stage::Done) => {
            facts.ours.remove_all(&steps);
            facts.unclear.remove_all(&steps);
            facts.undone.insert_all(&steps);
        }
        (Deed::Undo, Stage::Dropped) => {}
        (Deed::Apply, Stage::Already) => facts.already.insert_all(&steps),
        // One of which nobody knows whether it was written stays so.
        (Deed::Undo, Stage::Already) => {
            facts.ours.remove_all(&steps);
            steps.remove_all(&facts.unclear);
            facts.put_back.insert_all(&steps);
        }
        (Deed::Apply, Stage::Unclear) => facts.unclear.insert_all(&steps),
        (Deed::Undo, Stage::Unclear) => {
            facts.unclear.insert_all(&steps);
            facts.undone.insert_all(&steps);
        }
        (_, Stage::Ended) => facts.ended = true,
    }
    facts.stored.extend(line.stored);
    facts.last = Some(deed);
    facts.last_at = line.at;
}

/// Takes steps that have come to an end out of the chunks that have none.
fn close(open: &mut Vec<OpenChunk>, deed: Deed, steps: &StepSet) {
    open.iter_mut().filter(|chunk| chunk.deed == deed).for_each(|chunk| chunk.steps.remove_all(steps));
    open.retain(|chunk| !chunk.steps.is_empty());
}

/// What the text of a journal comes to.
pub(super) struct Told {
    /// The length of the lines that are whole.
    pub(super) whole: usize,
    /// What they tell.
    pub(super) facts: JournalFacts,
    /// Where the next line goes on.
    pub(super) chain: Chain,
}

/// Reads a plan's journal; why it can't be is said of the file.
pub(super) fn read(text: &[u8], plan: &str) -> Result<Told, String> {
    let mut out = Told { whole: 0, facts: JournalFacts::default(), chain: Chain::default() };
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let last = out.whole + line.len() == text.len();
        if last && is_torn(line) {
            break;
        }
        let damaged = |why: &dyn std::fmt::Display| format!("line {} is damaged ({why})", number + 1);
        let changed = || damaged(&"it is not as it was written");
        if number == 0 {
            let header = serde_json::from_slice::<Header>(line).map_err(|e| damaged(&e))?;
            if header.version != VERSION {
                return Err(format!("has format version {}; this program knows version {VERSION}", header.version));
            }
            if !out.chain.take(line) {
                return Err(changed());
            }
            if header.plan != plan {
                return Err("tells of another plan: this one was changed after it was applied".to_owned());
            }
        } else {
            if !out.chain.take(line) {
                return Err(changed());
            }
            change(&mut out.facts, serde_json::from_slice::<Line>(line).map_err(|e| damaged(&e))?);
        }
        out.facts.sums.push(out.chain.last().to_owned());
        out.whole += line.len();
    }
    Ok(out)
}

/// Whether not all of a line came to the disk: its end is missing, or there are zeros in it, which no
/// line has.
fn is_torn(line: &[u8]) -> bool {
    !line.ends_with(b"\n") || line.contains(&0)
}
