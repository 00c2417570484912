//! The page of a run or plan, in a real browser.

mod command;
mod driver;
mod hostile;
mod large;
mod looks;
mod masked;
mod numbers;

use crate::support::{Run, Workdir};
use driver::Browser;

/// Writes the page of a folder and gives its path.
#[track_caller]
fn page(dir: &Workdir, folder: &str, options: &[&str]) -> String {
    let out = dir.file(&format!("page-{}.html", std::fs::read_dir(dir.path()).unwrap().count()));
    let run = report(dir, folder, &out, options);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run}");
    dir.assert_nothing_half_done();
    out
}

fn report(dir: &Workdir, folder: &str, out: &str, options: &[&str]) -> Run {
    dir.trueup(["report", folder, "--out", out].into_iter().chain(options.iter().copied()))
}

/// The old and new lists of airports.
fn airports() -> [String; 2] {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/airports");
    [format!("sqlite:{folder}/airports-2024.db#airports"), format!("{folder}/airports-2026.csv")]
}

/// Opens a page of which nothing must be wrong.
fn open(browser: &Browser, path: &str) {
    browser.open(path);
    browser.assert_quiet();
}

/// The cells of a column of a table's rows that are shown, counted from 1.
fn column(browser: &Browser, table: &str, column: usize) -> Vec<String> {
    browser.texts(&format!("#{table} .rows tbody td:nth-child({column})"))
}

/// A number as a person reads it.
fn number(text: &str) -> i64 {
    let plain: String = text.trim().replace(',', "").replace('−', "-").replace('+', "");
    plain.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}
