//! What comes from outside is read without a panic, without a hang and without taking the machine's memory,
//! whatever it is. Inputs of a corpus (`testdata/fuzz/TARGET`) are read as they are, in the ordinary tests,
//! and changed at random as long as one likes: `scripts/fuzz TARGET SECONDS`. What is found becomes part of
//! the corpus.
//!
//! Changes are made blindly, not led by what code they reach: that would need a build of all dependencies
//! for it alone. So the targets reach deep by themselves: checksums are made right after a change.

mod base;
mod change;
mod plan;
mod text;

use change::Change;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

/// Something that is read.
struct Target {
    name: &'static str,
    /// What the grammar is made of.
    words: &'static [&'static str],
    /// Inputs besides the corpus.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Reads an input. A panic is a find.
    read: fn(&[u8]),
}

const TARGETS: [Target; 6] = [text::CSV, text::JSON, text::ADDRESS, text::CONDITION, plan::TARGET, base::TARGET];

/// Longer than any small input may take.
const SLOW: Duration = Duration::from_secs(5);
/// The same beside other tests, on a machine that is busy.
const HANGS: Duration = Duration::from_secs(120);

fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/fuzz").join(target.name);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Where the last panic was.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Why reading an input is a fault; `None` if it is none. A panic inside of the Parquet reader is none here: only
/// whoever makes a file's checksum right gets there, and the program tells of it as of a damaged file, and ends.
fn fault(target: &Target, input: &[u8], slow: Duration) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            *PLACE.lock().unwrap() = panic.location().map(|place| place.file().to_owned()).unwrap_or_default();
        }));
    });
    let began = Instant::now();
    let read = catch_unwind(AssertUnwindSafe(|| (target.read)(input)));
    match read {
        Err(_) if ["/parquet-", "/arrow-"].iter().any(|name| PLACE.lock().unwrap().contains(name)) => None,
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            Some(words.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
        }
        Ok(()) if began.elapsed() > slow => Some(format!("it takes {:?}", began.elapsed())),
        Ok(()) => None,
    }
}

fn is_read(target: &Target, input: &[u8], name: &str) {
    if let Some(why) = fault(target, input, HANGS) {
        // From here on, a panic is told.
        let _ = std::panic::take_hook();
        panic!("{}: {name}: {why}", target.name);
    }
}

#[test]
fn the_corpus_is_read() {
    for target in &TARGETS {
        let found = corpus(target);
        assert!(found.len() > 2, "{} has no corpus", target.name);
        for (path, input) in &found {
            is_read(target, input, &path.display().to_string());
        }
        let seeds = (target.seeds)();
        seeds.iter().for_each(|seed| is_read(target, seed, &format!("{:?}", String::from_utf8_lossy(seed))));
        // A few changes each time, always the same ones: of the corpus alone, since what seeds are made
        // anew of, ids and times, is another each time.
        let inputs: Vec<Vec<u8>> = found.into_iter().map(|(_, input)| input).collect();
        let mut change = Change::new(7, target.words);
        for _ in 0..200 {
            let input = change.of(&inputs);
            is_read(target, &input, &format!("{:?}", String::from_utf8_lossy(&input)));
        }
    }
}

/// `TRUEUP_FUZZ=TARGET:SECONDS`, or nothing to do. Finds go to `TRUEUP_FUZZ_FINDS`.
#[test]
#[ignore = "runs as long as one says: scripts/fuzz"]
fn fuzz() {
    let Ok(asked) = std::env::var("TRUEUP_FUZZ") else { return };
    let (name, seconds) = asked.split_once(':').expect("TARGET:SECONDS");
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let (end, began) = (Duration::from_secs(seconds.parse().unwrap()), Instant::now());
    let finds = std::env::var_os("TRUEUP_FUZZ_FINDS").map_or_else(std::env::temp_dir, PathBuf::from);
    let inputs: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, input)| input).chain((target.seeds)()).collect();
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut change = Change::new(seed, target.words);
    let (mut runs, mut found) = (0u64, Vec::<String>::new());
    while began.elapsed() < end {
        let input = change.of(&inputs);
        runs += 1;
        if let Some(why) = fault(target, &input, SLOW)
            && !found.contains(&why)
        {
            let path = finds.join(format!("{name}-{}", found.len()));
            std::fs::write(&path, &input).unwrap();
            eprintln!("{}: {why}", path.display());
            found.push(why);
        }
    }
    eprintln!("{name}: {runs} executions in {} s, seed {seed}, {} finds", began.elapsed().as_secs(), found.len());
    assert!(found.is_empty(), "{found:#?}");
}
