//! The form in which a column holds its values: as numbers, text (and spelled how) or blobs.
//!
//! SQLite leaves that to whoever writes. What comes from another system takes the form that the
//! column's values have, so that the programs that use the table read it as they read the others; in a
//! column whose values have several forms, the commonest. What comes from SQLite, be it from this very
//! table, is stored as it was there: plainly, or as is said beside it (see [`super::hint`]).

use super::affinity::Affinity;
use super::connect::quoted;
use super::stored::Stored;
use super::values::push;
use crate::endpoint::poll::Poll;
use crate::endpoint::spelling::Spelling;
use crate::table::{Cells, Column, Number, PortableBuilder, PortableType, parse_bytes, parse_uuid, print_bytes};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// How a value is stored.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// Numbers as INTEGER or REAL, whichever holds them; else as text.
    Number,
    /// Numbers as REAL.
    Real,
    /// Text, and how it is spelled.
    Text(Spelling),
    /// BLOB.
    Blob,
}

/// The form of one column's values.
#[derive(Clone, Debug)]
pub(super) struct Form {
    ty: PortableType,
    kind: Kind,
    /// That of values that the portable type can't hold.
    others: Kind,
    /// Whether all values that were seen have it.
    pub(super) uniform: bool,
}

impl Form {
    /// The form to begin with, before any value is seen.
    pub(super) fn first(ty: &PortableType, affinity: Affinity) -> Self {
        use PortableType as T;
        let kind = match ty {
            T::Boolean | T::Integer | T::Unsigned | T::Decimal { .. } => Kind::Number,
            T::Float32 | T::Float64 => Kind::Real,
            T::Bytes => Kind::Blob,
            // SQLite would make the numbers of it, and not always the nearest.
            T::Text | T::Json | T::Printed if affinity.is_numeric() => Kind::Number,
            _ => Kind::Text(Spelling::Plain),
        };
        let others = if affinity == Affinity::Text { Kind::Text(Spelling::Plain) } else { Kind::Number };
        Self { ty: ty.clone(), kind, others, uniform: true }
    }

    /// That of values stored plainly, where the column makes nothing of them.
    pub(super) fn plain(ty: &PortableType) -> Self {
        Self::first(ty, Affinity::Blob)
    }

    /// Whether values of this type in such a column can have more than one form.
    pub(super) fn varies(ty: &PortableType, affinity: Affinity) -> bool {
        use PortableType as T;
        match ty {
            T::Text | T::Json | T::Printed => affinity == Affinity::Blob,
            T::Integer | T::Unsigned | T::Decimal { .. } => affinity != Affinity::Numeric,
            T::Float64 => affinity != Affinity::Real,
            _ => true,
        }
    }

    /// The value to store for a cell; `other` is the text of a value that its type can't hold.
    pub(super) fn store(&self, cells: &Cells, row: usize, other: Option<&str>) -> Stored {
        match other {
            Some(text) => match blob(text) {
                Some(bytes) => Stored::Blob(bytes),
                None if self.others == Kind::Number => Stored::natural(text.to_owned()),
                None => Stored::text(text),
            },
            None if cells.is_null(row) => Stored::Null,
            None => stored(&self.ty, &self.kind, cells, row),
        }
    }
}

