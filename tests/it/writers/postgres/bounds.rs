//! What tables ask of those who write to them: constraints, counters, unique values that are
//! exchanged, and odd names.

use super::{Table, pick, printed, table};
use crate::support::Place;
use trueup::endpoint::{Action, Holds, OnDelete, WriteError};

#[test]
fn a_table_says_what_it_asks_of_writers() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute(
        "CREATE TYPE letter AS ENUM ('x', 'y'); CREATE DOMAIN sure AS varchar(5) NOT NULL DEFAULT 'a';
         CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b));
         CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, own int DEFAULT 5 NOT NULL,
            must smallint NOT NULL, price numeric(8,2), total numeric GENERATED ALWAYS AS (price * 2) STORED,
            label letter, named sure, at timestamptz, up bigint REFERENCES t ON DELETE CASCADE, a int, b int,
            FOREIGN KEY (b, a) REFERENCES parent (b, a));
         CREATE UNIQUE INDEX by_name ON t (lower(named), must) WHERE own > 0;
         CREATE TABLE child (t bigint CONSTRAINT to_t REFERENCES t (id) ON DELETE SET NULL);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
         CREATE TRIGGER on_write BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
         CREATE TRIGGER off BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER off",
    );
    let schema = server.schema.clone();
    let target = Table::new(&mut place, "t", &["id"]).endpoint.target().unwrap().unwrap();
    let flags: Vec<(&str, [bool; 4])> =
        target.columns.iter().map(|c| (c.name.as_str(), [c.nullable, c.optional, c.computed, c.counter])).collect();
    assert_eq!(
        flags,
        [
            ("id", [false, true, false, true]),
            ("n", [false, true, false, true]),
            ("own", [false, true, false, false]),
            ("must", [false, false, false, false]),
            ("price", [true, true, false, false]),
            ("total", [true, true, true, false]),
            ("label", [true, true, false, false]),
            ("named", [false, true, false, false]),
            ("at", [true, true, false, false]),
            ("up", [true, true, false, false]),
            ("a", [true, true, false, false]),
            ("b", [true, true, false, false]),
        ]
    );
    let holds = |name: &str| target.column(name).unwrap().holds.clone();
    assert_eq!(holds("must"), Holds { range: Some((-32768, 32767)), ..Holds::default() });
    assert_eq!(holds("price").digits, Some((8, 2)));
    assert_eq!(holds("label").labels, Some(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(holds("named").chars, Some(5));
    assert_eq!(holds("at").others, ["infinity", "-infinity"]);
    let unique: Vec<(&str, Vec<&str>)> =
        target.unique.iter().map(|u| (u.name.as_str(), u.columns.iter().map(String::as_str).collect())).collect();
    assert_eq!(unique[0], ("t_pkey", vec!["id"]));
    assert_eq!((unique[1].0, &unique[1].1[..2]), ("by_name", &["must", "named"][..]));
    let references: Vec<_> =
        target.references.iter().map(|r| (r.columns.join(","), r.to.join(","), r.to_itself)).collect();
    assert_eq!(references, [("b,a".into(), "b,a".into(), false), ("up".into(), "id".into(), true)]);
    assert_eq!(target.references[0].table, format!("{schema}.parent"));
    let dependents: Vec<_> = target.dependents.iter().map(|d| (d.name.as_str(), d.on_delete, d.is_itself)).collect();
    assert_eq!(dependents, [("to_t", OnDelete::SetNull, false), ("t_up_fkey", OnDelete::Cascade, true)]);
    assert_eq!(target.dependents[0].table_name, (schema, "child".to_owned()));
    assert_eq!(target.triggers, ["on_write"]);
    assert_eq!(target.obstacles, [""; 0]);
    assert!(target.warnings.len() == 1 && target.warnings[0].contains("`id` is GENERATED ALWAYS"), "{target:?}");
}

#[test]
fn what_can_not_be_written_says_why() {
    let mut place = Place::new();
    let server = place.postgres();
    let (schema, role) = (server.schema.clone(), format!("{}_reader", server.schema));
    server.execute(&format!(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
         CREATE ROLE {role} LOGIN PASSWORD 'Of-a-role-5ecret'; GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE (id) ON t TO {role}; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
         CREATE RULE odd AS ON DELETE TO t DO INSTEAD NOTHING"
    ));
    let read = |address: &str, visible_rows: bool| {
        let reading = trueup::endpoint::Reading { visible_rows, ..Default::default() };
        let address = trueup::endpoint::Address::parse(address, &|_| None).unwrap().read_as(reading);
        trueup::endpoint::open(&address).unwrap().target()
    };
    let target = |address: &str| read(address, true).unwrap().unwrap();
    assert_eq!(target(&server.address("v")).obstacles, ["it is a view"]);
    assert_eq!(target(&server.address("m")).obstacles, ["it is a materialized view"]);
    let mut url = server.url.clone();
    url.set_username(&role).unwrap();
    url.set_password(Some("Of-a-role-5ecret")).unwrap();
    let found = target(&server.address_by(&url, "t"));
    let refused = read(&server.address_by(&url, "t"), false).unwrap_err().to_string();
    server.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert!(found.obstacles.is_empty(), "{found:?}");
    let to = |action| found.obstacles_to(move |needed| needed == action).cloned().collect::<Vec<_>>();
    assert_eq!(to(Action::Delete), [format!("user `{role}` has no right to DELETE from it")]);
    assert!(to(Action::Update).is_empty() && to(Action::Create).is_empty());
    assert!(refused.contains("row-level security"), "{refused}");
    assert!(found.warnings[0].starts_with("row level security is in force"), "{found:?}");
    assert!(found.warnings[1].contains("odd"), "{found:?}");
}

#[test]
fn counters_keep_the_values_and_move_past_them() {
    let mut place = Place::new();
    place.postgres().execute(
        "CREATE TABLE a (id int, n int, m int, twice int); INSERT INTO a VALUES (5, 40, 2000000, 1), (3, -7, -1, 1);
         CREATE SEQUENCE fresh START 7000000; CREATE SEQUENCE down INCREMENT -3;
         CREATE TABLE \"Odd \"\"t\" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, m int DEFAULT nextval('fresh'),
            twice int GENERATED ALWAYS AS (n * 2) STORED, k int DEFAULT nextval('down'))",
    );
    let from = Table::new(&mut place, "a", &["id"]);
    let rows = from.rows();
    let odd = Table::new(&mut place, "Odd \"t", &["id"]);
    let mut steps = odd.create(rows);
    // A fifth column, which takes its default, and one that is never written.
    let after = steps.after.as_mut().unwrap();
    let fields: Vec<_> =
        odd.columns.iter().map(|c| arrow::datatypes::Field::new(&c.name, c.ty.arrow(), true)).collect();
    let mut arrays = after.rows.columns().to_vec();
    arrays.push(arrow::array::new_null_array(&arrow::datatypes::DataType::Int64, 2));
    after.rows =
        arrow::array::RecordBatch::try_new(std::sync::Arc::new(arrow::datatypes::Schema::new(fields)), arrays).unwrap();
    steps.set = vec![0, 1, 2];
    assert_eq!(odd.write(&steps), 2);
    assert_eq!(odd.printed(), table(&["3 -7 -1 -14 -1", "5 40 2000000 80 -4"]));
    let next = |place: &mut Place| -> Vec<i64> {
        let sql = "SELECT last_value FROM \"Odd \"\"t_id_seq\" UNION ALL SELECT last_value FROM \"Odd \"\"t_n_seq\"
            UNION ALL SELECT last_value FROM fresh UNION ALL SELECT last_value FROM down";
        place.postgres().client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    let mut writer = odd.writer();
    for _ in 0..2 {
        writer.advance_counters().unwrap();
        assert_eq!(next(&mut place), [5, 40, 7_000_000, -4]);
    }
    // Never backwards, and far ahead in one go.
    place.postgres().execute("INSERT INTO \"Odd \"\"t\" (n) VALUES (1000000000), (-1000000000)");
    place.postgres().execute("SELECT setval('fresh', 8000000)");
    writer.advance_counters().unwrap();
    assert_eq!(next(&mut place), [7, 1_000_000_000, 8_000_000, -10]);
}

#[test]
fn unique_values_are_exchanged() {
    let mut place = Place::new();
    let forms = [
        ("int", "1", "2", "3"),
        ("int NOT NULL", "1", "2", "3"),
        ("smallint NOT NULL", "1", "32767", "3"),
        ("numeric(3,1) NOT NULL", "1", "2", "99"),
        ("varchar(3) NOT NULL", "'a'", "'trueup~0'::varchar(3)", "'~1'"),
        ("uuid NOT NULL", "'00000000-0000-0000-0000-000000000001'", "md5('b')::uuid", "md5('c')::uuid"),
        ("date NOT NULL", "'2024-01-01'", "'5874897-12-31'::date - 9", "'2024-01-03'"),
        ("timestamptz NOT NULL", "'2024-01-01'", "'2024-01-02'", "'2024-01-03'"),
        ("bytea NOT NULL", "'a'", "'b'", "'c'"),
        ("only_one", "'a'", "'b'", "'c'"),
    ];
    place.postgres().execute("CREATE DOMAIN only_one AS char(2) NOT NULL CHECK (value <> 'zz')");
    for (at, (ty, a, b, c)) in forms.iter().enumerate() {
        place.postgres().execute(&format!(
            "CREATE TABLE t{at} (id int PRIMARY KEY, u {ty} UNIQUE NULLS NOT DISTINCT, v text);
             INSERT INTO t{at} VALUES (1, {a}, 'x'), (2, {b}, 'y'), (3, {c}, 'z')"
        ));
        let t = Table::new(&mut place, &format!("t{at}"), &["id"]);
        let before = t.rows();
        // The values go round; the keys stay.
        let mut after = pick(&before, &[1, 2, 0]);
        let mut arrays = after.rows.columns().to_vec();
        arrays[0] = before.rows.column(0).clone();
        after.rows = arrow::array::RecordBatch::try_new(after.rows.schema(), arrays).unwrap();
        let mut steps = t.update(before.clone(), after.clone());
        let refused = t.try_write(&steps).unwrap_err();
        assert!(matches!(refused, WriteError::Refused { .. }), "{refused}");
        steps.park = vec![1];
        assert_eq!(t.write(&steps), 3, "{ty}");
        assert_eq!(t.printed(), printed(&after), "{ty}");
        // One of them has moved: none of them is counted as written.
        place.postgres().execute(&format!("UPDATE t{at} SET v = 'moved' WHERE id = 2"));
        let mut back = t.update(after, before);
        back.park = vec![1];
        let mut writer = t.writer();
        writer.begin().unwrap();
        writer.load(&back).unwrap();
        assert_eq!(writer.write().unwrap(), 2, "{ty}");
        writer.rollback().unwrap();
    }
    place.postgres().execute(
        "CREATE TABLE t (id int PRIMARY KEY, u boolean NOT NULL UNIQUE); INSERT INTO t VALUES (1, true), (2, false)",
    );
    let t = Table::new(&mut place, "t", &["id"]);
    let mut steps = t.update(t.rows(), t.rows());
    steps.park = vec![1];
    let error = t.try_write(&steps).unwrap_err().to_string();
    assert!(error.contains("exchange values of column `u`"), "{error}");
}

#[test]
fn a_row_that_is_not_accepted_is_named() {
    let mut place = Place::new();
    place.postgres().execute(
        "CREATE TABLE a (id int, n int, name text);
         INSERT INTO a VALUES (1, 1, 'fine'), (2, -1, 'fine'), (3, 1, 'much too long'), (4, 1, 'raise'), (5, 1, 'own');
         CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n > 0), name varchar(5));
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF new.name = 'raise' THEN RAISE EXCEPTION 'not this one'; END IF;
            IF new.name = 'own' THEN RAISE EXCEPTION 'nor this' USING ERRCODE = 'MY001'; END IF; RETURN new; END $$;
         CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()",
    );
    let from = Table::new(&mut place, "a", &["id"]);
    let t = Table::new(&mut place, "t", &["id"]);
    let rows = from.rows();
    let mut writer = t.writer();
    for (row, part) in [(1, "t_n_check"), (2, "column `name`: value too long"), (3, "not this one"), (4, "nor this")] {
        let error = super::chunk(writer.as_mut(), &t.create(pick(&rows, &[0, row]))).unwrap_err();
        assert!(matches!(&error, WriteError::Refused { why, .. } if why.contains(part)), "{error}");
        // The server would call this a success.
        assert!(writer.commit().is_err());
        writer.rollback().unwrap();
        assert_eq!(t.printed().len(), 0);
    }
    assert_eq!(super::chunk(writer.as_mut(), &t.create(pick(&rows, &[0]))).unwrap(), 1);
}

