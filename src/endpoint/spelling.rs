//! How a column spells its values where they are kept as text: `2024-05-06T07:08:09Z` or
//! `2024-05-06 07:08:09+00:00`, `TRUE` or `t`, `5.00` or `5`. What is written is spelled as the
//! column's other values are, so that other programs read it as they read those, and so that a
//! value that is taken back comes back byte for byte.

use super::poll::Poll;
use crate::table::{
    Cells, MICROS_PER_DAY, PortableType, parse_boolean, parse_uuid, print_date, print_time, print_timestamp,
};

/// One way to spell the values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As trueup prints them; bytes as the text that they are.
    Plain,
    /// Numbers with at least so many digits after the point.
    Places(usize),
    /// Whole numbers with zeros in front, up to so many digits.
    Padded(usize),
    /// Booleans by these words for true and false.
    Words(String, String),
    /// Times of day, and dates with one.
    Moment(Moment),
    /// UUIDs.
    Uuid {
        /// Whether the letters are capitals.
        upper: bool,
        /// Whether there are hyphens.
        hyphens: bool,
        /// Whether there are braces around it.
        braces: bool,
    },
}

/// How moments are spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Between date and time.
    between: char,
    /// Whether midnight is spelled as the date alone.
    midnight_is_date: bool,
    /// Whether seconds are left out where there are none.
    short: bool,
    /// Before the fraction of a second.
    point: char,
    fraction: Fraction,
    /// What follows, and by how many microseconds it is ahead of UTC.
    zone: (String, i64),
}

/// Digits after a second; never fewer than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fraction {
    /// As many as there are.
    Needed,
    /// At least so many.
    AtLeast(usize),
    /// At least so many, but none where there is no fraction.
    OrNone(usize),
}

const WORDS: [(&str, &str); 6] = [("true", "false"), ("t", "f"), ("1", "0"), ("yes", "no"), ("y", "n"), ("on", "off")];

impl Spelling {
    /// The ways in which a value of this type may have been spelled as `text`.
    pub(super) fn guesses(ty: &PortableType, text: &str) -> Vec<Self> {
        use PortableType as T;
        let mut out = vec![Self::Plain];
        match ty {
            T::Boolean if parse_boolean(text).is_some() => {
                let cases: [fn(&str) -> String; 3] = [str::to_lowercase, str::to_uppercase, capitalized];
                let pairs = WORDS.iter().flat_map(|(yes, no)| cases.map(|case| (case(yes), case(no))));
                out.extend(pairs.filter(|(yes, no)| yes == text || no == text).map(|(yes, no)| Self::Words(yes, no)));
            }
            T::Integer | T::Unsigned | T::Decimal { .. } | T::Float32 | T::Float64 => match text.split_once('.') {
                Some((_, part)) => out.push(Self::Places(part.len())),
                None => out.push(Self::Padded(text.trim_start_matches('-').len())),
            },
            T::Uuid if parse_uuid(text).is_some() => out.push(Self::Uuid {
                upper: text.contains(|c: char| c.is_ascii_uppercase()),
                hyphens: text.contains('-'),
                braces: text.starts_with('{'),
            }),
            T::Time { .. } | T::Timestamp { .. } | T::Instant { .. } => out.extend(Moment::guesses(ty, text)),
            _ => {}
        }
        out
    }