fn stored(ty: &PortableType, kind: &Kind, cells: &Cells, row: usize) -> Stored {
    let print = || cells.print(row).unwrap_or_default();
    match (kind, cells) {
        (Kind::Blob | Kind::Number | Kind::Real, Cells::Bytes(a)) => Stored::Blob(a.value(row).to_vec()),
        (Kind::Text(_), Cells::Bytes(a)) => match std::str::from_utf8(a.value(row)) {
            Ok(text) => Stored::text(text),
            Err(_) => Stored::Blob(a.value(row).to_vec()),
        },
        (Kind::Text(spelling), _) => match spelling.spell(cells, row) {
            Some(text) => Stored::text(text),
            None => Stored::text(print()),
        },
        (Kind::Blob, Cells::Text(a)) if *ty == PortableType::Uuid => match parse_uuid(a.value(row)) {
            Some(bytes) => Stored::Blob(bytes.to_vec()),
            None => Stored::text(a.value(row)),
        },
        (Kind::Number | Kind::Real, Cells::Boolean(a)) => Stored::Integer(a.value(row).into()),
        (Kind::Number, Cells::Integer(a)) => Stored::Integer(a.value(row)),
        (Kind::Number, Cells::Float32(a)) => number_of_float(a.value(row).into()),
        (Kind::Number, Cells::Float64(a)) => number_of_float(a.value(row)),
        (Kind::Real, Cells::Float32(a)) => Stored::real(a.value(row).into()),
        (Kind::Real, Cells::Float64(a)) => Stored::real(a.value(row)),
        (Kind::Number | Kind::Real, Cells::Integer(_) | Cells::Unsigned(_) | Cells::Decimal(..)) => {
            number(&print(), *kind == Kind::Real)
        }
        (Kind::Number | Kind::Real, Cells::Text(_)) if matches!(ty, PortableType::Decimal { .. }) => {
            number(&print(), *kind == Kind::Real)
        }
        (Kind::Number, Cells::Text(a))
            if matches!(ty, PortableType::Text | PortableType::Json | PortableType::Printed) =>
        {
            Stored::natural(a.value(row).to_owned())
        }
        _ => Stored::text(print()),
    }
}

/// A number as INTEGER if it fits, as REAL if that prints as the same number, else as text.
fn number(text: &str, real: bool) -> Stored {
    let number = Number::parse(text);
    match &number {
        Some(Number::Small { mantissa, scale: 0 }) if !real => {
            if let Ok(whole) = i64::try_from(*mantissa) {
                return Stored::Integer(whole);
            }
        }
        None => return Stored::text(text),
        _ => {}
    }
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() && Number::parse(&float.to_string()) == number => Stored::Real(float),
        _ => Stored::text(text),
    }
}

fn number_of_float(value: f64) -> Stored {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    if value.fract() == 0.0 && value.abs() < EXACT { Stored::Integer(value as i64) } else { Stored::real(value) }
}

/// The bytes of a value that was printed as such because it is no text.
fn blob(text: &str) -> Option<Vec<u8>> {
    parse_bytes(text).filter(|bytes| print_bytes(bytes) == text)
}

/// The forms of a table's columns, found by looking at all values of those that could have several.
pub(super) fn forms(
    connection: &Connection,
    table: &str,
    columns: &[Column],
    affinities: &[Affinity],
) -> rusqlite::Result<Vec<Form>> {
    let mut forms: Vec<Form> =
        columns.iter().zip(affinities).map(|(column, affinity)| Form::first(&column.ty, *affinity)).collect();
    let mut looked_at = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        if column.ty == PortableType::Bytes {
            forms[at] = form_of_bytes(connection, table, &column.name, &forms[at])?;
        } else if Form::varies(&column.ty, affinities[at]) {
            looked_at.push(at);
        }
    }
    if looked_at.is_empty() {
        return Ok(forms);
    }
    let names: Vec<String> = looked_at.iter().map(|at| format!("t.{}", quoted(&columns[*at].name))).collect();
    let mut statement = connection.prepare(&format!("SELECT {} FROM main.{table} AS t", names.join(", ")))?;
    let mut rows = statement.query([])?;
    let mut looks: Vec<Look> = looked_at.iter().map(|at| Look::new(&forms[*at])).collect();
    while let Some(row) = rows.next()? {
        for (at, look) in looks.iter_mut().enumerate() {
            look.see(row.get_ref(at)?);
        }
    }
    for (at, look) in looked_at.into_iter().zip(looks) {
        forms[at] = look.finish();
    }
    Ok(forms)
}

