use crate::support::{Place, Workdir};
use serde_json::json;

fn people(name: &str, lost: usize) -> String {
    let row = |id: usize| {
        let last = if id < lost { "?".to_owned() } else { format!("last {}", id * 7) };
        format!("{id},first {id},{last},{}\n", id % 2)
    };
    format!("id,{name}\n{}", (1..=200).map(row).collect::<String>())
}

#[test]
fn a_renamed_column_is_proposed_with_its_share() {
    let dir = Workdir::new();
    let left = dir.write("l.csv", people("first,surname,active", 0));
    let right = dir.write("r.csv", people("first,family_name,open", 5));
    let audit = dir.audit(&left, &right, &["--key", "id"]);
    let json = audit.json(audit.code.unwrap());
    let proposals = json["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 2, "{json:#}");
    let of = |option: &str| proposals.iter().find(|proposal| proposal["option"] == option).unwrap();
    let named = of("--map surname=family_name");
    assert_eq!((&named["rows"], &named["of"]), (&json!(196), &json!(200)));
    assert!(named["text"].as_str().unwrap().contains("98.0 % equal"), "{named}");
    assert_eq!(of("--map active=open")["rows"], 200);
    let shown = dir.trueup(["audit", &left, &right, "--key", "id", "--out", "run"]);
    assert!(shown.stdout.contains("\n     try  --map surname=family_name\n"), "{shown}");
    let page = dir.file("page.html");
    dir.trueup(["report", "run", "--out", &page]);
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<code>--map surname=family_name</code>") && page.contains("98.0 % equal"));
    // What is proposed works.
    let mapped = dir.audit(&left, &right, &["--key", "id", "--map", "surname=family_name", "--map", "active=open"]);
    assert_eq!(mapped.json(1)["rows"]["changed"], 4);
}

#[test]
fn a_key_under_two_names_is_proposed() {
    let place = Place::new();
    place
        .sqlite()
        .execute_batch(
            "CREATE TABLE a (customer INTEGER PRIMARY KEY, town TEXT, amount INT);
             INSERT INTO a VALUES (1, 'Bern', 5), (2, 'Chur', 6), (3, 'Genf', 7);
             CREATE TABLE b (party INTEGER PRIMARY KEY, town TEXT, amount INT);
             INSERT INTO b VALUES (3, 'Bern', 5), (1, 'Chur', 6), (2, 'Genf', 7)",
        )
        .unwrap();
    let audit = place.dir.audit(&place.sqlite_address("a"), &place.sqlite_address("b"), &[]);
    let json = audit.json(audit.code.unwrap());
    assert_eq!(json["proposals"][0]["option"], "--key customer=party", "{json:#}");
    assert_eq!((&json["proposals"][0]["rows"], &json["proposals"][0]["of"]), (&json!(3), &json!(3)));
    assert_eq!(json["proposals"].as_array().unwrap().len(), 1);
}

#[test]
fn columns_of_other_values_are_not_proposed() {
    let dir = Workdir::new();
    let rows = |name: &str, factor: usize| {
        let row = |id: usize| format!("{id},{}\n", id * factor % 17);
        format!("id,{name}\n{}", (1..=60).map(row).collect::<String>())
    };
    let (left, right) = (dir.write("l.csv", rows("height", 3)), dir.write("r.csv", rows("width", 5)));
    let audit = dir.audit(&left, &right, &[]);
    assert_eq!(audit.json(audit.code.unwrap())["proposals"], json!([]));
}

#[test]
fn tables_without_a_common_name_are_asked_for_their_key() {
    let place = Place::new();
    place
        .sqlite()
        .execute_batch(
            "CREATE TABLE a (customer INTEGER PRIMARY KEY, town TEXT, amount INT);
             INSERT INTO a VALUES (11, 'Bern', 5), (12, 'Chur', 6), (13, 'Genf', 7), (14, 'Thun', 7);
             CREATE TABLE b (kunde TEXT, ort TEXT, betrag TEXT)",
        )
        .unwrap();
    place.sqlite().execute_batch("INSERT INTO b SELECT customer, town, amount FROM a").unwrap();
    let sides = [place.sqlite_address("a"), place.sqlite_address("b")];
    place.dir.trueup(["audit", &sides[0], &sides[1]]).fails_with(&[
        "no column name in common",
        "left has customer, town, amount; right has kunde, ort, betrag",
        "--key customer=kunde",
        "4 of 4 values",
    ]);
    assert!(!place.dir.path().join(".trueup").join("left").exists());
    // What it says leads on to the other columns.
    let json = place.dir.audit(&sides[0], &sides[1], &["--key", "customer=kunde"]).json(1);
    let options: Vec<&str> =
        json["proposals"].as_array().unwrap().iter().map(|p| p["option"].as_str().unwrap()).collect();
    assert_eq!(options, ["--map town=ort", "--map amount=betrag"], "{json:#}");
    let mapped = ["--key", "customer=kunde", "--map", "town=ort", "--map", "amount=betrag"];
    assert_eq!(place.dir.audit(&sides[0], &sides[1], &mapped).json(0)["verdict"], "agree");

    // Values that have nothing in common are no key.
    place.sqlite().execute_batch("UPDATE b SET kunde = kunde + 100, betrag = betrag + 100, ort = ort || '!'").unwrap();
    let run = place.dir.trueup(["audit", &sides[0], &sides[1]]);
    run.fails_with(&["no column name in common", "--map LEFT=RIGHT"]);
}
