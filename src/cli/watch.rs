//! Progress on stderr, and Ctrl-C.

use super::args::Verbosity;
use super::error::Failure;
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use trueup::endpoint::Interrupt;
use trueup::job::{RunError, Watch, remove_unfinished};
use trueup::report::{safe, safe_line};
use trueup::snapshot::Progress;

/// How long an interrupted run has to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long it has where a transaction is under way.
const PATIENCE_TO_COMMIT: Duration = Duration::from_secs(8);

/// Ends the program from any thread, leaving nothing half-done.
fn leave(writing: bool) -> ! {
    remove_unfinished();
    let failure = if writing { Failure::interrupted_writing() } else { RunError::Interrupted.into() };
    let _ = failure.report();
    std::process::exit(130)
}

/// Shows progress bars where stderr is a terminal, and nothing but notes elsewhere.
pub struct TerminalWatch {
    bars: MultiProgress,
    interrupt: Interrupt,
    verbosity: Verbosity,
    /// Whether rows are being written.
    writing: Arc<AtomicBool>,
    /// Whether a pager has the keyboard.
    paging: Arc<AtomicBool>,
}

impl TerminalWatch {
    /// For this verbosity.
    pub fn new(verbosity: Verbosity) -> Self {
        let shown = verbosity > Verbosity::Quiet && std::io::stderr().is_terminal();
        let target = if shown { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        Self {
            bars: MultiProgress::with_draw_target(target),
            interrupt: Interrupt::default(),
            verbosity,
            writing: Arc::default(),
            paging: Arc::default(),
        }
    }

    /// From now on Ctrl-C (and a polite kill) stops the run between two batches, or, where it
    /// hangs (a table that someone has locked), after [`PATIENCE`]; a second one ends the program
    /// at once.
    pub fn listen_for_interrupts(&self) {
        let (interrupt, writing, paging) =
            (self.interrupt.clone(), Arc::clone(&self.writing), Arc::clone(&self.paging));
        let heard = ctrlc::set_handler(move || {
            if paging.load(Ordering::Relaxed) {
                return;
            }
            let writing = writing.load(Ordering::Relaxed);
            if interrupt.is_set() {
                leave(writing);
            }
            interrupt.set();
            std::thread::spawn(move || {
                std::thread::sleep(if writing { PATIENCE_TO_COMMIT } else { PATIENCE });
                leave(writing)
            });
        });
        if let Err(e) = heard {
            tracing::warn!("Ctrl-C will end the program at once: {e}");
        }
    }

    /// From now on rows are written: an interrupt waits for the transaction under way.
    pub fn writing(&self) {
        self.writing.store(true, Ordering::Relaxed);
    }

    /// From now on a pager hears Ctrl-C, and this program ends when the pager does.
    pub fn leave_interrupts_to_the_pager(&self) {
        self.paging.store(true, Ordering::Relaxed);
    }

    /// Whether nothing but results and errors is asked for.
    pub fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// Whether more is to be said than usual.
    pub fn verbose(&self) -> bool {
        self.verbosity > Verbosity::Normal
    }

    /// Takes the bars away before the result is printed.
    pub fn clear(&self) {
        // Only a terminal that is gone makes this fail.
        let _ = self.bars.clear();
    }
}

impl Watch for TerminalWatch {
    fn stage(&self, name: &str) -> Box<dyn Progress + Send + '_> {
        let bar = self.bars.add(ProgressBar::no_length());
        bar.set_style(unsized_style());
        bar.set_message(safe_line(name, 0));
        bar.enable_steady_tick(Duration::from_millis(200));
        tracing::info!("{name}");
        Box::new(Bar { bar, name: name.to_owned() })
    }

    fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.bars.suspend(|| drop(writeln!(std::io::stderr(), "{}", safe_line(text, 2))));
        }
    }

    fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }
}

struct Bar {
    bar: ProgressBar,
    name: String,
}

fn sized_style() -> ProgressStyle {
    style("{msg:16} {bar:12} {human_pos:>11} of {human_len} rows {rate:>13}")
}

fn unsized_style() -> ProgressStyle {
    style("{msg:16} {spinner} {human_pos:>11} rows {rate:>14}")
}

fn style(template: &str) -> ProgressStyle {
    let rate = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let rows = state.per_sec().max(0.0).round() as u64;
        // It is written into a buffer in memory.
        let _ = write!(out, "{}/s", HumanCount(rows));
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate)
}

impl Progress for Bar {
    fn total(&self, rows: u64) {
        self.bar.set_length(rows);
        self.bar.set_style(sized_style());
    }

    fn advance(&self, rows: u64) {
        self.bar.inc(rows);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        tracing::info!("{}: {} rows in {:.2} s", self.name, self.bar.position(), self.bar.elapsed().as_secs_f64());
        self.bar.finish_and_clear();
    }
}

/// Where the log goes: stderr, line by line, as what a person reads.
struct Told;

impl Write for Told {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let _ = write!(std::io::stderr(), "{}", safe(&String::from_utf8_lossy(line), false));
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sends what the library logs to stderr, as much of it as is asked for.
pub fn log(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Quiet => tracing::Level::ERROR,
        Verbosity::Normal => tracing::Level::WARN,
        Verbosity::Verbose => tracing::Level::INFO,
        Verbosity::Everything => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(|| Told)
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .init();
}
