use crate::snapshot::{Parts, SnapshotError, adopt_parquet};
use crate::table::{Cells, PortableType, TableInfo};
use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, DurationMicrosecondArray, FixedSizeBinaryArray, Float64Array, Int32Array,
    Int64Array, ListArray, MapBuilder, MapFieldNames, NullArray, RecordBatch, StringArray, StringBuilder, StructArray,
    TimestampMillisecondArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::data_type::{ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

type Rows = Vec<Vec<Option<String>>>;

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    write_with(path, columns, WriterProperties::builder().build());
}

fn write_with(path: &Path, columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = batch.unwrap();
    let file = File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn ints(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn all(parts: &Parts) -> Rows {
    let projection: Vec<usize> = (0..parts.columns().len()).collect();
    let mut rows = Vec::new();
    parts
        .each(&projection, &mut |batch| {
            let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
            for row in 0..batch.rows.num_rows() {
                let cell = |(at, cells): (usize, &Cells)| match batch.other(row, at) {
                    Some(text) => Some(format!("other {text}")),
                    None => cells.print(row),
                };
                rows.push(cells.iter().enumerate().map(cell).collect());
            }
            Ok(())
        })
        .unwrap();
    rows
}

fn read(path: &Path) -> (Rows, TableInfo) {
    let snapshot = adopt_parquet(path).unwrap();
    (all(&snapshot.parts), snapshot.manifest.table)
}

/// The printed values of one column.
fn column(array: ArrayRef) -> (Vec<Option<String>>, PortableType) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, vec![("c", array)]);
    let (rows, table) = read(&path);
    (rows.into_iter().map(|mut row| row.remove(0)).collect(), table.columns[0].ty.clone())
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

fn error(path: &Path) -> String {
    adopt_parquet(path).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_folder_has_the_columns_of_all_its_parts() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("2023.parquet"), vec![("id", ints(&[1, 2]))]);
    write(&folder.path().join("2024.parquet"), vec![("id", ints(&[3])), ("status", texts(&["paid"]))]);
    let (rows, table) = read(folder.path());
    assert_eq!(rows, [vec![Some("1".into()), None], vec![Some("2".into()), None], some(&["3", "paid"])]);
    assert_eq!(table.notes, ["`status` is not in 2023.parquet: it is NULL in the rows from there"]);
    assert!(table.columns[1].nullable);
}

#[test]
fn types_are_widened_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.parquet", "b.parquet"].map(|name| folder.path().join(name));
    let decimals = Decimal128Array::from(vec![150]).with_precision_and_scale(10, 2).unwrap();
    write(
        &a,
        vec![
            ("n", Arc::new(Int32Array::from(vec![1]))),
            ("d", ints(&[5])),
            ("at", Arc::new(TimestampMillisecondArray::from(vec![1]))),
            ("none", Arc::new(NullArray::new(1))),
        ],
    );
    write(
        &b,
        vec![
            ("n", ints(&[i64::MAX])),
            ("d", Arc::new(decimals)),
            ("at", Arc::new(TimestampNanosecondArray::from(vec![1_000]))),
            ("none", texts(&["x"])),
        ],
    );
    let (rows, table) = read(folder.path());
    assert_eq!(
        rows,
        [
            vec![Some("1".into()), Some("5.00".into()), Some("1970-01-01 00:00:00.001".into()), None],
            some(&["9223372036854775807", "1.50", "1970-01-01 00:00:00.000001", "x"])
        ]
    );
    assert_eq!(table.columns[1].ty, PortableType::Decimal { precision: Some(21), scale: 2 });
    write(&a, vec![("n", texts(&["1"]))]);
    write(&b, vec![("n", ints(&[1]))]);
    let error = error(folder.path());
    assert!(["`n`", "a.parquet", "b.parquet", "Utf8", "Int64"].iter().all(|word| error.contains(word)), "{error}");
}

#[test]
fn what_is_passed_over_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a.parquet", "B.PQ", "_tmp.parquet", ".b.parquet", "old/c.parquet"] {
        write(&at(name), vec![("id", ints(&[1]))]);
    }
    std::fs::write(at("b.csv"), "id\n3\n").unwrap();
    let (rows, table) = read(folder.path());
    assert_eq!(rows.len(), 2);
    assert_eq!(
        table.notes,
        [
            "not read, as they are no Parquet files of the table: .b.parquet, _tmp.parquet, b.csv",
            "not read, as only folders named column=value are: the Parquet files in old/",
        ]
    );
    assert_eq!(read(&at("_tmp.parquet")).0.len(), 1, "a file that is named itself");
    assert_eq!(read(&at("*.parquet")).0.len(), 1);
    std::fs::create_dir(at("tables")).unwrap();
    write(&at("tables/one/x.parquet"), vec![("id", ints(&[1]))]);
    assert!(error(&at("tables")).contains("subfolders (one/)"));
}

