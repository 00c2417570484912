//! A panic is a defect of the program, or of a library that met a damaged file. The person gets the
//! three lines that any failure gets, and scripts the exit code of one.

use super::error::{Failure, Kind};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::{Mutex, PoisonError};

/// Where the first panic was, and its words.
static FIRST: Mutex<Option<String>> = Mutex::new(None);

/// Runs a command; a panic in it becomes a failure.
pub fn caught<T>(command: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    set_hook(Box::new(|panic| {
        let words = panic.payload_as_str().unwrap_or("no words");
        let place = panic.location().map(|place| format!(" ({}:{})", file_name(place.file()), place.line()));
        tracing::debug!("{panic}");
        FIRST
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_with(|| format!("{words}{}", place.unwrap_or_default()));
    }));
    catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        let why = FIRST.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        Err(Failure::new(
            "trueup met something that it does not expect, and stopped",
            &why,
            "if a file may be damaged, make it again; else please report this as a defect, with these lines",
        )
        .of(Kind::Internal))
    })
}

/// The folders of the machine that built the program say nothing to anybody else.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_failure() {
        assert_eq!(caught(|| Ok(1)).unwrap(), 1);
        let failure = caught(|| -> Result<(), Failure> { panic!("it broke at row {}", 7) }).unwrap_err();
        let _ = std::panic::take_hook();
        let text = format!("{failure:?}");
        assert!(text.contains("it broke at row 7 (defect.rs:"), "{text}");
        assert_eq!(file_name("/a/b/c.rs"), "c.rs");
    }
}
