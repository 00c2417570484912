//! Every type, written and read back.

use super::super::rows::{Table, pick, printed};
use crate::support::Place;
use crate::types::classes::CLASSES;

/// More than the type matrix has: what only MySQL and MariaDB have, and values at the edges.
const MORE: &[(&str, &str, &str)] = &[
    ("bit(12)", "b'101'", "b'111111111111'"),
    ("bit(64)", "b'1'", "~0"),
    ("point", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(0.1 -2.5)', 4326)"),
    ("geometry", "ST_GeomFromText('LINESTRING(0 0, 1 1)')", "ST_GeomFromText('POINT(1 2)')"),
    ("inet6", "'::1'", "'10.0.0.1'"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
    ("int(6) zerofill", "7", "123456"),
    ("float(7,2)", "1.25", "99999.99"),
    ("double(10,3)", "1.125", "-1.001"),
    ("float", "1e-45", "3.4028235e38"),
    ("double", "5e-324", "-1.7976931348623157e308"),
    ("year", "0", "1901"),
    ("date", "'0000-00-00'", "'2024-00-00'"),
    ("date", "'2024-02-31'", "'2024-02-28'"),
    ("datetime(6)", "'0000-00-00'", "'2024-05-00 01:02:03.5'"),
    ("timestamp(3)", "'0000-00-00'", "'2038-01-19 03:14:07.999'"),
    ("timestamp", "'1970-01-01 00:00:01'", "'2024-03-31 01:30:00'"),
    ("time(6)", "'-838:59:59'", "'100:00:00.000001'"),
    ("time", "'24:00:00'", "'-00:00:01'"),
    ("enum('2','1','it''s','a\\\\b')", "'1'", "'it''s'"),
    ("enum('x','')", "''", "'x'"),
    ("set('c','b','a')", "'c,a'", "''"),
    ("varchar(20) CHARACTER SET cp1250", "'Łódź'", "'Lodz'"),
    ("text CHARACTER SET ucs2", "'é\\t\\n\\\\'", "'\\\\N'"),
    ("varchar(20) CHARACTER SET ascii", "'\\\\N'", "'N'"),
    ("tinytext", "'\\0\\t\\r\\n\\\\'", "'\\Z'"),
    ("tinyblob", "x'005c6e090a0dff'", "x'5c4e'"),
    ("varbinary(20)", "x'ff20'", "x'ff'"),
    ("decimal(10,4) unsigned", "0.0001", "123456.7891"),
];

#[track_caller]
fn every_type(place: &mut Place) {
    let mut forms: Vec<(String, &str, &str)> = Vec::new();
    for class in CLASSES {
        forms.extend(class.mysql.iter().map(|(ty, value, other)| ((*ty).to_owned(), *value, *other)));
    }
    forms.extend(MORE.iter().map(|(ty, value, other)| ((*ty).to_owned(), *value, *other)));
    // One column a table, so that a failure names its type.
    let mut wrong = Vec::new();
    for (at, (ty, value, other)) in forms.iter().enumerate() {
        let (from, to) = (format!("from_{at}"), format!("to_{at}"));
        let server = place.mysql();
        server.execute("SET sql_mode = 'ALLOW_INVALID_DATES'");
        server.execute(&format!("CREATE TABLE {from} (id int PRIMARY KEY, v {ty} NULL)"));
        server.execute(&format!("INSERT INTO {from} VALUES (1, {value}), (2, NULL), (3, {other})"));
        server.execute(&format!("CREATE TABLE {to} LIKE {from}"));
        let from = Table::at(&server.address(&from), &["id"]);
        let to = Table::at(&server.address(&to), &["id"]);
        if let Err(why) = written_and_read_back(&from, &to) {
            wrong.push(format!("{ty} {value} {other}: {why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), forms.len(), wrong.join("\n"));
}

fn written_and_read_back(from: &Table, to: &Table) -> Result<(), String> {
    let expect = |what: &str, is: bool| if is { Ok(()) } else { Err(what.to_owned()) };
    let said = |error: trueup::endpoint::WriteError| error.to_string();
    let rows = from.export();
    let mut writer = to.writer();
    expect("created", to.write(&mut *writer, &to.creates(rows.clone(), &[0, 1])).map_err(said)? == 3)?;
    if to.printed() != printed(&rows) {
        return Err(format!("{:?} became {:?}", printed(&rows), to.printed()));
    }
    writer.load(&to.deletes(rows.clone())).map_err(said)?;
    let fetched = printed(&writer.fetch(false).map_err(said)?);
    if fetched != printed(&rows) {
        return Err(format!("fetched {fetched:?}"));
    }
    // Each row takes the value of the next.
    let turned = pick(&rows, &[1, 2, 0]);
    let columns = vec![rows.rows.column(0).clone(), turned.rows.column(1).clone()];
    let batch = arrow::array::RecordBatch::try_new(rows.rows.schema(), columns).unwrap();
    let after = trueup::endpoint::ExportBatch { rows: batch, others: turned.others };
    let steps = to.updates(rows.clone(), after.clone(), &[1]);
    expect("updated", to.write(&mut *writer, &steps).map_err(said)? == 3)?;
    expect("read back after the update", to.printed() == printed(&after))?;
    // Two NULLs, or two equal values, in a row: then that row is as it was.
    let same = printed(&rows).iter().zip(printed(&after)).filter(|(before, after)| *before == after).count() as u64;
    expect("not updated twice", to.write(&mut *writer, &steps).map_err(said)? == same)?;
    writer.begin().map_err(said)?;
    writer.load(&to.deletes(rows)).map_err(said)?;
    expect("not deleted as it was", writer.write().map_err(said)? == same)?;
    writer.rollback().map_err(said)?;
    expect("deleted", to.write(&mut *writer, &to.deletes(after)).map_err(said)? == 3)
}

#[test]
fn every_type_is_written_and_read_back() {
    every_type(&mut Place::new());
}

#[test]
fn every_type_is_written_where_no_files_are_taken() {
    let mut place = Place::new();
    // For all sessions: other tests' writers go the other way meanwhile, too.
    place.mysql().execute("SET GLOBAL local_infile = 0");
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| every_type(&mut place)));
    place.mysql().execute("SET GLOBAL local_infile = 1");
    if let Err(panic) = done {
        std::panic::resume_unwind(panic);
    }
}
