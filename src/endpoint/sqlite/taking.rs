//! What a column takes, and what is read of it once it is there.

use super::affinity::Affinity;
use super::hint::from_text;
use super::layout::Layout;
use super::stored::Stored;
use super::values::push;
use crate::table::{Cells, Column, Encoder, PortableBuilder, PortableType};

/// How a column takes the values that are written to it.
#[derive(Clone, Debug)]
pub(super) struct Taking {
    ty: PortableType,
    /// What it makes of values.
    pub(super) affinity: Affinity,
    /// Whether it refuses values of other storage classes than its own.
    strict: bool,
}

impl Taking {
    /// That of a column of a table of this layout.
    pub(super) fn of(layout: &Layout, column: &Column) -> Self {
        let affinity = layout.column(&column.name).map_or(Affinity::Blob, |facts| facts.affinity);
        // In a STRICT table only ANY is no type of its own.
        Self { ty: column.ty.clone(), affinity, strict: layout.strict && column.declared }
    }

    /// That of a column of which only the declared type is known.
    pub(super) fn declared(column: &Column) -> Self {
        let declared = if column.native == super::UNTYPED { "" } else { &column.native };
        Self { ty: column.ty.clone(), affinity: Affinity::of(declared, false), strict: false }
    }

    /// Whether it is that of a column of this type.
    pub(super) fn is_of(&self, ty: &PortableType) -> bool {
        self.ty == *ty
    }

    /// What the column keeps of a value; `None` if it refuses it, or if that can't be told.
    fn kept(&self, value: &Stored) -> Option<Stored> {
        use PortableType as T;
        let kept = self.affinity.made_of(value.clone())?;
        let takes = match (&self.ty, &kept) {
            _ if !self.strict => true,
            (_, Stored::Null)
            | (T::Integer, Stored::Integer(_))
            | (T::Float64, Stored::Real(_))
            | (T::Text, Stored::Text(_))
            | (T::Bytes, Stored::Blob(_)) => true,
            _ => false,
        };
        takes.then_some(kept)
    }

    /// Whether a value, once it is in the column, is read as this cell.
    pub(super) fn means(&self, stored: &Stored, cells: &Cells, row: usize, other: Option<&str>) -> bool {
        let Some(kept) = self.kept(stored) else { return false };
        let mut builder = PortableBuilder::new(&self.ty);
        push(&mut builder, &self.ty, kept.as_ref());
        let (array, others) = builder.finish();
        let Some(read) = Cells::new(&array) else { return false };
        let encoder = Encoder::own(&self.ty);
        let (mut one, mut two) = (Vec::new(), Vec::new());
        encoder.encode(&read, 0, others.first().map(|(_, text)| text.as_str()), &mut one);
        encoder.encode(cells, row, other, &mut two);
        // What its type can hold may still be read as something else that compares as equal.
        one == two && others.is_empty() == other.is_none()
    }
}

/// Adds to a column of type `ty` what SQLite's column, one without a type of its own, is read as once it
/// has a value that is `stored` so elsewhere. `numeric` as [`Holds::numeric`] says.
///
/// False, and nothing is added, if the column would make another value of it.
///
/// [`Holds::numeric`]: crate::endpoint::Holds::numeric
pub fn read_once_stored(stored: &str, numeric: bool, ty: &PortableType, out: &mut PortableBuilder) -> bool {
    let affinity = if numeric { Affinity::Numeric } else { Affinity::Blob };
    let Some(value) = from_text(stored) else { return false };
    let Some(kept) = affinity.made_of(value.clone()) else { return false };
    let same = match (&value, &kept) {
        (Stored::Text(_), Stored::Text(_)) => true,
        (Stored::Text(text), number) => {
            std::str::from_utf8(text).is_ok_and(|text| Stored::natural(text.to_owned()).is(number))
        }
        // A whole number stays the number that it is.
        _ => true,
    };
    if same {
        push(out, ty, kept.as_ref());
    }
    same
}

/// Whether a value that is `stored` so is TEXT, although it is no text that can be printed.
pub fn is_odd_text(stored: &str) -> bool {
    matches!(from_text(stored), Some(Stored::Text(bytes)) if std::str::from_utf8(&bytes).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    fn read(stored: &str, numeric: bool, ty: &T) -> Option<String> {
        let mut builder = PortableBuilder::new(ty);
        if !read_once_stored(stored, numeric, ty, &mut builder) {
            return None;
        }
        let (array, others) = builder.finish();
        let other = others.first().map(|(_, text)| format!("other {text}"));
        other.or_else(|| Cells::new(&array).unwrap().print(0))
    }

    #[test]
    fn what_has_no_type_of_its_own_is_read_by_its_class() {
        let decimal = T::Decimal { precision: None, scale: 0 };
        for (stored, numeric, ty, expected) in [
            ("b31", false, &T::Text, Some("other \\x31")),
            ("b31", false, &decimal, Some("other \\x31")),
            ("b31", false, &T::Bytes, Some("\\x31")),
            ("t1", false, &decimal, Some("1")),
            ("tx", false, &T::Bytes, Some("\\x78")),
            ("rinf", false, &T::Integer, Some("other Infinity")),
            ("t007", false, &T::Text, Some("007")),
            ("t007", true, &T::Text, None),
            ("t7", true, &T::Text, Some("7")),
            ("r2.0", true, &T::Integer, Some("2")),
            ("xff", true, &T::Text, Some("other \\xff")),
            ("q", false, &T::Text, None),
        ] {
            assert_eq!(read(stored, numeric, ty).as_deref(), expected, "{stored} in {ty}");
        }
    }

    #[test]
    fn strict_columns_take_their_own_class_only() {
        let means = |ty: T, affinity, stored: Stored| {
            let mut builder = PortableBuilder::new(&ty);
            push(&mut builder, &ty, stored.as_ref());
            let (array, others) = builder.finish();
            let other = others.first().map(|(_, text)| text.as_str());
            Taking { ty, affinity, strict: true }.means(&stored, &Cells::new(&array).unwrap(), 0, other)
        };
        assert!(!means(T::Bytes, Affinity::Blob, Stored::text("abc")));
        assert!(means(T::Bytes, Affinity::Blob, Stored::Blob(vec![1])));
        assert!(means(T::Text, Affinity::Text, Stored::Text(vec![0xFF])));
        assert!(!means(T::Text, Affinity::Text, Stored::Blob(vec![0xFF])));
        assert!(means(T::Integer, Affinity::Numeric, Stored::text("5")));
        assert!(!means(T::Integer, Affinity::Numeric, Stored::text("abc")));
        assert!(means(T::Float64, Affinity::Real, Stored::Real(f64::INFINITY)));
    }

    #[test]
    fn odd_text_is_told_from_bytes() {
        assert!(is_odd_text("xff") && !is_odd_text("x61") && !is_odd_text("bff") && !is_odd_text("tff"));
    }
}
