//! What goes wrong is said in a few lines that name it, with exit code 2, without a password, and
//! leaves nothing half-done. (That no run shows a password or a panic is checked for every run.)

mod broken;
mod files;

use crate::support::{Kind, Place, Table, Type};

fn orders() -> Table {
    let cell = |text: &str| Some(text.to_owned());
    Table {
        columns: vec![("id", Type::Integer), ("customer", Type::Text), ("amount", Type::Decimal)],
        primary_key: 1,
        rows: (1..=50).map(|id: i32| vec![cell(&id.to_string()), cell("somebody"), cell("1.50")]).collect(),
    }
}

/// Every kind of server with its default port out of the way.
const SERVERS: [Kind; 2] = [Kind::Postgres, Kind::Mysql];

fn url_of(place: &mut Place, kind: Kind) -> url::Url {
    if kind == Kind::Postgres { place.postgres().url.clone() } else { place.mysql().url.clone() }
}

#[test]
fn a_server_that_is_not_there() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &orders());
    for kind in SERVERS {
        let mut url = url_of(&mut place, kind);
        // Nothing listens on port 1.
        url.set_port(Some(1)).unwrap();
        place.dir.audit(&good, &format!("{url}#orders"), &[]).fails_with(&["connect", "127.0.0.1", "refused"]);
        url.set_host(Some("no-such-host.invalid")).unwrap();
        place.dir.audit(&format!("{url}#orders"), &good, &[]).fails_with(&["connect", "no-such-host.invalid"]);
    }
    place.dir.assert_nothing_half_done();
}

#[test]
fn a_wrong_password_or_user() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &orders());
    for kind in SERVERS {
        let mut url = url_of(&mut place, kind);
        let user = url.username().to_owned();
        url.set_password(Some("Wrong-5ecret")).unwrap();
        let run = place.dir.audit(&good, &format!("{url}#orders"), &[]);
        run.fails_with(&["connect", &user, "password"]);
        assert!(!run.stderr.contains("5ecret"), "{run}");

        // The password also from the environment.
        url.set_password(None).unwrap();
        let address = format!("{url}#orders");
        let variable = if kind == Kind::Postgres { "PGPASSWORD" } else { "MYSQL_PWD" };
        let mut command = place.dir.command(["audit", &good, &address]);
        let run = place.dir.start(command.env(variable, "Wrong-5ecret")).wait();
        run.fails_with(&["connect", "password"]);
        assert!(!run.stderr.contains("5ecret"), "{run}");

        url.set_username("nobody_of_that_name").unwrap();
        place.dir.audit(&format!("{url}#orders"), &good, &[]).fails_with(&["connect", "nobody_of_that_name"]);
    }
}

#[test]
fn a_database_that_is_not_there() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &orders());
    for kind in SERVERS {
        let mut url = url_of(&mut place, kind);
        url.set_path("no_such_database");
        place.dir.audit(&good, &format!("{url}#orders"), &[]).fails_with(&["no_such_database"]);
    }
    let missing = place.dir.file("nowhere.db");
    place.dir.audit(&format!("sqlite:{missing}#orders"), &good, &[]).fails_with(&["nowhere.db"]);
    assert!(!std::path::Path::new(&missing).exists(), "an empty database was made of a misspelt name");
    let text = place.dir.write("letter.db", "Dear database, this is a letter and no database at all.".repeat(20));
    place.dir.audit(&format!("sqlite:{text}#orders"), &good, &[]).fails_with(&["letter.db", "database"]);
}

#[test]
fn a_table_that_is_not_there_and_the_nearest_that_is() {
    let mut place = Place::new();
    let good = place.store(Kind::Sqlite, &orders());
    place.sqlite().execute_batch("CREATE TABLE customers (id INTEGER PRIMARY KEY)").unwrap();
    place.postgres().execute("CREATE TABLE customers (id int PRIMARY KEY)");
    place.mysql().execute("CREATE TABLE customers (id int PRIMARY KEY)");
    let addresses =
        [place.postgres().address("custmers"), place.mysql().address("custmers"), place.sqlite_address("custmers")];
    for address in &addresses {
        place.dir.audit(&good, address, &[]).fails_with(&["no table", "custmers`", "customers`"]);
        place.dir.audit(address, &good, &[]).fails_with(&["no table", "custmers`", "customers`"]);
    }
    let url = place.postgres().url.clone();
    place.dir.audit(&format!("{url}#no_such_schema.customers"), &good, &[]).fails_with(&["no_such_schema"]);
}

#[test]
fn a_column_that_is_not_there_and_the_nearest_that_is() {
    let mut place = Place::new();
    for kind in Kind::ALL {
        let (left, right) = (place.store(kind, &orders()), place.store(kind, &orders()));
        for (options, words) in [
            (&["--key", "idd"][..], ["`idd`", "`id`"]),
            (&["--key", "customer=custommer"], ["`custommer`", "`customer`"]),
            (&["--key", "id", "--map", "customer=custmer"], ["`custmer`", "`customer`"]),
            (&["--key", "id", "--map", "custmer=customer"], ["`custmer`", "`customer`"]),
            (&["--key", "id", "--columns", "amuont"], ["`amuont`", "`amount`"]),
            (&["--key", "id", "--ignore", "custommer"], ["`custommer`", "`customer`"]),
            (&["--key", "id", "--compare", "amoun=tolerance:1"], ["`amoun`", "`amount`"]),
        ] {
            place.dir.audit(&left, &right, options).fails_with(&words);
        }
    }
    place.dir.assert_nothing_half_done();
}

