//! Whether what a run left behind is all there: the journal tells of the files of rows that were kept, and
//! each of those says which line of the journal it comes after. So neither can be lost alone.

use super::error::ApplyError;
use super::journal_facts::JournalFacts;
use super::outcome::side_word;
use super::stored_rows::{AFTER_KEY, files};
use crate::snapshot::bytes_hash;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Checks one side of a plan's folder; `facts` is what its journal tells, `None` if there is none.
///
/// # Errors
/// If the journal's end is lost, or a file of rows that it tells of is lost or is not as it was written.
pub fn prove_stored(folder: &Path, side: usize, facts: Option<&JournalFacts>) -> Result<(), ApplyError> {
    let none = JournalFacts::default();
    let facts = facts.unwrap_or(&none);
    let lost = |path: &Path, why: &str| ApplyError::Journal { path: path.display().to_string(), why: why.to_owned() };
    let found: BTreeMap<u64, PathBuf> = files(folder, side)?.into_iter().collect();
    let lines: HashSet<&str> = facts.sums.iter().map(String::as_str).collect();
    for path in found.values() {
        let failed = |e: &dyn std::fmt::Display| lost(path, &format!("can't be read: {e}"));
        let reader = SerializedFileReader::new(File::open(path).map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
        let metadata = reader.metadata().file_metadata().key_value_metadata().into_iter().flatten();
        let after = metadata.filter(|pair| pair.key == AFTER_KEY).find_map(|pair| pair.value.as_deref());
        if !after.is_some_and(|after| lines.contains(after)) {
            let journal = folder.join(format!("journal-{}.jsonl", side_word(side)));
            let name = path.file_name().unwrap_or_default().display();
            return Err(lost(&journal, &format!("has lost its end: it does not tell of {name}")));
        }
    }
    for file in &facts.stored {
        let path = folder.join(format!("stored-{}-{}.parquet", side_word(side), file.number));
        if !found.contains_key(&file.number) {
            return Err(lost(&path, "is gone, and the journal tells of it"));
        }
        let bytes = std::fs::read(&path).map_err(|e| ApplyError::file("read", &path, &e))?;
        if bytes_hash(&bytes) != file.sum {
            return Err(lost(&path, "is not as it was written"));
        }
    }
    Ok(())
}
