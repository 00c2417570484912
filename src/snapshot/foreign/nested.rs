//! Lists, structs and maps as JSON.
//!
//! A list is an array, a struct an object, a map an object too, if its keys are text and each is
//! there once, else an array of pairs. Numbers keep all of their digits; what JSON has no number
//! for (`NaN`, `Infinity`) is a string, and so are times, UUIDs and bytes (`\x…`), as trueup
//! prints them. NULL is `null`.

use super::convert::convert;
use super::shape::Shape;
use crate::table::{Cells, PortableType};
use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringBuilder, StructArray};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The JSON of a column of lists, structs or maps.
pub(super) fn write_json(array: &ArrayRef, shape: &Shape) -> Result<ArrayRef, ArrowError> {
    let values = Node::new(array, shape)?;
    let (mut out, mut text) = (StringBuilder::new(), String::new());
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
            continue;
        }
        text.clear();
        values.write(row, &mut text);
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

/// Values that are ready to be written, one by one.
enum Node {
    Leaf { ty: PortableType, cells: Cells, others: HashMap<usize, String> },
    List { array: ArrayRef, ranges: Vec<(usize, usize)>, items: Box<Node> },
    Struct { array: ArrayRef, names: Vec<String>, members: Vec<Node>, unique: bool },
    Map { array: ArrayRef, ranges: Vec<(usize, usize)>, keys: Box<Node>, values: Box<Node> },
}

impl Node {
    fn new(array: &ArrayRef, shape: &Shape) -> Result<Self, ArrowError> {
        let wrong =
            || ArrowError::CastError(format!("{} is not what its column's other values are", array.data_type()));
        Ok(match shape {
            Shape::List(item) => {
                let (items, ranges) = elements(array).ok_or_else(wrong)?;
                Self::List { array: Arc::clone(array), ranges, items: Box::new(Self::new(&items, item)?) }
            }
            Shape::Struct(fields) => {
                let values: &StructArray = array.as_struct_opt().ok_or_else(wrong)?;
                if values.num_columns() != fields.len() {
                    return Err(wrong());
                }
                let members = values.columns().iter().zip(fields).map(|(array, (_, shape))| Self::new(array, shape));
                let members = members.collect::<Result<_, _>>()?;
                let names: Vec<String> = fields.iter().map(|(name, _)| name.clone()).collect();
                let unique = names.iter().collect::<BTreeSet<_>>().len() == names.len();
                Self::Struct { array: Arc::clone(array), names, members, unique }
            }
            Shape::Map(shapes) => {
                let map: &MapArray = array.as_map_opt().ok_or_else(wrong)?;
                let ranges = map.value_offsets().windows(2).map(|pair| (pair[0] as usize, pair[1] as usize)).collect();
                let [keys, values] = shapes.as_ref();
                let (keys, values) = (Self::new(map.keys(), keys)?, Self::new(map.values(), values)?);
                Self::Map { array: Arc::clone(array), ranges, keys: Box::new(keys), values: Box::new(values) }
            }
            leaf => {
                let (values, others) = convert(array, leaf)?;
                let cells = Cells::new(&values).ok_or_else(wrong)?;
                let others = others.into_iter().map(|(row, text)| (row as usize, text)).collect();
                Self::Leaf { ty: leaf.ty(), cells, others }
            }
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Leaf { cells, others, .. } => cells.is_null(row) && !others.contains_key(&row),
            Self::List { array, .. } | Self::Struct { array, .. } | Self::Map { array, .. } => array.is_null(row),
        }
    }

    fn write(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            return out.push_str("null");
        }
        match self {
            Self::Leaf { ty, cells, others } => match (others.get(&row), cells.print(row)) {
                (Some(text), _) => push_string(text, out),
                (None, Some(text)) => push_value(ty, &text, out),
                (None, None) => out.push_str("null"),
            },
            Self::List { ranges, items, .. } => {
                let (from, to) = ranges[row];
                sequence(from..to, ['[', ']'], out, |at, out| items.write(at, out));
            }
            Self::Struct { names, members, unique: true, .. } => {
                sequence(0..names.len(), ['{', '}'], out, |at, out| {
                    push_string(&names[at], out);
                    out.push(':');
                    members[at].write(row, out);
                });
            }
            // Members that an object could not tell apart.
            Self::Struct { names, members, .. } => sequence(0..names.len(), ['[', ']'], out, |at, out| {
                pair(out, |out| push_string(&names[at], out), |out| members[at].write(row, out));
            }),
            Self::Map { ranges, keys, values, .. } => {
                let (from, to) = ranges[row];
                match keys.names(from..to) {
                    Some(names) => sequence(from..to, ['{', '}'], out, |at, out| {
                        push_string(&names[at - from], out);
                        out.push(':');
                        values.write(at, out);
                    }),
                    None => sequence(from..to, ['[', ']'], out, |at, out| {
                        pair(out, |out| keys.write(at, out), |out| values.write(at, out));
                    }),
                }
            }
        }
    }