#[test]
fn a_key_without_an_index_meets_one_row_or_none_counts() {
    let mut place = Place::new();
    place.postgres().execute("CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    let t = Table::new(&mut place, "t", &["id"]);
    let rows = t.rows();
    place.postgres().execute("DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (1, 'a')");
    let mut writer = t.writer();
    for steps in [t.delete(rows.clone()), t.update(rows.clone(), rows.clone())] {
        writer.begin().unwrap();
        writer.load(&steps).unwrap();
        assert_eq!(writer.write().unwrap(), 0, "{}", steps.action);
        writer.rollback().unwrap();
    }
    writer.begin().unwrap();
    writer.load(&t.delete(rows)).unwrap();
    assert_eq!(printed(&writer.fetch(true).unwrap()), table(&["1 a", "1 a"]));
}

#[test]
fn wide_tables_are_staged_in_two() {
    let mut place = Place::new();
    let list = |of: &dyn Fn(usize) -> String| (0..700).map(of).collect::<Vec<_>>().join(", ");
    let columns = list(&|at| format!("c{at} bigint"));
    place.postgres().execute(&format!(
        "CREATE TABLE a (id int PRIMARY KEY, {columns}); CREATE TABLE t (id int PRIMARY KEY, {columns});
         INSERT INTO a VALUES (1, {}), (2, {})",
        list(&|at| at.to_string()),
        list(&|at| (at * 2).to_string())
    ));
    let a = Table::new(&mut place, "a", &["id"]);
    let t = Table::new(&mut place, "t", &["id"]);
    let mut writer = t.writer();
    assert_eq!(super::chunk(writer.as_mut(), &t.create(a.rows())).unwrap(), 2);
    assert_eq!(t.printed(), a.printed());
    let before = a.rows();
    place.postgres().execute("UPDATE a SET c5 = NULL, c699 = -1");
    assert_eq!(super::chunk(writer.as_mut(), &t.update(before, a.rows())).unwrap(), 2);
    assert_eq!(t.printed(), a.printed());
    writer.load(&t.create(a.rows())).unwrap();
    assert_eq!(printed(&writer.fetch(false).unwrap()).len(), 2);
    assert_eq!(super::chunk(writer.as_mut(), &t.delete(a.rows())).unwrap(), 2);
}

#[test]
fn dependents_of_the_loaded_rows_are_counted() {
    let mut place = Place::new();
    place.postgres().execute(
        "CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE, up int REFERENCES t ON DELETE CASCADE);
         INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', 1);
         CREATE TABLE child (t bigint REFERENCES t (id), code text REFERENCES t (code) ON DELETE CASCADE);
         INSERT INTO child VALUES (1, 'a'), (1, 'b'), (2, NULL), (NULL, 'b')",
    );
    let t = Table::new(&mut place, "t", &["id"]);
    let dependents = t.endpoint.target().unwrap().unwrap().dependents;
    let names: Vec<&str> = dependents.iter().map(|dependent| dependent.name.as_str()).collect();
    assert_eq!(names, ["child_code_fkey", "child_t_fkey", "t_up_fkey"]);
    let mut writer = t.writer();
    writer.load(&t.delete(pick(&t.rows(), &[0, 2]))).unwrap();
    assert_eq!(writer.count_dependents(&dependents).unwrap(), [1, 2, 2]);
}
