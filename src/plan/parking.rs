//! Updates that hand unique values to each other, in a script.
//!
//! Whichever of them is written first would take a value that another row still has. So the columns
//! in question are parked: set to NULL, or to a placeholder that no row has. The steps of a group
//! are written all or none:
//!
//! 1. Note each step whose row is not as planned. If there is any, what follows does nothing.
//! 2. Park the columns of each row that is as planned.
//! 3. Write each row whose columns are parked. Only they are looked at: a database may have changed
//!    others by itself, such as a time of the last change.
//! 4. Fail if a row has not got its values, since it would stay parked: a trigger may have meddled,
//!    or another session changed it after it was looked at.

use super::chunk::Chunk;
use super::script::comment;
use super::statement::{Rows, ScriptTable};
use crate::endpoint::{Holds, TargetColumn};
use crate::table::{Column, MICROS_PER_DAY, PortableType, fingerprint, print_bytes, print_date, print_timestamp};
use std::collections::HashMap;
use std::io::{self, Write};

/// Temporary tables of the script: steps whose rows have moved; and one that refuses every row.
const MOVED: &str = "trueup_moved";
const REFUSED: &str = "trueup_refused";

/// Writes groups of one script.
#[derive(Debug, Default)]
pub(super) struct Parking {
    begun: bool,
}

impl Parking {
    /// Writes a chunk of one or more groups.
    pub(super) fn write(&mut self, out: &mut dyn Write, chunk: &Chunk, table: &ScriptTable<'_>) -> io::Result<()> {
        let (Some(before), Some(after)) = (&chunk.steps.before, &chunk.steps.after) else {
            return Err(io::Error::other("only updates can be parked"));
        };
        let (before, after) = (Rows::new(before, true)?, Rows::new(after, table.stored)?);
        for group in groups(&before, &after, chunk.steps.len(), &chunk.steps.park) {
            self.group(out, (chunk, &group), table, [&before, &after])?;
        }
        Ok(())
    }

    fn group(
        &mut self,
        out: &mut dyn Write,
        (chunk, group): (&Chunk, &[usize]),
        table: &ScriptTable<'_>,
        [before, after]: [&Rows<'_>; 2],
    ) -> io::Result<()> {
        let park = &chunk.steps.park;
        let number = |row: usize| chunk.first + row as u64;
        let parked: Vec<Vec<Option<String>>> = match group.iter().map(|row| parked(table, park, number(*row))).collect()
        {
            Ok(parked) => parked,
            Err(column) => {
                let steps = list(group.iter().map(|row| number(*row)));
                comment(out, &format!("{steps}: these hand unique values to each other, and there is nothing that"))?;
                return comment(
                    out,
                    &format!("could stand in column {column} meanwhile. They are not in this script."),
                );
            }
        };
        self.begin(out)?;
        writeln!(out)?;
        comment(
            out,
            &format!("{}: these hand unique values to each other,", list(group.iter().map(|row| number(*row)))),
        )?;
        comment(out, "so they are written together, or not at all if one of their rows has changed.")?;
        writeln!(out, "DELETE FROM {MOVED};")?;
        let nothing = table.dialect.no_table();
        let there = |condition: &str| format!("EXISTS (SELECT 1 FROM {} WHERE {condition})", table.name);
        let none_moved = format!("NOT EXISTS (SELECT 1 FROM {MOVED})");
        let as_planned = |row: usize| table.has(before, row, &chunk.steps.guard);
        for row in group {
            let planned = there(&as_planned(*row));
            writeln!(out, "INSERT INTO {MOVED} SELECT {}{nothing} WHERE NOT {planned};", number(*row))?;
        }
        let constants = |values: &[Option<String>]| -> Vec<String> {
            let pairs = park.iter().zip(values);
            pairs.map(|(at, value)| table.dialect.literal(value.as_deref(), &table.columns[*at])).collect()
        };
        for (row, values) in group.iter().zip(&parked) {
            let condition = format!("{} AND {none_moved}", as_planned(*row));
            writeln!(out, "{}", table.set(park, &constants(values), &condition))?;
        }
        for (row, values) in group.iter().zip(&parked) {
            let mut set = chunk.changed.get(*row).cloned().unwrap_or_default();
            set.extend(park);
            set.sort_unstable();
            set.dedup();
            let are = park.iter().zip(constants(values));
            let are = are.map(|(at, constant)| table.dialect.is(&table.columns[*at], &constant));
            let key = table.has(before, *row, &[]);
            let condition =
                std::iter::once(key).chain(are).chain([none_moved.clone()]).collect::<Vec<_>>().join(" AND ");
            writeln!(out, "{}", table.update(after, *row, &set, &condition))?;
        }
        for row in group {
            let written = there(&table.has(after, *row, park));
            writeln!(out, "INSERT INTO {REFUSED} SELECT NULL{nothing} WHERE {none_moved} AND NOT {written};")?;
        }
        Ok(())
    }

    /// Creates the temporary tables, once.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.begun {
            comment(out, "Steps whose rows have changed, of the group under way.")?;
            writeln!(out, "CREATE TEMPORARY TABLE IF NOT EXISTS {MOVED} (step BIGINT NOT NULL);")?;
            comment(out, "Refuses what is put into it, and so ends a script that would leave a row unfinished.")?;
            writeln!(out, "CREATE TEMPORARY TABLE IF NOT EXISTS {REFUSED} (step BIGINT NOT NULL);")?;
            self.begun = true;
        }
        Ok(())
    }
}

