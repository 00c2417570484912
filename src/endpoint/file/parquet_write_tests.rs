use super::*;
use crate::endpoint::ExportBatch;
use crate::table::{Cells, PortableBuilder};
use arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Int32Array, LargeStringArray,
    ListArray, StringViewArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt8Array,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;

fn file() -> RecordBatch {
    let words: DictionaryArray<Int32Type> = vec![Some("a"), Some("b"), None].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None, Some(vec![])]);
    let zoned = TimestampMillisecondArray::from(vec![Some(0), Some(1_500), None]).with_timezone("Europe/Berlin");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int32Array::from(vec![1, 2, 3]))),
        ("small", Arc::new(UInt8Array::from(vec![Some(255), None, Some(0)]))),
        ("word", Arc::new(words)),
        ("large", Arc::new(LargeStringArray::from(vec![Some(""), None, Some("x")]))),
        ("view", Arc::new(StringViewArray::from(vec!["long enough to be kept apart", "b", "c"]))),
        (
            "price",
            Arc::new(Decimal128Array::from(vec![Some(100), None, Some(-1)]).with_precision_and_scale(9, 2).unwrap()),
        ),
        ("at", Arc::new(zoned)),
        ("nanos", Arc::new(TimestampNanosecondArray::from(vec![Some(1), None, Some(-1)]))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(-1), None]))),
        ("raw", Arc::new(FixedSizeBinaryArray::try_from_iter([[1u8, 2], [3, 4], [5, 6]].into_iter()).unwrap())),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("list", Arc::new(lists)),
    ];
    let field = |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), *name != "id");
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn columns() -> Vec<Column> {
    use PortableType as T;
    let types = [
        ("id", T::Integer),
        ("small", T::Integer),
        ("word", T::Text),
        ("large", T::Text),
        ("view", T::Text),
        ("price", T::Decimal { precision: Some(9), scale: 2 }),
        ("at", T::Instant { precision: 3 }),
        ("nanos", T::Timestamp { precision: 6 }),
        ("day", T::Date),
        ("raw", T::Bytes),
        ("flag", T::Boolean),
        ("list", T::Printed),
    ];
    types.into_iter().map(|(name, ty)| Column::new(name, ty, "")).collect()
}

const NEW: [&str; 12] = [
    "9",
    "7",
    "new",
    "l",
    "v",
    "12.50",
    "2024-05-06 07:08:09.5Z",
    "2024-05-06 07:08:09.123456",
    "2024-02-29",
    "ab",
    "true",
    "",
];

fn values(texts: [&str; 12]) -> ExportBatch {
    let columns = columns();
    let fields: Vec<Field> = columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    let build = |(column, text): (&Column, &str)| {
        let mut builder = PortableBuilder::new(&column.ty);
        if text.is_empty() {
            builder.null()
        } else {
            builder.parse(text)
        }
        builder.finish()
    };
    ExportBatch::new(&Arc::new(Schema::new(fields)), columns.iter().zip(texts).map(build).collect()).unwrap()
}

fn new_row(columns: impl IntoIterator<Item = usize>) -> NewRow {
    NewRow { batch: 0, row: 0, columns: columns.into_iter().collect() }
}

fn rewritten(edits: &Edits) -> Result<(RecordBatch, Arc<ParquetMetaData>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let batch = file();
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_key_value_metadata(Some(vec![KeyValue::new("owner".to_owned(), "us".to_owned())]))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let original = Original::open(&path).unwrap();
    let draft = rewrite_parquet(&original, &columns(), edits).map_err(|error| error.to_string())?;
    draft.commit(&original).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
    let metadata = Arc::clone(builder.metadata());
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    Ok((arrow::compute::concat_batches(&schema, &batches).unwrap(), metadata))
}

fn printed(batch: &RecordBatch, row: usize) -> Vec<Option<String>> {
    let print = |(array, column): (&ArrayRef, &Column)| {
        if column.ty == PortableType::Printed || array.is_null(row) {
            return None;
        }
        Cells::new(&convert(array, &column.ty.arrow()).unwrap()).unwrap().print(row)
    };
    batch.columns().iter().zip(&columns()).map(print).collect()
}

