//! What is said of two tables in the end: the verdict, whether it is exact, the sentence that a person
//! reads first, and the exit code.

use crate::support::{Place, Run, Workdir};
use serde_json::{Value, json};

/// Two SQLite tables of these statements, each with `{t}` for its name.
fn sqlite(dir: &Workdir, left: &str, right: &str) -> [String; 2] {
    let connection = rusqlite::Connection::open(dir.file("tables.db")).unwrap();
    let names = ["l", "r"];
    for (name, sql) in names.iter().zip([left, right]) {
        connection.execute_batch(&sql.replace("{t}", name)).unwrap();
    }
    names.map(|name| format!("sqlite:{}#{name}", dir.file("tables.db")))
}

/// The sentence of a run for a person: its lines behind the table of counts, as one.
#[track_caller]
fn sentence(run: &Run) -> String {
    let behind = run.stdout.split_once("keys only here").unwrap_or_else(|| panic!("no counts: {run}")).1;
    let lines = behind.lines().skip(2).take_while(|line| !line.is_empty());
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

fn verdict(json: &Value) -> (&str, bool, bool) {
    let truth = |name: &str| json[name].as_bool().unwrap();
    (json["verdict"].as_str().unwrap(), truth("exact"), truth("agree"))
}

#[test]
fn a_lost_column_is_no_agreement() {
    let dir = Workdir::new();
    let left = "CREATE TABLE {t} (no INTEGER PRIMARY KEY, name TEXT, wage INTEGER);
                INSERT INTO {t} VALUES (1, 'Eva', 10), (2, 'Leo', 20)";
    let right = "CREATE TABLE {t} (no INTEGER PRIMARY KEY, name TEXT); INSERT INTO {t} VALUES (1, 'Eva'), (2, 'Leo')";
    let [l, r] = sqlite(&dir, left, right);
    let found = dir.audit(&l, &r, &[]).json(1);
    assert_eq!(verdict(&found), ("columns", true, false));
    assert_eq!(found["unpaired"], json!({"left": ["wage"], "right": []}));
    let person = dir.trueup(["audit", &l, &r]);
    assert_eq!(person.code, Some(1));
    assert_eq!(sentence(&person), "2 keys are equal in 2 of 3 columns; `wage` is only on the left.");
    assert_eq!(
        sentence(&dir.trueup(["audit", &r, &l])),
        "2 keys are equal in 2 of 3 columns; `wage` is only on the right."
    );

    // What the job leaves out has no partner to miss.
    for options in [["--ignore", "wage"], ["--columns", "name"]] {
        let found = dir.audit(&l, &r, &options).json(0);
        assert_eq!(verdict(&found), ("agree", true, true));
        assert_eq!((&found["unpaired"], &found["ignored"]), (&json!({"left": [], "right": []}), &json!(["wage"])));
        let person = dir.trueup(["audit", &l, &r].into_iter().chain(options));
        assert_eq!(
            sentence(&person),
            "The tables agree: 2 keys are equal in 2 of 3 columns; `wage` was left out by the job."
        );
    }
    // A column that is asked for is missed.
    assert_eq!(verdict(&dir.audit(&l, &r, &["--columns", "name,wage"]).json(1)), ("columns", true, false));

    // Nothing is to be done, and nobody is told that the tables agree.
    let plan = dir.trueup(["plan", &l, &r, "--out", "p", "--format", "json"]).json(0);
    assert_eq!((&plan["verdict"], &plan["unpaired"]["left"]), (&json!("columns"), &json!(["wage"])));
    let plan = dir.trueup(["plan", &l, &r]);
    let lines: Vec<&str> = plan.stdout.lines().collect();
    assert!(
        lines.contains(&"Nothing to do. 2 keys are equal in 2 of 3 columns; `wage` is only on the left."),
        "{plan}"
    );
    let sync = dir.trueup(["sync", &l, &r, "--format", "json"]).json(0);
    assert_eq!(verdict(&sync), ("columns", true, false));
    let both = dir.trueup(["sync", &l, &r, "--direction", "both", "--format", "json"]).json(0);
    assert_eq!(verdict(&both), ("columns", true, false));
}

#[test]
fn nothing_compared_is_no_agreement() {
    let dir = Workdir::new();
    let rows = dir.write("a.csv", "id,v\n1,x\n");
    let options = ["--where", "id = 9"];
    let found = dir.audit(&rows, &rows, &[&options[..], &["--key", "id"]].concat()).json(1);
    assert_eq!(verdict(&found), ("nothing", true, false));
    let allowed = dir.audit(&rows, &rows, &[&options[..], &["--allow-nothing"]].concat()).json(0);
    assert_eq!(verdict(&allowed), ("nothing", true, true));
    let person = dir.trueup(["audit", &rows, &rows, "--where", "id = 9"]);
    assert_eq!(sentence(&person), "Nothing was compared: the conditions choose no row on either side.");
    // One side with rows is a difference, whatever is allowed.
    let one = ["--where-left", "id = 9", "--allow-nothing", "--key", "id"];
    assert_eq!(verdict(&dir.audit(&rows, &rows, &one).json(1)), ("differ", true, false));
    // A job file says the same.
    let job = dir.write("job.toml", "left = 'a.csv'\nright = 'a.csv'\nwhere = 'id = 9'\nallow-nothing = true\n");
    assert_eq!(dir.trueup(["audit", &job]).code, Some(0));
    for command in ["plan", "sync"] {
        let run = dir.trueup([command, &rows, &rows, "--where", "id = 9", "--format", "json"]);
        assert_eq!(run.json(0)["verdict"], "nothing", "{run}");
    }
}

#[test]
fn two_empty_tables_agree_and_are_said_to_be_empty() {
    let dir = Workdir::new();
    let empty = "CREATE TABLE {t} (id INTEGER PRIMARY KEY, v TEXT)";
    let [l, r] = sqlite(&dir, empty, empty);
    assert_eq!(verdict(&dir.audit(&l, &r, &[]).json(0)), ("agree", true, true));
    assert_eq!(sentence(&dir.trueup(["audit", &l, &r])), "The tables agree: both are empty.");
    let filtered = dir.audit(&l, &r, &["--where", "id > 0"]).json(1);
    assert_eq!(verdict(&filtered), ("nothing", true, false));
}

#[test]
fn rows_without_a_key_are_in_the_sentence() {
    let dir = Workdir::new();
    let left = dir.write("l.csv", "id,v\n,a\n,b\n7,x\n");
    let same = dir.write("same.csv", "id,v\n7,x\n,b\n,a\n");
    let other = dir.write("other.csv", "id,v\n7,x\n,c\n");
    let by_id = ["--key", "id"];
    assert_eq!(verdict(&dir.audit(&left, &same, &by_id).json(0)), ("agree", true, true));
    assert_eq!(
        sentence(&dir.trueup(["audit", &left, &same, "--key", "id"])),
        "The tables agree: 1 key is equal in both columns, and so are the 2 rows whose key is NULL."
    );
    assert_eq!(verdict(&dir.audit(&left, &other, &by_id).json(1)), ("differ", true, false));
    assert_eq!(
        sentence(&dir.trueup(["audit", &left, &other, "--key", "id"])),
        "1 key is on both sides: 1 equal in both columns, 0 changed; 2 rows on the left and 1 on the right have NULL in \
         the key, and are not the same."
    );
    let twice = dir.write("twice.csv", "id,v\n7,x\n7,y\n,a\n,b\n");
    let run = dir.trueup(["audit", &left, &twice, "--key", "id"]);
    assert_eq!(
        sentence(&run),
        "1 key is on both sides: 0 equal in both columns, 0 changed, 1 ambiguous (not unique, and different)."
    );
}

/// Times to the microsecond beside the same in whole seconds.
fn times(place: &mut Place) -> [String; 2] {
    place.postgres().execute(
        "CREATE TABLE fine AS SELECT id::int, timestamp '2024-01-01' + id * interval '1.25 seconds' AS at
         FROM generate_series(1, 8) id;
         CREATE TABLE coarse (id int PRIMARY KEY, at timestamp(0));
         ALTER TABLE fine ADD PRIMARY KEY (id);
         INSERT INTO coarse SELECT id, date_trunc('second', at) FROM fine",
    );
    ["fine", "coarse"].map(|table| place.postgres().address(table))
}

#[test]
fn what_nobody_asked_for_is_said_and_exactly_is_a_difference() {
    let mut place = Place::new();
    let [fine, coarse] = times(&mut place);
    let dir = &place.dir;
    let found = dir.audit(&fine, &coarse, &[]).json(0);
    assert_eq!(verdict(&found), ("agree", false, true));
    let softened = json!([{
        "column": "at", "left": "at", "right": "at", "by": "precision of 0 digits", "rule": "precision:s",
        "asked": false, "rows": 6,
    }]);
    assert_eq!(found["softened"], softened);
    let person = dir.trueup(["audit", &fine, &coarse]);
    assert_eq!(
        sentence(&person),
        "The tables agree: 8 keys are equal in both columns; 6 of 8 values of `at` are equal only in whole seconds, all \
         that the right side holds."
    );
    let exact = dir.audit(&fine, &coarse, &["--exact"]).json(1);
    assert_eq!(verdict(&exact), ("differ", true, false));
    assert_eq!((&exact["rows"]["changed"], &exact["softened"]), (&json!(6), &json!([])));
    // A rule of the job still counts, and is told apart.
    let ruled = dir.audit(&fine, &coarse, &["--exact", "--compare", "at=precision:s"]).json(0);
    assert_eq!(verdict(&ruled), ("agree", false, true));
    assert_eq!(ruled["softened"][0]["asked"], true);
    assert_eq!((&ruled["softened"][0]["rule"], &ruled["softened"][0]["rows"]), (&json!("precision:s"), &json!(6)));

    // A plan says what it leaves alone; exactly, it can't write what the column does not hold.
    let plan = dir.trueup(["plan", &fine, &coarse, "--out", "p", "--format", "json"]).json(0);
    assert_eq!((&plan["verdict"], &plan["exact"], &plan["softened"]), (&json!("agree"), &json!(false), &softened));
    let text = dir.trueup(["show", "p", "--summary"]).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("`at` in 6 rows: equal only in whole seconds, which no rule of the job asked for"), "{text}");
    let exact = dir.trueup(["plan", &fine, &coarse, "--exact", "--format", "json"]).json(1);
    assert_eq!((&exact["right"]["update"], &exact["misfits"]), (&json!(0), &json!(6)));
}