#[test]
fn nothing_in_common() {
    let mut place = Place::new();
    let mut other = orders();
    other.columns = vec![("x", Type::Integer), ("y", Type::Text), ("z", Type::Decimal)];
    for kind in Kind::ALL {
        let (left, right) = (place.store(kind, &orders()), place.store(kind, &other));
        place.dir.audit(&left, &right, &[]).fails_with(&["in common", "id, customer, amount", "x, y, z", "--map"]);
    }
}

#[test]
fn a_key_that_one_side_lacks() {
    let mut place = Place::new();
    let mut other = orders();
    other.columns[0].0 = "number";
    for kind in Kind::ALL {
        let (left, right) = (place.store(kind, &orders()), place.store(kind, &other));
        place.dir.audit(&left, &right, &["--key", "id"]).fails_with(&["right", "`id`"]);
        place.dir.audit(&right, &left, &["--key", "id"]).fails_with(&["left", "`id`"]);
    }
}

#[test]
fn rules_that_make_no_sense() {
    let mut place = Place::new();
    let address = place.store(Kind::Sqlite, &orders());
    let audit = |options: &[&str]| place.dir.audit(&address, &address, options);
    audit(&["--compare", "amount=rounded"]).fails_with(&["rounded", "tolerance"]);
    audit(&["--compare", "amount=trim"]).fails_with(&["trim", "`amount`"]);
    audit(&["--compare", "customer=tolerance:-1"]).fails_with(&["tolerance:-1"]);
    audit(&["--map", "customer=amount", "--map", "customer=id"]).fails_with(&["`customer`", "twice"]);
    audit(&["--memory", "much"]).fails_with(&["much"]);
}

#[test]
fn a_condition_that_the_database_refuses() {
    let mut place = Place::new();
    for kind in Kind::ALL {
        let address = place.store(kind, &orders());
        for (condition, word) in [("no_such_column = 1", "no_such_column"), ("id = (", "condition")] {
            place.dir.audit(&address, &address, &["--key", "id", "--where", condition]).fails_with(&[word]);
        }
        // A comment at its end does not swallow what follows.
        let report = place.dir.audit(&address, &address, &["--key", "id", "--where", "id <= 7 -- the first"]).json(0);
        assert_eq!(report["left"]["rows"], 7, "{kind:?}");
    }
}

#[test]
fn command_lines_that_make_no_sense() {
    let place = Place::new();
    let run = |args: &[&str]| place.dir.trueup(args);
    for (args, words) in [
        (&["audit"][..], &["LEFT"][..]),
        (&["audit", "a.csv"], &["two"]),
        (&["audit", "a.csv", "b.csv", "--kee", "id"], &["--kee", "--key"]),
        (&["audit", "a.csv", "b.csv", "--format", "xml"], &["xml", "json"]),
        (&["audti", "a.csv", "b.csv"], &["audti", "audit"]),
        (&["audit", "orders", "b.csv"], &["`orders`", "sqlite:"]),
        (&["audit", "postgres://me:5ecret@host/db", "b.csv"], &["#table"]),
        (&["audit", "postgres://me:5ecret@host#t", "b.csv"], &["database"]),
        (&["audit", "mysql://me:${TRUEUP_NO_SUCH}@host/db#t", "b.csv"], &["TRUEUP_NO_SUCH"]),
        (&["audit", "postgres://me:5ecret@ho st/db#t", "b.csv"], &["address"]),
        (&["audit", "mongo://me:5ecret@host/db#t", "b.csv"], &["mongo"]),
        (&["snapshot", "a.csv"], &["--out"]),
    ] {
        let run = run(args);
        assert_eq!(run.code, Some(2), "{run}");
        for word in words {
            assert!(run.stderr.contains(word), "`{word}` is not said: {run}");
        }
        assert!(!run.stderr.contains("5ecret"), "{run}");
    }
}

#[test]
fn the_password_is_masked_wherever_the_address_is_kept() {
    let mut place = Place::new();
    for kind in SERVERS {
        let address = place.store(kind, &orders());
        let name = format!("run-{kind:?}");
        // Everything that is said, and everything that is written.
        let args = ["audit", &address, &address, "--out", &name, "-vv"];
        assert_eq!(place.dir.trueup(args).code, Some(0));
        let secrets = crate::support::passwords();
        for path in place.dir.tree(&name) {
            let Ok(bytes) = std::fs::read(place.dir.path().join(&path)) else { continue };
            let text = String::from_utf8_lossy(&bytes);
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{path:?} holds the password");
        }
        let report = place.dir.audit(&address, &address, &[]).json(0);
        assert!(report["left"]["address"].as_str().unwrap().contains("***"), "{report:#}");
    }
}
