//! What is said of a kind.

use super::kind::ValueKind as K;
use super::moment::UNITS;
use super::sort::{code, nothing_word};
use super::tally::{Slot, Tally};
use super::traits::Traits;
use crate::audit::thousands;
use crate::table::MICROS_PER_DAY;

const SIDES: [&str; 2] = ["left", "right"];

/// What the values of a slot "are": the rest of a sentence that begins with their number.
pub fn predicate(slot: Slot, tally: &Tally, traits: &Traits) -> String {
    let said = said(slot, tally, traits);
    if tally.also == 0 {
        return said;
    }
    let rest = match slot.0 {
        K::Punctuation => "case or white space",
        K::Case => "white space",
        _ => "case, white space or punctuation",
    };
    format!("{said}, {} of them also in {rest}", thousands(tally.also))
}

fn said(slot: Slot, tally: &Tally, traits: &Traits) -> String {
    let only = |of: fn(&(u8, i32)) -> i32| {
        let mut values = tally.details.keys().map(of);
        let first = values.next();
        first.filter(|first| values.all(|value| value == *first))
    };
    let side = only(|detail| detail.0.into()).and_then(|side| SIDES.get(side as usize).copied());
    let at = |what: &str| side.map(|side| format!(" ({} {side} {what})", "the")).unwrap_or_default();
    let code = only(|detail| detail.1);
    match slot.0 {
        K::Rounding => rounding(slot, tally, traits),
        K::Case => "differ only in case".to_owned(),
        K::Spaces => match code {
            Some(0) => format!("differ only in white space at the ends{}", at("has more")),
            Some(2) => "differ only in the sort of white space, like a non-breaking space".to_owned(),
            _ => "differ only in white space".to_owned(),
        },
        K::Accents => match code {
            Some(0) => "differ only in accents".to_owned(),
            Some(1) => "are the same text in another Unicode form (NFC against NFD)".to_owned(),
            Some(2) => "are the same text in another Unicode form (NFKC)".to_owned(),
            _ => "differ only in accents or in their Unicode form".to_owned(),
        },
        K::Encoding => {
            let place = side.map(|side| format!(" on the {side}")).unwrap_or_default();
            match code {
                Some(1) => format!("are UTF-8 that was read as Windows-1252 or Latin-1{place}"),
                Some(2) => format!("are UTF-8 that was twice read as Windows-1252 or Latin-1{place}"),
                Some(code::REPLACED) => format!("have `?` or U+FFFD{place} in place of other characters"),
                _ => format!("were damaged by a wrong encoding{place}"),
            }
        }
        K::Truncated => {
            let cut = |at: usize| {
                let width = traits.truncated[at]?;
                let measure = if width.bytes { "bytes" } else { "characters" };
                Some(format!("after {} {measure} on the {}", width.length, SIDES[at]))
            };
            let sides: Vec<String> = (0..2)
                .filter(|at| tally.details.keys().any(|detail| usize::from(detail.0) == *at))
                .filter_map(cut)
                .collect();
            format!("are cut off {}", sides.join(" or "))
        }
        K::Padded => {
            let spaces = tally.details.keys().all(|detail| detail.1 >= code::SPACES);
            let zeros = tally.details.keys().all(|detail| detail.1 < code::SPACES);
            let what = if spaces {
                "spaces"
            } else if zeros {
                "leading zeros"
            } else {
                "zeros or spaces"
            };
            let place = side.map(|side| format!(" on the {side}")).unwrap_or_default();
            let width = code.map(|code| format!(", to {} characters", code % code::SPACES)).unwrap_or_default();
            format!("are the same, filled up with {what}{place}{width}")
        }
        K::NullOrEmpty => nothing(tally),
        K::Sign => "have the opposite sign".to_owned(),
        K::Scale => {
            let power = traits.power.unwrap_or(0);
            let factor = if power.unsigned_abs() > 15 {
                format!("10^{}", power.abs())
            } else {
                thousands(10u64.pow(power.unsigned_abs()))
            };
            format!("are {factor} times as large on the {}", SIDES[usize::from(power > 0)])
        }
        K::Shift => match (traits.shift, traits.moved) {
            (_, Some(micros)) => format!("are {} on the right", later(micros)),
            (Some(shift), _) if shift.mantissa < 0 => {
                format!("are smaller by {} on the right", shift.to_string().trim_start_matches('-'))
            }
            (Some(shift), _) => format!("are larger by {shift} on the right"),
            _ => "differ by the same amount".to_owned(),
        },
        K::TimeZone => {
            let offsets: Vec<String> = traits
                .zones
                .iter()
                .filter(|zone| tally.details.contains_key(&(2, **zone)))
                .map(|zone| hours(*zone))
                .collect();
            format!("are {} on the right, as in another time zone", offsets.join(" or "))
        }
        K::DateOrder => match code {
            Some(1) => "are the same dates written in another order".to_owned(),
            _ => "have day and month swapped".to_owned(),
        },
        K::NumberFormat => "are the same numbers written in another way".to_owned(),
        K::Json => "differ only in the order of array elements or the form of numbers".to_owned(),
        K::Punctuation => "differ only in punctuation".to_owned(),
        K::Uuid => match code {
            Some(code::SWAPPED) => "are the same UUIDs with the parts of their time swapped, as MySQL's \
                                    UUID_TO_BIN(…, 1) does"
                .to_owned(),
            _ => "are the same UUIDs in another form".to_owned(),
        },
        K::Hex => match code {
            Some(code::ESCAPED) => "are the same bytes, with escapes like \\x0D where they are no letters".to_owned(),
            _ => "are the same bytes, written in hexadecimal".to_owned(),
        },
        K::Filled => "are NULL or empty on the left and have a value on the right".to_owned(),
        K::Cleared => "have a value on the left and are NULL or empty on the right".to_owned(),
        K::Other => "differ otherwise".to_owned(),
    }
}

