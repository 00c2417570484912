//! Users who may not do everything.

use super::marks::assert_left;
use super::{Tracked, place};
use crate::support::Place;
use trueup::endpoint::Installed;

/// A user of the test's own, and the place's URL with their name.
fn user(place: &mut Place) -> (String, url::Url) {
    let server = place.postgres();
    let name = format!("u_{}", server.schema);
    server.execute(&format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'secret-word'; GRANT USAGE ON SCHEMA {} TO {name}",
        server.schema
    ));
    let mut url = server.url.clone();
    url.set_username(&name).unwrap();
    url.set_password(Some("secret-word")).unwrap();
    (name, url)
}

fn drop_user(place: &mut Place, name: &str) {
    place.postgres().execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
}

#[test]
fn a_missing_right_is_named_and_nothing_is_left() {
    let mut place = Place::new();
    place.postgres().execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE o (id int PRIMARY KEY)");
    let (name, url) = user(&mut place);
    let schema = place.postgres().schema.clone();
    place.postgres().execute(&format!("GRANT ALL ON t, o TO {name}"));
    let t = Tracked::at(&place.postgres().address_by(&url, "t"), &["id"]);
    let refused = |t: &Tracked| t.try_install(&["id"]).unwrap_err().to_string();
    let words = refused(&t);
    assert!(words.contains(&format!("user `{name}` does not own table `{schema}.t`")), "{words}");
    place.postgres().execute(&format!("ALTER TABLE t OWNER TO {name}"));
    let words = refused(&t);
    assert!(words.contains(&format!("in schema `{schema}` (CREATE)")), "{words}");
    assert_left(&mut place, 0);
    // The tables of the history are another's.
    let o = Tracked::new(&mut place, "o", &["id"]);
    place.postgres().execute(&format!("GRANT CREATE ON SCHEMA {schema} TO {name}"));
    let words = refused(&t);
    assert!(words.contains("no right to SELECT, INSERT, UPDATE and DELETE in"), "{words}");
    let o_by_user = Tracked::at(&place.postgres().address_by(&url, "o"), &["id"]);
    for error in [
        o_by_user.history.status().unwrap_err(),
        o_by_user.history.mark().unwrap_err(),
        o_by_user.history.clear(None).unwrap_err(),
        o_by_user.history.remove().unwrap_err(),
        o_by_user.history.changes(None, &o_by_user.key, &mut |_| Ok(())).unwrap_err(),
    ] {
        let words = error.to_string();
        assert!(words.contains("no right to read (SELECT)") && !words.contains("secret-word"), "{words}");
    }
    assert_left(&mut place, 5);
    place.postgres().execute(&format!("GRANT ALL ON trueup_history, trueup_history_tables TO {name}"));
    assert_eq!(t.install(&["id"]), Installed::New);
    place.postgres().execute("INSERT INTO t VALUES (1); INSERT INTO o VALUES (2)");
    assert_eq!((t.whole(None).0, o_by_user.whole(None).0), (vec!["create 1".to_owned()], vec!["create 2".to_owned()]));
    assert!(o.history.remove().unwrap());
    // The last one who leaves does not own the tables.
    assert!(t.history.remove().unwrap());
    assert_left(&mut place, 2);
    drop_user(&mut place, &name);
}

#[test]
fn who_may_write_the_table_needs_no_right_on_the_history() {
    let (mut place, t) = place();
    let (name, url) = user(&mut place);
    place.postgres().execute(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {name}"));
    let schema = place.postgres().schema.clone();
    let mut client = postgres::Client::connect(url.as_str(), postgres::NoTls).unwrap();
    // Functions and tables of the user's own are no way in.
    client
        .batch_execute(
            "SET search_path = pg_temp, pg_catalog; CREATE TEMP TABLE trueup_history (LIKE pg_class);
             CREATE FUNCTION pg_temp.pg_trigger_depth() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
             CREATE FUNCTION pg_temp.jsonb_build_array(VARIADIC text[]) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb'",
        )
        .unwrap();
    client
        .batch_execute(&format!(
            "INSERT INTO {schema}.t VALUES (2, 'x'); UPDATE {schema}.t SET v = 'y' WHERE id = 1; DELETE FROM {schema}.t WHERE id = 2"
        ))
        .unwrap();
    assert_eq!(t.whole(None).0, ["create 2", "update 1", "delete 2"]);
    assert!(client.batch_execute(&format!("SELECT * FROM {schema}.trueup_history")).is_err());
    let function: String = client
        .query_one(
            "SELECT proname::text FROM pg_proc WHERE proname LIKE 'trueup%' AND pronamespace = $1::text::regnamespace",
            &[&schema],
        )
        .unwrap()
        .get(0);
    let misused = client.batch_execute(&format!(
        "CREATE TEMP TABLE mine (id int); CREATE TRIGGER x AFTER INSERT ON mine FOR EACH ROW
         EXECUTE FUNCTION {schema}.\"{function}\"('a', 'b')"
    ));
    assert!(misused.unwrap_err().to_string().contains("db error"));
    drop_user(&mut place, &name);
}
