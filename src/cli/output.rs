//! What reaches stdout and files: the result only.

use super::error::Failure;
use serde_json::Value;
use std::io::{IsTerminal, Write};
use std::path::Path;
use trueup::report::Style;

/// Lines wider than this are hard to read, however wide the terminal is.
const WIDEST: u16 = 120;

/// The style that suits stdout.
pub fn style() -> Style {
    let terminal = std::io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = if terminal { comfy_table::Table::new().width() } else { None };
    Style { width: width.unwrap_or(80).clamp(40, WIDEST), color: terminal && !plain }
}

/// Prints to stdout. A reader that has had enough is no error.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new("can't print the result", &e.to_string(), "send stdout to a place with room"))
        }
        _ => Ok(()),
    }
}

/// Prints one JSON object, indented for a person, on one line for a program.
pub fn print_json(value: &Value) -> Result<(), Failure> {
    print(&if std::io::stdout().is_terminal() { format!("{value:#}\n") } else { format!("{value}\n") })
}

/// Writes a file whole or not at all.
pub fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let temporary = path.with_extension("tmp");
    std::fs::write(&temporary, text).and_then(|()| std::fs::rename(&temporary, path)).map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        Failure::new(&format!("can't write {}", path.display()), &e.to_string(), "choose another place")
    })
}