#[test]
fn folders_named_by_values_are_columns() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("y=2024/m=01/a.parquet"), vec![("id", ints(&[1]))]);
    write(&at("y=2023/m=x%20y/a.parquet"), vec![("id", ints(&[2]))]);
    write(&at("y=__HIVE_DEFAULT_PARTITION__/m=/a.parquet"), vec![("id", ints(&[3]))]);
    write(&at("z.parquet"), vec![("id", ints(&[4]))]);
    let (rows, table) = read(folder.path());
    let row = |id: &str, y: Option<&str>, m: Option<&str>| {
        vec![Some(id.to_owned()), y.map(str::to_owned), m.map(str::to_owned)]
    };
    assert_eq!(
        rows,
        [
            row("2", Some("2023"), Some("x y")),
            row("1", Some("2024"), Some("01")),
            row("3", None, Some("")),
            row("4", None, None)
        ]
    );
    assert_eq!((&table.columns[1].ty, &table.columns[2].ty), (&PortableType::Integer, &PortableType::Text));
    // Only a column that no file has, and only some of the rows.
    let parts = adopt_parquet(folder.path()).unwrap().parts;
    let fetched = parts.fetch(&[1], &[1, 3]).unwrap();
    let cells = Cells::new(fetched.rows.column(0)).unwrap();
    assert_eq!([cells.print(0), cells.print(1)], [Some("2024".to_owned()), None]);
}

#[test]
fn every_codec_is_read() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    for codec in codecs {
        write_with(&path, vec![("id", ints(&[1, 2]))], WriterProperties::builder().set_compression(codec).build());
        assert_eq!(read(&path).0, [some(&["1"]), some(&["2"])], "{codec:?}");
    }
}

#[test]
fn page_checksums_are_verified() {
    // As pyarrow writes it with `write_page_checksum=True`.
    let bytes = include_bytes!("../../../testdata/parquet/page-checksums.parquet");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(read(&path).0, [some(&["1", "one"]), some(&["2", "two"]), some(&["3", "three"])]);
    let at = bytes.windows(5).position(|text| text == b"three").unwrap();
    let mut changed = bytes.to_vec();
    changed[at] = b'T';
    std::fs::write(&path, changed).unwrap();
    let parts = adopt_parquet(&path).unwrap().parts;
    let error = parts.each(&[1], &mut |_| Ok(())).unwrap_err();
    assert!(matches!(&error, SnapshotError::Damaged { .. }) && error.to_string().contains("CRC"), "{error}");
}

#[test]
fn only_what_is_damaged_is_called_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    std::fs::write(&path, b"PAR1 and so on\x04\0\0\0PARE").unwrap();
    let found = adopt_parquet(&path).unwrap_err();
    assert!(matches!(found, SnapshotError::Unsupported { .. }), "{found}");
    assert!(found.to_string().contains("encrypted"), "{found}");
    std::fs::write(&path, b"PAR1 and so on\x04\0\0\0PARX").unwrap();
    assert!(matches!(adopt_parquet(&path).unwrap_err(), SnapshotError::Damaged { .. }));
    let twice = RecordBatch::try_new(
        Arc::new(arrow::datatypes::Schema::new(vec![
            Field::new("id", DataType::Int64, true),
            Field::new("id", DataType::Int64, true),
        ])),
        vec![ints(&[1]), ints(&[2])],
    );
    let twice = twice.unwrap();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), twice.schema(), None).unwrap();
    writer.write(&twice).unwrap();
    writer.close().unwrap();
    assert!(error(&path).contains("two columns named `id`"));
}

#[test]
fn other_units_of_time_lose_nothing() {
    let ns = TimestampNanosecondArray::from(vec![1_000, 1_001, -1]);
    assert_eq!(
        column(Arc::new(ns)).0,
        some(&[
            "1970-01-01 00:00:00.000001",
            "other 1970-01-01 00:00:00.000001001",
            "other 1969-12-31 23:59:59.999999999"
        ])
    );
    let far = TimestampMillisecondArray::from(vec![i64::MAX]).with_timezone("Europe/Berlin");
    let (values, ty) = column(Arc::new(far));
    assert_eq!(ty, PortableType::Instant { precision: 3 });
    assert_eq!(values, some(&["other 292278994-08-17 07:12:55.807Z"]));
    let lengths = DurationMicrosecondArray::from(vec![90_061_000_001, -1]);
    assert_eq!(column(Arc::new(lengths)), (some(&["25:01:01.000001", "-00:00:00.000001"]), PortableType::Interval));
}

