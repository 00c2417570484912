//! Users who may not do everything.

use super::{Kept, TABLE, query, run};
use crate::support::Place;
use mysql::prelude::Queryable;
use trueup::endpoint::Installed;

/// A user with some rights; gone at the end.
struct User {
    name: String,
    url: url::Url,
    admin: mysql::Conn,
}

impl User {
    fn new(place: &mut Place, name: &str) -> Self {
        let admin = super::session(place);
        let server = place.mysql();
        let name = format!("{name}_{}", &server.database[server.database.len() - 12..]);
        server.execute(&format!("CREATE USER {name}@'%' IDENTIFIED BY 'Of-a-user-5ecret'"));
        let mut url = server.url.clone();
        url.set_username(&name).unwrap();
        url.set_password(Some("Of-a-user-5ecret")).unwrap();
        Self { name, url, admin }
    }

    fn grant(&mut self, rights: &str, on: &str) {
        self.admin.query_drop(format!("GRANT {rights} ON {on} TO {}@'%'", self.name)).unwrap();
    }

    fn revoke(&mut self, rights: &str, on: &str) {
        self.admin.query_drop(format!("REVOKE {rights} ON {on} FROM {}@'%'", self.name)).unwrap();
    }

    fn kept(&self, place: &mut Place) -> Kept {
        Kept::at(&place.mysql().address_by(&self.url, "t"), &["id"])
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = self.admin.query_drop(format!("DROP USER {}@'%'", self.name));
    }
}

const LEFT: &str = "SELECT (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE()) + \
                    (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()) - 1";

#[test]
fn a_missing_right_is_named_and_leaves_nothing() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let database = place.mysql().database.clone();
    let (table, history) = (format!("{database}.t"), format!("{database}.trueup_history"));
    let mut user = User::new(&mut place, "install");
    user.grant("SELECT", &table);
    let kept = user.kept(&mut place);
    for (right, on, grant) in [
        ("TRIGGER on", "t", ("TRIGGER", &table)),
        ("CREATE on", "trueup_history", ("CREATE", &history)),
        ("UPDATE on", "trueup_history", ("DROP, SELECT, UPDATE", &history)),
        ("DELETE on", "trueup_history", ("DELETE", &history)),
        ("INSERT on", "trueup_history", ("INSERT", &history)),
    ] {
        let error = kept.history.install(&kept.key).unwrap_err().to_string();
        assert!(error.contains(&format!("lacks the right {right} `{database}`.`{on}`")), "{error}");
        assert!(!error.contains("5ecret"));
        // A table that could be made, but not dropped, is made use of the next time.
        let left = if ["TRIGGER on", "CREATE on"].contains(&right) { "0" } else { "1" };
        assert_eq!(query(&mut place, LEFT), [left], "{right}");
        user.grant(grant.0, grant.1);
    }
    assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::New);
    run(&mut place, &["INSERT INTO t (id) VALUES (1)"]);
    assert_eq!(kept.whole(None).0, ["create 1"]);
    // Who does not see the triggers can't tell whether they are there, and must not take away their table.
    user.revoke("TRIGGER", &table);
    assert!(kept.lacking(None).contains("TRIGGER"));
    let error = kept.history.remove().unwrap_err().to_string();
    assert!(error.contains("lacks the right TRIGGER"), "{error}");
    user.grant("TRIGGER", &table);
    user.revoke("SELECT", &history);
    let error = kept.history.mark().unwrap_err().to_string();
    assert!(error.contains("lacks the right SELECT on"), "{error}");
    user.grant("SELECT", &history);
    assert!(kept.history.remove().unwrap());
    assert_eq!(query(&mut place, LEFT), ["0"]);
}

#[test]
fn writers_need_no_right_on_the_history() {
    let mut place = Place::new();
    run(&mut place, &[TABLE]);
    let kept = Kept::install(&place.mysql().address("t"), &["id"]);
    let table = format!("{}.t", place.mysql().database);
    let mut user = User::new(&mut place, "write");
    user.grant("SELECT, INSERT, UPDATE, DELETE", &table);
    let mut conn = mysql::Conn::new(mysql::Opts::from_url(user.url.as_str()).unwrap()).unwrap();
    for sql in ["INSERT INTO t (id) VALUES (1)", "UPDATE t SET id = 2", "UPDATE t SET n = 2", "DELETE FROM t"] {
        conn.query_drop(sql).unwrap();
    }
    assert!(conn.query_drop("SELECT * FROM trueup_history").is_err());
    assert_eq!(kept.whole(None).0, ["create 1", "delete 1", "create 2", "update 2", "delete 2"]);
}

#[test]
fn without_the_right_to_see_the_tables_number_its_rows_are_counted() {
    let mut place = Place::new();
    run(&mut place, &[TABLE, "INSERT INTO t (id) VALUES (1), (2)"]);
    let database = place.mysql().database.clone();
    let mut user = User::new(&mut place, "count");
    user.grant("ALL", &format!("{database}.*"));
    let kept = user.kept(&mut place);
    assert_eq!(kept.history.install(&kept.key).unwrap(), Installed::New);
    let mark = kept.mark();
    assert!(mark.installed.contains("rows 2"), "{mark:?}");
    run(
        &mut place,
        &["INSERT INTO t (id) VALUES (3), (4)", "DELETE FROM t WHERE id = 1", "UPDATE t SET id = 5 WHERE id = 4"],
    );
    let (entries, next) = kept.whole(Some(&mark));
    assert_eq!(entries, ["create 3", "create 4", "delete 1", "delete 4", "create 5"]);
    assert!(next.installed.contains("rows 3"), "{next:?}");
    let mut late = super::session(&mut place);
    late.query_drop("BEGIN").unwrap();
    late.query_drop("DELETE FROM t WHERE id = 2").unwrap();
    run(&mut place, &["INSERT INTO t (id) VALUES (6)"]);
    let (_, next) = kept.whole(Some(&next));
    late.query_drop("COMMIT").unwrap();
    let (entries, next) = kept.whole(Some(&next));
    assert_eq!(entries, ["delete 2"]);
    run(&mut place, &["TRUNCATE TABLE t", "INSERT INTO t (id) VALUES (1)"]);
    let why = kept.lacking(Some(&next));
    assert!(why.contains("1 rows, and not 3 + 1"), "{why}");
    // A mark by who may see the number says something else.
    let full = Kept::at(&place.mysql().address("t"), &["id"]);
    assert!(kept.lacking(Some(&full.mark())).contains("PROCESS"));
    assert_eq!(full.whole(Some(&kept.mark())).0, Vec::<String>::new());
}
