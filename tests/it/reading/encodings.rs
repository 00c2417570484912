//! Databases whose text is not UTF-8, or whose encoding nobody knows.

use crate::support::{Place, count};

/// A PostgreSQL database in another encoding; dropped at the end.
struct Encoded {
    place: Place,
    name: String,
    url: url::Url,
    inside: Option<postgres::Client>,
}

impl Encoded {
    fn new(encoding: &str) -> Self {
        let mut place = Place::new();
        let server = place.postgres();
        let name = format!("{}_{}", server.schema, encoding.to_lowercase());
        server.execute(&format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        ));
        let mut url = server.url.clone();
        url.set_path(&name);
        let inside = postgres::Client::connect(url.as_str(), postgres::NoTls).unwrap();
        Self { place, name, url, inside: Some(inside) }
    }

    fn execute(&mut self, sql: &str) {
        self.inside.as_mut().unwrap().batch_execute(sql).unwrap();
    }

    fn address(&self, table: &str) -> String {
        format!("{}#{table}", self.url)
    }
}

impl Drop for Encoded {
    fn drop(&mut self) {
        self.inside = None;
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let _ = self.place.postgres().client.batch_execute(&sql);
    }
}

const PLAIN: &str = "CREATE TABLE t (id int PRIMARY KEY, v text, c char(5)); \
                     INSERT INTO t VALUES (1, 'café', 'é'), (2, 'plain', NULL), (3, 'x', 'y')";

#[test]
fn text_of_no_known_encoding_is_text_where_it_is_utf8() {
    let mut it = Encoded::new("SQL_ASCII");
    it.execute(
        "SET client_encoding = 'SQL_ASCII'; CREATE TABLE t (id int PRIMARY KEY, v text, c char(5));
         INSERT INTO t VALUES (1, 'café', 'é'), (2, 'plain', NULL), (3, E'caf\\xe9', 'y')",
    );
    it.place.postgres().execute(PLAIN);
    let (ascii, plain) = (it.address("t"), it.place.postgres().address("t"));
    let report = it.place.dir.audit(&ascii, &plain, &[]).json(1);
    assert_eq!((count(&report, "/rows/equal"), count(&report, "/rows/changed")), (2, 1), "{report:#}");
    assert!(report["left"]["unrepresentable"].to_string().contains("\"v\""), "{report:#}");
    assert_eq!(it.place.dir.audit(&ascii, &ascii, &[]).json(0)["rows"]["equal"], 3);

    // Written, too: what was there is still compared byte for byte.
    let run = it.place.dir.trueup(["sync", &plain, &ascii]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(it.place.dir.audit(&ascii, &plain, &[]).json(0)["rows"]["equal"], 3);

    it.execute("DO $$ BEGIN EXECUTE 'CREATE TABLE odd (id int, \"n' || E'\\xe9' || '\" int)'; END $$");
    let odd = it.address("odd");
    it.place.dir.trueup(["audit", &odd, &plain]).fails_with(&["SQL_ASCII", "name", "UTF-8"]);
    let nothing = it.address("od");
    it.place.dir.trueup(["audit", &nothing, &plain]).fails_with(&["no table"]);
}

#[test]
fn text_in_another_encoding_is_converted() {
    let mut it = Encoded::new("LATIN1");
    it.execute(PLAIN);
    it.place.postgres().execute(PLAIN);
    let (latin, plain) = (it.address("t"), it.place.postgres().address("t"));
    let name = it.name.clone();
    // What the database has its sessions print is not what is compared.
    it.execute(&format!(
        "ALTER DATABASE {name} SET client_encoding = 'LATIN1'; CREATE TABLE \"é\" (\"ü\" int PRIMARY KEY)"
    ));
    assert_eq!(it.place.dir.audit(&latin, &plain, &[]).json(0)["rows"]["equal"], 3);
    let named = it.address("é");
    assert_eq!(it.place.dir.audit(&named, &named, &[]).json(0)["key"]["columns"][0]["left"], "ü");
}