fn rounding(slot: Slot, tally: &Tally, traits: &Traits) -> String {
    let cells_of =
        |side: u8| tally.details.iter().filter(|((own, _), _)| *own == side).map(|(_, (cells, _))| *cells).sum::<u64>();
    let cells = [cells_of(0), cells_of(1)];
    let side = usize::from(cells[1] >= cells[0]);
    let fewer = match cells[side] {
        0 => String::new(),
        all if all == tally.cells => format!(" (the {} has fewer)", SIDES[side]),
        some => format!(" (the {} has fewer in {})", SIDES[side], thousands(some)),
    };
    let of = |range: std::ops::Range<i32>| {
        tally.details.iter().filter(|((_, code), _)| range.contains(code)).map(|(_, (cells, _))| cells).sum::<u64>()
    };
    let forms = [of(0..code::SINGLE), of(code::SINGLE..code::LAST), of(code::LAST..code::LAST + 1)];
    let most = forms.iter().copied().max().unwrap_or(0);
    let (significant, units) = (of(code::SIGNIFICANT..code::UNIT), of(code::UNIT..code::UNIT + 100));
    if units > 0 {
        let has = |code: i32| tally.details.keys().any(|(_, own)| *own == code);
        let (cut, up) = (|at: usize| code::UNIT + at as i32, |at: usize| code::UNIT + code::UP + at as i32);
        let units: Vec<&str> = UNITS
            .iter()
            .enumerate()
            .filter(|(at, _)| has(cut(*at)) || has(up(*at)))
            .map(|(_, (_, word))| *word)
            .collect();
        // What went up was not cut.
        let rounded = (0..UNITS.len()).any(|at| has(up(at)));
        let how = if rounded { "rounded to" } else { "in" };
        return format!("are the same {how} whole {}{fewer}", units.join(" or "));
    }
    if significant > most {
        let digits = codes(tally, code::SIGNIFICANT..code::UNIT).into_iter().max().unwrap_or(0) - code::SIGNIFICANT;
        return format!("are the same rounded to {digits} significant digits{fewer}");
    }
    if forms[1] == most {
        return "are the same as 32-bit floats".to_owned();
    }
    if forms[2] == most {
        return "differ only in the last digits that a float has".to_owned();
    }
    let rounds = traits.rounds.get(usize::from(slot.1)).copied().unwrap_or(true);
    let verb = match (rounds, cuts(slot, traits)) {
        (false, _) => "cut",
        (true, true) => "rounded or cut",
        (true, false) => "rounded",
    };
    let digits = digits(tally, cuts(slot, traits));
    let outliers = match digits.outliers {
        0 => String::new(),
        outliers => format!(", {} of them to fewer digits", thousands(outliers)),
    };
    format!("are the same {verb} to {}{fewer}{outliers}", places(&digits.found))
}

fn codes(tally: &Tally, range: std::ops::Range<i32>) -> Vec<i32> {
    tally.details.keys().map(|(_, code)| *code).filter(|code| range.contains(code)).collect()
}

/// One in so many may be left out of account.
const OUTLIERS: u64 = 100;

