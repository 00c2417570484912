//! What reaches stdout and files: the result only.

use super::error::{Failure, Kind};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use trueup::endpoint::{Address, disk, scrubbed};
use trueup::report::{Style, safe, safe_json};

/// Lines wider than this are hard to read, however wide the terminal is.
const WIDEST: u16 = 120;

/// The style that suits stdout.
pub fn style() -> Style {
    let terminal = std::io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = if terminal { comfy_table::Table::new().width() } else { None };
    Style { width: width.unwrap_or(80).clamp(40, WIDEST), color: terminal && !plain }
}

/// Prints what a person reads to stdout. Data in it can't redraw the terminal.
pub fn print(text: &str) -> Result<(), Failure> {
    print_raw(&safe(text, style().color))
}

/// Tells the person something on stderr.
pub fn tell(text: &str) {
    // A terminal that was closed takes nothing more, and is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{}", safe(text, style().color));
}

/// A text that may repeat what was typed, also where an address came to the wrong place: without passwords.
pub fn discreet(text: &str) -> String {
    let mut out = text.to_owned();
    for arg in std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()) {
        for part in [Some(arg.as_str()), arg.split_once('=').map(|(_, value)| value)].into_iter().flatten() {
            if let Some(shown) = Address::certain(part) {
                out = out.replace(part, &shown);
            }
        }
    }
    scrubbed(&out, None)
}

/// A reader that has had enough is no error.
fn print_raw(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new("can't print the result", &e.to_string(), "send stdout to a place with room"))
        }
        _ => Ok(()),
    }
}

/// When the program began.
static BEGAN: OnceLock<(DateTime<Utc>, Instant)> = OnceLock::new();

/// The program begins.
pub fn begin() {
    BEGAN.get_or_init(|| (Utc::now(), Instant::now()));
}

/// A result with when the program began and how many seconds it took.
pub fn timed(mut value: Value) -> Value {
    let (began, since) = BEGAN.get_or_init(|| (Utc::now(), Instant::now()));
    if let Value::Object(members) = &mut value {
        members.insert("started".to_owned(), began.to_rfc3339_opts(SecondsFormat::Millis, true).into());
        let milliseconds = since.elapsed().as_millis() as f64;
        members.insert("seconds".to_owned(), (milliseconds / 1000.0).into());
    }
    value
}

/// Prints one JSON object, indented for a person, on one line for a program.
pub fn print_json(value: &Value) -> Result<(), Failure> {
    let value = timed(value.clone());
    let text = if std::io::stdout().is_terminal() { format!("{value:#}\n") } else { format!("{value}\n") };
    print_raw(&safe_json(&text))
}

/// Whether the command line asks for JSON, also where it makes no sense otherwise.
pub fn wants_json() -> bool {
    asks_for_json(std::env::args_os().skip(1))
}

fn asks_for_json(args: impl Iterator<Item = OsString>) -> bool {
    let args: Vec<OsString> = args.take_while(|arg| arg != "--").collect();
    args.iter().any(|arg| arg == "--format=json") || args.windows(2).any(|two| two[0] == "--format" && two[1] == "json")
}

/// Prints a failure for a script: what, why and what to do. If even that fails, stderr still has it.
pub fn print_failure(kind: Kind, [what, why, hint]: [&str; 3]) {
    static PRINTED: AtomicBool = AtomicBool::new(false);
    // An interrupted run may fail in two threads at once.
    if PRINTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let failure = json!({"kind": kind.word(), "what": what, "why": why, "do": hint});
    let _ = print_json(&json!({"version": 1, "error": failure}));
}

/// Writes a file whole or not at all.
pub fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    disk::replace(path, text.as_bytes())
        .map_err(|e| Failure::new(&format!("can't write {}", path.display()), &e.to_string(), "choose another place"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_in_two_forms() {
        let asks = |args: &[&str]| asks_for_json(args.iter().map(OsString::from));
        assert!(asks(&["audit", "a", "--format", "json"]));
        assert!(asks(&["--format=json"]));
        assert!(!asks(&["audit", "a", "--format", "table", "json"]));
        assert!(!asks(&["--", "--format", "json"]));
        assert!(!asks(&[]));
    }

    #[test]
    fn a_result_is_timed() {
        let value = timed(json!({"version": 1}));
        assert!(value["seconds"].as_f64().is_some_and(|seconds| seconds >= 0.0));
        assert!(DateTime::parse_from_rfc3339(value["started"].as_str().unwrap()).is_ok());
    }
}
