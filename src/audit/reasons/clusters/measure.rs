//! How a column's values are put in order: each is given a whole number that orders as it does, so
//! that ranges of numbers, dates and times are found and counted in one way.

use super::unit::Unit;
use crate::table::{
    Cells, MICROS_PER_DAY, Number, PortableType, civil_from_days, print_date, print_time, print_timestamp, push_digits,
};
use arrow::datatypes::DataType;

/// What the numbers of a column's values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// 0 and 1.
    Boolean,
    /// So many digits are behind the point.
    Number(u32),
    /// The bits of a float, made to order as floats do.
    Float,
    /// Days since 1970.
    Date,
    /// Microseconds since midnight.
    Clock,
    /// Microseconds since 1970.
    Moment {
        /// Whether it is an instant.
        utc: bool,
    },
    /// Text has no number.
    Text {
        /// Whether it may be looked at by its beginning.
        prefixes: bool,
    },
    /// Only NULL is told from the rest.
    Presence,
}

/// Digits behind the point for decimals that are kept as text.
const LONG_SCALE: u32 = 18;

impl Measure {
    /// That of a type.
    pub fn of(ty: &PortableType) -> Self {
        use PortableType as T;
        match ty {
            T::Boolean => Self::Boolean,
            T::Integer | T::Unsigned => Self::Number(0),
            T::Decimal { scale, .. } => match ty.arrow() {
                DataType::Decimal128(..) => Self::Number(*scale),
                _ => Self::Number(LONG_SCALE),
            },
            T::Float32 | T::Float64 => Self::Float,
            T::Date => Self::Date,
            T::Time { .. } => Self::Clock,
            T::Timestamp { .. } => Self::Moment { utc: false },
            T::Instant { .. } => Self::Moment { utc: true },
            T::Text => Self::Text { prefixes: true },
            // Many systems know no LIKE for these.
            T::Uuid | T::Printed | T::Bits { .. } | T::Set => Self::Text { prefixes: false },
            T::Bytes | T::Json | T::Array { .. } | T::Interval => Self::Presence,
        }
    }

    /// Hands over the number of each value; NULLs, and values that have none, are passed over.
    pub fn keys(self, cells: &Cells, take: &mut dyn FnMut(usize, i128)) {
        match cells {
            Cells::Boolean(a) => each(a.iter().map(|v| v.map(i128::from)), take),
            Cells::Integer(a) => each(a.iter().map(|v| v.map(i128::from)), take),
            Cells::Unsigned(a) => each(a.iter().map(|v| v.map(i128::from)), take),
            Cells::Decimal(a, _) => each(a.iter(), take),
            Cells::Float32(a) => each(a.iter().map(|v| float_key(v?.into())), take),
            Cells::Float64(a) => each(a.iter().map(|v| float_key(v?)), take),
            Cells::Date(a) => each(a.iter().map(|v| v.map(i128::from)), take),
            Cells::Time(a) => each(a.iter().map(|v| v.map(i128::from)), take),
            Cells::Timestamp(a, _) => each(a.iter().map(|v| v.map(i128::from)), take),
            Cells::Text(a) if self == Self::Number(LONG_SCALE) => each(a.iter().map(|v| long_decimal(v?)), take),
            Cells::Text(_) | Cells::Bytes(_) => {}
        }
    }

    /// The value of this number as a constant in SQL.
    pub fn literal(self, key: i128) -> String {
        match self {
            Self::Boolean => if key == 0 { "FALSE" } else { "TRUE" }.to_owned(),
            Self::Number(_) | Self::Float => self.print(key),
            Self::Moment { utc: true } => format!("'{}+00:00'", print_timestamp(short(key), false)),
            _ => format!("'{}'", self.print(key)),
        }
    }

