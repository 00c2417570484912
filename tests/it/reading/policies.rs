//! Row-level security: what a policy hides is not missing.

use crate::support::{Place, count, steps};

/// A role that policies are for, with a table `shops` of which it sees those of `north`, a view on it, and
/// a table `copies` with all of them.
struct Restricted {
    place: Place,
    role: String,
    url: url::Url,
}

impl Restricted {
    fn new() -> Self {
        let mut place = Place::new();
        let server = place.postgres();
        let (schema, role) = (server.schema.clone(), format!("{}_reader", server.schema));
        server.execute(&format!(
            "CREATE TABLE shops (id int PRIMARY KEY, region text, name text);
             INSERT INTO shops SELECT n, CASE WHEN n % 2 = 0 THEN 'north' ELSE 'south' END, 'shop ' || n
                 FROM generate_series(1, 10) n;
             CREATE TABLE copies (LIKE shops INCLUDING ALL); INSERT INTO copies SELECT * FROM shops;
             CREATE ROLE {role} LOGIN PASSWORD 'reader-word';
             GRANT USAGE ON SCHEMA {schema} TO {role};
             GRANT SELECT, INSERT, UPDATE, DELETE ON shops, copies TO {role};
             ALTER TABLE shops ENABLE ROW LEVEL SECURITY;
             CREATE POLICY mine ON shops TO {role} USING (region = 'north');
             CREATE VIEW seen AS SELECT * FROM shops;
             GRANT SELECT ON seen TO {role}; ALTER VIEW seen OWNER TO {role}"
        ));
        let mut url = server.url.clone();
        url.set_username(&role).unwrap();
        url.set_password(Some("reader-word")).unwrap();
        Self { place, role, url }
    }

    fn as_reader(&mut self, table: &str) -> String {
        let url = self.url.clone();
        self.place.postgres().address_by(&url, table)
    }

    fn as_owner(&mut self, table: &str) -> String {
        self.place.postgres().address(table)
    }

    fn count(&mut self, table: &str) -> i64 {
        self.place.postgres().client.query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap().get(0)
    }
}

impl Drop for Restricted {
    fn drop(&mut self) {
        let role = self.role.clone();
        self.place.postgres().execute(&format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}"));
    }
}

#[test]
fn a_table_with_a_policy_in_force_is_refused_everywhere() {
    let mut it = Restricted::new();
    let (shops, view, copies) = (it.as_reader("shops"), it.as_reader("seen"), it.as_owner("copies"));
    let words = ["row-level security", "BYPASSRLS", "--visible-rows"];
    for hidden in [&shops, &view] {
        it.place.dir.trueup(["audit", hidden, &copies]).fails_with(&words);
        it.place.dir.trueup(["audit", &copies, hidden]).fails_with(&words);
        it.place.dir.trueup(["plan", hidden, &copies, "--key", "id"]).fails_with(&words);
        it.place.dir.trueup(["snapshot", hidden, "--out", "s"]).fails_with(&words);
        it.place.dir.trueup(["keys", hidden]).fails_with(&words);
        it.place.dir.trueup(["sync", hidden, &copies, "--key", "id"]).fails_with(&words);
    }
    it.place.dir.trueup(["sync", &copies, &shops]).fails_with(&words);
    it.place.dir.trueup(["sync", &shops, &copies, "--direction", "both"]).fails_with(&words);
    assert_eq!(it.count("copies"), 10);
    it.place.dir.assert_nothing_half_done();
    // The owner sees all, until the policy is for owners too.
    let owned = it.as_owner("shops");
    assert_eq!(it.place.dir.audit(&owned, &copies, &[]).json(0)["rows"]["equal"], 10);
}

#[test]
fn what_is_not_visible_is_not_missing() {
    let mut it = Restricted::new();
    let (shops, view, copies) = (it.as_reader("shops"), it.as_reader("seen"), it.as_owner("copies"));
    for hidden in [&shops, &view] {
        let options = ["--visible-rows", "--key", "id"];
        let left = it.place.dir.audit(hidden, &copies, &options).json(0);
        assert_eq!((count(&left, "/left/rows"), count(&left, "/rows/equal"), count(&left, "/keys/unseen")), (5, 5, 5));
        assert_eq!((count(&left, "/keys/only_left"), count(&left, "/keys/only_right")), (0, 0));
        let term = |json: &serde_json::Value, name: &str| {
            let terms = json["bridge"].as_array().unwrap();
            terms.iter().find(|term| term["term"] == name).and_then(|term| term["rows"].as_i64())
        };
        assert_eq!(term(&left, "not visible on the left"), Some(5), "{left:#}");
        let sum: i64 = left["bridge"].as_array().unwrap().iter().map(|term| term["rows"].as_i64().unwrap()).sum();
        assert_eq!(sum, 5 + 5 + 10, "{left:#}");
        assert!(left["warnings"].to_string().contains("5 keys of the right are not visible on the left"), "{left:#}");

        let right = it.place.dir.audit(&copies, hidden, &options).json(0);
        assert_eq!(term(&right, "not visible on the right"), Some(-5), "{right:#}");
    }
    // What is visible is compared, and what only the restricted side has is missing on the other.
    it.place.postgres().execute("DELETE FROM copies WHERE id = 2; UPDATE copies SET name = 'other' WHERE id = 4");
    let report = it.place.dir.audit(&shops, &copies, &["--visible-rows"]).json(1);
    let keys = |name: &str| count(&report, &format!("/keys/{name}"));
    assert_eq!((keys("only_left"), keys("only_right"), keys("unseen")), (1, 0, 5), "{report:#}");
    assert_eq!(count(&report, "/rows/changed"), 1);
}

