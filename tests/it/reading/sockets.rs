//! Unix sockets, written as each system's own clients write them.

use crate::support::Place;
use mysql::prelude::Queryable;

#[test]
fn a_socket_of_postgres() {
    let mut place = Place::new();
    let server = place.postgres();
    server.execute("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    let mut show = |name: &str| -> String { server.client.query_one(&format!("SHOW {name}"), &[]).unwrap().get(0) };
    let (folders, port) = (show("unix_socket_directories"), show("port"));
    let folder = folders.split(',').next().unwrap_or_default().trim().to_owned();
    let socket = format!("{folder}/.s.PGSQL.{port}");
    if !std::path::Path::new(&socket).exists() {
        // A server on another machine.
        return;
    }
    let (user, database) = (server.url.username().to_owned(), server.url.path().trim_start_matches('/').to_owned());
    let schema = server.schema.clone();
    let password = server.url.password().unwrap_or_default().to_owned();
    let encoded = folder.replace('/', "%2F");
    for address in [
        format!("postgres://{user}:{password}@/{database}?host={folder}&port={port}#{schema}.t"),
        format!("postgresql:///{database}?host={folder}&port={port}&user={user}&password={password}#{schema}.t"),
        format!("postgres://{user}:{password}@{encoded}:{port}/{database}#{schema}.t"),
        format!("postgres://{user}:{password}@/{database}?host={socket}#{schema}.t"),
    ] {
        let run = place.dir.audit(&address, &address, &[]);
        assert_eq!(run.json(0)["rows"]["equal"], 1, "{run}");
    }
    let nowhere = format!("postgres://{user}:{password}@/{database}?host=/no/such/folder#t");
    place.dir.trueup(["keys", &nowhere]).fails_with(&["can't connect"]);
}

#[test]
fn a_socket_of_mysql() {
    let mut place = Place::new();
    let server = place.mysql();
    server.execute("CREATE TABLE t (id int PRIMARY KEY)");
    let socket: String = server.client.query_first("SELECT @@socket").unwrap().unwrap();
    if !std::path::Path::new(&socket).exists() {
        return;
    }
    let (user, database) = (server.url.username(), &server.database);
    let password = server.url.password().unwrap_or_default();
    let address = format!("mysql://{user}:{password}@/{database}?socket={socket}#t");
    assert_eq!(place.dir.audit(&address, &address, &[]).code, Some(0));
}
