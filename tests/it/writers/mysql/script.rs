//! Constants and conditions of scripts, run by the server.

use super::super::rows::{Table, printed};
use crate::support::Place;
use crate::types::classes::CLASSES;
use mysql::prelude::Queryable;

#[test]
fn constants_are_written_and_found() {
    let mut place = Place::new();
    let more = [
        ("bit(12)", "b'101'", "b'111111111111'"),
        ("point", "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(0.1 -2.5)', 4326)"),
        ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'"),
        ("inet6", "'::1'", "'10.0.0.1'"),
        ("date", "'0000-00-00'", "'2024-00-00'"),
        ("timestamp(3)", "'0000-00-00'", "'2024-02-03 04:05:06.789'"),
        ("time(2)", "'-838:59:59'", "'100:00:00.25'"),
        ("float", "1e-45", "3.4028235e38"),
        ("varchar(20) CHARACTER SET cp1250", "'Łódź'", "'Lodz'"),
        ("varchar(20)", "'Case '", "'case'"),
        ("text", "'\\0\\t\\r\\n\\\\''\\Z'", "'\\\\''; DROP TABLE t; -- '"),
    ];
    let forms = CLASSES.iter().flat_map(|class| class.mysql.iter().copied()).chain(more);
    let mut wrong = Vec::new();
    for (at, (ty, value, other)) in forms.enumerate() {
        let (from, to) = (format!("from_{at}"), format!("to_{at}"));
        let server = place.mysql();
        server.execute("SET sql_mode = 'ALLOW_INVALID_DATES'");
        server.execute(&format!("CREATE TABLE {from} (id int PRIMARY KEY, v {ty} NULL)"));
        server.execute(&format!("INSERT INTO {from} VALUES (1, {value}), (2, NULL), (3, {other})"));
        server.execute(&format!("CREATE TABLE {to} LIKE {from}"));
        let from = Table::at(&server.address(&from), &["id"]);
        let to = Table::at(&server.address(&to), &["id"]);
        let (dialect, name) = to.endpoint.dialect().unwrap();
        let mut run = |sql: &str| server.client.query_drop(sql).map_err(|error| format!("{error}: {sql}"));
        let rows = printed(&from.export());
        let constants: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                let cells = row.iter().zip(&to.columns);
                cells
                    .map(|(cell, column)| {
                        dialect.literal(cell.as_deref().map(|cell| cell.trim_start_matches("other ")), column)
                    })
                    .collect()
            })
            .collect();
        let mut ran = run(&dialect.prologue());
        for row in &constants {
            ran = ran.and_then(|()| {
                run(&format!("INSERT INTO {name} SELECT {}{} WHERE TRUE", row.join(", "), dialect.no_table()))
            });
        }
        if let Err(error) = ran.and_then(|()| run(&dialect.epilogue())) {
            wrong.push(format!("{ty}: {error}"));
            continue;
        }
        if to.printed() != rows {
            wrong.push(format!("{ty}: {rows:?} became {:?}", to.printed()));
            continue;
        }
        for (at, row) in constants.iter().enumerate() {
            let is = dialect.is(&to.columns[1], &row[1]);
            let key = dialect.key_is(&to.columns[1], &row[1]);
            let found: Vec<i64> = server.client.query(format!("SELECT id FROM {name} WHERE {is}")).unwrap();
            let same = |other: &&Vec<Option<String>>| other[1] == rows[at][1];
            let expected: Vec<i64> =
                rows.iter().filter(same).map(|row| row[0].as_ref().unwrap().parse().unwrap()).collect();
            if found != expected {
                wrong.push(format!("{ty}: {is} finds {found:?} and not {expected:?}"));
            }
            let found: Vec<i64> = server.client.query(format!("SELECT id FROM {name} WHERE {key}")).unwrap();
            if row[1] != "NULL" && found != expected {
                wrong.push(format!("{ty}: {key} finds {found:?} and not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}
