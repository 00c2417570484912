//! What was read of files that never change, for whoever opens them next: one run opens its base
//! several times, and looks through the same links each time.

use std::any::Any;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Bytes that may be held in all, at most.
const MOST: u64 = 128 << 20;

/// Which file it is, as far as one can tell without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
}

type Held = Arc<dyn Any + Send + Sync>;

static HELD: Mutex<Vec<(Mark, Held)>> = Mutex::new(Vec::new());
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIMIT: AtomicU64 = AtomicU64::new(MOST);

/// Holds no more than a part of so many bytes of memory from now on.
pub fn keep_to(memory: usize) {
    LIMIT.store((memory as u64 / 8).min(MOST), Ordering::Relaxed);
}

/// The place for what was read of an open file: the same for everybody who opens it, as long as it is
/// the same file.
pub fn of<T: Default + Send + Sync + 'static>(path: &Path, file: &File) -> Arc<T> {
    let Some(mark) = path.canonicalize().ok().zip(file.metadata().ok()).map(mark) else { return Arc::default() };
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let known = held.iter().filter(|(own, _)| *own == mark).find_map(|(_, place)| Arc::clone(place).downcast().ok());
    known.unwrap_or_else(|| {
        let place = Arc::<T>::default();
        held.push((mark, Arc::clone(&place) as Held));
        place
    })
}

/// Whether there is room for so many more bytes: it is taken then, for the rest of the process.
pub fn room(bytes: u64) -> bool {
    let more = |held: u64| held.checked_add(bytes).filter(|all| *all <= LIMIT.load(Ordering::Relaxed));
    BYTES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

fn mark((path, metadata): (PathBuf, Metadata)) -> Mark {
    Mark { path, length: metadata.len(), modified: metadata.modified().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::OnceLock;

    #[test]
    fn what_was_read_of_a_file_is_there_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links");
        std::fs::write(&path, "12").unwrap();
        let open = || of::<OnceLock<u32>>(&path, &File::open(&path).unwrap());
        open().set(12).unwrap();
        assert_eq!(open().get(), Some(&12));
        assert_eq!(of::<OnceLock<u64>>(&path, &File::open(&path).unwrap()).get(), None);
        std::fs::write(&path, "123").unwrap();
        assert_eq!(open().get(), None);
    }

    #[test]
    fn no_more_is_held_than_there_is_room_for() {
        assert!(room(1) && !room(MOST) && !room(u64::MAX));
    }
}