    /// Spells a cell. `None` for NULL, and for bytes that are no text.
    pub(super) fn spell(&self, cells: &Cells, row: usize) -> Option<String> {
        if cells.is_null(row) {
            return None;
        }
        match (self, cells) {
            (Self::Moment(moment), Cells::Time(a)) => Some(moment.time(a.value(row))),
            (Self::Moment(moment), Cells::Timestamp(a, _)) => Some(moment.timestamp(a.value(row))),
            (Self::Words(yes, no), Cells::Boolean(a)) => Some(if a.value(row) { yes } else { no }.clone()),
            (_, Cells::Bytes(a)) => std::str::from_utf8(a.value(row)).ok().map(str::to_owned),
            (Self::Places(digits), _) => cells.print(row).map(|text| with_places(text, *digits)),
            (Self::Padded(digits), _) => cells.print(row).map(|text| padded(text, *digits)),
            (Self::Uuid { upper, hyphens, braces }, _) => cells.print(row).map(|mut text| {
                if *upper {
                    text.make_ascii_uppercase();
                }
                if !hyphens {
                    text.retain(|c| c != '-');
                }
                if *braces { format!("{{{text}}}") } else { text }
            }),
            _ => cells.print(row),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Adds zeros after the point; not to `NaN` and the like, nor where there is an exponent.
fn with_places(mut text: String, digits: usize) -> String {
    if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'.')) {
        return text;
    }
    let have = text.find('.').map(|at| text.len() - at - 1);
    if have.is_none() && digits > 0 {
        text.push('.');
    }
    text.extend(std::iter::repeat_n('0', digits.saturating_sub(have.unwrap_or(0))));
    text
}

fn padded(text: String, digits: usize) -> String {
    let (sign, number) = text.split_at(usize::from(text.starts_with('-')));
    if !number.bytes().all(|b| b.is_ascii_digit()) || number.len() >= digits {
        return text;
    }
    format!("{sign}{number:0>digits$}")
}

impl Moment {
    fn guesses(ty: &PortableType, text: &str) -> Vec<Spelling> {
        let plain = Self {
            between: ' ',
            midnight_is_date: false,
            short: false,
            point: '.',
            fraction: Fraction::Needed,
            zone: if matches!(ty, PortableType::Instant { .. }) { ("Z".to_owned(), 0) } else { (String::new(), 0) },
        };
        let split = match ty {
            PortableType::Time { .. } => Some((' ', text)),
            // Behind the date, which has a sign of its own if it is before our era.
            _ => text.char_indices().find(|(_, c)| matches!(c, ' ' | 'T' | 't')).map(|(at, c)| (c, &text[at + 1..])),
        };
        let Some((between, time)) = split else {
            return vec![Spelling::Moment(Self { midnight_is_date: true, ..plain })];
        };
        let end = time.find(|c: char| !matches!(c, '0'..='9' | ':' | '.' | ',')).unwrap_or(time.len());
        let (time, zone) = time.split_at(end);
        let point = if time.contains(',') { ',' } else { '.' };
        let (whole, digits) = time.split_once(point).map_or((time, 0), |(whole, part)| (whole, part.len()));
        let zone = (zone.to_owned(), offset(zone));
        let mut out = Vec::new();
        for short in [whole.len() < 8, true] {
            for midnight_is_date in [false, true] {
                let fractions = match digits {
                    0 => [Fraction::Needed, Fraction::OrNone(3), Fraction::OrNone(6)],
                    // Milliseconds are mostly written as such.
                    3 => [Fraction::AtLeast(3), Fraction::Needed, Fraction::OrNone(3)],
                    n => [Fraction::Needed, Fraction::AtLeast(n), Fraction::OrNone(n)],
                };
                out.extend(fractions.map(|fraction| {
                    let zone = zone.clone();
                    Spelling::Moment(Self { between, midnight_is_date, short, point, fraction, zone })
                }));
            }
            if short {
                break;
            }
        }
        out
    }

    fn time(&self, micros: i64) -> String {
        let whole = print_time(micros - micros % 1_000_000);
        let fraction = micros % 1_000_000;
        let mut digits = format!("{fraction:06}").trim_end_matches('0').to_owned();
        let least = match self.fraction {
            Fraction::Needed => 0,
            Fraction::AtLeast(n) => n,
            Fraction::OrNone(n) => {
                if fraction == 0 {
                    0
                } else {
                    n
                }
            }
        };
        digits.extend(std::iter::repeat_n('0', least.saturating_sub(digits.len())));
        if !digits.is_empty() {
            return format!("{whole}{}{digits}{}", self.point, self.zone.0);
        }
        let end = if self.short && whole.ends_with(":00") { whole.len() - 3 } else { whole.len() };
        format!("{}{}", &whole[..end], self.zone.0)
    }

    fn timestamp(&self, micros: i64) -> String {
        let Some(local) = micros.checked_add(self.zone.1) else { return print_timestamp(micros, true) };
        let date = print_date(local.div_euclid(MICROS_PER_DAY));
        match local.rem_euclid(MICROS_PER_DAY) {
            0 if self.midnight_is_date && micros == local => date,
            time => format!("{date}{}{}", self.between, self.time(time)),
        }
    }
}

/// By how many microseconds a zone is ahead of UTC, as written behind a time.
fn offset(zone: &str) -> i64 {
    let zone = zone.trim_start();
    let sign = match zone.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    let digits: Vec<i64> = zone.bytes().filter(u8::is_ascii_digit).map(|b| i64::from(b - b'0')).collect();
    let parts = digits.chunks(2).zip([3600, 60, 1]);
    sign * parts.map(|(pair, unit)| pair.iter().fold(0, |sum, digit| sum * 10 + digit) * unit).sum::<i64>() * 1_000_000
}

/// Finds out how a column spells its values.
#[derive(Clone, Debug)]
pub(super) struct Speller {
    ty: PortableType,
    poll: Poll<Spelling>,
}

impl Speller {
    /// For a column of this type.
    pub(super) fn new(ty: &PortableType) -> Self {
        Self { ty: ty.clone(), poll: Poll::new(vec![Spelling::Plain]) }
    }

