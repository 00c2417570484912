//! Running the real program in a folder of its own.

use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than any test takes, so that a hanging program is a failed test and not a hanging one.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A folder that the program runs in; gone at the end.
pub struct Workdir(TempDir);

impl Workdir {
    pub fn new() -> Self {
        Self(TempDir::with_prefix("trueup-it-").unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The absolute path of a file in it, as an address.
    pub fn file(&self, name: &str) -> String {
        self.path().join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path().join(name), content).unwrap();
        self.file(name)
    }

    /// The program with these arguments, in this folder, knowing nothing of the person's own
    /// configuration.
    ///
    /// Reasons are given all the time that they take: what is said must not depend on how busy the
    /// machine is.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let looks = args.len() > 2 && args.first().is_some_and(|verb| verb == "audit" || verb == "plan");
        let said = args.iter().any(|arg| arg == "--no-reasons" || arg == "--reasons-time" || arg == "--help");
        if looks && !said {
            args.extend(["--reasons-time", "10m"].map(OsString::from));
        }
        let mut command = Command::new(program());
        command.args(args).current_dir(self.path()).env("HOME", self.path()).env("NO_COLOR", "1");
        command.env("XDG_STATE_HOME", self.path().join("xdg"));
        for name in ["PGPASSWORD", "PGOPTIONS", "PGTZ", "PGPASSFILE", "MYSQL_PWD", "RUST_BACKTRACE", "RUST_LOG"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the program to its end.
    pub fn trueup<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        self.start(&mut self.command(args)).wait()
    }

    /// Runs `trueup audit LEFT RIGHT OPTIONS… --format json`.
    pub fn audit(&self, left: &str, right: &str, options: &[&str]) -> Run {
        let args = ["audit", left, right].into_iter().chain(options.iter().copied()).chain(["--format", "json"]);
        self.trueup(args)
    }

    /// Starts a command without waiting for it.
    pub fn start(&self, command: &mut Command) -> Running {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let what = format!("{:?}", command.get_args().collect::<Vec<_>>());
        Running { stdout: drain(child.stdout.take()), stderr: drain(child.stderr.take()), child, what }
    }

    /// All paths below the folder, relative and sorted.
    pub fn tree(&self, below: &str) -> Vec<PathBuf> {
        fn walk(at: &Path, root: &Path, found: &mut Vec<PathBuf>) {
            let Ok(entries) = std::fs::read_dir(at) else { return };
            for entry in entries.map(Result::unwrap) {
                found.push(entry.path().strip_prefix(root).unwrap().to_owned());
                walk(&entry.path(), root, found);
            }
        }
        let mut found = Vec::new();
        walk(&self.path().join(below), self.path(), &mut found);
        found.sort();
        found
    }

    /// Fails if a run left files of an unfinished snapshot: rows without a manifest, or anything
    /// under a temporary name.
    #[track_caller]
    pub fn assert_nothing_half_done(&self) {
        let tree = self.tree("");
        for path in &tree {
            let name = path.file_name().unwrap().to_str().unwrap();
            let temporary = name.starts_with('.') && name != ".trueup" && ![".gitignore", ".local"].contains(&name)
                || name.contains("tmp")
                || name.contains("partial");
            let row_file = name.starts_with("rows-") || name.starts_with("index-");
            let whole = self.path().join(path.with_file_name("manifest.json")).exists();
            assert!(!temporary && (!row_file || whole), "{path:?} is left half-done: {tree:#?}");
        }
    }
}

/// The program under test: the one that was built with the tests, unless another one is to be looked at.
fn program() -> OsString {
    std::env::var_os("TRUEUP_TEST_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_trueup").into())
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    let mut pipe = pipe.unwrap();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The program while it runs.
pub struct Running {
    child: Child,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    what: String,
}

impl Running {
    /// Sends it SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        let status = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Ends it at once, as a crash would. Whether it was still running.
    pub fn kill(mut self) -> bool {
        let running = self.is_running();
        let _ = self.child.kill();
        let _ = self.child.wait();
        running
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn wait(mut self) -> Run {
        let start = Instant::now();
        let mut pause = Duration::from_millis(2);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > TIMEOUT {
                let _ = self.child.kill();
                let _ = self.child.wait();
                panic!("trueup {} did not end within {TIMEOUT:?}: {}", self.what, self.stderr.join().unwrap());
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        };
        let run = Run {
            code: status.code(),
            stdout: self.stdout.join().unwrap(),
            stderr: self.stderr.join().unwrap(),
            what: self.what,
        };
        run.assert_decent();
        run
    }
}

/// What a finished program left.
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    what: String,
}

impl Run {
    /// What no run may ever show: a panic or a password.
    fn assert_decent(&self) {
        for text in [&self.stdout, &self.stderr] {
            assert!(!text.contains("panicked at"), "a panic: {self}");
            for secret in super::server::passwords() {
                assert!(!text.contains(&secret), "the password is shown: {self}");
            }
        }
        assert!(self.code.is_some(), "ended by a signal: {self}");
    }

    /// The one JSON object on stdout, of a run that ended with this exit code.
    #[track_caller]
    pub fn json(&self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {self}"))
    }

    /// The words of a run that failed as it should: on stdout nothing but, where a script reads it, the
    /// failure; all of `words` on stderr, in any case.
    #[track_caller]
    pub fn fails_with(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self}");
        self.fails_saying(words);
    }

    /// The same of a run that a limit stopped.
    #[track_caller]
    pub fn is_stopped_with(&self, words: &[&str]) {
        assert_eq!(self.code, Some(3), "{self}");
        self.fails_saying(words);
        if !self.stdout.is_empty() {
            assert_eq!(self.error()["kind"], "limit", "{self}");
        }
    }

    /// The failure that a script is told of.
    #[track_caller]
    pub fn error(&self) -> Value {
        let printed: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {self}"));
        assert_eq!(printed["version"], 1, "{self}");
        for name in ["kind", "what", "why", "do"] {
            assert!(printed["error"][name].is_string(), "no {name}: {self}");
        }
        printed["error"].clone()
    }

    #[track_caller]
    fn fails_saying(&self, words: &[&str]) {
        if !self.stdout.is_empty() {
            let what = self.error()["what"].as_str().unwrap().to_owned();
            assert!(self.stderr.contains(&what), "stdout and stderr tell of different things: {self}");
        }
        let said = self.stderr.to_lowercase();
        for word in words {
            assert!(said.contains(&word.to_lowercase()), "`{word}` is not said: {self}");
        }
        assert!(self.stderr.trim().lines().count() <= 6, "too many lines: {self}");
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, stdout, stderr, what } = self;
        write!(f, "trueup {what} gave {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