    /// The value of this number as printed.
    pub fn print(self, key: i128) -> String {
        match self {
            Self::Boolean => (key != 0).to_string(),
            Self::Number(scale) => {
                let mut out = String::new();
                push_digits(&mut out, key < 0, &key.unsigned_abs().to_string(), scale);
                if out.contains('.') {
                    out.truncate(out.trim_end_matches('0').trim_end_matches('.').len());
                }
                out
            }
            Self::Float => {
                let text = format!("{:?}", float_of(key));
                text.strip_suffix(".0").unwrap_or(&text).to_owned()
            }
            Self::Date => print_date(short(key)),
            Self::Clock => print_time(short(key)),
            Self::Moment { .. } => print_timestamp(short(key), false),
            Self::Text { .. } | Self::Presence => String::new(),
        }
    }

    /// How round a number is, compared with others of the same measure.
    pub fn roundness(self, key: i128) -> i32 {
        match self {
            Self::Number(_) if key == 0 => i32::MAX,
            Self::Number(_) => {
                let digits = key.to_string();
                (digits.len() - digits.trim_end_matches('0').len()) as i32
            }
            Self::Float => -(self.print(key).len() as i32),
            Self::Date | Self::Clock | Self::Moment { .. } => {
                Unit::all(self, key, key).iter().rev().take_while(|unit| unit.floor(key) == key).count() as i32
            }
            _ => 0,
        }
    }
}

/// The days of a date's or moment's number.
pub fn civil(measure: Measure, key: i128) -> (i64, u32, u32) {
    match measure {
        Measure::Date => civil_from_days(short(key)),
        _ => civil_from_days(short(key).div_euclid(MICROS_PER_DAY)),
    }
}

fn each(values: impl Iterator<Item = Option<i128>>, take: &mut dyn FnMut(usize, i128)) {
    for (row, value) in values.enumerate() {
        if let Some(value) = value {
            take(row, value);
        }
    }
}

/// What is a time in 64 bits has its bounds there, too.
fn short(key: i128) -> i64 {
    key.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

fn long_decimal(text: &str) -> Option<i128> {
    match Number::parse(text)? {
        Number::Small { mantissa, scale } if scale <= LONG_SCALE => {
            mantissa.checked_mul(10i128.pow(LONG_SCALE - scale))
        }
        _ => None,
    }
}

/// Floats order as these do; none for what is not finite.
pub fn float_key(value: f64) -> Option<i128> {
    // One zero.
    let bits = (if value == 0.0 { 0.0 } else { value }).to_bits() as i64;
    let ordered = if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits };
    value.is_finite().then(|| ordered.into())
}

/// The inverse of [`float_key`].
pub fn float_of(key: i128) -> f64 {
    let ordered = short(key);
    f64::from_bits(if ordered < 0 { i64::MIN.wrapping_sub(ordered) } else { ordered } as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_order_by_their_keys() {
        let values = [f64::MIN, -2.5, -1.0, -1e-300, 0.0, 1e-300, 0.1, 1.0, 1e300];
        let keys: Vec<i128> = values.iter().filter_map(|v| float_key(*v)).collect();
        assert!(keys.is_sorted() && keys.len() == values.len());
        assert!(keys.iter().zip(values).all(|(key, value)| float_of(*key) == value));
        assert_eq!(float_key(-0.0), float_key(0.0));
        assert_eq!(float_key(f64::NAN), None);
    }

    #[test]
    fn values_print_as_constants() {
        assert_eq!(Measure::Number(2).literal(-1250), "-12.5");
        assert_eq!(Measure::Number(0).literal(1000), "1000");
        assert_eq!(Measure::Moment { utc: true }.literal(0), "'1970-01-01 00:00:00+00:00'");
        assert_eq!(Measure::Date.literal(1), "'1970-01-02'");
        assert_eq!(float_key(0.1).map(|key| Measure::Float.literal(key)), Some("0.1".to_owned()));
        assert_eq!(long_decimal("1.50").map(|key| Measure::Number(LONG_SCALE).literal(key)), Some("1.5".to_owned()));
    }

    #[test]
    fn round_is_round() {
        let number = Measure::Number(0);
        assert!(number.roundness(2000) > number.roundness(1990) && number.roundness(1990) > number.roundness(1999));
        let moment = Measure::Moment { utc: false };
        let hour = 3_600_000_000;
        assert!(moment.roundness(hour) > moment.roundness(hour - 1) && moment.roundness(0) > moment.roundness(hour));
    }
}
