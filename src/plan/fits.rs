//! Whether a value fits the column that it is to be written to, before anything is written.

use crate::endpoint::Holds;
use crate::table::{Cells, MICROS_PER_DAY, Number, PortableType, print_timestamp};

/// Whether a column that holds this much can hold a cell of its portable type. `other` is the text
/// of a value that the portable type can't hold, beside a cell that is NULL. NULL always fits here.
///
/// Databases round, cut or change some values that don't fit instead of refusing them. Those don't
/// fit either: what is read back would be another value.
///
/// # Errors
/// Why not, in a person's words, without the column's name and type.
pub fn fits(holds: &Holds, ty: &PortableType, cells: &Cells, row: usize, other: Option<&str>) -> Result<(), String> {
    if let Some(text) = other {
        return fits_other(holds, ty, text);
    }
    if cells.is_null(row) {
        return Ok(());
    }
    match cells {
        Cells::Text(a) if matches!(ty, PortableType::Decimal { .. }) => {
            Number::parse(a.value(row)).map_or_else(|| fits_other(holds, ty, a.value(row)), |n| fits_number(holds, &n))
        }
        Cells::Text(a) => fits_text(holds, a.value(row)),
        Cells::Bytes(a) => fits_length(holds.bytes, a.value(row).len(), "byte"),
        Cells::Integer(a) => fits_integer(holds, a.value(row).into()),
        Cells::Unsigned(a) => fits_integer(holds, a.value(row).into()),
        Cells::Decimal(a, scale) => {
            let value = a.value(row);
            match holds.digits {
                // The usual case: as declared here, so declared there.
                Some((precision, own)) if own == *scale && holds.range.is_none() && is_below(value, precision) => {
                    Ok(())
                }
                _ => fits_number(holds, &Number::new(value, *scale)),
            }
        }
        Cells::Float32(a) => fits_float(holds, a.value(row).into()),
        Cells::Float64(a) => fits_float(holds, a.value(row)),
        Cells::Date(a) => fits_time(holds, ty, i64::from(a.value(row)).saturating_mul(MICROS_PER_DAY), cells, row),
        Cells::Time(a) => fits_time(holds, ty, a.value(row), cells, row),
        Cells::Timestamp(a, _) => fits_time(holds, ty, a.value(row), cells, row),
        Cells::Boolean(_) => Ok(()),
    }
}

fn fits_other(holds: &Holds, ty: &PortableType, text: &str) -> Result<(), String> {
    if holds.others.iter().any(|other| other == text) {
        return Ok(());
    }
    let numeric = matches!(ty, PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. });
    if let Some(number) = Number::parse(text).filter(|_| numeric) {
        fits_number(holds, &number)?;
    }
    Err(format!("`{}`, and it holds {}", shortened(text), kind(ty)))
}

/// What values of a type are, in words.
fn kind(ty: &PortableType) -> String {
    match ty {
        PortableType::Boolean => "true and false".to_owned(),
        PortableType::Integer | PortableType::Unsigned => "whole numbers of 64 bits".to_owned(),
        PortableType::Decimal { precision: Some(precision), scale } => {
            format!("numbers of {precision} digits, {scale} of them after the point")
        }
        PortableType::Decimal { precision: None, .. } | PortableType::Float32 | PortableType::Float64 => {
            "numbers".to_owned()
        }
        PortableType::Text => "text".to_owned(),
        PortableType::Bytes => "bytes".to_owned(),
        PortableType::Date => "dates".to_owned(),
        PortableType::Time { .. } => "times of day".to_owned(),
        PortableType::Timestamp { .. } | PortableType::Instant { .. } => "dates and times".to_owned(),
        PortableType::Uuid => "UUIDs".to_owned(),
        PortableType::Json => "JSON".to_owned(),
        PortableType::Printed => "other values".to_owned(),
    }
}

fn fits_text(holds: &Holds, text: &str) -> Result<(), String> {
    fits_length(holds.bytes, text.len(), "byte")?;
    if let Some(most) = holds.chars
        && text.len() as u64 > most
    {
        fits_length(Some(most), text.chars().count(), "character")?;
    }
    if holds.no_zero_character && memchr::memchr(0, text.as_bytes()).is_some() {
        return Err("the character of code 0 is in it, which is refused there".to_owned());
    }
    match &holds.labels {
        Some(labels) if holds.combined => fits_labels(labels, text),
        Some(labels) => find_label(labels, text).map(|_| ()),
        None => Ok(()),
    }
}

fn fits_length(most: Option<u64>, length: usize, unit: &str) -> Result<(), String> {
    match most {
        Some(most) if length as u64 > most => {
            let s = if length == 1 { "" } else { "s" };
            Err(format!("{length} {unit}{s}, and it holds {most}"))
        }
        _ => Ok(()),
    }
}

