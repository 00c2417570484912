//! When each side was changed, on one clock, and how sure that is.
//!
//! Both servers' clocks are measured against this machine's. Times of histories are the servers'
//! own: the right ones are moved to the left server's clock. Times of a column may be an
//! application's, whose clock nobody knows: they are moved only if the job says so, and changes that
//! are closer than the clocks are apart are a conflict.

use super::rules::{Rules, Winner};
use crate::endpoint::Clock;
use crate::table::{Cells, MICROS_PER_DAY, PortableType, parse_timestamp, to_utc};

/// A difference of clocks that is worth a warning, in microseconds.
const WORTH_SAYING: u64 = 1_000_000;

/// How far the right server's clock is ahead of the left one's. A file has no clock; its times are
/// taken as they are.
pub fn skew(clocks: [Option<Clock>; 2]) -> Option<Clock> {
    let [left, right] = clocks;
    Some(left?.skew(right?))
}

/// The window to decide with, in microseconds: the one that was asked for, or what the clocks make of
/// it if that is more. `columns` are the types of the two columns that tell the time, if it is columns:
/// where one tells days and the other seconds, nothing within a day is sure.
pub fn window(rules: &Rules, skew: Option<Clock>, columns: Option<[&PortableType; 2]>) -> i64 {
    let Clock { ahead, error } = skew.unwrap_or_default();
    let least = match rules.winner {
        Winner::NewestColumn { .. } if !rules.shift => ahead.saturating_abs().saturating_add(error),
        Winner::NewestColumn { .. } | Winner::NewestHistory => error,
        Winner::Left | Winner::Right | Winner::None => 0,
    };
    let coarser = match columns.map(|types| types.map(unit)) {
        Some([left, right]) if left != right => left.max(right),
        _ => 0,
    };
    rules.window.max(least).max(coarser)
}

/// The smallest step of time that a type tells of, in microseconds.
fn unit(ty: &PortableType) -> i64 {
    match ty {
        PortableType::Date => MICROS_PER_DAY,
        PortableType::Timestamp { precision } | PortableType::Instant { precision } => {
            10_i64.pow(6 - u32::from(*precision).min(6))
        }
        _ => 1,
    }
}

/// What a person should know of the clocks, if anything.
pub fn clock_warning(rules: &Rules, skew: Clock) -> Option<String> {
    if skew.ahead.unsigned_abs() <= WORTH_SAYING {
        return None;
    }
    let stands = if skew.ahead > 0 { "ahead of" } else { "behind" };
    let by = spoken(skew.ahead.saturating_abs());
    let so = match rules.winner {
        Winner::NewestColumn { .. } if !rules.shift => {
            ": times of columns are not corrected by that, and changes closer than that are conflicts \
             (--shift-times corrects them)"
        }
        Winner::NewestColumn { .. } | Winner::NewestHistory => ": the right times are corrected by that",
        Winner::Left | Winner::Right | Winner::None => "",
    };
    Some(format!("the right server's clock is {by} {stands} the left one's{so}"))
}

/// The time that a cell tells, in microseconds since 1970, UTC; `None` for NULL and whatever is no
/// time, numbers among it: nobody knows what they count. A time without a zone is taken as of `zone`,
/// or as UTC without one; one that the zone's clocks showed twice, or never, is not known.
pub fn time_of(cells: &Cells, row: usize, zone: Option<chrono_tz::Tz>) -> Option<i64> {
    if cells.is_null(row) {
        return None;
    }
    let local = |micros: i64| zone.map_or(Some(micros), |zone| to_utc(micros, zone));
    match cells {
        Cells::Timestamp(a, true) => Some(a.value(row)),
        Cells::Timestamp(a, false) => local(a.value(row)),
        Cells::Date(a) => local(i64::from(a.value(row)).checked_mul(MICROS_PER_DAY)?),
        Cells::Text(a) => match parse_timestamp(a.value(row).trim())? {
            (micros, true) => Some(micros),
            (micros, false) => local(micros),
        },
        _ => None,
    }
}

/// A length of time as a person says it: `30 s`, `1.5 s`, `30 min`, `2 h 5 min`, `3 d`.
pub fn spoken(micros: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let micros = micros.max(0);
    let seconds = micros / 1_000_000;
    if micros < 1_000 {
        return format!("{micros} µs");
    }
    if seconds == 0 {
        return format!("{} ms", decimals(micros, 1_000));
    }
    let Some(first) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else {
        return format!("{} s", decimals(micros, 1_000_000));
    };
    // The largest unit and the next one say enough.
    let (unit, name) = UNITS[first];
    let (next, next_name) = UNITS.get(first + 1).copied().unwrap_or((1, "s"));
    match seconds % unit / next {
        0 => format!("{} {name}", seconds / unit),
        rest => format!("{} {name} {rest} {next_name}", seconds / unit),
    }
}