#[test]
fn keys_can_be_softened_too() {
    let mut place = Place::new();
    place.postgres().execute(
        "CREATE TABLE fine (at timestamp PRIMARY KEY, v int);
         CREATE TABLE coarse (at timestamp(0) PRIMARY KEY, v int);
         INSERT INTO fine VALUES ('2024-01-01 00:00:00.4', 1), ('2024-01-02', 2), ('2024-01-03 10:00:00.1', 3);
         INSERT INTO coarse VALUES ('2024-01-01', 1), ('2024-01-02', 2), ('2024-01-03 10:00', 3)",
    );
    let [fine, coarse] = ["fine", "coarse"].map(|table| place.postgres().address(table));
    let found = place.dir.audit(&fine, &coarse, &["--key", "at"]).json(0);
    assert_eq!(verdict(&found), ("agree", false, true));
    assert_eq!((&found["softened"][0]["column"], &found["softened"][0]["rows"]), (&json!("at"), &json!(2)));
    let exact = place.dir.audit(&fine, &coarse, &["--key", "at", "--exact"]).json(1);
    assert_eq!((&exact["keys"]["only_left"], &exact["keys"]["only_right"]), (&json!(2), &json!(2)));
}

#[test]
fn a_rule_that_makes_a_row_equal_is_never_exact() {
    let dir = Workdir::new();
    let left = dir.write("l.csv", "id,name,price\nA ,x,1.00\nB,y ,2.00\n");
    let right = dir.write("r.csv", "id,name,price\nA,x,1.00\nB,y,2.01\n");
    let softened = |run: &Value, column: &str| {
        let all = run["softened"].as_array().unwrap();
        all.iter().find(|one| one["column"] == column).map(|one| one["rows"].as_u64().unwrap()).unwrap()
    };
    // On a key, on a compared column, and within a tolerance.
    let rules = ["--compare", "id=trim", "--compare", "name=trim", "--compare", "price=tolerance:0.1"];
    let found = dir.audit(&left, &right, &[&["--key", "id"][..], &rules].concat()).json(0);
    assert_eq!(verdict(&found), ("agree", false, true));
    assert_eq!(["id", "name", "price"].map(|column| softened(&found, column)), [1, 1, 1]);
    assert!(found["softened"].as_array().unwrap().iter().all(|one| one["asked"] == true));
    // Rules that made nothing equal.
    let idle = dir.audit(&left, &left, &[&["--key", "id"][..], &rules].concat()).json(0);
    assert_eq!(verdict(&idle), ("agree", true, true));

    // Rows without a key, and several of a key, whose values only fit together crosswise.
    for key in ["", "7"] {
        let crossed = dir.write("crossed.csv", format!("id,a,b\n{key},x,1\n{key},X,2\n"));
        let other = dir.write("other.csv", format!("id,a,b\n{key},X,1\n{key},x,2\n"));
        let options = ["--key", "id", "--compare", "a=ignore-case"];
        assert_eq!(verdict(&dir.audit(&crossed, &other, &options).json(0)), ("agree", false, true), "key {key}");
        assert_eq!(verdict(&dir.audit(&crossed, &crossed, &options).json(0)), ("agree", true, true), "key {key}");
    }
}

