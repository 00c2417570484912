//! What a table is: names, columns, portable types, keys, values and when they are equal. No I/O.
//!
//! Everything above this folder speaks in these words: a [`Column`] has a [`PortableType`];
//! an [`Alignment`] pairs columns and says as which [`Family`] each pair is compared; a
//! [`Encoder`] turns a cell into the canonical bytes that two equal values share.

mod alignment;
mod builder;
mod canonical;
mod coarse;
mod column;
mod elements;
mod encoder;
mod family;
mod interval;
mod json;
mod key;
mod list;
mod names;
mod number;
mod odd;
mod origin;
mod pairing;
mod parse;
mod print;
mod rules;
mod softening;
mod tolerance;
mod typed;

pub use alignment::{AlignOptions, Alignment, AlignmentError, Pair};
pub use builder::PortableBuilder;
pub use canonical::{Fingerprint, fingerprint};
pub use coarse::coarse;
pub use column::{Column, PortableType, TableInfo};
pub use elements::{bits_to_number, number_to_bits};
pub use encoder::{Cells, Encoder, to_utc};
pub use family::{Family, ListOf, family};
pub use interval::Interval;
pub use json::canonical_json;
pub use key::{Declared, Key, KeyChoice};
pub use list::{Element, array_literal, json_array, set_words, write_json, write_literal};
pub use names::{nearest, rename_key};
pub use number::{Number, push_digits};
pub use odd::{is_odd, visible};
pub use origin::Origin;
pub use pairing::{PairRule, pair_rule};
pub use parse::{
    MICROS_PER_DAY, civil_from_days, days_from_civil, parse_boolean, parse_bytes, parse_date, parse_digits,
    parse_float, parse_hex, parse_time, parse_timestamp, parse_uuid,
};
pub use print::{print_bytes, print_date, print_time, print_timestamp, print_uuid};
pub use rules::{Rule, RuleError, Rules};
pub use softening::{Softener, softened_by};
pub use tolerance::Tolerance;
pub use typed::{
    NameError, spelled, spelled_for_shell, spelled_pair, typed_maps, typed_name, typed_names, typed_pairs, typed_rule,
};