/// What numbers were rounded to.
struct Digits {
    /// The numbers of digits that explain nearly all of the values.
    found: Vec<i32>,
    /// Values that have fewer.
    outliers: u64,
    /// The largest difference between two values, without those.
    gap: f64,
}

/// The largest number of digits comes first, then that of the rest: a value that ends in zeros has
/// fewer digits than it was rounded to.
fn digits(tally: &Tally, cut: bool) -> Digits {
    let decimals = |code: i32| code < code::SINGLE;
    let mut rest: Vec<(i32, i32, u64, f64)> = tally
        .details
        .iter()
        .filter(|((_, code), _)| decimals(*code))
        .map(|((_, code), (cells, gap))| (code / 100, code % 100, *cells, *gap))
        .collect();
    let others = tally.details.iter().filter(|((_, code), _)| !decimals(*code)).map(|(_, (_, gap))| *gap);
    let mut out = Digits { found: Vec::new(), outliers: 0, gap: others.fold(0.0, f64::max) };
    let all: u64 = rest.iter().map(|(_, _, cells, _)| cells).sum();
    while let Some(largest) = rest.iter().map(|(has, ..)| *has).max() {
        let (fits, less): (Vec<_>, Vec<_>) =
            rest.into_iter().partition(|(has, agree, ..)| *has == largest || cut || *agree >= largest);
        let covered: u64 = fits.iter().map(|(_, _, cells, _)| cells).sum();
        if covered * OUTLIERS >= all {
            out.found.push(largest);
            out.gap = fits.iter().map(|(.., gap)| *gap).fold(out.gap, f64::max);
        } else {
            out.outliers += covered;
        }
        rest = less;
    }
    out.found.sort_unstable();
    out
}

/// The largest difference between two numbers of a rounding, without the few that were rounded to
/// far fewer digits than the others: a tolerance for those would hide real changes.
pub fn gap(slot: Slot, tally: &Tally, traits: &Traits) -> f64 {
    digits(tally, cuts(slot, traits)).gap
}

/// Whether numbers may be cut, not rounded.
fn cuts(slot: Slot, traits: &Traits) -> bool {
    traits.cuts.get(usize::from(slot.1)).copied().unwrap_or(false)
}

fn places(digits: &[i32]) -> String {
    match digits {
        [0] => "whole numbers".to_owned(),
        [1] => "1 decimal place".to_owned(),
        [] => "fewer decimal places".to_owned(),
        [least, .., most] if digits.len() > 3 => format!("{least} to {most} decimal places"),
        _ => {
            let words: Vec<String> = digits.iter().map(ToString::to_string).collect();
            format!("{} decimal places", words.join(" or "))
        }
    }
}

/// The two most frequent pairs of nothings.
fn nothing(tally: &Tally) -> String {
    let mut pairs: Vec<_> = tally.details.iter().collect();
    pairs.sort_by_key(|(detail, (cells, _))| (std::cmp::Reverse(*cells), **detail));
    let word = |token: i32| match nothing_word(token) {
        word @ ("NULL" | "empty" | "a word for NULL") => word.to_owned(),
        word => format!("`{word}`"),
    };
    let mut words: Vec<String> = pairs
        .iter()
        .take(2)
        .map(|((_, code), _)| format!("{} on the left and {} on the right", word(code / 16), word(code % 16)))
        .collect();
    if pairs.len() > 2 {
        words.push("another word for nothing".to_owned());
    }
    format!("are {}", words.join(", or "))
}

fn hours(quarters: i32) -> String {
    later(i64::from(quarters) * 900_000_000)
}

/// `3 days later`, `1 hour 30 minutes earlier`.
fn later(micros: i64) -> String {
    let units = [("day", MICROS_PER_DAY), ("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000)];
    let mut rest = micros.unsigned_abs();
    let mut words = Vec::new();
    for (word, unit) in units {
        let count = rest / unit.unsigned_abs();
        rest %= unit.unsigned_abs();
        if count > 0 {
            words.push(format!("{} {word}{}", thousands(count), if count == 1 { "" } else { "s" }));
        }
    }
    if rest > 0 {
        words.push(format!("{} microseconds", thousands(rest)));
    }
    format!("{} {}", words.join(" "), if micros < 0 { "earlier" } else { "later" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_places_in_words() {
        assert_eq!(later(-5_400_000_000), "1 hour 30 minutes earlier");
        assert_eq!(later(MICROS_PER_DAY * 2), "2 days later");
        assert_eq!(places(&[0]), "whole numbers");
        assert_eq!(places(&[5, 6]), "5 or 6 decimal places");
    }
}
