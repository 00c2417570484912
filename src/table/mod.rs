//! What a table is: names, columns, portable types, keys, values and when they are equal. No I/O.
//!
//! Everything above this folder speaks in these words: a [`Column`] has a [`PortableType`];
//! an [`Alignment`] pairs columns and says as which [`Family`] each pair is compared; a
//! [`Encoder`] turns a cell into the canonical bytes that two equal values share.

mod alignment;
mod builder;
mod canonical;
mod column;
mod encoder;
mod family;
mod json;
mod names;
mod number;
mod parse;
mod print;
mod rules;

pub use alignment::{AlignOptions, Alignment, AlignmentError, Key, KeyChoice, Pair};
pub use builder::PortableBuilder;
pub use canonical::{Fingerprint, fingerprint};
pub use column::{Column, PortableType, TableInfo};
pub use encoder::{Cells, Encoder, cut, to_utc};
pub use family::{Family, family};
pub use json::canonical_json;
pub use names::{nearest, rename_key};
pub use number::{Number, push_digits};
pub use parse::{
    MICROS_PER_DAY, civil_from_days, days_from_civil, parse_boolean, parse_date, parse_float, parse_time,
    parse_timestamp, parse_uuid,
};
pub use print::{print_bytes, print_date, print_time, print_timestamp};
pub use rules::{Rule, RuleError, Rules};
