//! The columns that several files make up together, and where in each of them they are.

use super::convert::{cast, convert};
use super::file::{FileColumns, OwnColumn};
use super::moments::Values;
use super::shape::Shape;
use super::widen::widen;
use super::{Constant, PartSource};
use crate::endpoint::file::Inference;
use crate::snapshot::error::SnapshotError;
use crate::table::{Column, PortableBuilder, PortableType};
use arrow::array::{RecordBatch, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::error::ArrowError;
use std::path::Path;

/// Names that a note lists at most.
const NAMED: usize = 3;

/// Where a file has a column of the table.
#[derive(Clone, Debug)]
pub(in crate::snapshot) enum Place {
    /// The file's column at this position.
    Column(usize, Shape),
    /// In the name of its folder, or in a log.
    Constant(Option<String>),
    /// Nowhere: its rows have NULL.
    Missing,
}

/// The columns of all files together, and what a person should know of them.
pub(in crate::snapshot) fn unite(
    sources: &[PartSource],
    files: &[FileColumns],
) -> Result<(Vec<Column>, Vec<String>), SnapshotError> {
    let mut columns: Vec<United<'_>> = Vec::new();
    for (source, file) in sources.iter().zip(files) {
        for own in &file.columns {
            match columns.iter_mut().find(|united| united.column.name == own.column.name) {
                Some(united) => united.join(own, &source.path)?,
                None => columns.push(United::new(own, &source.path)),
            }
        }
    }
    let mut notes = Vec::new();
    for united in &mut columns {
        let name = &united.column.name;
        let missing: Vec<String> = sources
            .iter()
            .zip(files)
            .filter(|(_, file)| !file.columns.iter().any(|own| own.column.name == *name))
            .map(|(source, _)| file_name(&source.path))
            .collect();
        if !missing.is_empty() {
            united.column.nullable = true;
            notes.push(format!("`{name}` is not in {}: it is NULL in the rows from there", some(&missing)));
        }
    }
    let mut columns: Vec<Column> = columns.into_iter().map(|united| united.column).collect();
    for name in constants(sources) {
        if columns.iter().any(|column| column.name == name) {
            let text =
                format!("`{name}` is in the files and in the names of their folders: the files' values are read");
            notes.push(text);
            continue;
        }
        columns.push(constant_column(&name, sources));
    }
    Ok((columns, notes))
}

/// The names of all constants, in their order.
fn constants(sources: &[PartSource]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for constant in sources.iter().flat_map(|source| &source.constants) {
        if !names.contains(&constant.name) {
            names.push(constant.name.clone());
        }
    }
    names
}

fn constant_column(name: &str, sources: &[PartSource]) -> Column {
    let mut inference = Inference::default();
    let values = sources.iter().flat_map(|source| &source.constants).filter(|constant| constant.name == name);
    values.filter_map(|constant| constant.value.as_deref()).for_each(|value| inference.see(value));
    // A folder's name is text, whatever digits it is made of.
    let ty = if inference.ty() == PortableType::Bytes { PortableType::Text } else { inference.ty() };
    Column::new(name, ty, "a folder's name")
}

/// A column on its way through the files.
struct United<'a> {
    column: Column,
    /// Whether no file so far has had a value of it.
    null: bool,
    /// The file that its type is from.
    first: &'a Path,
}

impl<'a> United<'a> {
    fn new(own: &OwnColumn, path: &'a Path) -> Self {
        Self { column: own.column.clone(), null: own.shape.is_null(), first: path }
    }

    fn join(&mut self, own: &OwnColumn, path: &'a Path) -> Result<(), SnapshotError> {
        let nullable = self.column.nullable || own.column.nullable;
        if own.shape.is_null() {
        } else if self.null {
            *self = Self::new(own, path);
        } else {
            let ty = widen(&self.column, &own.column).ok_or_else(|| SnapshotError::Types {
                column: self.column.name.clone(),
                files: Box::new([self.first.display().to_string(), path.display().to_string()]),
                types: Box::new([self.column.native.clone(), own.column.native.clone()]),
            })?;
            if ty != self.column.ty {
                if ty == own.column.ty {
                    self.column.native.clone_from(&own.column.native);
                    self.first = path;
                } else {
                    self.column.native = format!("{} and {}", self.column.native, own.column.native);
                }
                self.column.ty = ty;
            }
        }
        self.column.nullable = nullable;
        Ok(())
    }
}

/// Where a file has each of these columns.
pub(in crate::snapshot) fn places(columns: &[Column], file: &FileColumns, constants: &[Constant]) -> Vec<Place> {
    let place = |column: &Column| {
        if let Some(at) = file.columns.iter().position(|own| own.column.name == column.name) {
            return Place::Column(at, file.columns[at].shape.clone());
        }
        match constants.iter().find(|constant| constant.name == column.name) {
            Some(constant) => Place::Constant(constant.value.clone()),
            None => Place::Missing,
        }
    };
    columns.iter().map(place).collect()
}

/// A column's values in a batch of a file's rows.
pub(in crate::snapshot) fn values(column: &Column, place: &Place, batch: &RecordBatch) -> Result<Values, ArrowError> {
    let (rows, ty) = (batch.num_rows(), column.ty.arrow());
    match place {
        Place::Column(_, shape) => {
            let array = batch.column_by_name(&column.name);
            let array = array.ok_or_else(|| ArrowError::SchemaError("it is not there".to_owned()))?;
            let (values, others) = convert(array, shape)?;
            Ok((cast(&values, &ty)?, others))
        }
        Place::Constant(Some(text)) => {
            let mut builder = PortableBuilder::new(&column.ty);
            builder.parse(text);
            let (one, others) = builder.finish();
            let all = take(&one, &UInt32Array::from(vec![0; rows]), None)?;
            let other = others.first().map(|(_, text)| text.clone());
            Ok((all, other.map_or_else(Vec::new, |text| (0..rows as u32).map(|row| (row, text.clone())).collect())))
        }
        Place::Constant(None) | Place::Missing => Ok((new_null_array(&ty, rows), Vec::new())),
    }
}

/// `a, b, c and 4 more`.
pub(super) fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