/// What the parked columns of a step's row are set to, or the name of one that has no such value.
fn parked(table: &ScriptTable<'_>, park: &[usize], step: u64) -> Result<Vec<Option<String>>, String> {
    park.iter()
        .map(|at| {
            let column = &table.columns[*at];
            let target = table.target.and_then(|target| target.column(&column.name));
            if target.map_or(column.nullable, |target| target.nullable) {
                return Ok(None);
            }
            placeholder(column, target, step).map(Some).ok_or_else(|| column.name.clone())
        })
        .collect()
}

/// Steps that share a value of a parked column, one's before with another's after, are of one group.
fn groups(before: &Rows<'_>, after: &Rows<'_>, steps: usize, park: &[usize]) -> Vec<Vec<usize>> {
    let mut leaders: Vec<usize> = (0..steps).collect();
    fn leader(leaders: &[usize], mut at: usize) -> usize {
        while leaders[at] != at {
            at = leaders[at];
        }
        at
    }
    for column in park {
        let mut holders: HashMap<String, usize> = HashMap::new();
        for row in 0..steps {
            for value in [before, after].into_iter().filter_map(|rows| rows.print(row, *column)) {
                let holder = *holders.entry(value).or_insert(row);
                let (one, other) = (leader(&leaders, row), leader(&leaders, holder));
                leaders[one.max(other)] = one.min(other);
                // Keeps the way to the leader short.
                leaders[row] = one.min(other);
            }
        }
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for row in 0..steps {
        let place = *places.entry(leader(&leaders, row)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(row);
    }
    groups
}

/// As [`placeholder`], for whoever writes steps himself: the value as printed. `above` is a whole number
/// that all known values of the column are at most, if the value should be close to them.
pub fn spare(column: &Column, target: Option<&TargetColumn>, step: u64, above: Option<i128>) -> Option<String> {
    let number = match above.map(|above| above.checked_add(1 + i128::from(step))) {
        None => return placeholder(column, target, step),
        Some(number) => number?,
    };
    let range = target.and_then(|target| target.holds.range);
    let fits = matches!(column.ty, PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. })
        && range.is_none_or(|(first, last)| (first..=last).contains(&number));
    fits.then(|| number.to_string())
}

/// A value of a column that may not be NULL, which no row is expected to have: of the lowest numbers
/// or times that it holds, a marker, or a random-looking one, another for each step. If a row has it
/// after all, the script fails and nothing of the transaction stays.
fn placeholder(column: &Column, target: Option<&TargetColumn>, step: u64) -> Option<String> {
    let none = Holds::default();
    let holds = target.map_or(&none, |target| &target.holds);
    let step = i128::from(step);
    let hash = |length: usize| {
        let mut out: Vec<u8> = Vec::new();
        while out.len() < length {
            let part = fingerprint(format!("trueup parks step {step}, part {}", out.len()).as_bytes());
            out.extend_from_slice(&part.high.to_be_bytes());
            out.extend_from_slice(&part.low.to_be_bytes());
        }
        out.truncate(length);
        print_bytes(&out)
    };
    match &column.ty {
        PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. } => {
            let digits = holds.digits.map(|(precision, scale)| (precision.saturating_sub(scale)).min(18));
            let all = match (&column.ty, digits) {
                (_, Some(digits)) => (1 - 10i128.pow(digits), 10i128.pow(digits) - 1),
                (PortableType::Unsigned, _) => (0, u64::MAX.into()),
                _ => (i64::MIN.into(), i64::MAX.into()),
            };
            let (first, last) = holds.range.unwrap_or(all);
            let number = if first < 0 { first + step } else { last - step };
            (first..=last).contains(&number).then(|| number.to_string())
        }
        PortableType::Float64 => Some((-1e15 + step as f64).to_string()),
        PortableType::Text if holds.labels.is_none() => {
            let most = holds.chars.unwrap_or(u64::MAX).min(holds.bytes.unwrap_or(u64::MAX));
            // No letters, in case something changes their case.
            let markers = [format!("~ {step} ~ 7218035 ~"), format!("~{step}~"), format!("~{step}")];
            markers.into_iter().find(|marker| marker.len() as u64 <= most)
        }
        PortableType::Bytes => match holds.bytes {
            // As long as it can be, in case shorter ones are padded.
            Some(most @ 8..=255) => Some(hash(most as usize)),
            Some(0..8) => None,
            _ => Some(hash(16)),
        },
        PortableType::Uuid => {
            let hex = hash(16);
            let hex = hex.trim_start_matches("\\x");
            Some([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
        }
        PortableType::Date => {
            let day = time(holds, MICROS_PER_DAY, step)?;
            Some(print_date(day.div_euclid(MICROS_PER_DAY)))
        }
        PortableType::Timestamp { .. } => Some(print_timestamp(time(holds, 1_000_000, step)?, false)),
        PortableType::Instant { .. } => Some(print_timestamp(time(holds, 1_000_000, step)?, true)),
        _ => None,
    }
}

/// So many units after the first moment that a column holds.
fn time(holds: &Holds, unit: i64, step: i128) -> Option<i64> {
    // The years 1 to 9999.
    let (first, last) = holds.times.unwrap_or((-719_162 * MICROS_PER_DAY, 2_932_897 * MICROS_PER_DAY - 1));
    let (first, last) = (first.max(-719_162 * MICROS_PER_DAY), last.min(2_932_897 * MICROS_PER_DAY - 1));
    let moment = i128::from(first).checked_add(step.checked_mul(unit.into())?)?;
    i64::try_from(moment).ok().filter(|moment| *moment <= last)
}

/// `Steps 5, 6 and 9`.
fn list(steps: impl ExactSizeIterator<Item = u64>) -> String {
    const MOST: usize = 10;
    let count = steps.len();
    let shown: Vec<String> = steps.take(MOST).map(|step| step.to_string()).collect();
    match shown.split_last() {
        Some((last, rest)) if count <= MOST && !rest.is_empty() => format!("Steps {} and {last}", rest.join(", ")),
        _ if count > MOST => format!("Steps {} and {} more", shown.join(", "), count - MOST),
        _ => format!("Step {}", shown.concat()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    fn stands_in(ty: T, holds: Holds, step: u64) -> Option<String> {
        let target = TargetColumn { holds, ..TargetColumn::default() };
        placeholder(&Column::new("c", ty, ""), Some(&target), step)
    }

    #[test]
    fn placeholders_fit_and_differ_by_step() {
        let range = |range| Holds { range: Some(range), ..Holds::default() };
        let chars = |chars| Holds { chars: Some(chars), ..Holds::default() };
        let bytes = |bytes| Holds { bytes: Some(bytes), ..Holds::default() };
        for (ty, holds, expected) in [
            (T::Integer, range((-128, 127)), Some("-121")),
            (T::Integer, range((0, 255)), Some("248")),
            (T::Integer, range((0, 5)), None),
            (T::Integer, Holds::default(), Some("-9223372036854775801")),
            (
                T::Decimal { precision: Some(5), scale: 2 },
                Holds { digits: Some((5, 2)), ..Holds::default() },
                Some("-992"),
            ),
            (T::Float64, Holds::default(), Some("-999999999999993")),
            (T::Text, Holds::default(), Some("~ 7 ~ 7218035 ~")),
            (T::Text, chars(5), Some("~7~")),
            (T::Text, chars(2), Some("~7")),
            (T::Text, chars(1), None),
            (T::Text, Holds { labels: Some(Vec::new()), ..Holds::default() }, None),
            (T::Date, Holds::default(), Some("0001-01-08")),
            (T::Timestamp { precision: 0 }, Holds::default(), Some("0001-01-01 00:00:07")),
            (T::Boolean, Holds::default(), None),
        ] {
            assert_eq!(stands_in(ty.clone(), holds.clone(), 7).as_deref(), expected, "{ty}");
            if expected.is_some() {
                assert_ne!(stands_in(ty.clone(), holds.clone(), 7), stands_in(ty, holds, 6));
            }
        }
        assert_eq!(stands_in(T::Bytes, bytes(20), 7).map(|text| text.len()), Some(2 + 40));
        assert_eq!(stands_in(T::Bytes, bytes(4), 7), None);
        let uuid = stands_in(T::Uuid, Holds::default(), 7).unwrap();
        assert!(crate::table::parse_uuid(&uuid).is_some(), "{uuid}");
        assert_ne!(stands_in(T::Uuid, Holds::default(), 6).unwrap(), uuid);
    }

    #[test]
    fn steps_are_listed() {
        assert_eq!(list([5, 6, 9].into_iter()), "Steps 5, 6 and 9");
        assert_eq!(list((0..12).collect::<Vec<u64>>().into_iter()), "Steps 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
