//! What the tests share: running the program, servers with a fresh place per test, and tables that
//! can be stored at every kind of endpoint.

mod cells;
mod place;
mod plans;
mod run;
mod server;
mod slow;
mod table;

pub use cells::Cells;
pub use place::{Kind, Place, table_name};
pub use plans::{Steps, steps};
pub use run::{Run, Workdir};
pub use server::{Postgres, password_variables, passwords};
pub use slow::{SlowView, slow_mysql, slow_postgres};
pub use table::{Dialect, Table, Type};

use serde_json::Value;

/// A count in the program's JSON, as in `count(&json, "/keys/in_both")`.
pub fn count(json: &Value, pointer: &str) -> i64 {
    json.pointer(pointer).and_then(Value::as_i64).unwrap_or_else(|| panic!("no count at {pointer} in {json:#}"))
}

/// The left names of the columns with changed rows, and how many.
pub fn changed_columns(json: &Value) -> Vec<(String, i64)> {
    let columns = json["columns"].as_array().unwrap_or_else(|| panic!("no columns in {json:#}"));
    let mut changed: Vec<(String, i64)> = columns
        .iter()
        .map(|column| (column["left"].as_str().unwrap().to_owned(), column["changed"].as_i64().unwrap()))
        .filter(|(_, changed)| *changed != 0)
        .collect();
    changed.sort();
    changed
}

/// Fails unless the identities hold that the command line promises of every audit.
pub fn assert_identities(json: &Value) {
    for side in ["/left", "/right"] {
        let of = |name: &str| count(json, &format!("{side}/{name}"));
        assert_eq!(of("rows"), of("distinct_keys") + of("duplicates") + of("null_keys"), "{side} of {json:#}");
    }
    let at = |pointer: &str| count(json, pointer);
    assert_eq!(
        at("/rows/equal") + at("/rows/changed") + at("/keys/ambiguous"),
        at("/keys/in_both"),
        "equal + changed + ambiguous = in_both: {json:#}"
    );
    for (side, only) in [("left", "only_left"), ("right", "only_right")] {
        assert_eq!(
            at(&format!("/{side}/distinct_keys")),
            at("/keys/in_both") + at(&format!("/keys/{only}")),
            "{side} keys: {json:#}"
        );
    }
    assert_eq!(
        at("/left/rows") - at("/right/rows"),
        (at("/keys/only_left") - at("/keys/only_right"))
            + (at("/left/duplicates") - at("/right/duplicates"))
            + (at("/left/null_keys") - at("/right/null_keys")),
        "the bridge of the design: {json:#}"
    );
    let bridge: Vec<i64> =
        json["bridge"].as_array().unwrap().iter().map(|term| term["rows"].as_i64().unwrap()).collect();
    let (first, last) = (bridge[0], bridge[bridge.len() - 1]);
    assert!(bridge.len() >= 2, "{json:#}");
    assert_eq!(first, at("/left/rows"), "the bridge starts with the left rows: {json:#}");
    assert_eq!(last, at("/right/rows"), "the bridge ends with the right rows: {json:#}");
    let between: i64 = bridge[1..bridge.len() - 1].iter().sum();
    assert_eq!(first + between, last, "the bridge adds up: {json:#}");
}
