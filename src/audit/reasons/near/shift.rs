//! Keys whose time is shifted by whole hours: written in one time zone, read in another.

use super::super::evidence::ReasonError;
use super::super::reason::Reason;
use super::chance::{Chance, Pairs};
use super::groups::{matches, mix, possible};
use super::search::Search;
use crate::table::{PortableType, parse_timestamp};
use std::collections::HashSet;

/// Time zones are 26 hours apart at most: from UTC−12 to UTC+14.
const HOURS: i64 = 26;
const HOUR: i64 = 3_600_000_000;
/// Left keys that the shift is looked for with.
const SAMPLE: usize = 20_000;
/// Shifts named together: winter and summer time.
const SHIFTS: usize = 2;
/// A shift moves all rows of a load: this part of the keys at least.
const PART: f64 = 0.05;

/// Pairs keys by a time in them, shifted.
pub fn shift(search: &mut Search<'_>) -> Result<Option<Reason>, ReasonError> {
    for part in 0..search.parts() {
        let Some(times) = Times::read(search, part) else { continue };
        let (mut pairs, mut hours) = (Vec::new(), Vec::new());
        while hours.len() < SHIFTS {
            search.check()?;
            let Some((shift, more)) = times.best(search) else { break };
            search.claim(&more);
            pairs.extend(more);
            hours.push(shift);
        }
        if !hours.is_empty() {
            let how = format!("keys match a right-only key whose `{}` is {}", search.name(part), words(&hours));
            return search.reason("time-shift", &[part], &pairs, &how, None).map(Some);
        }
    }
    Ok(None)
}

/// `2 hours later`, `1 or 2 hours later`.
fn words(hours: &[i64]) -> String {
    let word = |shift: i64| if shift > 0 { "later" } else { "earlier" };
    let unit = |shift: i64| if shift.abs() == 1 { "hour" } else { "hours" };
    match hours {
        [one, two] if one.signum() == two.signum() => {
            let (less, more) = (one.abs().min(two.abs()), one.abs().max(two.abs()));
            format!("{less} or {more} hours {}", word(*one))
        }
        _ => {
            let each = hours.iter().map(|shift| format!("{} {} {}", shift.abs(), unit(*shift), word(*shift)));
            each.collect::<Vec<_>>().join(" or ")
        }
    }
}

/// Per row, a hash of the other parts of its key and its time; `None` where it has none.
type RowTimes = Vec<Option<(u64, i64)>>;

/// The times in a part of the keys.
struct Times {
    /// Left-only, right-only; then those beside.
    times: [[RowTimes; 2]; 2],
}

impl Times {
    /// `None` if the part holds no times.
    fn read(search: &Search<'_>, part: usize) -> Option<Self> {
        use PortableType as T;
        let pair = &search.evidence.alignment.pairs[search.evidence.key.pairs[part]];
        let could = |ty: &T| matches!(ty, T::Text | T::Date | T::Timestamp { .. } | T::Instant { .. });
        if !could(&pair.left.ty) || !could(&pair.right.ty) {
            return None;
        }
        let read = |keys: &super::keys::Keys| -> Vec<Option<(u64, i64)>> {
            let time = |row: usize| {
                let (micros, _) = parse_timestamp(keys.parts[part].texts.get(row).trim())?;
                let others = keys.parts.iter().enumerate().filter(|(other, _)| *other != part);
                Some((others.fold(0, |form, (_, part)| mix(form, part.same[row])), micros))
            };
            // A column of other text shows in some of its rows.
            if (0..keys.rows).step_by(keys.rows.div_ceil(1000).max(1)).any(|row| time(row).is_some()) {
                (0..keys.rows).map(time).collect()
            } else {
                vec![None; keys.rows]
            }
        };
        let times = [[0, 1].map(|side| read(&search.keys[side])), [0, 1].map(|side| read(&search.beside[side]))];
        times[0].iter().all(|times| times.iter().any(Option::is_some)).then_some(Self { times })
    }

    /// The shift that pairs most keys, in hours from left to right, if it is more than chance.
    fn best(&self, search: &Search<'_>) -> Option<(i64, Vec<(u32, u32)>)> {
        let free: [Vec<(u32, u64, i64)>; 2] = [0, 1].map(|side| {
            let time = |row: u32| self.times[0][side][row as usize].map(|(others, micros)| (row, others, micros));
            search.free(side).into_iter().filter_map(time).collect()
        });
        let set = |rows: &[(u32, u64, i64)]| -> HashSet<u64> {
            rows.iter().map(|(_, others, micros)| mix(*others, *micros as u64)).collect()
        };
        let sets = [set(&free[0]), set(&free[1])];
        let step = free[0].len().div_ceil(SAMPLE).max(1);
        let hits = |hours: i64| {
            let sample = free[0].iter().step_by(step);
            sample.filter(|(_, others, micros)| sets[1].contains(&shifted(*others, *micros, hours))).count()
        };
        let hours = (-HOURS..=HOURS).filter(|hours| *hours != 0);
        let (_, _, hours) = hours.map(|hours| (hits(hours), -hours.abs(), hours)).max()?;

        let mut entries = Vec::with_capacity(free[0].len() + free[1].len());
        for (side, hours) in [(0, hours), (1, 0)] {
            entries.extend(free[side].iter().map(|(row, others, micros)| {
                (shifted(*others, *micros, hours), super::groups::Member::new(side, false, *row as usize))
            }));
        }
        let pairs = matches(entries).pairs;
        let fewer = free[0].len().min(free[1].len());
        let chance = self.chance(&free, &sets, hours);
        let many = pairs.len() as f64 >= PART * fewer as f64;
        (many && chance.excludes(pairs.len() as u64, fewer, 2 * HOURS as usize, 0.0)).then_some((hours, pairs))
    }

    /// How many keys of one side are as far apart.
    fn chance(&self, free: &[Vec<(u32, u64, i64)>; 2], sets: &[HashSet<u64>; 2], hours: i64) -> Chance {
        let mut agree = [0.0, 0.0];
        let beside = &self.times[1];
        for side in [0, 1] {
            let near: HashSet<u64> =
                beside[side].iter().flatten().map(|(others, micros)| mix(*others, *micros as u64)).collect();
            // What the left key becomes on the right, the right key was on the left.
            let towards = if side == 0 { hours } else { -hours };
            for (_, others, micros) in &free[side] {
                let form = shifted(*others, *micros, towards);
                agree[0] += f64::from(u8::from(sets[side].contains(&form)));
                agree[1] += f64::from(u8::from(near.contains(&form)));
            }
        }
        let counts = |rows: [usize; 2]| rows.map(|rows| rows as u64);
        let only = counts([free[0].len(), free[1].len()]);
        let chance = possible(only, counts([beside[0].len(), beside[1].len()]), Chance::default());
        // Both ways round: a key before another is not one after it.
        let within = Pairs { all: 2.0 * chance.within.all, agree: agree[0] };
        Chance { within, beside: Pairs { agree: agree[1], ..chance.beside }, ..chance }
    }
}

fn shifted(others: u64, micros: i64, hours: i64) -> u64 {
    mix(others, micros.saturating_add(hours * HOUR) as u64)
}

#[cfg(test)]
mod tests {
    #[test]
    fn shifts_in_words() {
        assert_eq!(super::words(&[1]), "1 hour later");
        assert_eq!(super::words(&[-2, -1]), "1 or 2 hours earlier");
        assert_eq!(super::words(&[-2, 1]), "2 hours earlier or 1 hour later");
    }
}
