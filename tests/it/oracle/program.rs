//! The program itself, in a process of its own, says the same as the library, and ends with the exit
//! code that the contract says.

use super::check::{audit, judge};
use super::form::System;
use super::generate::generate;
use super::shrink::describe;
use super::store::Store;
use serde_json::Value;

const CASES: u64 = 100;

#[test]
fn the_exit_code_is_that_of_the_answer() {
    let systems = [System::Sqlite, System::Csv, System::Parquet];
    let mut store = Store::new();
    let mut codes = [0; 2];
    for number in 0..CASES {
        let at = usize::try_from(number).unwrap();
        let mut case = generate(9_000_000_000 + number, [systems[at % 3], systems[at / 3 % 3]]);
        case.options.reasons = at % 2 == 0;
        let addresses = store.put(&case);
        let flags = case.flags();
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let run = store.place.dir.audit(&addresses[0], &addresses[1], &flags);
        let code = run.code.unwrap();
        let said: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"));
        let wrong = judge(&case, &said);
        assert!(wrong.is_empty(), "{}", describe(&case, &wrong));
        assert_eq!(code, i32::from(said["agree"] == false), "{run}");
        codes[usize::try_from(code).unwrap()] += 1;

        let within = audit(&case, &addresses, &store).unwrap();
        assert_eq!(lasting(said), lasting(within), "{}", describe(&case, &[]));
    }
    assert!(codes.iter().all(|times| *times > 10), "both codes are met often: {codes:?}");
}

/// An answer without what is of its run only.
fn lasting(mut answer: Value) -> Value {
    let members = answer.as_object_mut().unwrap();
    for own in ["run", "started", "seconds"] {
        members.remove(own);
    }
    // How files are read depends on the memory that there is.
    for side in ["left", "right"] {
        answer[side].as_object_mut().unwrap().remove("consistency");
    }
    answer
}