fn find_label(labels: &[String], label: &str) -> Result<usize, String> {
    labels.iter().position(|known| known == label).ok_or_else(|| {
        let known = if labels.len() <= 6 { labels.join(", ") } else { format!("{}, …", labels[..5].join(", ")) };
        format!("`{}` is none of its labels: {}", shortened(label), shortened(&known))
    })
}

/// Several labels: each once and in the order of the declaration, since that is how they are kept.
fn fits_labels(labels: &[String], text: &str) -> Result<(), String> {
    let mut last = None;
    for label in text.split(',').filter(|_| !text.is_empty()) {
        let at = find_label(labels, label)?;
        if last.is_some_and(|last| last >= at) {
            return Err(format!("`{}` would be kept with its labels in another order or once each", shortened(text)));
        }
        last = Some(at);
    }
    Ok(())
}

fn fits_integer(holds: &Holds, value: i128) -> Result<(), String> {
    if let Some((first, last)) = holds.range
        && !(first..=last).contains(&value)
    {
        return Err(format!("{value}, and it holds {first} to {last}"));
    }
    match holds.digits {
        Some((precision, scale)) if !is_below(value, precision.saturating_sub(scale)) => {
            fits_number(holds, &Number::new(value, 0))
        }
        _ => Ok(()),
    }
}

/// Whether a whole number has at most so many digits.
fn is_below(value: i128, digits: u32) -> bool {
    // 128 bits hold any number of 38 digits, and some of 39.
    10u128.checked_pow(digits).is_none_or(|beyond| value.unsigned_abs() < beyond)
}

fn fits_number(holds: &Holds, number: &Number) -> Result<(), String> {
    if let Some((first, last)) = holds.range {
        let inside = match number {
            // A fraction is inside if the whole numbers around it are.
            Number::Small { mantissa, scale } => match 10i128.checked_pow(*scale) {
                Some(unit) => {
                    let (whole, rest) = (mantissa.div_euclid(unit), mantissa.rem_euclid(unit));
                    whole >= first && (whole < last || whole == last && rest == 0)
                }
                // Nearer to 0 than 1 is.
                None => *mantissa == 0 || if *mantissa > 0 { first <= 0 && last > 0 } else { first < 0 && last >= 0 },
            },
            Number::Long(text) => {
                let whole = text.split('.').next().unwrap_or(text);
                whole.parse::<i128>().is_ok_and(|whole| whole > first && whole < last)
            }
        };
        if !inside {
            return Err(format!("{}, and it holds {first} to {last}", shortened(&number.to_string())));
        }
    }
    let Some((precision, scale)) = holds.digits else { return Ok(()) };
    let (before, after) = digits_of(number);
    if after > scale {
        let s = if after == 1 { "" } else { "s" };
        return Err(format!("{after} digit{s} after the point, and it holds {scale}"));
    }
    let most = i64::from(precision) - i64::from(scale);
    if before > most {
        let value = shortened(&number.to_string());
        return Err(match u64::try_from(most) {
            Ok(most) => format!("{value}, and it holds {most} digits before the point"),
            Err(_) => format!("{value}, and it holds numbers with {} zeros after the point", most.unsigned_abs()),
        });
    }
    Ok(())
}

/// How many digits a number has before its point (below 0 if there are zeros after the point, and 0
/// itself needs none), and how many after it.
fn digits_of(number: &Number) -> (i64, u32) {
    match number {
        Number::Small { mantissa: 0, .. } => (i64::MIN, 0),
        Number::Small { mantissa, scale } => {
            (i64::from(mantissa.unsigned_abs().ilog10()) + 1 - i64::from(*scale), *scale)
        }
        Number::Long(text) => {
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            let whole = whole.trim_start_matches('-').trim_start_matches('0');
            let zeros = part.len() - part.trim_start_matches('0').len();
            let before = if whole.is_empty() { -(zeros as i64) } else { whole.len() as i64 };
            (before, part.len() as u32)
        }
    }
}

fn fits_float(holds: &Holds, value: f64) -> Result<(), String> {
    if holds.finite && !value.is_finite() {
        let name = if value.is_nan() { "NaN" } else { "infinity" };
        return Err(format!("{name}, and it holds numbers only"));
    }
    Ok(())
}

fn fits_time(holds: &Holds, ty: &PortableType, micros: i64, cells: &Cells, row: usize) -> Result<(), String> {
    let Some((first, last)) = holds.times else { return Ok(()) };
    if (first..=last).contains(&micros) {
        return Ok(());
    }
    let print = |micros| match ty {
        PortableType::Date => print_timestamp(micros, false).chars().take_while(|c| *c != ' ').collect(),
        PortableType::Time { .. } => crate::table::print_time(micros),
        _ => print_timestamp(micros, matches!(ty, PortableType::Instant { .. })),
    };
    let value = cells.print(row).unwrap_or_default();
    Err(format!("{value}, and it holds {} to {}", print(first), print(last)))
}