/// A file of one column as no Arrow writer makes it.
fn raw<T: parquet::data_type::DataType>(path: &Path, field: &str, values: &[T::T], levels: Option<&[i16]>) {
    let schema = parse_message_type(&format!("message m {{ {field}; }}")).unwrap();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, levels, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn int96_is_a_moment_in_microseconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let moment = |day: u32, nanos: u64| {
        let mut value = Int96::new();
        value.set_data(nanos as u32, (nanos >> 32) as u32, day);
        value
    };
    let values = [moment(5_373_484, 0), moment(2_440_588, 1_500), moment(1_721_426, 86_399_999_999_000)];
    raw::<Int96Type>(&path, "optional int96 at", &values, Some(&[1, 0, 1, 1]));
    let (rows, table) = read(&path);
    let rows: Vec<Option<&str>> = rows.iter().map(|row| row[0].as_deref()).collect();
    assert_eq!(
        rows,
        [
            Some("9999-12-31 00:00:00"),
            None,
            Some("other 1970-01-01 00:00:00.0000015"),
            Some("0001-01-01 23:59:59.999999")
        ]
    );
    assert_eq!(table.columns[0].ty, PortableType::Timestamp { precision: 6 });
}

#[test]
fn intervals_keep_months_days_and_time_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let interval = |months: i32, days: i32, millis: u32| {
        let bytes: Vec<u8> =
            [months.to_le_bytes(), days.to_le_bytes(), millis.to_le_bytes()].into_iter().flatten().collect();
        FixedLenByteArray::from(bytes)
    };
    let values = [interval(14, 3, 14_706_500), interval(0, 0, 0), interval(0, 0, u32::MAX)];
    raw::<FixedLenByteArrayType>(&path, "required fixed_len_byte_array(12) term (INTERVAL)", &values, None);
    let (rows, table) = read(&path);
    assert_eq!(rows.concat(), some(&["1 year 2 mons 3 days 04:05:06.5", "00:00:00", "1193:02:47.295"]));
    assert_eq!(table.columns[0].ty, PortableType::Interval);
}

#[test]
fn logical_types_are_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let uuid = FixedLenByteArray::from((0..16).collect::<Vec<u8>>());
    raw::<FixedLenByteArrayType>(&path, "required fixed_len_byte_array(16) id (UUID)", &[uuid], None);
    let (rows, table) = read(&path);
    assert_eq!(rows, [some(&["00010203-0405-0607-0809-0a0b0c0d0e0f"])]);
    assert_eq!(table.columns[0].ty, PortableType::Uuid);
    for (annotation, ty) in [("JSON", PortableType::Json), ("ENUM", PortableType::Text), ("UTF8", PortableType::Text)] {
        let field = format!("required binary v ({annotation})");
        raw::<ByteArrayType>(&path, &field, &["{\"a\": 1}".into()], None);
        let (rows, table) = read(&path);
        assert_eq!((rows, &table.columns[0].ty), (vec![some(&["{\"a\": 1}"])], &ty), "{annotation}");
    }
}

