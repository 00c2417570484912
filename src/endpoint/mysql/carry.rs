//! How a column's values are carried into the temporary table: the bytes that are sent, the
//! expression that makes a value of them, and the condition that the table still has it.
//!
//! A value is carried in one of two forms. Typed, it is a value of the column's own type, ready to
//! be written. Printed, it is the bytes that an export would read: text is compared that way, never
//! by its collation, and so is all that has no exact equality of its own.

use super::native::NativeColumn;
use crate::table::{Cells, parse_boolean, parse_bytes, print_timestamp};
use std::fmt::Write;

/// In which form a value is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a value of the column's type that is to be written.
    New,
    /// As a value of the column's type that was read from it.
    Old,
    /// As the bytes that an export reads.
    Printed,
}

/// What a column does with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Reads what it prints: numbers and times.
    Plain,
    /// Takes bytes as they are.
    Bytes,
    /// Takes text; `utf8` if in the encoding that we send.
    Text { utf8: bool },
    /// Takes the number of its label.
    Enum,
    /// Takes a bit per label.
    Set,
    /// Takes a number.
    Bits,
    /// Takes what a function makes of text.
    Shape,
    /// Reads what it prints if it comes as text, and takes bytes for something else: JSON, UUIDs,
    /// addresses.
    Word,
    /// Is read from text, and its bytes are no text.
    Vector,
}

/// A column and how its values are carried.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The column.
    pub native: NativeColumn,
    kind: Kind,
    labels: Vec<String>,
}

