//! PostgreSQL's types as portable types, and how each travels in a binary COPY.

use crate::table::PortableType;

/// How a column's values look on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Boolean,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    /// A numeric without declared digits, carried as text.
    LongNumeric,
    Text,
    Jsonb,
    Bytes,
    Date,
    Time,
    Timestamp,
    Instant,
    Uuid,
}

/// A column's portable type and its way here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub ty: PortableType,
    pub wire: Wire,
    /// What the server is asked for.
    pub asked: Asked,
}

/// How a column is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// As it is.
    Plain,
    /// As the text it prints as.
    Text,
    /// The same for `inet`, whose cast to text says `/32` where printing does not.
    Address,
}

impl Asked {
    /// The expression for a column, whose name is quoted already.
    pub(super) fn expression(self, column: &str) -> String {
        match self {
            Self::Plain => column.to_owned(),
            Self::Text => format!("{column}::pg_catalog.text"),
            Self::Address => format!("pg_catalog.abbrev({column})"),
        }
    }
}

impl Kind {
    /// From a type's OID (domains resolved), name and modifier; the built-in OIDs are those of
    /// PostgreSQL's `pg_type.dat` and never change.
    pub(super) fn new(oid: u32, name: &str, modifier: i32) -> Self {
        use PortableType as P;
        let precision = u8::try_from(modifier).map_or(6, |p| p.min(6));
        let (ty, wire, asked) = match oid {
            16 => (P::Boolean, Wire::Boolean, Asked::Plain),
            17 => (P::Bytes, Wire::Bytes, Asked::Plain),
            20 => (P::Integer, Wire::Int8, Asked::Plain),
            21 => (P::Integer, Wire::Int2, Asked::Plain),
            23 => (P::Integer, Wire::Int4, Asked::Plain),
            26 => (P::Integer, Wire::Oid, Asked::Plain),
            700 => (P::Float32, Wire::Float4, Asked::Plain),
            701 => (P::Float64, Wire::Float8, Asked::Plain),
            1700 => (decimal(modifier), Wire::Numeric, Asked::Plain),
            // name, text, varchar
            19 | 25 | 1043 => (P::Text, Wire::Text, Asked::Plain),
            // "char" is a raw byte on the wire; the cast takes the padding off character(n).
            18 | 1042 => (P::Text, Wire::Text, Asked::Text),
            1082 => (P::Date, Wire::Date, Asked::Plain),
            1083 => (P::Time { precision }, Wire::Time, Asked::Plain),
            1114 => (P::Timestamp { precision }, Wire::Timestamp, Asked::Plain),
            1184 => (P::Instant { precision }, Wire::Instant, Asked::Plain),
            2950 => (P::Uuid, Wire::Uuid, Asked::Plain),
            869 => (P::Printed, Wire::Text, Asked::Address),
            114 => (P::Json, Wire::Text, Asked::Plain),
            3802 => (P::Json, Wire::Jsonb, Asked::Plain),
            1186 => (P::Interval, Wire::Text, Asked::Text),
            // bit(n), whose length is its modifier, and bit varying.
            1560 => (P::Bits { length: u32::try_from(modifier).ok() }, Wire::Text, Asked::Text),
            1562 => (P::Bits { length: None }, Wire::Text, Asked::Text),
            // An extension's type: its OID is another one in every database.
            _ if name == "citext" => (P::Text, Wire::Text, Asked::Text),
            _ => match element(oid, name) {
                Some(element) => (P::Array { element: Box::new(element) }, Wire::Text, Asked::Text),
                None => (P::Printed, Wire::Text, Asked::Text),
            },
        };
        Self { ty, wire, asked }
    }
}

/// What the elements of an array type are; `None` if it is no array. The server names array types
/// after their elements, with a `_` in front.
fn element(oid: u32, name: &str) -> Option<PortableType> {
    use PortableType as P;
    const FULL: u8 = 6;
    Some(match oid {
        1000 => P::Boolean,
        1001 => P::Bytes,
        // int2, int4, int8, oid
        1005 | 1007 | 1016 | 1028 => P::Integer,
        1021 => P::Float32,
        1022 => P::Float64,
        1231 => P::Decimal { precision: None, scale: 0 },
        // name, text, character(n), varchar
        1003 | 1009 | 1014 | 1015 => P::Text,
        1182 => P::Date,
        1183 => P::Time { precision: FULL },
        1115 => P::Timestamp { precision: FULL },
        1185 => P::Instant { precision: FULL },
        1187 => P::Interval,
        2951 => P::Uuid,
        199 | 3807 => P::Json,
        1561 | 1563 => P::Bits { length: None },
        _ if name.starts_with('_') => P::Printed,
        _ => return None,
    })
}

