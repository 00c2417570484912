//! The type of a column that several files have, not all in the same type: one that holds all
//! values of each of them exactly.

use crate::table::{Column, PortableType as T};

/// Digits that 64 bits with a sign, and without one, may take.
const INTEGER_DIGITS: u32 = 19;
const UNSIGNED_DIGITS: u32 = 20;
/// More are carried as text.
const MOST_DIGITS: u32 = 38;

/// The type that holds the values of both; `None` if there is none.
pub(super) fn widen(a: &Column, b: &Column) -> Option<T> {
    if a.ty == b.ty {
        return Some(a.ty.clone());
    }
    one_way(a, b).or_else(|| one_way(b, a))
}

fn one_way(a: &Column, b: &Column) -> Option<T> {
    Some(match (&a.ty, &b.ty) {
        (T::Integer | T::Unsigned | T::Decimal { .. }, T::Integer | T::Unsigned | T::Decimal { .. }) => {
            let ((left, scale), (right, other)) = (digits(&a.ty)?, digits(&b.ty)?);
            let (whole, scale) = (left.zip(right).map(|(a, b)| a.max(b)), scale.max(other));
            match whole.map(|whole| whole + scale).filter(|precision| *precision <= MOST_DIGITS) {
                Some(precision) => T::Decimal { precision: Some(precision), scale },
                None => T::Decimal { precision: None, scale: 0 },
            }
        }
        // 64 bits of a whole number do not fit a float.
        (T::Integer, T::Float64) if is_short(&a.native) => T::Float64,
        (T::Float32, T::Float64) => T::Float64,
        (T::Date, T::Timestamp { precision }) => T::Timestamp { precision: *precision },
        (T::Time { precision: a }, T::Time { precision: b }) => T::Time { precision: *a.max(b) },
        (T::Timestamp { precision: a }, T::Timestamp { precision: b }) => T::Timestamp { precision: *a.max(b) },
        (T::Instant { precision: a }, T::Instant { precision: b }) => T::Instant { precision: *a.max(b) },
        _ => return None,
    })
}

/// Digits before the point, if they are bounded, and behind it.
fn digits(ty: &T) -> Option<(Option<u32>, u32)> {
    match ty {
        T::Integer => Some((Some(INTEGER_DIGITS), 0)),
        T::Unsigned => Some((Some(UNSIGNED_DIGITS), 0)),
        T::Decimal { precision: Some(precision), scale } => Some((Some(precision.saturating_sub(*scale)), *scale)),
        T::Decimal { precision: None, .. } => Some((None, 0)),
        _ => None,
    }
}

/// Whether a whole number of this type of Arrow's has at most 32 bits.
fn is_short(native: &str) -> bool {
    matches!(native, "Int8" | "Int16" | "Int32" | "UInt8" | "UInt16" | "UInt32")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_by_widening() {
        let decimal = |precision, scale| T::Decimal { precision, scale };
        let table = [
            ((T::Integer, "Int64"), (decimal(Some(10), 2), ""), Some(decimal(Some(21), 2))),
            ((T::Integer, "Int64"), (T::Unsigned, ""), Some(decimal(Some(20), 0))),
            ((decimal(Some(38), 30), ""), (decimal(Some(38), 0), ""), Some(decimal(None, 0))),
            ((T::Integer, "Int32"), (T::Float64, ""), Some(T::Float64)),
            ((T::Integer, "Int64"), (T::Float64, ""), None),
            ((T::Float32, ""), (T::Float64, ""), Some(T::Float64)),
            ((T::Date, ""), (T::Timestamp { precision: 3 }, ""), Some(T::Timestamp { precision: 3 })),
            ((T::Timestamp { precision: 3 }, ""), (T::Instant { precision: 3 }, ""), None),
            ((T::Text, ""), (T::Integer, "Int32"), None),
        ];
        for ((a, native), (b, other), expected) in table {
            let [a, b] = [Column::new("c", a, native), Column::new("c", b, other)];
            assert_eq!(widen(&a, &b), expected, "{a:?} {b:?}");
            assert_eq!(widen(&b, &a), expected, "{b:?} {a:?}");
        }
    }
}