#[test]
fn the_file_keeps_its_form() {
    let (same, metadata) = rewritten(&Edits::default()).unwrap();
    assert_eq!((same.schema().fields(), same.columns()), (file().schema().fields(), file().columns()));
    assert_eq!(metadata.row_group(0).column(2).compression(), Compression::SNAPPY);
    let pairs = metadata.file_metadata().key_value_metadata().unwrap();
    assert_eq!(pairs.iter().filter(|pair| pair.key == "owner" && pair.value.as_deref() == Some("us")).count(), 1);
}

#[test]
fn rows_change_go_and_come() {
    let edits = Edits {
        values: vec![values(NEW)],
        changed: [(1, new_row(1..11)), (2, new_row([5]))].into(),
        dropped: [0].into(),
        added: vec![new_row(0..11), new_row([0, 4])],
    };
    let (batch, _) = rewritten(&edits).unwrap();
    let old = file();
    assert_eq!((batch.schema().fields(), batch.num_rows()), (old.schema().fields(), 4));
    let new: Vec<Option<String>> =
        NEW.iter().map(|text| Some((*text).to_owned()).filter(|text| !text.is_empty())).collect();
    let mut new = new;
    new[9] = Some("\\x6162".to_owned());
    assert_eq!(printed(&batch, 0)[1..], new[1..]);
    assert_eq!(printed(&batch, 2), new);
    for column in 0..batch.num_columns() {
        let (now, before) = (batch.column(column), old.column(column));
        // Nanoseconds too stay what they were.
        if column != 5 {
            assert_eq!(now.slice(1, 1).to_data(), before.slice(2, 1).to_data(), "column {column}");
        }
        assert_eq!(now.is_null(3), ![0, 4].contains(&column));
    }
    assert_eq!(printed(&batch, 1)[5], Some("12.50".to_owned()));
}

#[test]
fn what_does_not_fit_exactly_is_an_error() {
    let wrong = |column: usize, text: &'static str| {
        let mut texts = NEW;
        texts[column] = text;
        let edits = Edits { values: vec![values(texts)], changed: [(0, new_row([column]))].into(), ..Edits::default() };
        rewritten(&edits).map(|_| ()).unwrap_err()
    };
    for (column, text, why) in [
        (0, "3000000000", "column `id`: `3000000000` is no Int32"),
        (1, "256", "column `small`"),
        (6, "2024-05-06 07:08:09.1234Z", "column `at`"),
        (7, "2300-01-01 00:00:00", "column `nanos`"),
        (9, "abc", "column `raw`"),
        (11, "[1]", "can be read, but not written"),
        (0, "", "column `id` must not be NULL"),
        (5, "n/a", "`n/a` is none of its values"),
    ] {
        assert!(wrong(column, text).contains(why), "{}", wrong(column, text));
    }
}

#[test]
fn what_microseconds_cannot_hold_comes_back() {
    let moment =
        |text: &str, zone: Option<&str>| nanos(text, &DataType::Timestamp(TimeUnit::Nanosecond, zone.map(Into::into)));
    assert_eq!(moment("1970-01-01 00:00:00.000001001", None), Some(1_001));
    assert_eq!(moment("1969-12-31 23:59:59.999999999Z", Some("UTC")), Some(-1));
    assert_eq!(nanos("00:00:00.00000012", &DataType::Time64(TimeUnit::Nanosecond)), Some(120));
    for (text, zone) in
        [("n/a", None), ("1970-01-01 00:00:00.000001001", Some("UTC")), ("9999-01-01 00:00:00.0000001", None)]
    {
        assert_eq!(moment(text, zone), None, "{text}");
    }
    let texts = |text: &'static str| {
        let mut texts = NEW;
        texts[7] = text;
        texts
    };
    let edits = Edits {
        values: vec![values(texts("2024-05-06 07:08:09.123456789"))],
        changed: [(0, new_row([7]))].into(),
        added: vec![new_row([0, 7])],
        ..Edits::default()
    };
    let (batch, _) = rewritten(&edits).unwrap();
    let nanos = cast(batch.column(7), &DataType::Int64).unwrap();
    let nanos: Vec<Option<i64>> = nanos.as_primitive::<Int64Type>().iter().collect();
    let new = Some(1_714_979_289_123_456_789);
    assert_eq!(nanos, [new, None, Some(-1), new]);
}

