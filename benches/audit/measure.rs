//! Runs programs and takes the time and memory that they needed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub const MEGABYTE: u64 = 1_000_000;

/// A finished program.
pub struct Ran {
    pub seconds: f64,
    /// Most memory it had at once, where the system tells.
    pub peak: Option<u64>,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end. It is ended too if this fails in between.
pub fn run(command: &mut Command) -> Result<Ran, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |e: std::io::Error| format!("{name}: {e}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let child = command.spawn().map_err(failed)?;
    let id = child.id();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let peak = scope.spawn(|| watch_peak(id, &over));
        let output = child.wait_with_output();
        let seconds = started.elapsed().as_secs_f64();
        over.store(true, Ordering::Relaxed);
        let output = output.map_err(failed)?;
        Ok(Ran {
            seconds,
            peak: peak.join().unwrap_or_default(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    })
}

/// Runs a program that must succeed, and returns what it printed.
pub fn output(command: &mut Command) -> Result<String, String> {
    let ran = run(command)?;
    match ran.code {
        Some(0) => Ok(ran.stdout),
        _ => Err(format!("{} failed: {}", command.get_program().to_string_lossy(), ran.stderr.trim())),
    }
}

/// Runs programs side by side to nowhere, and returns the seconds until the last has ended.
pub fn side_by_side(commands: impl IntoIterator<Item = Command>) -> Result<f64, String> {
    let started = Instant::now();
    let mut children = Vec::new();
    for mut command in commands {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null());
        children.push((command.spawn().map_err(|e| format!("{name}: {e}"))?, name));
    }
    let ended: Vec<_> = children.into_iter().map(|(child, name)| wait(child, &name)).collect();
    let seconds = started.elapsed().as_secs_f64();
    ended.into_iter().collect::<Result<Vec<()>, String>>().map(|_| seconds)
}

fn wait(mut child: Child, name: &str) -> Result<(), String> {
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed: {status}")),
        Err(e) => Err(format!("{name}: {e}")),
    }
}

/// The kernel keeps the high-water mark itself, so looking now and then loses only what a program
/// takes in its last moment.
fn watch_peak(id: u32, over: &AtomicBool) -> Option<u64> {
    let status = format!("/proc/{id}/status");
    let mut peak = None;
    while Path::new(&status).exists() && !over.load(Ordering::Relaxed) {
        peak = std::fs::read_to_string(&status).ok().and_then(|text| high_water(&text)).or(peak);
        std::thread::sleep(Duration::from_millis(10));
    }
    peak
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// The seconds of several runs.
pub struct Times(Vec<f64>);

impl Times {
    /// The quickest.
    pub fn best(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// One line.
    pub fn print(&self, what: &str) {
        let all: Vec<String> = self.0.iter().map(|s| format!("{s:.2}")).collect();
        println!("  {what:<44} {:>7.2} s   of {}", self.best(), all.join(" "));
    }

    /// Run by run against the baseline's run just before, in order of size.
    fn pairs(&self, baseline: &Self) -> Vec<f64> {
        let mut pairs: Vec<f64> = self.0.iter().zip(&baseline.0).map(|(time, base)| time / base).collect();
        pairs.sort_by(f64::total_cmp);
        pairs
    }
}

/// Something that can be run again and again, and says how many seconds it took.
pub type Contender<'a> = Box<dyn FnMut() -> Result<f64, String> + 'a>;

/// Runs all once without counting, and then in turn, so that a machine that is slower for a minute
/// is so for all of them.
pub fn in_turn(runs: usize, contenders: &mut [Contender<'_>]) -> Result<Vec<Times>, String> {
    let mut all: Vec<Times> = contenders.iter().map(|_| Times(Vec::new())).collect();
    for run in 0..=runs {
        for (contender, times) in contenders.iter_mut().zip(&mut all) {
            let seconds = contender()?;
            if run > 0 {
                times.0.push(seconds);
            }
        }
    }
    Ok(all)
}

/// One line that says how many times the baseline's time it took: best by best, and run by run.
pub fn print_ratio(what: &str, times: &Times, baseline: &Times, most: Option<f64>) {
    let ratio = times.best() / baseline.best();
    let pairs = times.pairs(baseline);
    let median = pairs.get(pairs.len() / 2).copied().unwrap_or(ratio);
    let verdict = match most {
        Some(most) => format!("; target at most {most}: {}", verdict(ratio, median, most)),
        None => String::new(),
    };
    let pairs: Vec<String> = pairs.iter().map(|pair| format!("{pair:.2}")).collect();
    println!("  {what:<44} {ratio:>7.2} ×   run by run {}{verdict}", pairs.join(" "));
}

/// Nothing is claimed where the two ways of looking at it disagree.
fn verdict(best: f64, median: f64, most: f64) -> &'static str {
    match (best <= most, median <= most) {
        (true, true) => "met",
        (false, false) => "MISSED",
        _ => "UNCLEAR",
    }
}

/// One line that says how many cores are busy while this program does nothing. Times are of little
/// use when others need the cores too.
pub fn print_busy() {
    let Some(before) = busy_ticks() else { return };
    std::thread::sleep(Duration::from_secs(2));
    let Some(after) = busy_ticks() else { return };
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let (busy, all) = (after.0.saturating_sub(before.0), after.1.saturating_sub(before.1).max(1));
    let others = busy as f64 / all as f64 * cores;
    let warning = if others > cores / 10.0 { ": THE MACHINE IS NOT QUIET" } else { "" };
    println!("  other programs keep {others:.1} of {cores} cores busy{warning}");
}

/// Busy and all ticks of all cores since the start.
fn busy_ticks() -> Option<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    // The last two, guests', are in the first ones already; the fourth and fifth are idle.
    let all = ticks.iter().take(8).sum::<u64>();
    Some((all - ticks.get(3)? - ticks.get(4)?, all))
}

/// One line that says how much memory it took.
pub fn print_peak(peak: Option<u64>, most: u64) {
    match peak {
        Some(peak) => {
            let verdict = if peak < most { "met" } else { "MISSED" };
            println!(
                "  {:<44} {:>7} MB  target below {} MB: {verdict}",
                "peak memory",
                peak / MEGABYTE,
                most / MEGABYTE
            );
        }
        None => print_peak_of("", peak),
    }
}

/// The same, of something without a target.
pub fn print_peak_of(what: &str, peak: Option<u64>) {
    match peak {
        Some(peak) => println!("  {:<44} {:>7} MB", format!("peak memory, {what}"), peak / MEGABYTE),
        None => println!("  peak memory: this system does not tell"),
    }
}