#[test]
fn nothing_is_deleted_for_want_of_a_visible_row() {
    let mut it = Restricted::new();
    let (shops, copies) = (it.as_reader("shops"), it.as_owner("copies"));
    it.place.postgres().execute("DELETE FROM copies WHERE id = 2; UPDATE copies SET name = 'other' WHERE id = 4");
    let plan = |it: &Restricted, left: &str, right: &str, more: &[&str], out: &str| {
        let args = ["plan", left, right, "--visible-rows", "--format", "json", "--out", out];
        it.place.dir.trueup(args.iter().chain(more)).json(1)
    };
    // From the restricted side: one row is created, one updated, and the five that it can't see stay.
    let json = plan(&it, &shops, &copies, &[], "from");
    assert_eq!(steps(&json, "right"), [1, 1, 0]);
    // To it: none of the five is created there, and the one that the source lacks stays.
    let json = plan(&it, &copies, &shops, &[], "to");
    assert_eq!(steps(&json, "right"), [0, 1, 0]);
    let json = plan(&it, &shops, &copies, &["--direction", "right-to-left"], "back");
    assert_eq!(steps(&json, "left"), [0, 1, 0]);

    // A frozen table knows that it is not all there is.
    assert_eq!(it.place.dir.trueup(["snapshot", &shops, "--visible-rows", "--out", "frozen"]).code, Some(0));
    let frozen = it.place.dir.file("frozen");
    let report = it.place.dir.audit(&frozen, &copies, &[]).json(1);
    assert_eq!((count(&report, "/keys/only_right"), count(&report, "/keys/unseen")), (0, 5));
    let args = ["plan", &frozen, &copies, "--format", "json", "--out", "of-frozen"];
    assert_eq!(steps(&it.place.dir.trueup(args).json(1), "right"), [1, 1, 0]);

    let both = ["sync", &shops, &copies, "--direction", "both", "--visible-rows"];
    it.place.dir.trueup(both).fails_with(&["both directions", "hides"]);
    let both = ["sync", &frozen, &copies, "--direction", "both"];
    it.place.dir.trueup(both).fails_with(&["both directions", "hides"]);

    // What was planned is carried out by the same rights.
    let run = it.place.dir.trueup(["apply", "to", "--yes", "--format", "json", "--right", &shops]);
    assert_eq!(steps(&run.json(0), "right"), [0, 1, 0]);
    assert_eq!(it.count("shops"), 10);
    let run = it.place.dir.trueup(["undo", "to", "--yes", "--format", "json", "--right", &shops]);
    assert_eq!(run.code, Some(0), "{run}");
    let name: String = {
        let row = it.place.postgres().client.query_one("SELECT name FROM shops WHERE id = 4", &[]);
        row.unwrap().get(0)
    };
    assert_eq!(name, "shop 4");
}

#[test]
fn a_policy_that_comes_between_plan_and_apply_stops_it() {
    let mut it = Restricted::new();
    it.place.postgres().execute("ALTER TABLE shops DISABLE ROW LEVEL SECURITY; DELETE FROM copies WHERE id > 2");
    let (shops, copies) = (it.as_reader("shops"), it.as_owner("copies"));
    let run = it.place.dir.trueup(["plan", &copies, &shops, "--out", "p", "--format", "json"]);
    assert_eq!(steps(&run.json(1), "right"), [0, 0, 8]);
    it.place.postgres().execute("ALTER TABLE shops ENABLE ROW LEVEL SECURITY");
    let args = ["apply", "p", "--yes", "--right", &shops];
    it.place.dir.trueup(args).fails_with(&["row-level security"]);
    assert_eq!(it.count("shops"), 10);
}

#[test]
fn a_policy_that_comes_between_two_syncs_deletes_nothing() {
    let mut it = Restricted::new();
    let (shops, owned, copies) = (it.as_reader("shops"), it.as_owner("shops"), it.as_owner("copies"));
    for table in [&owned, &copies] {
        let run = it.place.dir.trueup(["history", "install", table]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    let sync = |left: &str| {
        it.place.dir.trueup(["sync", left, &copies, "--direction", "both", "--state", "base", "--max-deletes", "100%"])
    };
    let run = sync(&owned);
    assert_eq!(run.code, Some(0), "{run}");
    let role = it.role.clone();
    let run = sync(&shops);
    assert_eq!(run.code, Some(2), "{run}");
    let schema = it.place.postgres().schema.clone();
    it.place.postgres().execute(&format!("GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {role}"));
    it.place.postgres().execute("UPDATE shops SET name = 'x' WHERE id = 3");
    let run = it.place.dir.trueup(["sync", &shops, &copies, "--direction", "both", "--state", "base"]);
    run.fails_with(&["row-level security"]);
    assert_eq!(it.count("copies"), 10);
}