/// The beginning of a text that may be long, on one line.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    let mut out: String = text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::PortableBuilder;
    use PortableType as T;

    /// The verdict on the printed form of a value.
    fn verdict(holds: &Holds, ty: T, text: &str) -> String {
        let mut builder = PortableBuilder::new(&ty);
        builder.parse(text);
        let (array, others) = builder.finish();
        let cells = Cells::new(&array).unwrap();
        let other = others.first().map(|(_, text)| text.as_str());
        fits(holds, &ty, &cells, 0, other).err().unwrap_or_default()
    }

    #[test]
    fn null_fits_everywhere() {
        let holds = Holds { chars: Some(0), labels: Some(Vec::new()), range: Some((1, 1)), ..Holds::default() };
        for ty in [T::Text, T::Integer, T::Date, T::Float64, T::Bytes, T::Boolean] {
            let mut builder = PortableBuilder::new(&ty);
            builder.null();
            let cells = Cells::new(&builder.finish().0).unwrap();
            assert_eq!(fits(&holds, &ty, &cells, 0, None), Ok(()));
        }
    }

    #[test]
    fn lengths_are_characters_or_bytes() {
        let three = Holds { chars: Some(3), ..Holds::default() };
        for text in ["", "abc", "äöü", "😀😀😀"] {
            assert_eq!(verdict(&three, T::Text, text), "");
        }
        assert_eq!(verdict(&three, T::Text, "abcd"), "4 characters, and it holds 3");
        assert_eq!(verdict(&three, T::Text, "abc "), "4 characters, and it holds 3");
        // e and a combining accent are two.
        assert_eq!(verdict(&three, T::Text, "abe\u{301}"), "4 characters, and it holds 3");

        let bytes = Holds { bytes: Some(3), ..Holds::default() };
        assert_eq!(verdict(&bytes, T::Text, "abc"), "");
        assert_eq!(verdict(&bytes, T::Text, "äö"), "4 bytes, and it holds 3");
        assert_eq!(verdict(&bytes, T::Bytes, "abcd"), "4 bytes, and it holds 3");
        assert_eq!(verdict(&Holds { chars: Some(0), ..Holds::default() }, T::Text, "a"), "1 character, and it holds 0");
    }

    #[test]
    fn ranges_include_both_ends() {
        let tiny = Holds { range: Some((-128, 127)), ..Holds::default() };
        for value in ["-128", "0", "127"] {
            assert_eq!(verdict(&tiny, T::Integer, value), "");
        }
        assert_eq!(verdict(&tiny, T::Integer, "128"), "128, and it holds -128 to 127");
        assert_eq!(verdict(&tiny, T::Integer, "-129"), "-129, and it holds -128 to 127");
        let all = Holds { range: Some((0, u64::MAX.into())), ..Holds::default() };
        assert_eq!(verdict(&all, T::Unsigned, "18446744073709551615"), "");
        // Beyond what the portable type holds, it travels as text.
        assert_eq!(
            verdict(&all, T::Unsigned, "18446744073709551616"),
            "18446744073709551616, and it holds 0 to 18446744073709551615"
        );
        let money = Holds { range: Some((-5, 5)), ..Holds::default() };
        for value in ["5.00", "-4.99", "4.99", "-5", "0.0000000000000000000000000000000000000000000001"] {
            assert_eq!(verdict(&money, T::Decimal { precision: None, scale: 0 }, value), "");
        }
        for value in ["5.01", "-5.01", "1e60"] {
            assert_ne!(verdict(&money, T::Decimal { precision: None, scale: 0 }, value), "", "{value}");
        }
    }

    #[test]
    fn digits_before_and_after_the_point() {
        let holds = Holds { digits: Some((5, 2)), ..Holds::default() };
        for ty in [T::Decimal { precision: Some(10), scale: 4 }, T::Decimal { precision: None, scale: 0 }] {
            for value in ["999.99", "-999.99", "0", "0.01", "1.5000", "100"] {
                assert_eq!(verdict(&holds, ty.clone(), value), "", "{value}");
            }
            assert_eq!(verdict(&holds, ty.clone(), "1000"), "1000, and it holds 3 digits before the point");
            assert_eq!(verdict(&holds, ty.clone(), "0.123"), "3 digits after the point, and it holds 2");
        }
        assert_eq!(verdict(&holds, T::Integer, "999"), "");
        assert_eq!(verdict(&holds, T::Integer, "-1000"), "-1000, and it holds 3 digits before the point");
        // As declared, and beyond what is declared.
        let same = T::Decimal { precision: Some(5), scale: 2 };
        assert_eq!(verdict(&holds, same.clone(), "999.99"), "");
        assert_eq!(verdict(&holds, same.clone(), "1000"), "1000, and it holds 3 digits before the point");
        assert_eq!(verdict(&holds, same, "1.005"), "3 digits after the point, and it holds 2");

        let long = Holds { digits: Some((60, 10)), ..Holds::default() };
        let none = T::Decimal { precision: None, scale: 0 };
        assert_eq!(verdict(&long, none.clone(), "1e49"), "");
        assert_eq!(
            verdict(&long, none.clone(), "1e50"),
            format!("1{}, and it holds 50 digits before the point", "0".repeat(50))
        );
        // numeric(2,4): two digits after two zeros.
        let small = Holds { digits: Some((2, 4)), ..Holds::default() };
        assert_eq!(verdict(&small, none.clone(), "0.0099"), "");
        assert_eq!(verdict(&small, none.clone(), "0"), "");
        assert_eq!(verdict(&small, none, "0.01"), "0.01, and it holds numbers with 2 zeros after the point");
    }

    #[test]
    fn labels_are_exact() {
        let holds = Holds { labels: Some(vec!["red".into(), "green".into()]), ..Holds::default() };
        assert_eq!(verdict(&holds, T::Printed, "green"), "");
        assert_eq!(verdict(&holds, T::Text, "Green"), "`Green` is none of its labels: red, green");
        assert_eq!(verdict(&holds, T::Text, ""), "`` is none of its labels: red, green");
        assert_eq!(verdict(&holds, T::Text, "red,green"), "`red,green` is none of its labels: red, green");

        let set = Holds { combined: true, ..holds };
        for text in ["", "red", "red,green"] {
            assert_eq!(verdict(&set, T::Text, text), "");
        }
        assert_eq!(verdict(&set, T::Text, "red,blue"), "`blue` is none of its labels: red, green");
        for text in ["green,red", "red,red"] {
            assert!(verdict(&set, T::Text, text).contains("another order"), "{text}");
        }
        assert_ne!(verdict(&set, T::Text, "red,"), "");
    }

    #[test]
    fn times_include_both_ends() {
        let day = |text| i64::from(crate::table::parse_date(text).unwrap()) * MICROS_PER_DAY;
        let holds = Holds { times: Some((day("1000-01-01"), day("9999-12-31"))), ..Holds::default() };
        for date in ["1000-01-01", "9999-12-31"] {
            assert_eq!(verdict(&holds, T::Date, date), "");
        }
        assert_eq!(verdict(&holds, T::Date, "0999-12-31"), "0999-12-31, and it holds 1000-01-01 to 9999-12-31");
        let seconds = Holds { times: Some((1_000_000, 2_147_483_647_000_000)), ..Holds::default() };
        let ty = T::Instant { precision: 0 };
        assert_eq!(verdict(&seconds, ty.clone(), "1970-01-01 00:00:01Z"), "");
        assert_eq!(verdict(&seconds, ty.clone(), "2038-01-19 03:14:07Z"), "");
        assert!(verdict(&seconds, ty.clone(), "1970-01-01 00:00:00Z").starts_with("1970-01-01 00:00:00"));
        assert_ne!(verdict(&seconds, ty, "2038-01-19 03:14:08Z"), "");
    }

    #[test]
    fn what_is_no_number_and_no_character() {
        let finite = Holds { finite: true, no_zero_character: true, ..Holds::default() };
        assert_eq!(verdict(&finite, T::Float64, "1e308"), "");
        assert_eq!(verdict(&finite, T::Float64, "NaN"), "NaN, and it holds numbers only");
        assert_eq!(verdict(&finite, T::Float32, "-Infinity"), "infinity, and it holds numbers only");
        assert_eq!(verdict(&Holds::default(), T::Float64, "NaN"), "");
        assert_ne!(verdict(&finite, T::Text, "a\0b"), "");
        assert_eq!(verdict(&Holds::default(), T::Text, "a\0b"), "");
        assert_eq!(verdict(&finite, T::Bytes, "a\0b"), "");
    }

    #[test]
    fn others_fit_only_where_they_are_known() {
        let holds = Holds { others: vec!["infinity".into()], ..Holds::default() };
        assert_eq!(verdict(&holds, T::Date, "infinity"), "");
        assert_eq!(verdict(&holds, T::Date, "-infinity"), "`-infinity`, and it holds dates");
        assert_eq!(verdict(&Holds::default(), T::Integer, "abc"), "`abc`, and it holds whole numbers of 64 bits");
    }
}
