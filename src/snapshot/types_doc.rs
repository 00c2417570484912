//! Writes `docs/types.md` from what the code decides, and fails where the file says something else:
//! `TRUEUP_WRITE_DOCS=1 cargo nextest run types_doc` writes it anew.

use super::foreign;
use crate::endpoint::type_catalog;
use crate::table::{PortableType as T, pair_rule};
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/types.md");

/// One of each kind of portable type.
fn portable() -> Vec<T> {
    vec![
        T::Boolean,
        T::Integer,
        T::Unsigned,
        T::Decimal { precision: None, scale: 0 },
        T::Float32,
        T::Float64,
        T::Text,
        T::Bytes,
        T::Bits { length: Some(8) },
        T::Date,
        T::Time { precision: 6 },
        T::Timestamp { precision: 6 },
        T::Instant { precision: 6 },
        T::Interval,
        T::Uuid,
        T::Json,
        T::Set,
        T::Array { element: Box::new(T::Integer) },
        T::Printed,
    ]
}

fn document() -> String {
    let mut out = String::from(
        "# Types\n\n\
         Made by a test from what the program decides; do not edit it by hand.\n\n\
         Every column has a portable type, and every pair of columns is compared by the rule below, or as text.\n\
         Text beside a typed column is read as that type; a text that is no such value is unequal to all.\n\
         What is written is what was compared: a value that the column can't hold unchanged is left out and reported.\n\
         SQLite keeps values of any class in any column. They are compared as the column's type: in a BLOB column the\n\
         text `a` equals the bytes x'61'. What is written from one SQLite table to another keeps its class.\n\n\
         ## What each system's types are\n\n\
         | system | type | portable type |\n|---|---|---|\n",
    );
    let databases = type_catalog().into_iter();
    let files = foreign::catalog().into_iter().map(|(native, ty)| ("Parquet", native, Some(ty)));
    for (system, native, ty) in databases.chain(files) {
        let ty = ty.map_or_else(|| "by its values".to_owned(), |ty| ty.to_string());
        // Writing to memory does not fail.
        let _ = writeln!(out, "| {system} | {native} | {ty} |");
    }
    out.push_str(
        "| CSV | | that of the typed column beside it, else by all of its values |\n\n\
         ## When two values are equal, and how one is written as the other\n\n\
         | one | other | compared as | equal when | one written to other | other written to one |\n\
         |---|---|---|---|---|---|\n",
    );
    let types = portable();
    for (at, one) in types.iter().enumerate() {
        for other in &types[at..] {
            let rule = pair_rule(one, other);
            let _ = writeln!(
                out,
                "| {one} | {other} | {} | {} | {} | {} |",
                rule.family, rule.equal, rule.written[0], rule.written[1]
            );
        }
    }
    out
}

#[test]
fn the_documentation_of_types_is_what_the_code_does() {
    let document = document();
    if std::env::var_os("TRUEUP_WRITE_DOCS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
        std::fs::write(PATH, &document).unwrap();
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(written == document, "docs/types.md is not what the code does: run with TRUEUP_WRITE_DOCS=1");
}
