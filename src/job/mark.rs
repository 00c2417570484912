//! Whether a plan was made here. A plan's addresses may take passwords and names from the environment of
//! whoever applies it. For one's own plan that is what was typed; a stranger's could send a secret to a
//! server of the stranger's choice. So `plan` leaves a mark beside `plan.json`, `mark.json`: HMAC-SHA256 of
//! `plan.json`'s bytes with a key that only this user of this machine has, in the folder of states.

use super::states::states_root;
use crate::endpoint::disk;
use crate::plan::{PLAN, Plan};
use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use std::io::{Error, Result};
use std::path::Path;

/// The file's name in a plan folder.
const MARK: &str = "mark.json";
/// The name of the key's file in the folder of states.
const KEY: &str = "key";
/// The version of both formats.
const VERSION: u64 = 1;
/// Bytes of a key.
const BYTES: usize = 32;

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    version: u64,
    /// In hexadecimal.
    hmac_sha256: String,
}

/// Marks a plan that was just made from what a person typed. Without a place for the key there is no mark.
pub(super) fn mark(plan: &Plan) {
    let marked = states_root().map_err(Error::other).and_then(|home| mark_with(plan, &home));
    if let Err(why) = marked {
        tracing::info!("the plan has no mark ({why}): applying it takes nothing from the environment");
    }
}

/// Whether this user has made the plan, on this machine.
pub(super) fn is_ours(plan: &Plan) -> bool {
    states_root().is_ok_and(|home| is_marked(plan, &home).unwrap_or(false))
}

fn mark_with(plan: &Plan, home: &Path) -> Result<()> {
    let key = match read_key(home)? {
        Some(key) => key,
        None => make_key(home)?,
    };
    let text = std::fs::read(plan.folder.join(PLAN))?;
    let mark = Mark { version: VERSION, hmac_sha256: hex(sign(&key, &text).as_ref()) };
    let text = serde_json::to_string_pretty(&mark).map_err(Error::other)? + "\n";
    disk::replace(&plan.folder.join(MARK), text.as_bytes())
}

fn is_marked(plan: &Plan, home: &Path) -> Result<bool> {
    let Some(key) = read_key(home)? else { return Ok(false) };
    let text = std::fs::read(plan.folder.join(PLAN))?;
    let mark: Mark = serde_json::from_slice(&std::fs::read(plan.folder.join(MARK))?).map_err(Error::other)?;
    let tag = bytes(&mark.hmac_sha256);
    // The text that is marked is the one that was opened.
    let same = serde_json::from_slice::<crate::plan::PlanFile>(&text).is_ok_and(|file| file == plan.file);
    Ok(mark.version == VERSION && same && tag.is_some_and(|tag| verify(&key, &text, &tag).is_ok()))
}

fn read_key(home: &Path) -> Result<Option<Key>> {
    match std::fs::read(home.join(KEY)) {
        Ok(key) if key.len() == BYTES => Ok(Some(Key::new(HMAC_SHA256, &key))),
        Ok(_) => Err(Error::other(format!("{} is no key", home.join(KEY).display()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// A new key; the one that somebody else made at the same time, if somebody did.
fn make_key(home: &Path) -> Result<Key> {
    let mut key = [0; BYTES];
    SystemRandom::new().fill(&mut key).map_err(|_| Error::other("there are no random numbers"))?;
    disk::make_folder(home)?;
    let own = home.join(format!(".{KEY}.{}.tmp", std::process::id()));
    let mut file = disk::create(&own)?;
    std::io::Write::write_all(&mut file, &key)?;
    file.sync_all()?;
    // Unlike a rename, this leaves one that is there.
    let linked = std::fs::hard_link(&own, home.join(KEY));
    disk::remove(&own)?;
    match linked {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(e),
        _ => disk::sync_folder(home)?,
    }
    read_key(home)?.ok_or_else(|| Error::other("the key is gone"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    digits
        .filter(|digits| digits.len().is_multiple_of(2))
        .map(|digits| digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect())
}
