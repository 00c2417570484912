//! Every type, written and read back; and every value told from every other.

use super::{Table, pick, printed};
use crate::support::Place;
use crate::types::classes::{CLASSES, Form};
use trueup::table::PortableType;

/// What the matrix lacks, since no other system has it.
const MORE: &[Form] = &[
    ("double precision", "'-0'", "2"),
    ("numeric", "1e-40", "1e40"),
    ("numeric(3,-2)", "1200", "1300"),
    ("real[]", "'{0.1,NaN}'", "'{0.10000001,NaN}'"),
    ("double precision[]", "'{0.1}'", "'{0.10000000000000002}'"),
    ("timestamptz[]", "'{2024-10-27 00:30:00+00}'", "'{2024-10-27 01:30:00+00}'"),
    ("tstzrange", "'[2024-10-27 00:30:00+00,)'", "'[2024-10-27 01:30:00+00,)'"),
    ("bytea[]", r#"ARRAY['\x005c22'::bytea]"#, r#"ARRAY['\x005c23'::bytea]"#),
    ("interval", "'24:00:00'", "'1 day'"),
    ("interval", "'-1 year +2 days -03:04:05.6'", "'-1 year -2 days -03:04:05.6'"),
    ("timetz", "'07:08:09+02'", "'06:08:09+01'"),
    ("time", "'24:00'", "'00:00'"),
    ("date", "'4714-11-24 BC'", "'5874897-12-31'"),
    ("timestamp", "'0001-01-01 00:00:00.000001 BC'", "'0044-03-15 01:02:03 BC'"),
    ("timestamptz", "'0001-12-31 23:59:59.999999+00 BC'", "'-infinity'"),
    ("jsonb", "'1.0'", "'1.00'"),
    ("json", "'{\"a\": 1,  \"a\": 2}'", "'{\"a\":1,\"a\":2}'"),
    ("xml", "'<a>é</a>'", "'<a>é </a>'"),
    ("point", "'(0.1,2)'", "'(0.10000000000000002,2)'"),
    ("box", "'(1,1),(0,0)'", "'(2,0.5),(0,0)'"),
    ("circle", "'<(0,0),1>'", "'<(1,1),1>'"),
    ("\"char\"", "'a'", "''"),
    ("name", "'Some \"name\"'", "'some name'"),
    ("bit varying(9)", "B'1'", "B'01'"),
    ("inet", "'10.0.0.0/8'", "'10.0.0.0'"),
    ("cidr", "'10.0.0.0/8'", "'10.0.0.0/9'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    ("tsvector", "'''a b'':1 c'", "'a b c'"),
    ("money", "12.5", "12.51"),
    ("oid", "4294967295", "0"),
    ("pg_lsn", "'16/B374D848'", "'16/B374D849'"),
    ("short_text", "'abc'", "'abcd'"),
    ("labels", "'{x,y}'", "'{y,x}'"),
    ("pair", r#"'(1,"a ""b"", \\c")'"#, "'(1,)'"),
    ("text COLLATE any_case", "'abc'", "'ABC'"),
    ("text COLLATE any_case", r"E'\\. \t\\N'", r"E'\\. \t\\n'"),
    ("char(3) COLLATE any_case", "'é'", "'É'"),
];

const TYPES: &str = "CREATE TYPE letter AS ENUM ('x', 'y'); CREATE DOMAIN labels AS letter[];
    CREATE DOMAIN short AS varchar(9); CREATE DOMAIN short_text AS short CHECK (value <> 'no');
    CREATE TYPE pair AS (a int, b text);
    CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

/// Tables of one column per form: `a` with the value, NULL and the other value, `c` the other way
/// round, and an empty `b`.
fn tables(place: &mut Place) -> (Vec<Form>, Table, Table, Table) {
    let forms: Vec<Form> = CLASSES.iter().flat_map(|class| class.postgres).chain(MORE).copied().collect();
    let columns: String = forms.iter().enumerate().map(|(at, form)| format!(", \"c {at}\" {}", form.0)).collect();
    let row = |id: i32, pick: &dyn Fn(&Form) -> &'static str| {
        format!("({id}{})", forms.iter().map(|form| format!(", {}", pick(form))).collect::<String>())
    };
    type Pick = fn(&Form) -> &'static str;
    let (value, null, other): (Pick, Pick, Pick) = (|form| form.1, |_| "NULL", |form| form.2);
    let server = place.postgres();
    server.execute(TYPES);
    for name in ["a", "b", "c"] {
        server.execute(&format!("CREATE TABLE {name} (id integer PRIMARY KEY{columns})"));
    }
    // One by one: rows of a VALUES list must have one type.
    for (name, first, last) in [("a", value, other), ("c", other, value)] {
        for row in [row(1, &first), row(2, &null), row(3, &last)] {
            server.execute(&format!("INSERT INTO {name} VALUES {row}"));
        }
    }
    let [a, b, c] = ["a", "b", "c"].map(|name| Table::new(place, name, &["id"]));
    (forms, a, b, c)
}

#[test]
fn what_is_written_reads_back_equal() {
    let mut place = Place::new();
    let (forms, a, b, c) = tables(&mut place);
    assert_eq!(b.write(&b.create(a.rows())), 3);
    assert_eq!(b.printed(), a.printed());
    assert_eq!(b.write(&b.update(a.rows(), c.rows())), 3);
    assert_eq!(b.printed(), c.printed());
    // To the last digit, also where values are equal that print differently.
    let client = &mut place.postgres().client;
    let differ = |(at, form): (usize, &Form)| {
        let sql = format!("SELECT count(*) FROM b JOIN c USING (id) WHERE b.\"c {at}\"::text <> c.\"c {at}\"::text");
        (client.query_one(&sql, &[]).unwrap().get::<_, i64>(0) > 0).then_some(form.0)
    };
    assert_eq!(forms.iter().enumerate().filter_map(differ).collect::<Vec<_>>(), [""; 0]);
    // There is nothing left to write.
    assert_eq!(b.write(&b.create(a.rows())), 0);
    assert_eq!(b.write(&b.update(a.rows(), c.rows())), 1); // the row of NULLs is as it was
    assert_eq!(b.write(&b.delete(c.rows())), 3);
    assert_eq!(b.printed(), Vec::<Vec<_>>::new());
}

#[test]
fn rows_that_moved_in_any_one_column_are_left_alone() {
    let mut place = Place::new();
    let (forms, a, b, _) = tables(&mut place);
    let rows = a.rows();
    b.write(&b.create(rows.clone()));
    let mut writer = b.writer();
    let mut wrong = Vec::new();
    for (at, form) in forms.iter().enumerate() {
        let column = format!("\"c {at}\"");
        let set = |row: i32, value: &str| format!("UPDATE b SET {column} = {value} WHERE id = {row}");
        // The first row has the other value; the row of NULLs has one; the last has none.
        let both = if form.1 == "NULL" { form.2 } else { form.1 };
        place
            .postgres()
            .execute(&[set(1, form.2), set(2, both), set(3, if form.2 == "NULL" { form.1 } else { "NULL" })].join(";"));
        for steps in [b.delete(rows.clone()), b.update(rows.clone(), pick(&rows, &[2, 1, 0]))] {
            writer.begin().unwrap();
            writer.load(&steps).unwrap();
            let written = writer.write().unwrap();
            writer.rollback().unwrap();
            if written != 0 {
                wrong.push(format!("{form:?}: {} of {written}", steps.action));
            }
        }
        place.postgres().execute(&[set(1, form.1), set(2, "NULL"), set(3, form.2)].join(";"));
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(b.write(&b.delete(rows)), 3);
}

#[test]
fn any_type_is_a_key() {
    let mut place = Place::new();
    let (forms, a, ..) = tables(&mut place);
    let rows = a.rows();
    let mut wrong = Vec::new();
    for (at, form) in forms.iter().enumerate().filter(|(_, form)| form.1 != "NULL" && form.2 != "NULL") {
        // With an index where the type has one, and without.
        for index in ["UNIQUE", ""] {
            let (server, name) = (place.postgres(), format!("k_{at}{index}"));
            if server.client.batch_execute(&format!("CREATE TABLE {name} (k {} {index}, v int)", form.0)).is_err() {
                continue;
            }
            server.execute(&format!("INSERT INTO {name} SELECT \"c {at}\", 1 FROM a WHERE id = 1"));
            if server
                .client
                .batch_execute(&format!("INSERT INTO {name} SELECT \"c {at}\", 1 FROM a WHERE id = 3"))
                .is_err()
            {
                continue; // the index finds the two values equal
            }
            let table = Table::new(&mut place, &name.to_lowercase(), &["k"]);
            let there = table.rows();
            assert_eq!(there.rows.num_rows(), 2);
            let one = pick(&there, &[0]);
            let mut writer = table.writer();
            writer.load(&table.delete(one.clone())).unwrap();
            let fetched = writer.fetch(false).unwrap();
            let created = table.try_write(&table.create(one.clone()));
            let deleted = table.try_write(&table.delete(one.clone()));
            let created_again = table.try_write(&table.create(one.clone()));
            if printed(&fetched) != printed(&one)
                || created.unwrap() != 0
                || deleted.unwrap() != 1
                || created_again.unwrap() != 1
            {
                wrong.push(format!("{form:?} {index}: {:?}", printed(&fetched)));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(rows.rows.num_rows() == 3);
}

#[test]
fn a_script_writes_every_type() {
    let mut place = Place::new();
    let (_, a, b, c) = tables(&mut place);
    let (dialect, name) = b.endpoint.dialect().unwrap();
    let columns = &b.columns;
    let constant = |text: &Option<String>, at: usize| {
        dialect.literal(text.as_ref().map(|text| text.strip_prefix("other ").unwrap_or(text)), &columns[at])
    };
    let names: Vec<String> = columns.iter().map(|column| dialect.identifier(&column.name)).collect();
    let mut script = dialect.prologue();
    for (before, after) in a.printed().iter().zip(c.printed()) {
        let constants: Vec<String> = before.iter().enumerate().map(|(at, text)| constant(text, at)).collect();
        let key = dialect.key_is(&columns[0], &constants[0]);
        script += &format!(
            "INSERT INTO {name} ({}){} SELECT {}{} WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {key});\n",
            names.join(", "),
            dialect.overriding(),
            constants.join(", "),
            dialect.no_table()
        );
        let is: Vec<String> = columns.iter().zip(&constants).map(|(column, text)| dialect.is(column, text)).collect();
        let set: Vec<String> = after
            .iter()
            .enumerate()
            .skip(1)
            .map(|(at, text)| format!("{} = {}", names[at], constant(text, at)))
            .collect();
        script += &format!("UPDATE {name} SET {} WHERE {key} AND {};\n", set.join(", "), is.join(" AND "));
    }
    script += &dialect.epilogue();
    // The client's own command is the first line.
    let (first, rest) = script.split_once('\n').unwrap();
    assert_eq!(first, "\\set ON_ERROR_STOP on");
    let mut other = crate::support::Place::new();
    other.postgres().execute(rest);
    assert_eq!(b.printed(), c.printed());
    assert!(columns.iter().any(|column| column.ty == PortableType::Json));
}