#[test]
fn uuids_are_written_as_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let ids: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter([[1u8; 16], [2; 16]].iter()).unwrap());
    let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let columns = [Column::new("id", PortableType::Uuid, "uuid")];
    let mut builder = PortableBuilder::new(&PortableType::Uuid);
    builder.parse("00010203-0405-0607-0809-0A0B0C0D0E0F");
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Utf8, true)]));
    let values = ExportBatch::new(&schema, vec![builder.finish()]).unwrap();
    let edits = Edits { values: vec![values], changed: [(1, new_row([0]))].into(), ..Edits::default() };
    let original = Original::open(&path).unwrap();
    rewrite_parquet(&original, &columns, &edits).unwrap().commit(&original).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    let ids = batch.column(0).as_fixed_size_binary();
    assert_eq!(ids.value(0), [1; 16]);
    assert!(ids.value(1).iter().copied().eq(0..16));
}

#[test]
fn files_that_others_tell_of_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let batch = file();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path
    };
    let error = |path: &Path| {
        let original = Original::open(path).unwrap();
        rewrite_parquet(&original, &columns(), &Edits::default()).map(|_| ()).map_err(|error| error.to_string())
    };
    let (live, part) = (write("delta/day=1/a.parquet"), write("snapshot/rows-0.parquet"));
    assert_eq!((error(&live), error(&part)), (Ok(()), Ok(())));
    std::fs::create_dir(folder.path().join("delta/_delta_log")).unwrap();
    assert!(error(&live).unwrap_err().contains("Delta table"));
    std::fs::write(folder.path().join("snapshot/manifest.json"), "{\"entries\": []}").unwrap();
    assert_eq!(error(&part), Ok(()), "a manifest of somebody else");
    std::fs::write(folder.path().join("snapshot/manifest.json"), "{\"written_by\": \"trueup 9\"}").unwrap();
    assert!(error(&part).unwrap_err().contains("part of a snapshot"));
}

#[test]
fn decimals_are_written_however_they_were_stored() {
    use parquet::data_type::{ByteArray, FixedLenByteArray, FixedLenByteArrayType};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    let folder = tempfile::tempdir().unwrap();
    for (digits, bytes) in [(5, 3), (9, 4), (9, 16), (18, 8), (19, 9), (38, 16)] {
        let path = folder.path().join("t.parquet");
        let message = format!("message m {{ required fixed_len_byte_array({bytes}) w (DECIMAL({digits}, 2)); }}");
        let schema = Arc::new(parse_message_type(&message).unwrap());
        let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let value = i128::from(-12345).to_be_bytes()[16 - bytes..].to_vec();
        let value = FixedLenByteArray::from(ByteArray::from(value));
        column.typed::<FixedLenByteArrayType>().write_batch(&[value], None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.close().unwrap();
        let original = Original::open(&path).unwrap();
        let columns = [Column::new("w", PortableType::Decimal { precision: Some(digits), scale: 2 }, "")];
        let draft = rewrite_parquet(&original, &columns, &Edits::default());
        if (digits, bytes) == (9, 16) {
            assert!(draft.unwrap_err().to_string().contains("stored in an old way"));
            continue;
        }
        draft.unwrap().commit(&original).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap().build();
        let batch = reader.unwrap().next().unwrap().unwrap();
        let values = batch.column(0).as_primitive::<arrow::datatypes::Decimal128Type>();
        assert_eq!((values.value(0), values.scale()), (-12345, 2), "{message}");
    }
}

#[test]
fn what_is_stored_in_an_old_way_is_left_alone() {
    use parquet::data_type::{Int96, Int96Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let schema = Arc::new(parse_message_type("message m { required int96 at; }").unwrap());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int96Type>().write_batch(&[Int96::new()], None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let original = Original::open(&path).unwrap();
    let columns = [Column::new("at", PortableType::Timestamp { precision: 6 }, "")];
    let error = rewrite_parquet(&original, &columns, &Edits::default()).unwrap_err().to_string();
    assert!(error.contains("`at` is stored in an old way"), "{error}");
}