    /// These values, if they are text and each is there once.
    fn names(&self, range: std::ops::Range<usize>) -> Option<Vec<String>> {
        let Self::Leaf { ty: PortableType::Text, cells, .. } = self else { return None };
        let names: Vec<String> = range.map(|row| cells.print(row)).collect::<Option<_>>()?;
        (names.iter().collect::<BTreeSet<_>>().len() == names.len()).then_some(names)
    }
}

/// The elements of all lists, and which of them each has.
fn elements(array: &ArrayRef) -> Option<(ArrayRef, Vec<(usize, usize)>)> {
    macro_rules! offsets {
        ($list:expr) => {{
            let list = $list;
            let ranges = list.value_offsets().windows(2).map(|pair| (pair[0] as usize, pair[1] as usize)).collect();
            Some((Arc::clone(list.values()), ranges))
        }};
    }
    macro_rules! views {
        ($list:expr) => {{
            let list = $list;
            let sizes = list.value_offsets().iter().zip(list.value_sizes());
            let ranges = sizes.map(|(at, size)| (*at as usize, (*at + *size) as usize)).collect();
            Some((Arc::clone(list.values()), ranges))
        }};
    }
    match array.data_type() {
        DataType::List(_) => offsets!(array.as_list::<i32>()),
        DataType::LargeList(_) => offsets!(array.as_list::<i64>()),
        DataType::ListView(_) => views!(array.as_list_view::<i32>()),
        DataType::LargeListView(_) => views!(array.as_list_view::<i64>()),
        DataType::FixedSizeList(_, size) => {
            let (list, size) = (array.as_fixed_size_list(), *size as usize);
            let first = list.value_offset(0) as usize;
            let ranges = (0..list.len()).map(|row| (first + row * size, first + (row + 1) * size)).collect();
            Some((Arc::clone(list.values()), ranges))
        }
        _ => None,
    }
}

fn sequence(
    range: std::ops::Range<usize>,
    [open, close]: [char; 2],
    out: &mut String,
    mut write: impl FnMut(usize, &mut String),
) {
    out.push(open);
    for (i, at) in range.enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(at, out);
    }
    out.push(close);
}

fn pair(out: &mut String, first: impl FnOnce(&mut String), second: impl FnOnce(&mut String)) {
    out.push('[');
    first(out);
    out.push(',');
    second(out);
    out.push(']');
}

/// A printed value of this type.
fn push_value(ty: &PortableType, text: &str, out: &mut String) {
    let bare = match ty {
        PortableType::Boolean | PortableType::Integer | PortableType::Unsigned | PortableType::Decimal { .. } => true,
        PortableType::Float32 | PortableType::Float64 => !matches!(text, "NaN" | "Infinity" | "-Infinity"),
        PortableType::Json => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
        _ => false,
    };
    if bare { out.push_str(text) } else { push_string(text, out) }
}

fn push_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
