use crate::support::{Kind, Place, Table, Type, assert_identities};
use serde_json::{Value, json};

fn stock(primary_key: usize, rows: &[(&str, &str)]) -> Table {
    let cell = |text: &&str| (*text != "-").then(|| (*text).to_owned());
    Table {
        columns: vec![("sku", Type::Integer), ("shelf", Type::Text)],
        primary_key,
        rows: rows.iter().map(|(sku, shelf)| vec![cell(sku), cell(shelf)]).collect(),
    }
}

fn audit(place: &mut Place, kinds: [Kind; 2], tables: [&Table; 2], code: i32) -> Value {
    let [left, right] = [0, 1].map(|side: usize| place.store(kinds[side], tables[side]));
    let json = place.dir.audit(&left, &right, &[]).json(code);
    assert_identities(&json);
    json
}

#[test]
fn what_was_loaded_twice_is_told_by_the_key_of_the_other_table() {
    let source = stock(1, &[("1", "a"), ("2", "a"), ("3", "b")]);
    let twice = stock(0, &[("1", "a"), ("2", "a"), ("3", "b"), ("3", "b"), ("1", "a")]);
    for kind in [Kind::Sqlite, Kind::Postgres, Kind::Mysql, Kind::Csv, Kind::Parquet] {
        let mut place = Place::new();
        let json = audit(&mut place, [Kind::Sqlite, kind], [&source, &twice], 1);
        assert_eq!(json["key"]["columns"], json!([{"left": "sku", "right": "sku"}]), "{kind:?}");
        assert_eq!((&json["key"]["chosen"], &json["key"]["declared"]), (&json!("primary key"), &json!("left")));
        assert_eq!((&json["keys"]["ambiguous"], &json["right"]["duplicates"]), (&json!(2), &json!(2)), "{kind:?}");
        let json = audit(&mut place, [kind, Kind::Sqlite], [&twice, &source], 1);
        assert_eq!((&json["key"]["declared"], &json["left"]["duplicates"]), (&json!("right"), &json!(2)), "{kind:?}");
    }
}

#[test]
fn one_null_does_not_cost_a_table_its_key() {
    let source = stock(1, &[("1", "a"), ("2", "c"), ("3", "b")]);
    let lost = stock(0, &[("1", "a"), ("2", "c"), ("-", "b")]);
    let json = audit(&mut Place::new(), [Kind::Sqlite, Kind::Sqlite], [&source, &lost], 1);
    assert_eq!((&json["key"]["chosen"], &json["key"]["declared"]), (&json!("primary key"), &json!("left")));
    assert_eq!(json["key"]["columns"][0]["left"], "sku");
    assert_eq!((&json["right"]["null_keys"], &json["keys"]["only_left"]), (&json!(1), &json!(1)));
}

#[test]
fn of_two_tables_with_keys_of_their_own_the_values_decide() {
    let place = Place::new();
    let connection = place.sqlite();
    connection
        .execute_batch(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, code TEXT, n INT);
             INSERT INTO a VALUES (1, 'x', 1), (2, 'y', 2), (3, 'z', 3);
             CREATE TABLE b (id INTEGER, code TEXT PRIMARY KEY NOT NULL, n INT);
             INSERT INTO b VALUES (7, 'x', 1), (8, 'y', 2), (9, 'z', 5)",
        )
        .unwrap();
    let json = place.dir.audit(&place.sqlite_address("a"), &place.sqlite_address("b"), &[]).json(1);
    assert_eq!((&json["key"]["columns"][0]["left"], &json["key"]["declared"]), (&json!("code"), &json!("right")));
    let given = place.dir.audit(&place.sqlite_address("a"), &place.sqlite_address("b"), &["--key", "id"]).json(1);
    assert_eq!((&given["key"]["chosen"], &given["key"]["declared"]), (&json!("given"), &json!("left")));
}

#[test]
fn nothing_is_planned_between_tables_that_share_no_value_of_a_guessed_key() {
    let place = Place::new();
    let left = place.dir.write("people.csv", "id,name\n1,Ann\n2,Bob\n");
    let right = place.dir.write("towns.csv", "id,name\n70,Bern\n71,Chur\n72,Genf\n");
    let json = place.dir.audit(&left, &right, &[]).json(1);
    assert_eq!((&json["key"]["chosen"], &json["keys"]["in_both"]), (&json!("inferred"), &json!(0)));
    let shown = place.dir.trueup(["audit", &left, &right]);
    assert!(shown.stdout.contains("the same table?"), "{shown}");
    for run in [place.dir.trueup(["plan", &left, &right]), place.dir.trueup(["sync", &left, &right])] {
        assert_eq!(run.code, Some(3), "{run}");
        assert!(run.stderr.contains("the same table") && run.stderr.contains("--key"), "{run}");
    }
    assert!(place.dir.plan(&left, &right, "meant", &["--key", "id"]).json(1)["right"]["create"] == 2);
    // A first load into an empty table goes on.
    let empty = place.dir.write("empty.csv", "id,name\n");
    assert_eq!(place.dir.plan(&left, &empty, "load", &[]).json(1)["right"]["create"], 2);
}

#[test]
fn candidates_of_three_columns_and_of_one_table() {
    let place = Place::new();
    let rows: Vec<String> = (0..60).map(|i| format!("{},{},{},7", i / 20, i / 4 % 5, i % 4)).collect();
    let seats = place.dir.write("seats.csv", format!("hall,line,seat,price\n{}\n", rows.join("\n")));
    let keys = |args: &[&str]| place.dir.trueup(["keys"].iter().chain(args).chain(&["--format", "json"])).json(0);
    let best = |json: &Value| -> Vec<String> {
        let columns = json["best"]["columns"].as_array().unwrap().iter();
        columns.map(|column| column["left"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(best(&keys(&[&seats])), ["hall", "line", "seat"]);
    place
        .sqlite()
        .execute_batch(
            "CREATE TABLE s (hall INT, line INT, seat INT, price INT PRIMARY KEY); INSERT INTO s VALUES (1, 1, 1, 1)",
        )
        .unwrap();
    let json = keys(&[&place.sqlite_address("s"), &seats]);
    assert_eq!((best(&json), &json["best"]["declared"]), (vec!["price".to_owned()], &json!(true)));
}
