//! Where a long result goes: through a pager where stdout is a terminal, straight to stdout
//! elsewhere.

use super::error::Failure;
use super::output::style;
use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::{Child, Command, Stdio};
use trueup::report::{safe, safe_json};

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// For a person: data in it can't redraw the terminal.
    Text,
    /// For a program, and harmless for a person.
    Json,
    /// For a program, as it is; for a person, as text.
    Script,
}

/// Takes text as it comes. The pager, if there is one, runs until the person leaves it.
pub struct Pages {
    content: Content,
    to: Option<Box<dyn Write>>,
    pager: Option<Child>,
}

impl Pages {
    /// Opens the pager that `$PAGER` names (`less` by default), if `wanted` and stdout is a
    /// terminal; stdout itself otherwise, or if there is no such program.
    pub fn open(wanted: bool, content: Content) -> Self {
        if wanted && std::io::stdout().is_terminal() {
            let name = std::env::var("PAGER").ok().filter(|name| !name.trim().is_empty());
            if let Some(mut pager) = start(name.as_deref().unwrap_or("less")) {
                if let Some(input) = pager.stdin.take() {
                    return Self { content, to: Some(Box::new(input)), pager: Some(pager) };
                }
                let _ = pager.kill();
            }
        }
        Self { content, to: Some(Box::new(std::io::stdout().lock())), pager: None }
    }

    /// Whether a pager shows it.
    pub fn has_pager(&self) -> bool {
        self.pager.is_some()
    }

    /// Whether somebody still reads.
    pub fn is_open(&self) -> bool {
        self.to.is_some()
    }

    /// Shows more. Once the reader has had enough, does nothing.
    pub fn write(&mut self, text: &[u8]) -> Result<(), Failure> {
        let person = self.content == Content::Text || self.has_pager() || std::io::stdout().is_terminal();
        let text = match (self.content, String::from_utf8_lossy(text)) {
            (Content::Json, text) => Cow::Owned(safe_json(&text).into_bytes()),
            (_, lossy) if person => {
                Cow::Owned(safe(&lossy, self.content == Content::Text && style().color).into_bytes())
            }
            _ => Cow::Borrowed(text),
        };
        let Some(to) = &mut self.to else { return Ok(()) };
        match to.write_all(&text) {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                self.to = None;
                Ok(())
            }
            Err(e) => Err(failed(&e)),
            Ok(()) => Ok(()),
        }
    }

    /// Says that this was all, and waits until it has been read.
    pub fn close(mut self) -> Result<(), Failure> {
        match self.to.take().map(|mut to| to.flush()) {
            Some(Err(e)) if e.kind() != ErrorKind::BrokenPipe => Err(failed(&e)),
            _ => Ok(()),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // The pager ends when its input does.
        self.to = None;
        if let Some(pager) = &mut self.pager {
            let _ = pager.wait();
        }
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::new("can't print the result", &error.to_string(), "send stdout to a place with room")
}

/// A pager by its command line; `cat` is the usual way to say that none is wanted.
fn start(line: &str) -> Option<Child> {
    let mut words = line.split_whitespace();
    let program = words.next().filter(|program| *program != "cat")?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    // For a less that was not told otherwise: leave at once what fits the screen, pass colours
    // through, and leave the text on the screen.
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    command.spawn().ok()
}
