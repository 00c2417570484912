//! Keys and columns of every type.

use super::{Kept, run, session};
use crate::support::Place;
use crate::types::classes::CLASSES;
use crate::writers::rows::printed;
use mysql::prelude::Queryable;
use trueup::endpoint::HistoryMark;

const MORE: &[(&str, &str, &str)] = &[
    ("bit(1)", "b'0'", "b'1'"),
    ("bit(12)", "b'101'", "b'111111111111'"),
    ("bit(64)", "b'1'", "~0"),
    ("tinyint(1)", "1", "0"),
    ("bigint unsigned", "18446744073709551615", "0"),
    ("int(6) zerofill", "7", "123456"),
    ("decimal(65,30)", "-12345678901234567890123456789012345.000000000000000000000000000001", "0"),
    ("decimal(10,4) unsigned", "0.0001", "123456.7891"),
    ("float", "1e-45", "0.1"),
    ("float(7,2)", "1.25", "99999.99"),
    ("double", "5e-324", "-1.7976931348623157e308"),
    ("double(10,3)", "1.125", "-1.001"),
    ("double", "0.1", "0.30000000000000004"),
    ("year", "0", "1901"),
    ("date", "'0000-00-00'", "'2024-02-29'"),
    ("datetime", "'2024-03-31 02:30:00'", "'1000-01-01 00:00:00'"),
    ("datetime(6)", "'0000-00-00'", "'9999-12-31 23:59:59.999999'"),
    ("timestamp NULL", "'2024-10-27 00:30:00'", "'2024-10-27 01:30:00'"),
    ("timestamp(3) NULL", "'0000-00-00'", "'2038-01-19 03:14:07.999'"),
    ("timestamp(6) NULL", "'1970-01-01 00:00:01.000001'", "'2024-03-31 01:30:00'"),
    ("time(6)", "'-838:59:59'", "'100:00:00.000001'"),
    ("enum('2','1','it''s','a\\\\b','ü')", "'ü'", "'it''s'"),
    ("enum('x','X ') COLLATE utf8mb4_bin", "'x'", "'X'"),
    ("enum('a','') CHARACTER SET cp1250", "''", "'a'"),
    ("set('c','b','a')", "'c,a'", "''"),
    ("char(5)", "'ab'", "''"),
    ("char(5) CHARACTER SET latin1", "'é'", "'e'"),
    ("varchar(40)", "'a\\0\\n\\\\\\'\"/ é日😀 '", "'A '"),
    ("varchar(20) COLLATE utf8mb4_general_ci", "'straße'", "'STRASSE'"),
    ("varchar(20) COLLATE utf8mb4_general_ci", "'x'", "'x '"),
    ("varchar(20) CHARACTER SET latin1", "'é€'", "'e'"),
    ("varchar(20) CHARACTER SET cp1250", "'Łódź'", "'Lodz'"),
    ("varchar(20) CHARACTER SET sjis", "'日'", "_binary x'8260'"),
    ("varchar(20) CHARACTER SET ascii", "'\\\\N'", "'N'"),
    ("text CHARACTER SET ucs2", "'é\\t\\n\\\\'", "'\\\\N'"),
    ("longtext", "REPEAT('é', 3000)", "'x'"),
    ("binary(4)", "x'00ff'", "x'00ff0020'"),
    ("varbinary(20)", "x'ff20'", "x'ff'"),
    ("tinyblob", "x'005c6e090a0dff'", "''"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
    ("inet6", "'::1'", "'2001:db8::'"),
    ("json", "'{\"a\": \"\\\\\\\\\"}'", "'{\"a\":1}'"),
    ("point", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(0.1 -2.5)', 4326)"),
];

/// Ways in which sessions write.
const ODD: [&[&str]; 3] = [
    &["SET time_zone = '+05:30'", "SET sql_mode = 'NO_BACKSLASH_ESCAPES,ALLOW_INVALID_DATES'", "SET NAMES latin1"],
    &["SET time_zone = '-11:00'", "SET sql_mode = 'ANSI,PAD_CHAR_TO_FULL_LENGTH,ALLOW_INVALID_DATES'"],
    &[
        "SET time_zone = 'SYSTEM'",
        "SET sql_mode = 'ORACLE'",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin, SESSION lc_time_names = 'de_DE'",
    ],
];

#[test]
fn keys_of_every_type_are_read_back_as_an_export_reads_them() {
    let mut place = Place::new();
    let mut forms: Vec<(&str, &str, &str)> = CLASSES.iter().flat_map(|class| class.mysql.iter().copied()).collect();
    forms.extend(MORE);
    let mut wrong = Vec::new();
    run(&mut place, &["SET sql_mode = 'ALLOW_INVALID_DATES'"]);
    for (at, (ty, value, other)) in forms.iter().enumerate() {
        let name = format!("t{at}");
        run(
            &mut place,
            &[
                &format!("CREATE TABLE source{at} (id int PRIMARY KEY, v {ty} NULL)"),
                &format!("INSERT INTO source{at} VALUES (1, {value}), (2, NULL), (3, {other})"),
                &format!("CREATE TABLE {name} LIKE source{at}"),
                &format!("CREATE TABLE plain{at} LIKE source{at}"),
            ],
        );
        let keyed = Kept::install(&place.mysql().address(&name), &["v", "id"]);
        let plain = Kept::install(&place.mysql().address(&format!("plain{at}")), &["id"]);
        let mut writer = session(&mut place);
        ODD[at % ODD.len()].iter().for_each(|sql| writer.query_drop(sql).unwrap());
        let write = |writer: &mut mysql::Conn, sql: &str| {
            writer.query_drop(sql.replace("SOURCE", &format!("source{at}")).replace("KEYED", &name)).unwrap();
            writer
                .query_drop(sql.replace("SOURCE", &format!("source{at}")).replace("KEYED", &format!("plain{at}")))
                .unwrap();
        };
        let mut check = |what: &str, since: &(HistoryMark, HistoryMark), of_keyed: usize, of_plain: &[&str]| {
            let (entries, next) = keyed.whole(Some(&since.0));
            if entries.len() != of_keyed {
                wrong.push(format!("{ty} {value} {other}: {what}: {entries:?}"));
            }
            let (entries, plain_next) = plain.whole(Some(&since.1));
            if entries != of_plain {
                wrong.push(format!("{ty} {value} {other}: {what}: {entries:?}"));
            }
            (next, plain_next)
        };
        let since = (keyed.mark(), plain.mark());
        write(&mut writer, "INSERT INTO KEYED SELECT * FROM SOURCE");
        let (_, mut keys, _) = keyed.read(None);
        keys.sort();
        let mut exported: Vec<_> = printed(&keyed.table.export());
        exported.iter_mut().for_each(|row| row.reverse());
        exported.sort();
        let since = check("inserted", &since, 3, &["create 1", "create 2", "create 3"]);
        write(&mut writer, "UPDATE KEYED t JOIN SOURCE s ON s.id = t.id SET t.v = s.v");
        let since = check("updated to the same", &since, 0, &[]);
        write(&mut writer, "UPDATE KEYED t JOIN SOURCE s ON s.id = 4 - t.id SET t.v = s.v");
        let since = check("updated", &since, 4, &["update 1", "update 3"]);
        write(&mut writer, "UPDATE KEYED SET v = NULL WHERE v IS NOT NULL ORDER BY id LIMIT 1");
        let since = check("set to NULL", &since, 2, &[if *other == "NULL" { "update 3" } else { "update 1" }]);
        write(&mut writer, "DELETE FROM KEYED");
        check("deleted", &since, 3, &["delete 1", "delete 2", "delete 3"]);
        if keys != exported {
            wrong.push(format!("{ty} {value} {other}: {keys:?} is not {exported:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), forms.len(), wrong.join("\n"));
}
