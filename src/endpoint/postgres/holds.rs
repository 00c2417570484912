//! What PostgreSQL's types can hold.

use super::super::Holds;
use super::attributes::Attribute;
use crate::table::{MICROS_PER_DAY, PortableType};

/// 4714-11-24 BC, in days since 1970-01-01: the first day of dates and timestamps (the manual,
/// "Date/Time Types", calls it 4713 BC, after the Julian calendar).
const FIRST_DAY: i64 = -2_440_588;

/// What a column of this server version can hold.
pub(super) fn holds(attribute: &Attribute, version: i32) -> Holds {
    let none = Holds::default();
    let length = attribute.modifier.checked_sub(4).and_then(|n| u64::try_from(n).ok());
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let text = Holds { no_zero_character: true, ..Holds::default() };
    match attribute.base_oid {
        21 => Holds { range: Some((i16::MIN.into(), i16::MAX.into())), ..none },
        23 => Holds { range: Some((i32::MIN.into(), i32::MAX.into())), ..none },
        20 => Holds { range: Some((i64::MIN.into(), i64::MAX.into())), ..none },
        26 => Holds { range: Some((0, u32::MAX.into())), ..none },
        1700 => match attribute.kind.ty {
            PortableType::Decimal { precision: Some(precision), scale } => {
                Holds { digits: Some((precision, scale)), others: words(&["NaN"]), ..none }
            }
            // A declared precision leaves no room for an infinity, whatever its scale.
            _ if version >= 140_000 && attribute.modifier < 0 => {
                Holds { others: words(&["NaN", "Infinity", "-Infinity"]), ..none }
            }
            _ => Holds { others: words(&["NaN"]), ..none },
        },
        // character(n), varchar(n)
        1042 => Holds { chars: length, trims: true, ..text },
        1043 => Holds { chars: length, ..text },
        // jsonb
        3802 => Holds { no_zero_escape: true, ..text },
        // bit(n), bit varying(n): their modifier is the length itself.
        1560 | 1562 => Holds { chars: u64::try_from(attribute.modifier).ok(), ..text },
        // "char", name
        18 => Holds { bytes: Some(1), ..text },
        19 => Holds { bytes: Some(63), ..text },
        1082 | 1114 | 1184 => Holds {
            times: Some((FIRST_DAY * MICROS_PER_DAY, i64::MAX)),
            others: words(&["infinity", "-infinity"]),
            ..none
        },
        1083 => Holds { times: Some((0, MICROS_PER_DAY)), ..none },
        _ if !attribute.labels.is_empty() => Holds { labels: Some(attribute.labels.clone()), ..text },
        _ => match attribute.kind.ty {
            PortableType::Text | PortableType::Json => text,
            ref printed if printed.is_printed() => text,
            _ => none,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::attributes::Identity;
    use super::super::kind::Kind;
    use super::*;

    fn of(oid: u32, modifier: i32) -> Holds {
        let attribute = Attribute {
            name: String::new(),
            kind: Kind::new(oid, "", modifier),
            base: String::new(),
            base_oid: oid,
            modifier,
            not_null: false,
            has_default: false,
            identity: Identity::None,
            computed: false,
            deterministic: true,
            labels: Vec::new(),
            sequence: None,
        };
        holds(&attribute, 150_000)
    }

    #[test]
    fn modifiers_are_limits() {
        assert_eq!(of(1043, 14).chars, Some(10));
        assert_eq!(of(1043, -1).chars, None);
        assert_eq!(of(1560, 8).chars, Some(8));
        assert_eq!(of(1700, ((12 << 16) | 2) + 4).digits, Some((12, 2)));
        assert_eq!(of(1700, ((12 << 16) | 2) + 4).others, ["NaN"]);
        assert_eq!(of(1700, -1).others, ["NaN", "Infinity", "-Infinity"]);
    }

    #[test]
    fn what_is_dropped_or_refused() {
        assert!(of(1042, 14).trims && !of(1043, 14).trims);
        // jsonb, and json, which keeps what it is given.
        assert!(of(3802, -1).no_zero_escape && !of(114, -1).no_zero_escape);
    }

    #[test]
    fn only_text_refuses_the_zero_character() {
        assert!(of(25, -1).no_zero_character && of(3802, -1).no_zero_character && of(1009, -1).no_zero_character);
        assert!(!of(17, -1).no_zero_character && !of(23, -1).no_zero_character);
    }
}