#[test]
fn several_rows_of_a_key_are_the_same_within_a_tolerance_if_they_can_be_paired_off() {
    let dir = Workdir::new();
    let audit = |left: &str, right: &str, tolerance: &str| {
        let tables = [dir.write("l.csv", format!("k,v\n{left}")), dir.write("r.csv", format!("k,v\n{right}"))];
        let rule = format!("v=tolerance:{tolerance}");
        dir.audit(&tables[0], &tables[1], &["--key", "k", "--compare", &rule])
    };
    for key in ["7", ""] {
        let left = format!("{key},1.000\n{key},2\n8,5\n");
        let right = format!("{key},2.001\n{key},1.001\n8,5\n");
        let found = audit(&left, &right, "0.01").json(0);
        assert_eq!(verdict(&found), ("agree", false, true), "key {key}");
        assert_eq!((&found["keys"]["ambiguous"], &found["softened"][0]["rows"]), (&json!(0), &json!(1)), "key {key}");
        // Both of one side's would have to take the same of the other's.
        let right = format!("{key},1.001\n{key},9\n8,5\n");
        assert_eq!(verdict(&audit(&left, &right, "0.01").json(1)), ("differ", true, false), "key {key}");
        assert_eq!(verdict(&audit(&left, &right, "7").json(0)), ("agree", false, true), "key {key}");
    }
    // Another number of rows is another thing.
    let found = audit("7,1\n7,1\n", "7,1\n7,1\n7,1\n", "0.01").json(1);
    assert_eq!(found["keys"]["ambiguous"], 1);
}