/// A number of units with up to three digits behind the point, none of them a last zero.
fn decimals(micros: i64, unit: i64) -> String {
    let text = format!("{}.{:03}", micros / unit, micros % unit * 1_000 / unit);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::PortableBuilder;

    const MINUTE: i64 = 60_000_000;

    fn rules(winner: Winner, window: i64, shift: bool) -> Rules {
        Rules { winner, window, shift, ..Rules::default() }
    }

    fn column() -> Winner {
        Winner::NewestColumn { left: "at".to_owned(), right: "at".to_owned() }
    }

    fn apart(ahead: i64) -> Clock {
        Clock { ahead, error: 500 }
    }

    #[test]
    fn the_window_is_never_smaller_than_what_is_unsure() {
        for ahead in [2 * MINUTE, -2 * MINUTE] {
            let skew = Some(apart(ahead));
            assert_eq!(window(&rules(column(), 7, false), skew, None), 2 * MINUTE + 500);
            assert_eq!(window(&rules(column(), 5 * MINUTE, false), skew, None), 5 * MINUTE);
            assert_eq!(window(&rules(column(), 7, true), skew, None), 500);
            assert_eq!(window(&rules(Winner::NewestHistory, 7, false), skew, None), 500);
            assert_eq!(window(&rules(Winner::NewestHistory, 900, false), skew, None), 900);
            assert_eq!(window(&rules(Winner::Left, 7, false), skew, None), 7);
        }
        assert_eq!(window(&rules(column(), 7, false), None, None), 7);
        let clock = |ahead, error| Some(Clock { ahead, error });
        assert_eq!(skew([clock(MINUTE, 1), clock(3 * MINUTE, 2)]), clock(2 * MINUTE, 3));
        assert_eq!(skew([None, clock(MINUTE, 1)]), None);
    }

    #[test]
    fn a_coarser_column_is_less_sure() {
        let of =
            |left: &PortableType, right: &PortableType| window(&rules(column(), 0, false), None, Some([left, right]));
        let seconds = PortableType::Timestamp { precision: 0 };
        let micros = PortableType::Instant { precision: 6 };
        assert_eq!(of(&seconds, &micros), 1_000_000);
        assert_eq!(of(&micros, &PortableType::Timestamp { precision: 3 }), 1_000);
        assert_eq!(of(&PortableType::Date, &seconds), MICROS_PER_DAY);
        assert_eq!(of(&seconds, &seconds), 0);
        assert_eq!(of(&PortableType::Text, &micros), 0);
    }

    #[test]
    fn a_skew_is_worth_a_warning() {
        let warning = |winner, shift, right| clock_warning(&rules(winner, 0, shift), apart(right));
        assert_eq!(warning(column(), false, 1_000_000), None);
        assert_eq!(
            warning(Winner::NewestHistory, false, 90 * 1_000_000).as_deref(),
            Some(
                "the right server's clock is 1 min 30 s ahead of the left one's: the right times are corrected by that"
            )
        );
        let text = warning(column(), false, -2_500_000).unwrap();
        assert!(
            text.starts_with("the right server's clock is 2.5 s behind the left one's: times of columns"),
            "{text}"
        );
        assert!(warning(column(), true, -2_500_000).unwrap().ends_with("corrected by that"));
    }

    #[test]
    fn times_are_read_from_cells() {
        let berlin: chrono_tz::Tz = "Europe/Berlin".parse().unwrap();
        let hour = 3_600_000_000;
        let read = |ty: PortableType, text: &str, zone| {
            let mut builder = PortableBuilder::new(&ty);
            builder.parse(text);
            builder.null();
            let cells = Cells::new(&builder.finish().0).unwrap();
            assert_eq!(time_of(&cells, 1, zone), None);
            time_of(&cells, 0, zone)
        };
        let noon = parse_timestamp("2026-11-22 12:00:00").unwrap().0;
        let local = PortableType::Timestamp { precision: 6 };
        let instant = PortableType::Instant { precision: 6 };
        assert_eq!(read(local.clone(), "2026-11-22 12:00:00", None), Some(noon));
        assert_eq!(read(local.clone(), "2026-11-22 12:00:00", Some(berlin)), Some(noon - hour));
        assert_eq!(read(local, "2026-10-25 02:30:00", Some(berlin)), None);
        assert_eq!(read(instant, "2026-11-22 12:00:00Z", Some(berlin)), Some(noon));
        assert_eq!(read(PortableType::Date, "2026-11-22", None), Some(noon - 12 * hour));
        assert_eq!(read(PortableType::Text, " 2026-11-22T13:00:00+01:00", Some(berlin)), Some(noon));
        assert_eq!(read(PortableType::Text, "2026-11-22 12:00", Some(berlin)), Some(noon - hour));
        for text in ["1795348800", "", "yesterday", "infinity"] {
            assert_eq!(read(PortableType::Text, text, None), None, "{text}");
        }
        assert_eq!(read(PortableType::Integer, "1795348800", None), None);
        assert_eq!(read(PortableType::Float64, "1795348800", None), None);
        assert_eq!(read(PortableType::Boolean, "1", None), None);
    }

    #[test]
    fn lengths_of_time_are_spoken() {
        let second = 1_000_000;
        let table = [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_500, "1.5 ms"),
            (250_000, "250 ms"),
            (second, "1 s"),
            (1_500_000, "1.5 s"),
            (30 * second, "30 s"),
            (30 * MINUTE, "30 min"),
            (90 * second, "1 min 30 s"),
            (125 * MINUTE, "2 h 5 min"),
            (3 * MICROS_PER_DAY, "3 d"),
        ];
        for (micros, text) in table {
            assert_eq!(spoken(micros), text);
        }
    }
}