impl Carried {
    /// Decides by the column's type.
    pub fn new(native: NativeColumn) -> Self {
        let kind = match native.data_type.as_str() {
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                Kind::Text { utf8: matches!(native.charset.as_deref(), Some("utf8mb4" | "utf8mb3" | "utf8")) }
            }
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Kind::Bytes,
            "enum" => Kind::Enum,
            "set" => Kind::Set,
            "bit" => Kind::Bits,
            "vector" => Kind::Vector,
            "decimal" | "numeric" | "float" | "double" | "real" | "year" | "date" | "time" | "datetime"
            | "timestamp" => Kind::Plain,
            _ if native.is_integer() => Kind::Plain,
            _ if native.is_geometry() => Kind::Shape,
            _ => Kind::Word,
        };
        let labels = if matches!(kind, Kind::Enum | Kind::Set) { native.labels() } else { Vec::new() };
        Self { native, kind, labels }
    }

    /// Whether values of the column's own type are equal for the server only if they are the same.
    pub fn has_exact_equality(&self) -> bool {
        matches!(self.kind, Kind::Plain | Kind::Bytes | Kind::Bits)
    }

    /// How much of it an index can hold, where it can't hold the whole.
    pub fn index_prefix(&self) -> Option<u64> {
        const MOST: u64 = 60;
        let length = self.native.characters.or(self.native.octets);
        (matches!(self.kind, Kind::Text { .. } | Kind::Bytes) && length.is_none_or(|length| length > MOST))
            .then_some(MOST)
    }

    /// Whether an index can hold it or a part of it.
    pub fn can_be_indexed(&self) -> bool {
        !matches!(self.kind, Kind::Shape | Kind::Vector) && self.native.data_type != "json"
    }

    /// How many rows are likely to have the same value, in comparison to other types: 0 for few.
    pub fn sameness(&self) -> u8 {
        match (&self.kind, self.native.data_type.as_str()) {
            (_, "datetime" | "timestamp" | "bigint" | "decimal" | "double" | "uuid") => 0,
            (Kind::Bytes, _) | (_, "int" | "date" | "time" | "float") => 1,
            (Kind::Text { .. }, _) => 2,
            _ => 3,
        }
    }

    /// Whether its table's column `at` is what the loaded `carried` says; also if both are NULL.
    pub fn same(&self, at: &str, carried: &str) -> String {
        if self.has_exact_equality() {
            format!("{at} <=> {carried}")
        } else {
            format!("{} <=> {carried}", self.printed(at))
        }
    }

    /// The bytes that an export reads of this expression.
    pub fn printed(&self, at: &str) -> String {
        format!("CAST({} AS BINARY)", self.native.projected(at))
    }

    /// What makes a value of the column's type of the bytes in `value`.
    pub fn made_of(&self, value: &str) -> String {
        match self.kind {
            Kind::Plain | Kind::Bytes | Kind::Vector | Kind::Text { utf8: true } => value.to_owned(),
            Kind::Text { utf8: false } | Kind::Word => format!("CONVERT({value} USING utf8mb4)"),
            Kind::Enum | Kind::Set | Kind::Bits => format!("CAST({value} AS UNSIGNED)"),
            Kind::Shape => {
                let text = format!("CONVERT({value} USING utf8mb4)");
                format!(
                    "ST_GeomFromText(SUBSTRING({text}, LOCATE(';', {text}) + 1), \
                     CAST(SUBSTRING_INDEX({text}, ';', 1) AS UNSIGNED))"
                )
            }
        }
    }

    /// Whether [`made_of`](Self::made_of) changes nothing.
    pub fn is_taken_as_sent(&self) -> bool {
        self.made_of("x") == "x"
    }

    /// Writes the bytes to send for a cell. False if it is NULL.
    ///
    /// # Errors
    /// In words, if the column can't hold the value.
    pub fn send(
        &self,
        cells: &Cells,
        row: usize,
        other: Option<&str>,
        form: Form,
        out: &mut String,
        bytes: &mut Vec<u8>,
    ) -> Result<bool, String> {
        if other.is_none() && cells.is_null(row) {
            return match form {
                Form::New if !self.native.nullable => Err("it can't be NULL".to_owned()),
                _ => Ok(false),
            };
        }
        out.clear();
        bytes.clear();
        match (cells, other) {
            (Cells::Bytes(array), None) => {
                let value = array.value(row);
                let padded = self.native.data_type == "binary"
                    && self.native.octets.is_some_and(|length| value.len() as u64 != length);
                if padded && form == Form::New {
                    return Err(format!("{} bytes would be padded with zeros", value.len()));
                }
                bytes.extend_from_slice(value);
                return Ok(true);
            }
            (_, Some(text)) => out.push_str(text),
            (Cells::Text(array), None) => out.push_str(array.value(row)),
            (Cells::Integer(array), None) if self.native.data_type == "year" => {
                // A year of one or two digits would be one of this century or the last.
                let _ = write!(out, "{:04}", array.value(row));
            }
            (Cells::Integer(array), None) => {
                let _ = write!(out, "{}", array.value(row));
            }
            // As 64 bits, which 32 bits are read from without loss.
            (Cells::Float32(array), None) => push_float(array.value(row).into(), out)?,
            (Cells::Float64(array), None) => push_float(array.value(row), out)?,
            (Cells::Timestamp(array, _), None) => out.push_str(&print_timestamp(array.value(row), false)),
            (Cells::Boolean(array), None) => out.push(if array.value(row) { '1' } else { '0' }),
            (cells, None) => out.push_str(&cells.print(row).unwrap_or_default()),
        }
        if form == Form::Printed {
            match other.filter(|_| matches!(self.kind, Kind::Text { .. } | Kind::Vector)).and_then(parse_bytes) {
                Some(raw) => bytes.extend_from_slice(&raw),
                None => bytes.extend_from_slice(out.as_bytes()),
            }
            return Ok(true);
        }
        match self.kind {
            Kind::Enum | Kind::Set | Kind::Bits => {
                let number = self.number(out)?;
                out.clear();
                let _ = write!(out, "{number}");
            }
            Kind::Shape => {
                let (system, shape) = match out.strip_prefix("SRID=").and_then(|rest| rest.split_once(';')) {
                    Some((system, shape)) => (system, shape),
                    None => ("0", out.as_str()),
                };
                *out = format!("{system};{shape}");
            }
            Kind::Text { .. } => {
                if other.is_some() {
                    return Err(format!("`{out}` is no text"));
                }
                if form == Form::New && self.native.data_type == "char" && out.ends_with(' ') {
                    return Err("CHAR drops the spaces at its end".to_owned());
                }
            }
            _ => {}
        }
        bytes.extend_from_slice(out.as_bytes());
        Ok(true)
    }

    /// The number by which a label, labels or bits are stored.
    fn number(&self, text: &str) -> Result<u64, String> {
        let label = |text: &str| {
            let at = self.labels.iter().position(|label| label == text);
            at.map(|at| at as u64).ok_or_else(|| format!("`{text}` is none of its labels"))
        };
        match self.kind {
            Kind::Enum => label(text).map(|at| at + 1),
            Kind::Set if text.is_empty() => Ok(0),
            Kind::Set => {
                let mut bits = 0u64;
                for part in text.split(',') {
                    let bit = 1u64.checked_shl(label(part)? as u32).unwrap_or(0);
                    // The server would store them in another order, or once.
                    if bit <= bits {
                        return Err(format!("`{text}` does not have its labels in their declared order"));
                    }
                    bits |= bit;
                }
                Ok(bits)
            }
            _ => {
                let width = self.native.precision.unwrap_or(1);
                if width == 1
                    && let Some(truth) = parse_boolean(text)
                {
                    return Ok(truth.into());
                }
                let whole = text.len() == width as usize;
                let bits = u64::from_str_radix(text, 2).ok().filter(|_| whole && !text.starts_with('+'));
                bits.ok_or_else(|| format!("`{text}` is not {width} bits"))
            }
        }
    }
}