#[test]
fn a_condition_that_chooses_no_row_of_one_side_is_named() {
    let dir = Workdir::new();
    let rows = dir.write("a.csv", "id,v\n1,x\n");
    let found = dir.audit(&rows, &rows, &["--key", "id", "--where-right", "v = 'y'"]).json(1);
    let warnings = found["warnings"].as_array().unwrap();
    assert!(warnings.contains(&json!("the condition v = 'y' chooses no row on the right")), "{found}");
}

#[test]
fn results_for_scripts_say_when_and_where() {
    let dir = Workdir::new();
    let rows = dir.write("a.csv", "id,v\n1,x\n");
    for args in [
        vec!["audit", &rows, &rows, "--out", "a"],
        vec!["plan", &rows, &rows, "--out", "p"],
        vec!["sync", &rows, &rows, "--out", "s"],
        vec!["keys", &rows],
        vec!["snapshot", &rows, "--out", "frozen"],
        vec!["apply", "p", "--yes"],
        vec!["show", "p", "--summary"],
        vec!["show", "p"],
    ] {
        let json = dir.trueup(args.iter().copied().chain(["--format", "json"])).json(0);
        assert!(json["seconds"].as_f64().is_some_and(|seconds| (0.0..60.0).contains(&seconds)), "{args:?}: {json}");
        let started = json["started"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(started).is_ok() && started.ends_with('Z'), "{args:?}: {json}");
        if let Some(out) = args.iter().position(|arg| *arg == "--out").filter(|_| args[0] != "snapshot") {
            assert_eq!(json["run"], args[out + 1], "{args:?}");
        }
    }
}

#[test]
fn failures_for_scripts() {
    let dir = Workdir::new();
    let rows = dir.write("a.csv", "id,v\n1,x\n");
    let lone = "postgres://nobody@127.0.0.1:1/db?connect_timeout=2#t";
    for (args, code, kind) in [
        (vec!["audit", "nowhere.csv", &rows], 2, "input"),
        (vec!["audit", &rows, &rows, "--ignore", "x"], 2, "input"),
        (vec!["audit", &rows], 2, "usage"),
        (vec!["audit", &rows, &rows, "--nonsense"], 2, "usage"),
        (vec!["apply", "nowhere", "--yes"], 2, "input"),
        (vec!["report", "nowhere", "--out", "x.html"], 2, "usage"),
        (vec!["keys", lone], 2, "connection"),
    ] {
        let run = dir.trueup(args.iter().copied().chain(["--format", "json"]));
        assert_eq!(run.code, Some(code), "{run}");
        assert_eq!(run.error()["kind"], kind, "{run}");
        assert!(!run.stderr.is_empty() && run.stdout.lines().count() == 1, "{run}");
        // Without it nothing is on stdout.
        assert_eq!(dir.trueup(&args).stdout, "", "{args:?}");
    }
    // A source without rows would empty the target.
    let empty = dir.write("empty.csv", "id,v\n");
    let target = dir.write("t.csv", "id,v\n1,x\n2,y\n");
    let run = dir.trueup(["sync", &empty, &target, "--key", "id", "--format=json"]);
    run.is_stopped_with(&["no rows", "--allow-empty-source"]);
}

