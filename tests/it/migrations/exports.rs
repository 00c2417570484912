//! Files that DuckDB, pandas and pyarrow have written; `testdata/migrations` has the script that made
//! them, and the table in SQL.

use super::{Right, assert_right, wrong};
use crate::support::Place;

fn file(name: &str) -> String {
    format!("{}/testdata/migrations/{name}", env!("CARGO_MANIFEST_DIR"))
}

const CASES: [(&str, Right); 5] = [
    ("products-duckdb.parquet", Right::agree("primary key", 5)),
    // It prints lists in words of its own, without quotes; an empty one is the same in everybody's.
    ("products-duckdb.csv", Right::differ("primary key", 2, &[("tags", 3)])),
    ("products-pyarrow.parquet", Right::agree("primary key", 5)),
    (
        // Whole numbers are floats where one is missing, and it has no lists here.
        "products-pandas.parquet",
        Right {
            verdict: "columns",
            unpaired: [&["tags"], &[]],
            ..Right::agree("primary key", 5).softened(&[("ratio", 1), ("views", 2)])
        },
    ),
    (
        // Empty texts are missing ones, bytes and lists are in Python's words.
        "products-pandas.csv",
        Right::differ("primary key", 1, &[("image", 4), ("tags", 3), ("title", 1), ("views", 2)]),
    ),
];

#[test]
fn exports_of_analysts() {
    let mut place = Place::new();
    let sql = std::fs::read_to_string(file("products.sql")).unwrap();
    place.postgres().execute(&sql);
    let products = place.postgres().address("products");
    let mut found = Vec::new();
    for (name, expected) in CASES {
        found.extend(wrong(&place, &products, &file(name), &[], expected));
    }
    assert_right(&found);
}
