//! What `\copy` of psql writes as CSV.

use super::{Right, assert_right, run_tool, wrong};
use crate::support::Place;
use std::process::Command;

#[test]
fn csv_of_copy_says_it_all() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute(
        "CREATE TYPE mood AS ENUM ('happy', 'sad, really');
         CREATE TABLE orders (
            id bigserial PRIMARY KEY, small smallint, total numeric(12,2), wide numeric, rate double precision, short real,
            paid boolean, code char(6), note text, day date, at timestamp, instant timestamptz, clock time, token uuid,
            doc jsonb, image bytea, mood mood, tags text[], grid int[], flags bit(4), more bit varying, pause interval,
            host inet);
         INSERT INTO orders VALUES
            (1, -32768, 129.90, 12345678901234567890.123456789, 0.1, 0.1, true, 'A1', 'it''s \"quoted\", with , and \\N',
             '2024-02-29', '2024-02-29 12:34:56.123456', '2024-02-29 12:34:56.5+00', '23:59:59.999999',
             '0a1b2c3d-4e5f-4a7b-8c9d-aebfc0d1e2f3', '{\"a\": [1, null], \"ü\": 2.50}', '\\x00ff27', 'happy',
             '{a,\"b, c\",\"\",\"null\",NULL}', '{{1,2},{3,4}}', B'1010', B'101', '1 year 2 mons -3 days 04:05:06.5',
             '10.0.0.0/8'),
            (2, 0, 0, 0, 1e300, 1.5, false, 'B', '', '0001-01-01', '1000-01-01 00:00:00', '1969-12-31 23:59:59+00',
             '00:00:00', 'ffffffff-ffff-4fff-8fff-ffffffffffff', '[]', '\\x', 'sad, really', '{}', '{}', B'0000', B'',
             '0', '::1');
         INSERT INTO orders (id) VALUES (3);
         CREATE TABLE log (at timestamptz, line text);
         INSERT INTO log VALUES ('2024-01-01 00:00:00+00', 'a'), ('2024-01-01 00:00:00+00', 'a'), (NULL, 'a'),
            ('2024-01-02 00:00:00+00', '')",
    );
    let (url, schema) = (server.url.clone(), server.schema.clone());
    // As the administrator of these servers wants it, and in ISO 8601.
    let styles = [("own", ""), ("iso", "-c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex")];
    let mut found = Vec::new();
    for (style, options) in styles {
        for (table, expected) in [("orders", Right::agree("primary key", 3)), ("log", Right::agree("whole row", 3))] {
            let file = place.dir.file(&format!("{table}-{style}.csv"));
            let address = place.postgres().address(table);
            let copy = format!("\\copy {schema}.{table} TO '{file}' CSV HEADER");
            run_tool(Command::new("psql").args([url.as_str(), "-q", "-c", &copy]).env("PGOPTIONS", options));
            if style == "own" {
                // Day before month, and no zone that anybody else knows: the values can't be told for sure.
                let run = place.dir.audit(&address, &file, &[]);
                if run.code != Some(1) {
                    found.push(format!("dates in another order should differ: {run}"));
                }
                continue;
            }
            found.extend(wrong(&place, &address, &file, &[], expected));
        }
    }
    assert_right(&found);
}
