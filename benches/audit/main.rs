//! Measures `trueup` against what reads, joins or writes the same rows in the same run; see
//! benches/README.md. Loopback only; everything it makes is taken away again.

mod apply;
mod duckdb;
mod files;
mod measure;
mod mysql;
mod postgres;
mod reasons;
mod rows;
mod server;
mod settings;
mod trueup;
mod two_way;

use settings::Settings;
use std::process::ExitCode;

type Done = Result<(), String>;
type Bench = fn(&Settings) -> Done;

const ALL: [(&str, Bench); 8] = [
    ("postgres", postgres::bench),
    ("snapshots", files::snapshots),
    ("parquet", files::parquet),
    ("reasons", reasons::bench),
    ("mysql", mysql::bench),
    ("apply-postgres", apply::postgres),
    ("apply-mysql", apply::mysql),
    ("two-way", two_way::bench),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts benches too, without this.
    if !args.iter().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("audit bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Done {
    let wanted: Vec<&String> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    if let Some(unknown) = wanted.iter().find(|name| !ALL.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no bench `{unknown}`, only {}", known.join(", ")));
    }
    let settings = Settings::read()?;
    println!("{}", settings.machine());
    for (name, bench) in ALL {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name) {
            println!("\n{name}");
            bench(&settings).map_err(|why| format!("{name}: {why}"))?;
        }
    }
    Ok(())
}
