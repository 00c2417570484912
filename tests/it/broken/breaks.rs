//! Ways in which a run is broken off.

use super::proxy::{How, When};
use super::tables::Tables;
use crate::oracle::random::Random;
use crate::support::{Kind, Run};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A run that does not end by itself any more is ended.
const LONGEST: Duration = Duration::from_secs(60);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Killed after so many milliseconds.
    KillLater(u64),
    /// Killed so many microseconds after its files have changed so many times.
    KillAtFiles(usize, u64),
    /// The same of the journals.
    KillAtJournals(usize, u64),
    /// A server's connection is lost.
    Cut { side: usize, when: When, how: How },
    /// Somebody holds a row.
    Held(usize),
    /// The table does not take a row.
    Refused(usize),
    /// No file may grow beyond so many blocks of 512 bytes.
    Full(u64),
}

/// What came of it.
pub struct Broken {
    /// Whether the run was broken off.
    pub off: bool,
    /// How it ended, unless it was killed.
    pub run: Option<Run>,
}

fn is_server(kind: Kind) -> bool {
    matches!(kind, Kind::Postgres | Kind::Mysql)
}

fn when(random: &mut Random) -> When {
    let commit = 1 + random.below(4);
    match random.below(9) {
        0 | 1 => When::BeforeCommit(commit),
        2 => When::InCommit(commit),
        3..=5 => When::AfterCommit(commit),
        6 => When::Answered(commit),
        _ => When::Bytes(500 + random.below(20_000)),
    }
}

impl Break {
    /// Any that can happen to tables of these kinds.
    pub fn any(random: &mut Random, kinds: [Kind; 2]) -> Self {
        loop {
            let side = random.below(2);
            let kind = kinds[side];
            match random.below(13) {
                0 => return Self::KillLater(20 + random.next() % 500),
                1 => return Self::KillAtFiles(1 + random.below(40), random.next() % 3000),
                2 | 3 => return Self::KillAtJournals(1 + random.below(8), random.next() % 2000),
                4 | 5 | 10..13 if is_server(kind) => {
                    let how = random.weighted(&[(5, How::Closed), (2, How::Stopped), (2, How::Ended)]);
                    return Self::Cut { side, when: when(random), how };
                }
                6 | 7 if kind != Kind::Csv => return Self::Held(side),
                8 if kind != Kind::Csv => return Self::Refused(side),
                9 => return Self::Full(1 + random.next() % 30),
                _ => {}
            }
        }
    }

    /// The word for it in a table of results.
    pub fn word(&self) -> &'static str {
        match self {
            Self::KillLater(_) | Self::KillAtFiles(..) | Self::KillAtJournals(..) => "killed",
            Self::Cut { how: How::Stopped, .. } => "server stopped",
            Self::Cut { how: How::Ended, .. } => "session ended",
            Self::Cut { when: When::BeforeCommit(_), .. } => "cut before COMMIT",
            Self::Cut { when: When::InCommit(_), .. } => "cut in COMMIT",
            Self::Cut { when: When::AfterCommit(_), .. } => "COMMIT's answer lost",
            Self::Cut { when: When::Answered(_), .. } => "cut after COMMIT",
            Self::Cut { when: When::Bytes(_), .. } => "cut anywhere",
            Self::Held(_) => "row locked",
            Self::Refused(_) => "row refused",
            Self::Full(_) => "disk full",
        }
    }

    /// Runs the program with these arguments and breaks it off. `row` is one that it is going to write,
    /// `folder` the one of its plan.
    pub fn run(&self, tables: &mut Tables, args: &[String], folder: &Path, row: i64) -> Broken {
        match *self {
            Self::KillLater(milliseconds) => {
                let running = tables.dir.start(&mut tables.command(args));
                sleep(Duration::from_millis(milliseconds));
                Broken { off: running.kill(), run: None }
            }
            Self::KillAtFiles(times, more) => {
                let state = tables.dir.path().join("state");
                kill_when(tables, args, times, more, || sizes(folder, false) + sizes(&state, false))
            }
            Self::KillAtJournals(times, more) => kill_when(tables, args, times, more, || sizes(folder, true)),
            Self::Cut { side, when, how } => {
                tables.sides[side].proxy.as_ref().unwrap().cut(Some((when, how)));
                let run = serve(tables, &mut tables.command(args), side);
                let proxy = tables.sides[side].proxy.as_ref().unwrap();
                let off = proxy.is_done();
                proxy.cut(None);
                Broken { off: off && failed(&run), run: Some(run) }
            }
            Self::Held(side) => {
                let release = tables.sides[side].hold(row);
                let args = [args, &["--lock-timeout".to_owned(), "100ms".to_owned()]].concat();
                let run = tables.run(&args);
                release();
                Broken { off: failed(&run), run: Some(run) }
            }
            Self::Refused(side) => {
                tables.sides[side].refuse(row);
                let run = tables.run(args);
                tables.sides[side].accept();
                Broken { off: failed(&run), run: Some(run) }
            }
            Self::Full(blocks) => {
                let run = tables.dir.start(&mut limited(&tables.command(args), blocks)).wait();
                Broken { off: failed(&run), run: Some(run) }
            }
        }
    }
}

/// Whether a run could not do all that it was to do.
fn failed(run: &Run) -> bool {
    let refused = || serde_json::from_str::<serde_json::Value>(&run.stdout).is_ok_and(|json| json["refused"] != 0);
    !matches!(run.code, Some(0 | 1)) || run.code == Some(1) && refused()
}

/// Waits for a run, and ends a session where the proxy is to have it ended.
fn serve(tables: &mut Tables, command: &mut Command, side: usize) -> Run {
    let mut running = tables.dir.start(command);
    let start = Instant::now();
    while running.is_running() && start.elapsed() < LONGEST {
        if let Some(port) = tables.sides[side].proxy.as_ref().unwrap().to_end() {
            tables.sides[side].end_session(port);
            tables.sides[side].proxy.as_ref().unwrap().ended();
        }
        sleep(Duration::from_millis(1));
    }
    running.wait()
}

/// Kills a run some time after a number has changed so many times.
fn kill_when(tables: &Tables, args: &[String], times: usize, more: u64, number: impl Fn() -> u64) -> Broken {
    let mut last = number();
    let mut running = tables.dir.start(&mut tables.command(args));
    let mut seen = 0;
    while seen < times && running.is_running() {
        let now = number();
        seen += usize::from(now != last);
        last = now;
        sleep(Duration::from_micros(150));
    }
    sleep(Duration::from_micros(more));
    Broken { off: running.kill(), run: None }
}

/// The bytes and entries below a folder; or only of its journals.
fn sizes(folder: &Path, journals: bool) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() && !journals => 1 + sizes(&entry.path(), false),
        Ok(found) if !journals || entry.file_name().to_string_lossy().starts_with("journal") => 1 + found.len(),
        _ => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}

/// A command whose files may not grow beyond so many blocks; what goes beyond is an error to it.
fn limited(command: &Command, blocks: u64) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let args: Vec<OsString> = [command.get_program()].into_iter().chain(command.get_args()).map(Into::into).collect();
    shell.arg("-c").arg(script).args(args);
    shell.current_dir(command.get_current_dir().unwrap());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}