/// `numeric(p,s)`; the modifier is `(p << 16 | s) + 4`, the scale in 11 bits with a sign.
fn decimal(modifier: i32) -> PortableType {
    let any = PortableType::Decimal { precision: None, scale: 0 };
    let Some(packed) = modifier.checked_sub(4).filter(|packed| *packed >= 0) else { return any };
    let (precision, scale) = ((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024);
    match (u32::try_from(precision), u32::try_from(scale)) {
        (Ok(precision), Ok(scale)) if scale <= precision => PortableType::Decimal { precision: Some(precision), scale },
        // numeric(3,-2) and numeric(2,5) say other things than digits before and after a point.
        _ => any,
    }
}

/// The types that the documentation lists.
#[cfg(test)]
pub(in crate::endpoint) fn catalog() -> Vec<(&'static str, PortableType)> {
    const NUMERIC: i32 = ((12 << 16) | 2) + 4;
    let types = [
        ("boolean", 16, "bool", -1),
        ("smallint, integer, bigint", 20, "int8", -1),
        ("oid", 26, "oid", -1),
        ("numeric", 1700, "numeric", -1),
        ("numeric(12,2)", 1700, "numeric", NUMERIC),
        ("real", 700, "float4", -1),
        ("double precision", 701, "float8", -1),
        ("text, varchar, name", 25, "text", -1),
        ("character(n), \"char\"", 1042, "bpchar", 14),
        ("citext", 99_999, "citext", -1),
        ("bytea", 17, "bytea", -1),
        ("bit(8)", 1560, "bit", 8),
        ("bit varying", 1562, "varbit", -1),
        ("date", 1082, "date", -1),
        ("time", 1083, "time", -1),
        ("timestamp", 1114, "timestamp", -1),
        ("timestamp(0)", 1114, "timestamp", 0),
        ("timestamp with time zone", 1184, "timestamptz", -1),
        ("interval", 1186, "interval", -1),
        ("uuid", 2950, "uuid", -1),
        ("json, jsonb", 3802, "jsonb", -1),
        ("integer[]", 1007, "_int4", -1),
        ("text[]", 1009, "_text", -1),
        ("arrays of enums and other types", 99_998, "_color", -1),
        ("time with time zone, money, enums, ranges, inet, and all others", 1266, "timetz", -1),
    ];
    types.into_iter().map(|(native, oid, name, modifier)| (native, Kind::new(oid, name, modifier).ty)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_unpacked() {
        let numeric = |p: i32, s: i32| Kind::new(1700, "numeric", ((p << 16) | (s & 0x7ff)) + 4).ty;
        assert_eq!(numeric(12, 2), PortableType::Decimal { precision: Some(12), scale: 2 });
        assert_eq!(numeric(1000, 1000), PortableType::Decimal { precision: Some(1000), scale: 1000 });
        for odd in [numeric(3, -2), numeric(2, 5), Kind::new(1700, "numeric", -1).ty] {
            assert_eq!(odd, PortableType::Decimal { precision: None, scale: 0 });
        }
        assert_eq!(Kind::new(1114, "timestamp", -1).ty, PortableType::Timestamp { precision: 6 });
        assert_eq!(Kind::new(1184, "timestamptz", 0).ty, PortableType::Instant { precision: 0 });
    }

    #[test]
    fn what_has_no_portable_type_is_printed() {
        assert_eq!(Kind::new(1186, "interval", -1).ty, PortableType::Interval);
        assert_eq!(Kind::new(3912, "daterange", -1).ty, PortableType::Printed);
        let array = |element| PortableType::Array { element: Box::new(element) };
        assert_eq!(Kind::new(1007, "_int4", -1).ty, array(PortableType::Integer));
        assert_eq!(Kind::new(99_998, "_color", -1).ty, array(PortableType::Printed));
        assert_eq!(Kind::new(1560, "bit", 8).ty, PortableType::Bits { length: Some(8) });
        assert_eq!(Kind::new(99_999, "citext", -1).ty, PortableType::Text);
        assert_eq!(Kind::new(1042, "bpchar", 9).asked, Asked::Text);
    }
}