#[test]
fn names_with_commas_and_equals() {
    let dir = Workdir::new();
    let table = "CREATE TABLE {t} (\"a,b\" INTEGER, \"c=d\" TEXT, \"x,y=z\" TEXT, plain TEXT);
                 INSERT INTO {t} VALUES (1, 'u ', 'v', 'w'), (2, 'u', 'v', 'w')";
    let [l, r] = sqlite(&dir, table, &table.replace("'u '", "'u'"));
    let key = ["--key", "\"a,b\""];
    let found = dir.audit(&l, &r, &key).json(1);
    assert_eq!(found["key"]["columns"], json!([{"left": "a,b", "right": "a,b"}]));
    assert_eq!(found["rows"]["changed"], 1);
    let options = |more: &[&str]| dir.audit(&l, &r, &[&key[..], more].concat());
    assert_eq!(options(&["--ignore", "\"c=d\""]).json(0)["ignored"], json!(["c=d"]));
    assert_eq!(options(&["--ignore", "plain,\"c=d\",\"x,y=z\""]).json(0)["ignored"], json!(["c=d", "x,y=z", "plain"]));
    assert_eq!(options(&["--columns", "\"x,y=z\",plain"]).json(0)["ignored"], json!(["c=d"]));
    assert_eq!(options(&["--compare", "\"c=d\"=trim"]).json(0)["softened"][0]["column"], "c=d");
    assert_eq!(options(&["--map", "\"x,y=z\"=plain", "--map", "plain=\"x,y=z\""]).json(1)["rows"]["changed"], 2);
    let two = dir.audit(&l, &r, &["--key", "\"a,b\",plain", "--ignore", "\"c=d\""]).json(0);
    assert_eq!(two["key"]["columns"].as_array().map(Vec::len), Some(2));
    // What is proposed can be typed.
    options(&["--ignore", "\"c=b\""]).fails_with(&["did you mean `'\"c=d\"'`?"]);
    dir.audit(&l, &r, &["--key", "\"a,b"]).fails_with(&["quoted name that does not end"]);
    dir.audit(&l, &r, &["--key", "c=d"]).fails_with(&["no column `c`"]);

    // A job file that `init` writes says the same.
    let init = dir.trueup(["init", &l, &r, "--key", "\"a,b\"", "--ignore", "\"c=d\"", "--file", "job.toml"]);
    assert_eq!(init.code, Some(0), "{init}");
    assert_eq!(dir.trueup(["audit", "job.toml", "--format", "json"]).json(0)["ignored"], json!(["c=d"]));
}

#[test]
fn the_next_step_works_as_it_is_printed() {
    let mut place = Place::new();
    place.mysql().execute("CREATE TABLE source (id INT PRIMARY KEY, v VARCHAR(9))");
    place.mysql().execute("CREATE TABLE target (id INT PRIMARY KEY, v VARCHAR(9))");
    place.mysql().execute("INSERT INTO source VALUES (1, 'x')");
    let [source, target] = ["source", "target"].map(|table| place.mysql().address(table));
    if place.mysql().url.password().is_none() {
        return;
    }
    let plan = place.dir.trueup(["plan", &source, &target, "--out", "it's mine"]);
    assert!(plan.stdout.contains("\n  MYSQL_PWD=… trueup apply 'it'\\''s mine'\n"), "{plan}");
    let apply = place.dir.trueup(["apply", "it's mine", "--yes"]);
    apply.fails_with(&["MYSQL_PWD", "--right"]);
    // With the password in the environment there is nothing to say.
    let (name, password) =
        crate::support::password_variables().into_iter().find(|(name, _)| *name == "MYSQL_PWD").unwrap();
    let plan = place.dir.start(place.dir.command(["plan", &source, &target, "--out", "p"]).env(name, &password)).wait();
    assert!(plan.stdout.contains("\n  trueup apply p\n"), "{plan}");
    let apply = place.dir.start(place.dir.command(["apply", "p", "--yes"]).env(name, &password)).wait();
    assert_eq!(apply.code, Some(0), "{apply}");
}