#[test]
fn nested_values_are_json_that_cannot_be_confused() {
    let list = |values: &[Option<&str>]| -> ArrayRef {
        let items: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
        let field = Arc::new(Field::new("item", DataType::Utf8, true));
        Arc::new(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths([values.len()]), items, None))
    };
    assert_eq!(column(list(&[Some("a, b")])).0, some(&[r#"["a, b"]"#]));
    assert_eq!(column(list(&[Some("a"), Some("b")])).0, some(&[r#"["a","b"]"#]));
    assert_eq!(column(list(&[None, Some("null")])), (some(&[r#"[null,"null"]"#]), PortableType::Json));
    let numbers = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    assert_eq!(column(Arc::new(numbers)).0, [Some("[1,null]".to_owned()), None, Some("[]".to_owned())]);

    let fields: Vec<(Arc<Field>, ArrayRef)> = vec![
        (Arc::new(Field::new("d", DataType::Decimal128(20, 2), true)), {
            let decimals = Decimal128Array::from(vec![123_456_789_012_345_678_901]);
            Arc::new(decimals.with_precision_and_scale(21, 2).unwrap().with_precision_and_scale(21, 2).unwrap())
        }),
        (Arc::new(Field::new("f", DataType::Float64, true)), Arc::new(Float64Array::from(vec![f64::NAN]))),
        (Arc::new(Field::new("b", DataType::Binary, true)), Arc::new(BinaryArray::from(vec![&b"\x00\xFF"[..]]))),
        (
            Arc::new(Field::new("t", DataType::Timestamp(TimeUnit::Nanosecond, None), true)),
            Arc::new(TimestampNanosecondArray::from(vec![1])),
        ),
        (
            Arc::new(Field::new("u", DataType::FixedSizeBinary(2), true)),
            Arc::new(FixedSizeBinaryArray::try_from_iter([[1u8, 2]].iter()).unwrap()),
        ),
    ];
    let fields: Vec<(Arc<Field>, ArrayRef)> = fields
        .into_iter()
        .map(|(field, array)| (Arc::new(field.as_ref().clone().with_data_type(array.data_type().clone())), array))
        .collect();
    assert_eq!(
        column(Arc::new(StructArray::from(fields))).0,
        some(&[concat!(
            r#"{"d":1234567890123456789.01,"f":"NaN","b":"\\x00ff","#,
            r#""t":"1970-01-01 00:00:00.000000001","u":"\\x0102"}"#
        )])
    );
}

#[test]
fn maps_are_objects_where_keys_are_names() {
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut map = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for (row, pairs) in
        [vec![("a\"", Some("1")), ("b", None)], vec![("a", Some("1")), ("a", Some("2"))]].iter().enumerate()
    {
        for (key, value) in pairs {
            map.keys().append_value(key);
            map.values().append_option(*value);
        }
        map.append(row < 2).unwrap();
    }
    assert_eq!(column(Arc::new(map.finish())).0, some(&[r#"{"a\"":"1","b":null}"#, r#"[["a","1"],["a","2"]]"#]));
}

fn log(folder: &Path, version: u64, lines: &[&str]) {
    std::fs::create_dir_all(folder.join("_delta_log")).unwrap();
    std::fs::write(folder.join(format!("_delta_log/{version:020}.json")), lines.join("\n")).unwrap();
}

const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}"#;
const METADATA: &str = r#"{"metaData":{"id":"x","format":{"provider":"parquet","options":{}},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},{\"name\":\"day\",\"type\":\"date\",\"nullable\":true,\"metadata\":{}},{\"name\":\"later\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}","partitionColumns":["day"],"configuration":{}}}"#;

fn add(path: &str, day: &str) -> String {
    format!(r#"{{"add":{{"path":"{path}","partitionValues":{{"day":{day}}},"size":1,"dataChange":true}}}}"#)
}

#[test]
fn a_delta_table_is_what_its_log_says() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (id, name) in [(1, "day=2024-01-31/a b.parquet"), (2, "day=2024-01-31/new.parquet"), (3, "null.parquet")] {
        write(&at(name), vec![("id", ints(&[id]))]);
    }
    let old = add("day=2024-01-31/a%20b.parquet", "\"2024-01-31\"");
    log(folder.path(), 0, &[PROTOCOL, METADATA, &old]);
    let (rows, table) = read(folder.path());
    let row = |id: &str, day: Option<&str>| vec![Some(id.to_owned()), day.map(str::to_owned), None];
    assert_eq!(rows, [row("1", Some("2024-01-31"))]);
    assert_eq!(
        table.columns.iter().map(|c| c.ty.clone()).collect::<Vec<_>>(),
        [PortableType::Integer, PortableType::Date, PortableType::Text]
    );
    let remove = r#"{"remove":{"path":"day=2024-01-31/a%20b.parquet","dataChange":true}}"#;
    let (new, null) = (add("day=2024-01-31/new.parquet", "\"2024-01-31\""), add("null.parquet", "null"));
    log(folder.path(), 1, &[&new, remove, &null]);
    let (rows, table) = read(folder.path());
    assert_eq!(rows, [row("2", Some("2024-01-31")), row("3", None)]);
    assert_eq!(table.notes, ["a Delta table, read as of version 1: 2 of 3 files in its log"]);
    assert!(error(&at("*.parquet")).contains("Delta table"));

    // Without its beginning and without a checkpoint, the log says nothing.
    std::fs::rename(at("_delta_log/00000000000000000000.json"), at("kept")).unwrap();
    assert!(error(folder.path()).contains("versions are missing"));
    std::fs::rename(at("kept"), at("_delta_log/00000000000000000000.json")).unwrap();
    for (version, line, words) in [
        (2, r#"{"protocol":{"minReaderVersion":3,"readerFeatures":["variantType"]}}"#, "variantType"),
        (
            3,
            r#"{"add":{"path":"x.parquet","partitionValues":{},"deletionVector":{"storageType":"u"}}}"#,
            "deletion vectors",
        ),
        (4, r#"{"add":{"path":"../x.parquet","partitionValues":{}}}"#, "outside of its folder"),
    ] {
        log(folder.path(), 2, &[line]);
        let text = error(folder.path());
        assert!(text.contains(words), "{version}: {text}");
    }
    let mapped = METADATA.replace(r#""configuration":{}"#, r#""configuration":{"delta.columnMapping.mode":"name"}"#);
    log(folder.path(), 2, &[&mapped]);
    assert!(error(folder.path()).contains("other names"));
}

#[test]
fn a_checkpoint_stands_for_the_versions_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("a.parquet"), vec![("id", ints(&[1]))]);
    write(&at("b.parquet"), vec![("id", ints(&[2]))]);
    let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut values = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    values.keys().append_value("day");
    values.values().append_value("2024-02-29");
    values.append(true).unwrap();
    values.append(true).unwrap();
    let values: ArrayRef = Arc::new(values.finish());
    let valid = |rows: [bool; 2]| Some(arrow::buffer::NullBuffer::from(rows.to_vec()));
    let group = |fields: Vec<(&str, ArrayRef)>, rows| -> ArrayRef {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) =
            fields.into_iter().map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array)).unzip();
        Arc::new(StructArray::new(fields.into(), arrays, valid(rows)))
    };
    let add_group = group(vec![("path", texts(&["a.parquet", ""])), ("partitionValues", values)], [true, false]);
    let metadata: serde_json::Value = serde_json::from_str(METADATA).unwrap();
    let schema = metadata["metaData"]["schemaString"].as_str().unwrap();
    let days = |rows: usize| -> ArrayRef {
        let items = texts(&vec!["day"; rows]);
        let field = Arc::new(Field::new("element", DataType::Utf8, true));
        Arc::new(ListArray::new(field, arrow::buffer::OffsetBuffer::from_lengths(vec![1; rows]), items, None))
    };
    let metadata = group(vec![("schemaString", texts(&["", schema])), ("partitionColumns", days(2))], [false, true]);
    log(folder.path(), 8, &[&add("b.parquet", "null")]);
    write(&at("_delta_log/00000000000000000007.checkpoint.parquet"), vec![("add", add_group), ("metaData", metadata)]);
    let (rows, _) = read(folder.path());
    let cell = |text: &str| Some(text.to_owned());
    assert_eq!(rows, [vec![cell("1"), cell("2024-02-29"), None], vec![cell("2"), None, None]]);
}

#[test]
fn other_kinds_of_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(&at("iceberg/data/a.parquet"), vec![("id", ints(&[1]))]);
    std::fs::create_dir(at("iceberg/metadata")).unwrap();
    std::fs::write(at("iceberg/metadata/v1.metadata.json"), "{}").unwrap();
    assert!(error(&at("iceberg")).contains("Iceberg"));
    for part in ["iceberg/data", "iceberg/data/*.parquet"] {
        assert!(error(&at(part)).contains("a part of an Iceberg table"), "{part}");
    }
    // Who names a file means it.
    assert_eq!(read(&at("iceberg/data/a.parquet")).0, [some(&["1"])]);
    write(&at("delta/day=1/a.parquet"), vec![("id", ints(&[1]))]);
    assert_eq!(read(&at("delta/day=1")).0, [some(&["1"])]);
    std::fs::create_dir(at("delta/_delta_log")).unwrap();
    assert!(error(&at("delta/day=1")).contains("a part of a Delta table"));
    write(&at("hudi/a.parquet"), vec![("id", ints(&[1]))]);
    std::fs::create_dir(at("hudi/.hoodie")).unwrap();
    assert!(error(&at("hudi")).contains("Hudi"));
}

#[test]
fn no_column_of_anybody_is_taken_for_ours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write(&path, vec![("id", ints(&[1])), ("trueup_other", texts(&[r#"{"id":"x"}"#]))]);
    assert_eq!(read(&path).0, [some(&["1", r#"{"id":"x"}"#])]);
}
