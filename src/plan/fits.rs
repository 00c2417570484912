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
    // Only what is printed as a number can be changed on the way; moments and bytes are not.
    let numberlike = other.is_some() || matches!(cells, Cells::Text(_) | Cells::Decimal(..) | Cells::Unsigned(_));
    if holds.numeric
        && numberlike
        && let Some(text) = other.map(str::to_owned).or_else(|| cells.print(row))
        && !holds.keeps(ty, &text)
    {
        let why = "numbers are kept there as 64-bit integers or floats, which would change it";
        return Err(format!("`{}`, and {why}", shortened(&text)));
    }
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
        Cells::Text(a) => {
            if holds.no_zero_escape && *ty == PortableType::Json && has_zero_escape(a.value(row)) {
                return Err("`\\u0000` is in it, which is refused there".to_owned());
            }
            fits_text(holds, a.value(row))
        }
        Cells::Bytes(a) => {
            let length = a.value(row).len();
            fits_length(holds.bytes, length, "byte")?;
            match holds.padded.filter(|all| (length as u64) < *all) {
                Some(all) => Err(format!("{length} of {all} bytes, and the others would become zeros")),
                None => Ok(()),
            }
        }
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
    if holds.any_other || holds.others.iter().any(|other| has_form(text, other)) {
        return Ok(());
    }
    let numeric = matches!(ty, PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. });
    if let Some(number) = Number::parse(text).filter(|_| numeric) {
        fits_number(holds, &number)?;
    }
    Err(format!("`{}`, and it holds {}", shortened(text), kind(ty)))
}

/// Whether a text is this, where `#` stands for any digit.
fn has_form(text: &str, form: &str) -> bool {
    let same = |(byte, form): (u8, u8)| byte == form || form == b'#' && byte.is_ascii_digit();
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(same)
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
        PortableType::Bits { .. } => "bits".to_owned(),
        PortableType::Set => "sets of its labels".to_owned(),
        PortableType::Array { .. } => "arrays".to_owned(),
        PortableType::Interval => "intervals".to_owned(),
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
    if let Some(set) = holds.charset
        && let Some(c) = text.chars().find(|c| !set.has(*c))
    {
        let code = u32::from(c);
        return Err(format!(
            "the character `{c}` (U+{code:04X}) is in it, which the character set {set} does not have"
        ));
    }
    if holds.trims && text.ends_with(' ') {
        return Err("spaces at its end, which would be dropped there".to_owned());
    }
    match &holds.labels {
        Some(labels) if holds.combined => fits_labels(labels, text),
        Some(labels) => find_label(labels, text).map(|_| ()),
        None => Ok(()),
    }
}

/// Whether JSON has `\u0000` in it, and not behind a backslash that is escaped itself.
fn has_zero_escape(json: &str) -> bool {
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        if rest[at..].starts_with("\\u0000") {
            return true;
        }
        // What is escaped may be a character of several bytes.
        let behind = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        rest = &rest[at + 1 + behind..];
    }
    false
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
        && !(holds.or_zero && value == 0)
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
        let zero = holds.or_zero && *number == Number::new(0, 0);
        if !(inside || zero) {
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
    if holds.finite && !value.is_finite() || holds.no_nan && value.is_nan() {
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
#[path = "fits_tests.rs"]
mod tests;
