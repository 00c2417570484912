//! Random pairs of tables, and an oracle that knows what an audit of them must say.
//!
//! The oracle shares nothing with the program: it reads no file and asks no database. It knows the
//! values from which the tables were written, has arithmetic of its own, and holds the whole answer
//! against the contract: the verdict, all counts, the key and who declares it, what is softened.
//!
//! `scripts/torture` runs many more pairs than the tests do, and pairs on servers.

mod align;
mod calendar;
mod canon;
mod case;
mod check;
mod form;
mod generate;
mod keys;
mod matching;
mod number;
mod parse;
mod plans;
mod pool;
mod predict;
mod program;
pub mod random;
mod shrink;
mod store;
mod torture;
mod value;

use form::System;
use torture::torture;

/// Pairs per test, so that all of them together are ten thousand.
const PAIRS: u64 = 1_250;

fn check_pairs(left: System, right: System, seed: u64) {
    torture(&[[left, right]], (0..PAIRS).map(|number| seed * 1_000_000_000 + number)).assert_clean();
}

macro_rules! pairs {
    ($($test:ident: $left:ident, $right:ident, $seed:literal;)*) => {
        $(#[test] fn $test() { check_pairs(System::$left, System::$right, $seed); })*
    };
}

pairs! {
    sqlite_and_sqlite: Sqlite, Sqlite, 1;
    sqlite_and_csv: Sqlite, Csv, 2;
    csv_and_sqlite: Csv, Sqlite, 3;
    csv_and_csv: Csv, Csv, 4;
    sqlite_and_parquet: Sqlite, Parquet, 5;
    parquet_and_sqlite: Parquet, Sqlite, 6;
    parquet_and_csv: Parquet, Csv, 7;
    parquet_and_parquet: Parquet, Parquet, 8;
}