/// Without reading the values themselves, which may be long.
fn form_of_bytes(connection: &Connection, table: &str, name: &str, first: &Form) -> rusqlite::Result<Form> {
    let name = quoted(name);
    let count = |kind: &str| format!("count(*) FILTER (WHERE typeof(t.{name}) = '{kind}')");
    let sql = format!("SELECT {}, {} FROM main.{table} AS t", count("blob"), count("text"));
    let (blobs, texts): (u64, u64) = connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let kind = if texts > blobs { Kind::Text(Spelling::Plain) } else { Kind::Blob };
    Ok(Form { kind, uniform: blobs == 0 || texts == 0, ..first.clone() })
}

/// Looks at the values of one column.
struct Look {
    ty: PortableType,
    builder: PortableBuilder,
    kinds: Poll<Kind>,
    others: Poll<Kind>,
}

impl Look {
    fn new(first: &Form) -> Self {
        let text = || Kind::Text(Spelling::Plain);
        Self {
            ty: first.ty.clone(),
            builder: PortableBuilder::new(&first.ty),
            kinds: Poll::new(if first.kind == Kind::Number {
                vec![Kind::Number]
            } else {
                vec![first.kind.clone(), Kind::Number]
            }),
            others: Poll::new(if first.others == text() { vec![text()] } else { vec![Kind::Number, text()] }),
        }
    }

    fn see(&mut self, value: ValueRef<'_>) {
        if value == ValueRef::Null {
            return;
        }
        push(&mut self.builder, &self.ty, value);
        let (array, others) = self.builder.finish();
        let Some(cells) = Cells::new(&array) else { return };
        let value = Stored::of(value);
        let ty = &self.ty;
        if let Some((_, text)) = others.first() {
            let form = |kind: &Kind| Form { ty: ty.clone(), kind: kind.clone(), others: kind.clone(), uniform: true };
            return self.others.see(|kind| form(kind).store(&cells, 0, Some(text)) == value, Vec::new);
        }
        let guesses = || match &value {
            Stored::Text(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                Spelling::guesses(ty, &text).into_iter().map(Kind::Text).collect()
            }
            Stored::Integer(_) => vec![Kind::Number],
            Stored::Real(_) => vec![Kind::Number, Kind::Real],
            _ => vec![Kind::Blob],
        };
        self.kinds.see(|kind| stored(ty, kind, &cells, 0) == value, guesses);
    }