    /// Looks at a value and at how it is spelled.
    pub(super) fn see(&mut self, cells: &Cells, row: usize, text: &str) {
        let Self { ty, poll } = self;
        poll.see(|spelling| spelling.spell(cells, row).as_deref() == Some(text), || Spelling::guesses(ty, text));
    }

    /// The spelling of most values seen, and whether it is that of all.
    pub(super) fn best(&self) -> (Spelling, bool) {
        self.poll.best()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::PortableBuilder;
    use PortableType as T;

    fn learned(ty: &PortableType, texts: &[&str]) -> (Spelling, bool) {
        let mut speller = Speller::new(ty);
        for text in texts {
            let cells = cell(ty, text);
            speller.see(&cells, 0, text);
        }
        speller.best()
    }

    fn cell(ty: &PortableType, text: &str) -> Cells {
        let mut builder = PortableBuilder::new(ty);
        builder.parse(text);
        Cells::new(&builder.finish().0).unwrap()
    }

    /// Learns from some values and spells another one, given in any spelling.
    fn spelled(ty: PortableType, learn: &[&str], value: &str) -> String {
        let (spelling, exact) = learned(&ty, learn);
        assert!(exact, "{learn:?}: {spelling:?}");
        for text in learn {
            assert_eq!(spelling.spell(&cell(&ty, text), 0).as_deref(), Some(*text), "{spelling:?}");
        }
        spelling.spell(&cell(&ty, value), 0).unwrap()
    }

    #[test]
    fn values_are_spelled_as_their_neighbours_are() {
        let stamp = || T::Timestamp { precision: 6 };
        let instant = || T::Instant { precision: 6 };
        let cases: [(PortableType, &[&str], &str, &str); 19] = [
            (stamp(), &[], "2024-05-06T07:08:09.50", "2024-05-06 07:08:09.5"),
            (stamp(), &["2024-05-06T07:08:09"], "2020-01-01 00:00:00", "2020-01-01T00:00:00"),
            (stamp(), &["2024-05-06 07:08:09.000000"], "2020-01-01", "2020-01-01 00:00:00.000000"),
            (
                stamp(),
                &["2024-05-06T07:08:09", "2024-05-06T07:08:09.500000"],
                "2020-01-01 00:00:00.25",
                "2020-01-01T00:00:00.250000",
            ),
            (stamp(), &["2024-05-06 07:08:09.500"], "2020-01-01 00:00:00.123456", "2020-01-01 00:00:00.123456"),
            (stamp(), &["2024-05-06", "2024-05-06 12:00:00"], "2020-01-01 00:00:00", "2020-01-01"),
            (stamp(), &["2024-05-06 12:30"], "2020-01-01 00:00:00", "2020-01-01 00:00"),
            (stamp(), &["2024-05-06 12:30"], "2020-01-01 00:00:01", "2020-01-01 00:00:01"),
            (instant(), &["2024-05-06T07:08:09.123Z"], "2020-01-01 00:00:00Z", "2020-01-01T00:00:00.000Z"),
            (instant(), &["2024-05-06 07:08:09+02:00"], "2020-01-01 00:00:00Z", "2020-01-01 02:00:00+02:00"),
            (instant(), &["2024-05-06 07:08:09-05:30"], "2020-01-01 00:00:00Z", "2019-12-31 18:30:00-05:30"),
            (T::Time { precision: 6 }, &["07:08"], "09:10:00", "09:10"),
            (T::Boolean, &["TRUE", "FALSE"], "f", "FALSE"),
            (T::Boolean, &["No"], "t", "Yes"),
            (T::Decimal { precision: None, scale: 0 }, &["5.00", "1.25"], "7", "7.00"),
            (T::Float64, &["5.0", "0.125"], "7", "7.0"),
            (T::Integer, &["007", "123"], "-9", "-009"),
            (
                T::Uuid,
                &["A0EEBC999C0B4EF8BB6D6BB9BD380A11"],
                "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "B0EEBC999C0B4EF8BB6D6BB9BD380A11",
            ),
            (T::Text, &["a", ""], " 007", " 007"),
        ];
        for (ty, learn, value, expected) in cases {
            assert_eq!(spelled(ty, learn, value), expected, "after {learn:?}");
        }
    }

    #[test]
    fn most_values_decide_and_the_others_are_known() {
        let (spelling, exact) = learned(&T::Boolean, &["true", "true", "T", "false"]);
        assert_eq!((spelling, exact), (Spelling::Plain, false));
        let (_, exact) = learned(&T::Instant { precision: 6 }, &["2024-05-06 07:08:09+02:00", "2024-05-06 07:08:09Z"]);
        assert!(!exact);
    }
}