fn push_float(value: f64, out: &mut String) -> Result<(), String> {
    if !value.is_finite() {
        return Err(format!("{value} is no number here"));
    }
    let _ = write!(out, "{value:?}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{PortableBuilder, PortableType};

    fn carried(data_type: &str, column_type: &str) -> Carried {
        Carried::new(NativeColumn {
            data_type: data_type.into(),
            column_type: column_type.into(),
            ..NativeColumn::default()
        })
    }

    fn sent(column: &Carried, ty: &PortableType, text: &str, form: Form) -> Result<Option<Vec<u8>>, String> {
        let mut builder = PortableBuilder::new(ty);
        builder.parse(text);
        let (array, others) = builder.finish();
        let (mut scratch, mut bytes) = (String::new(), Vec::new());
        let other = others.first().map(|(_, text)| text.as_str());
        let cells = Cells::new(&array).unwrap();
        column.send(&cells, 0, other, form, &mut scratch, &mut bytes).map(|is| is.then_some(bytes))
    }

    fn word(column: &Carried, ty: &PortableType, text: &str) -> Result<String, String> {
        sent(column, ty, text, Form::New).map(|bytes| String::from_utf8(bytes.unwrap()).unwrap())
    }

    #[test]
    fn labels_go_by_their_number() {
        let one = carried("enum", "enum('x','2','y')");
        assert_eq!(word(&one, &PortableType::Printed, "y"), Ok("3".into()));
        assert_eq!(word(&one, &PortableType::Printed, "2"), Ok("2".into()));
        // The server would take these for the first label.
        assert!(word(&one, &PortableType::Printed, "1").is_err());
        assert!(word(&one, &PortableType::Printed, "X").is_err());
        let many = carried("set", "set('p','q','r')");
        assert_eq!(word(&many, &PortableType::Printed, "p,r"), Ok("5".into()));
        assert_eq!(word(&many, &PortableType::Printed, ""), Ok("0".into()));
        assert!(word(&many, &PortableType::Printed, "r,p").is_err());
        assert!(word(&many, &PortableType::Printed, "p,p").is_err());
    }

    #[test]
    fn bits_go_as_a_number() {
        let bits = |width| Carried::new(NativeColumn { precision: Some(width), ..carried("bit", "bit").native });
        assert_eq!(word(&bits(8), &PortableType::Printed, "00000101"), Ok("5".into()));
        assert!(word(&bits(8), &PortableType::Printed, "101").is_err());
        assert_eq!(word(&bits(1), &PortableType::Printed, "true"), Ok("1".into()));
        assert_eq!(word(&bits(64), &PortableType::Printed, &"1".repeat(64)), Ok(u64::MAX.to_string()));
    }

    #[test]
    fn numbers_keep_every_digit() {
        assert_eq!(word(&carried("float", "float"), &PortableType::Float32, "0.1"), Ok("0.10000000149011612".into()));
        assert_eq!(word(&carried("double", "double"), &PortableType::Float64, "1e308"), Ok("1e308".into()));
        assert!(word(&carried("double", "double"), &PortableType::Float64, "NaN").is_err());
        assert_eq!(word(&carried("year", "year(4)"), &PortableType::Integer, "0"), Ok("0000".into()));
    }

    #[test]
    fn what_the_server_would_change_silently_is_refused() {
        let fixed = Carried::new(NativeColumn { octets: Some(4), ..carried("binary", "binary(4)").native });
        assert!(sent(&fixed, &PortableType::Bytes, "ab", Form::New).is_err());
        assert_eq!(sent(&fixed, &PortableType::Bytes, "abcd", Form::New), Ok(Some(b"abcd".to_vec())));
        assert!(word(&carried("char", "char(4)"), &PortableType::Text, "ab ").is_err());
        assert_eq!(word(&carried("varchar", "varchar(4)"), &PortableType::Text, "ab "), Ok("ab ".into()));
    }

    #[test]
    fn values_that_are_no_dates_go_as_they_are_printed() {
        let date = carried("date", "date");
        assert_eq!(word(&date, &PortableType::Date, "0000-00-00"), Ok("0000-00-00".into()));
        let ty = PortableType::Instant { precision: 3 };
        assert_eq!(
            word(&carried("timestamp", "timestamp(3)"), &ty, "2024-05-06 07:08:09.5Z"),
            Ok("2024-05-06 07:08:09.5".into())
        );
    }

    #[test]
    fn shapes_carry_their_reference_system() {
        let point = carried("point", "point");
        assert_eq!(word(&point, &PortableType::Printed, "POINT(1 2)"), Ok("0;POINT(1 2)".into()));
        assert_eq!(word(&point, &PortableType::Printed, "SRID=4326;POINT(1 2)"), Ok("4326;POINT(1 2)".into()));
        assert_eq!(sent(&point, &PortableType::Printed, "POINT(1 2)", Form::Printed), Ok(Some(b"POINT(1 2)".to_vec())));
    }

    #[test]
    fn text_is_compared_by_its_bytes() {
        assert_eq!(carried("int", "int").same("t.`a`", "w.`b0`"), "t.`a` <=> w.`b0`");
        let text = carried("varchar", "varchar(9)");
        assert_eq!(text.same("t.`a`", "w.`b0`"), "CAST(t.`a` AS BINARY) <=> w.`b0`");
    }
}
