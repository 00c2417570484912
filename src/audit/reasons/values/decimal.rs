//! Relations between two exact numbers.

use crate::table::Number;

/// A number of at most 30 digits: `mantissa × 10^-scale`, with no trailing zero while `scale > 0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal {
    pub mantissa: i128,
    pub scale: u32,
}

/// One number is the other with fewer digits after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fewer {
    /// The side with fewer digits.
    pub side: usize,
    /// Its digits after the point.
    pub digits: u32,
    /// The most digits to which the two are the same when rounded.
    pub agree: u32,
    /// It is the other, rounded; either neighbour counts halfway between two.
    pub rounded: bool,
    /// It is the other, cut.
    pub cut: bool,
}

const MOST: i128 = 10i128.pow(30);

impl Decimal {
    /// From a number as it is written; `None` for one too long.
    pub fn parse(text: &str) -> Option<Self> {
        match Number::parse(text)? {
            Number::Small { mantissa, scale } if mantissa.abs() < MOST && scale <= 30 => Some(Self { mantissa, scale }),
            _ => None,
        }
    }

    fn at(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(10i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    /// The mantissas of both at the scale of the finer one, and that scale.
    fn both(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        Some((self.at(scale)?, other.at(scale)?, scale))
    }

    /// `other - self`.
    pub fn difference(self, other: Self) -> Option<Self> {
        let (one, other, scale) = self.both(other)?;
        match Number::new(other.checked_sub(one)?, scale) {
            Number::Small { mantissa, scale } => Some(Self { mantissa, scale }),
            Number::Long(_) => None,
        }
    }

    /// The power of ten that takes `self` to `other`.
    pub fn power(self, other: Self) -> Option<i32> {
        let (one, mut up) = self.stripped();
        let (two, down) = other.stripped();
        up = down - up;
        (one != 0 && one == two && up != 0).then_some(up)
    }

    /// The mantissa without trailing zeros, and its exponent.
    fn stripped(self) -> (i128, i32) {
        let (mut mantissa, mut exponent) = (self.mantissa, -(self.scale as i32));
        while mantissa != 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        (mantissa, exponent)
    }

    /// Whether one is the other with fewer digits after the point.
    pub fn fewer(self, other: Self) -> Option<Fewer> {
        let (one, two, scale) = self.both(other)?;
        let side = match self.scale.cmp(&other.scale) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Greater => 1,
            std::cmp::Ordering::Equal => return None,
        };
        let (coarse, fine) = if side == 0 { (one, two) } else { (two, one) };
        let digits = self.scale.min(other.scale);
        let gap = fine.checked_sub(coarse)?.abs();
        let unit = |digits: u32| 10i128.pow(scale - digits);
        let rounded = gap.checked_mul(2)? <= unit(digits);
        let cut = gap < unit(digits) && fine.abs() >= coarse.abs() && (coarse == 0 || (coarse < 0) == (fine < 0));
        let agree = (digits..=scale).take_while(|digits| gap * 2 <= unit(*digits)).last().unwrap_or(digits);
        (rounded || cut).then_some(Fewer { side, digits, agree, rounded, cut })
    }

    /// Whether one is the other rounded to fewer significant digits, before the point: its side
    /// and how many.
    pub fn significant(self, other: Self) -> Option<(usize, u32)> {
        let ((one, up), (two, down)) = (self.stripped(), other.stripped());
        let (side, digits, exponent) = if up > down { (0, one, up) } else { (1, two, down) };
        if up == down || exponent <= 0 || digits == 0 {
            return None;
        }
        let (left, right, scale) = self.both(other)?;
        let unit = 10i128.checked_pow(scale + exponent as u32)?;
        let gap = left.checked_sub(right)?.abs();
        (gap.checked_mul(2)? <= unit).then(|| (side, digits.unsigned_abs().ilog10() + 1))
    }

    /// Whether the two have the same number of digits and are so near that they would pass for
    /// rounded, had one of them one digit less.
    pub fn near(self, other: Self) -> bool {
        self.both(other).is_some_and(|(one, two, _)| self.scale == other.scale && (one - two).abs() <= 5)
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Number::new(self.mantissa, self.scale).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn fewer_digits_are_rounded_or_cut() {
        let fewer = |one: &str, two: &str| decimal(one).fewer(decimal(two));
        let six = fewer("38.7040222222222", "38.704022").unwrap();
        assert_eq!((six.side, six.digits, six.agree, six.rounded, six.cut), (1, 6, 6, true, true));
        let zeros = fewer("-33.1100006104", "-33.11").unwrap();
        assert_eq!((zeros.digits, zeros.agree), (2, 5));
        let half = fewer("59.5", "59.45").unwrap();
        assert_eq!((half.side, half.rounded, half.cut), (0, true, false));
        let cut = fewer("1.29", "1.2").unwrap();
        assert_eq!((cut.rounded, cut.cut), (false, true));
        assert_eq!(fewer("1.29", "1.4"), None);
        assert_eq!(fewer("1.29", "1.30001"), None);
    }

    #[test]
    fn other_relations() {
        assert_eq!(decimal("19.99").power(decimal("1999")), Some(2));
        assert_eq!(decimal("0.5").power(decimal("0.05")), Some(-1));
        assert_eq!(decimal("5").power(decimal("51")), None);
        assert_eq!(decimal("1.5").difference(decimal("4")).map(|d| d.to_string()).as_deref(), Some("2.5"));
        assert_eq!(decimal("1234567").significant(decimal("1230000")), Some((1, 3)));
        assert_eq!(decimal("1234567").significant(decimal("1240000")), None);
    }
}
