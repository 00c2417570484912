//! A table as a Parquet file.

use crate::oracle::case::{Column, Side};
use crate::oracle::form::Form;
use crate::oracle::value::Value;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use std::path::Path;
use std::sync::Arc;

pub fn write(side: &Side, path: &Path) {
    let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
    for (at, column) in side.columns.iter().enumerate() {
        let array = array(column, &side.rows.iter().map(|row| row[at].meant()).collect::<Vec<_>>(), side, at);
        fields.push(Field::new(&column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn array(column: &Column, values: &[&Value], side: &Side, at: usize) -> ArrayRef {
    let wrong = |value: &Value| -> ! { panic!("{value:?} is no {:?}", column.form) };
    match column.form {
        Form::Int { bits } => {
            let whole = |value: &&Value| match value {
                Value::Null => None,
                Value::Number { digits, scale: 0 } => Some(i64::try_from(*digits).unwrap()),
                other => wrong(other),
            };
            let array: ArrayRef = Arc::new(values.iter().map(whole).collect::<Int64Array>());
            let ty = match bits {
                16 => DataType::Int16,
                32 => DataType::Int32,
                _ => DataType::Int64,
            };
            cast(&array, &ty).unwrap()
        }
        Form::Decimal { precision, scale } => {
            let digits = |value: &&Value| match value {
                Value::Null => None,
                Value::Number { digits, scale: own } => Some(digits * 10_i128.pow(u32::from(scale) - own)),
                other => wrong(other),
            };
            let array = values.iter().map(digits).collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(precision, i8::try_from(scale).unwrap()).unwrap())
        }
        Form::Float => Arc::new(
            values
                .iter()
                .map(|value| match value {
                    Value::Null => None,
                    Value::Float(float) => Some(*float),
                    other => wrong(other),
                })
                .collect::<Float64Array>(),
        ),
        Form::Truth => Arc::new(
            values
                .iter()
                .map(|value| match value {
                    Value::Null => None,
                    Value::Truth(truth) => Some(*truth),
                    other => wrong(other),
                })
                .collect::<BooleanArray>(),
        ),
        Form::Day => Arc::new(
            values
                .iter()
                .map(|value| match value {
                    Value::Null => None,
                    Value::Day(day) => Some(i32::try_from(*day).unwrap()),
                    other => wrong(other),
                })
                .collect::<Date32Array>(),
        ),
        Form::Clock(digits) => {
            let array: ArrayRef =
                Arc::new(values.iter().map(|value| micros(value)).collect::<Time64MicrosecondArray>());
            let ty = if digits == 3 { DataType::Time32(TimeUnit::Millisecond) } else { array.data_type().clone() };
            cast(&array, &ty).unwrap()
        }
        Form::Moment(digits) | Form::Instant(digits) => {
            let array: ArrayRef =
                Arc::new(values.iter().map(|value| micros(value)).collect::<TimestampMicrosecondArray>());
            let unit = if digits == 3 { TimeUnit::Millisecond } else { TimeUnit::Microsecond };
            let zone = matches!(column.form, Form::Instant(_)).then(|| "UTC".into());
            cast(&array, &DataType::Timestamp(unit, zone)).unwrap()
        }
        Form::Text => {
            let text = |row: &Vec<Value>| match &row[at] {
                Value::Null => None,
                Value::Text(text) | Value::Written { text, .. } => Some(text.clone()),
                other => wrong(other),
            };
            Arc::new(side.rows.iter().map(text).collect::<StringArray>())
        }
        Form::Bytes => Arc::new(
            values
                .iter()
                .map(|value| match value {
                    Value::Null => None,
                    Value::Bytes(bytes) => Some(bytes.clone()),
                    other => wrong(other),
                })
                .collect::<BinaryArray>(),
        ),
        Form::Untyped | Form::Uuid | Form::Json | Form::List | Form::Bits => {
            panic!("Parquet has no {:?} here", column.form)
        }
    }
}

fn micros(value: &Value) -> Option<i64> {
    match value {
        Value::Null => None,
        Value::Clock(micros) | Value::Moment(micros) | Value::Instant(micros) => Some(*micros),
        other => panic!("{other:?} is no time"),
    }
}
