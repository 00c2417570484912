//! Many cases, one after the other.

use super::check::{Outcome, check};
use super::form::System;
use super::generate::generate;
use super::shrink::{describe, shrink};
use super::store::Store;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// It stops after so many failing cases.
const MOST_FAILURES: usize = 5;

/// How often what was said, and the cases in which something is wrong with it.
#[derive(Default)]
pub struct Toll {
    said: BTreeMap<String, u64>,
    failures: Vec<String>,
}

impl Toll {
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.failures.is_empty(), "{} cases:\n{}", self.failures.len(), self.failures.join("\n"));
    }

    fn add(&mut self, other: Self) {
        for (what, times) in other.said {
            *self.said.entry(what).or_default() += times;
        }
        self.failures.extend(other.failures);
    }

    fn count(&mut self, what: String) {
        *self.said.entry(what).or_default() += 1;
    }
}

/// Checks pairs of these systems in turn, each made from its own seed.
pub fn torture(systems: &[[System; 2]], seeds: impl Iterator<Item = u64>) -> Toll {
    let mut toll = Toll::default();
    let mut store = Store::new();
    for (seed, systems) in seeds.zip(systems.iter().cycle()) {
        let case = generate(seed, *systems);
        match catch_unwind(AssertUnwindSafe(|| check(&case, &mut store))) {
            Ok(Outcome { wrong, verdict, chosen }) if wrong.is_empty() => {
                toll.count(format!("{:?} and {:?}", systems[0], systems[1]));
                toll.count(format!("verdict {verdict}"));
                toll.count(format!("key {chosen}"));
            }
            Ok(_) => {
                let case = shrink(&case, &mut store);
                toll.failures.push(describe(&case, &check(&case, &mut store).wrong));
            }
            Err(_) => {
                toll.failures.push(describe(&case, &["it panics, as said above".to_owned()]));
                store = Store::new();
            }
        }
        if toll.failures.len() == MOST_FAILURES {
            break;
        }
    }
    toll
}

/// As many as `scripts/torture` says, on all cores.
#[test]
#[ignore = "scripts/torture runs it, with numbers"]
fn by_numbers() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect(name));
    let pairs = number("TRUEUP_TORTURE_PAIRS").expect("scripts/torture says how many pairs");
    let seed = number("TRUEUP_TORTURE_SEED").unwrap_or(1);
    let servers = std::env::var("TRUEUP_TORTURE_SERVERS").is_ok();
    let all = System::ALL;
    let each: Vec<[System; 2]> = all.into_iter().flat_map(|left| all.map(|right| [left, right])).collect();
    let systems: Vec<[System; 2]> =
        each.into_iter().filter(|pair| pair.iter().any(|system| system.is_server()) == servers).collect();

    let start = Instant::now();
    let workers = std::thread::available_parallelism().map_or(1, |cores| u64::try_from(cores.get()).unwrap());
    let mut toll = Toll::default();
    let run = |worker: u64| {
        let mut systems = systems.clone();
        // Each takes its own share in its own order, so that all systems meet all.
        let turn = usize::try_from(worker).unwrap() % systems.len();
        systems.rotate_left(turn);
        let share = (worker..pairs).step_by(usize::try_from(workers).unwrap());
        torture(&systems, share.map(|number| seed * 1_000_000_000 + number))
    };
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn({
                    let run = &run;
                    move || run(worker)
                })
            })
            .collect();
        runs.into_iter().for_each(|run| toll.add(run.join().unwrap()));
    });
    println!("seed {seed}, {pairs} pairs, {} seconds", start.elapsed().as_secs());
    toll.said.iter().for_each(|(what, times)| println!("{times:>9}  {what}"));
    toll.assert_clean();
}