    fn finish(self) -> Form {
        let ((kind, all), (others, all_others)) = (self.kinds.best(), self.others.best());
        Form { ty: self.ty, kind, others, uniform: all && all_others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PortableType as T;

    /// The form of a column that holds these values, and what it makes of each of them again.
    fn again(declared: &str, ty: T, values: &[Stored]) -> (Form, Vec<Stored>) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&format!("CREATE TABLE t (c {declared})")).unwrap();
        for value in values {
            connection.execute("INSERT INTO t VALUES (?1)", [value]).unwrap();
        }
        let columns = [Column::new("c", ty.clone(), declared)];
        let affinity = Affinity::of(declared, false);
        let form = forms(&connection, "t", &columns, &[affinity]).unwrap().remove(0);
        let mut builder = PortableBuilder::new(&ty);
        let mut statement = connection.prepare("SELECT c FROM t").unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            push(&mut builder, &ty, row.get_ref(0).unwrap());
        }
        let (array, others) = builder.finish();
        let cells = Cells::new(&array).unwrap();
        let store = |row: usize| {
            let other = others.iter().find(|(at, _)| *at as usize == row).map(|(_, text)| text.as_str());
            form.store(&cells, row, other)
        };
        let stored = (0..values.len()).map(store).collect();
        (form, stored)
    }

    fn text(text: &str) -> Stored {
        Stored::text(text)
    }

    #[test]
    fn values_come_back_as_they_were_stored() {
        use Stored::{Blob, Integer, Null, Real};
        let uuid = b"\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11".to_vec();
        let decimal = || T::Decimal { precision: None, scale: 0 };
        let stamp = || T::Timestamp { precision: 6 };
        let cases: Vec<(&str, T, Vec<Stored>)> = vec![
            (
                "INTEGER",
                T::Integer,
                vec![Integer(5), Integer(i64::MIN), Real(1.5), text("abc"), text(""), Blob(vec![5]), Null],
            ),
            ("INTEGER", T::Integer, vec![Real(1e300), Real(f64::INFINITY)]),
            (
                "REAL",
                T::Float64,
                vec![Real(0.1), Real(5.0), Real(f64::NEG_INFINITY), Real(1e300), text("abc"), Blob(vec![])],
            ),
            ("DECIMAL(10,2)", decimal(), vec![Integer(5), Real(0.1), Real(1e23), text("n/a"), Null]),
            ("", decimal(), vec![text("5.00"), text("12345678901234567890.12")]),
            ("", decimal(), vec![Integer(5), Real(2.5), Integer(7)]),
            ("", T::Float64, vec![Real(5.0), Real(0.5)]),
            ("", T::Integer, vec![text("007"), text("123")]),
            ("", T::Text, vec![text("7"), text("abc")]),
            ("", T::Printed, vec![Integer(7), text("abc"), Real(1.5)]),
            ("BOOLEAN", T::Boolean, vec![Integer(0), Integer(1), Null]),
            ("BOOLEAN", T::Boolean, vec![text("TRUE"), text("FALSE"), Integer(7)]),
            (
                "TEXT",
                T::Text,
                vec![text("007"), text(""), text("a\0b"), text("Infinity"), text("\\x00"), Blob(vec![0x61])],
            ),
            ("STRING", T::Text, vec![Integer(7), Real(0.1), text("abc"), text("1 000")]),
            ("BLOB", T::Bytes, vec![Blob(vec![0, 255]), Blob(vec![])]),
            ("BLOB", T::Bytes, vec![text("abc"), text(""), Integer(7), Real(1.5)]),
            ("VARBINARY", T::Bytes, vec![Blob(vec![0x37])]),
            ("DATE", T::Date, vec![text("2024-02-29"), Integer(20240101), text("0000-00-00"), Real(2460000.5)]),
            (
                "DATETIME",
                stamp(),
                vec![text("2024-05-06T07:08:09"), text("2024-05-06T07:08:09.500000"), Integer(1700000000)],
            ),
            ("TIMESTAMP", T::Instant { precision: 6 }, vec![text("2024-05-06 07:08:09.123+00:00"), text("now")]),
            ("TIME", T::Time { precision: 6 }, vec![text("07:08"), text("23:59")]),
            ("UUID", T::Uuid, vec![Blob(uuid.clone()), Blob(vec![1])]),
            ("UUID", T::Uuid, vec![text("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11")]),
            ("JSON", T::Json, vec![text("{\"a\": 1}"), Integer(5), text("\"x\""), Real(0.5)]),
        ];
        for (declared, ty, values) in cases {
            let (form, stored) = again(declared, ty, &values);
            assert_eq!(stored, values, "{declared}: {form:?}");
            assert!(form.uniform, "{declared}: {form:?}");
        }
    }

    #[test]
    fn several_forms_are_noticed() {
        let stamp = T::Timestamp { precision: 6 };
        let mixed = vec![text("2024-05-06 07:08:09"), text("2024-05-06T07:08:10"), text("2024-05-06T07:08:11")];
        let (form, stored) = again("DATETIME", stamp, &mixed);
        assert!(!form.uniform);
        assert_eq!(stored[1..], mixed[1..]);
        assert_eq!(stored[0], text("2024-05-06T07:08:09"));
        assert!(!again("BLOB", T::Bytes, &[text("a"), Stored::Blob(vec![1])]).0.uniform);
    }

    #[test]
    fn what_no_number_holds_is_kept_as_text() {
        assert_eq!(Stored::real(f64::NAN), text("NaN"));
        assert_eq!(number("18446744073709551615", false), text("18446744073709551615"));
        assert_eq!(number("19.99", false), Stored::Real(19.99));
        assert_eq!(number("5", true), Stored::Real(5.0));
    }
}
