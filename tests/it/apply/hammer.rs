//! Someone else writes to the same rows all the time: none of their committed writes is lost, and
//! the rows that are refused are rows they moved.

use super::moved::{source, target};
use crate::support::{Kind, Place, count, steps};
use mysql::prelude::Queryable;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sets the text of a row; how many rows there were to set it in.
type Write = Box<dyn FnMut(i64, &str) -> u64 + Send>;

/// Writes to rows in turn, in an order of its own, until told to stop. What it wrote last to each.
fn hammer(mut write: Write, stop: &AtomicBool) -> BTreeMap<i64, String> {
    let mut written = BTreeMap::new();
    let mut turn = 0_i64;
    while !stop.load(Ordering::Relaxed) {
        turn += 1;
        // Updates and deletes in equal parts, spread over the whole table.
        let id = (turn * 389) % 400 * 4 + if turn % 2 == 0 { 1 } else { 3 };
        let text = format!("mine {turn}");
        if write(id, &text) == 1 {
            written.insert(id, text);
        }
        std::thread::sleep(std::time::Duration::from_micros(500));
    }
    written
}

fn check(kind: Kind, write: impl FnOnce(&mut Place, &str) -> Write) {
    let mut place = Place::new();
    let (left, right) = (place.store(kind, &source()), place.store(kind, &target()));
    assert_eq!(steps(&place.dir.plan(&left, &right, "plan", &[]).json(1), "right"), [400, 400, 400]);
    let write = write(&mut place, right.rsplit(['#', '.']).next().unwrap());
    let stop = AtomicBool::new(false);
    let (run, written) = std::thread::scope(|scope| {
        let other = scope.spawn(|| hammer(write, &stop));
        let run = place.dir.apply("plan", &["--chunk", "50", "--pause", "10ms"]);
        stop.store(true, Ordering::Relaxed);
        (run, other.join().unwrap())
    });
    let applied = run.json(run.code.unwrap());
    assert!(matches!(run.code, Some(0 | 1)), "{run}");
    let refused = count(&applied, "/refused");
    assert_eq!(steps(&applied, "right").iter().sum::<i64>() + count(&applied, "/already") + refused, 1200, "{run}");
    assert!(
        refused > 0 && written.len() > 20,
        "{kind:?}: {refused} refused, {} written: they never met",
        written.len()
    );
    assert!(refused <= written.len() as i64, "{kind:?}: more rows were refused than moved: {run}");

    // As the table now is, read by the program itself into CSV-like rows.
    let rows: BTreeMap<i64, String> = texts(&mut place, kind, &right);
    for (id, text) in &written {
        assert_eq!(rows.get(id), Some(text), "{kind:?}: a committed write to row {id} was lost");
    }
    for id in (0..1600_i64).filter(|id| !written.contains_key(id)) {
        let expected = (id % 4 != 3).then(|| format!("left {id}"));
        assert_eq!(rows.get(&id), expected.as_ref(), "{kind:?}: row {id}, which nobody moved");
    }
}

fn texts(place: &mut Place, kind: Kind, address: &str) -> BTreeMap<i64, String> {
    let name = address.rsplit(['#', '.']).next().unwrap();
    let sql = format!("SELECT id, v FROM {name}");
    match kind {
        Kind::Postgres => {
            place.postgres().client.query(&sql, &[]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
        }
        _ => place.mysql().client.query::<(i64, String), _>(sql).unwrap().into_iter().collect(),
    }
}

#[test]
fn postgres() {
    check(Kind::Postgres, |place, name| {
        let server = place.postgres();
        let mut client = postgres::Client::connect(server.url.as_str(), postgres::NoTls).unwrap();
        let sql = format!("UPDATE {}.{name} SET v = $2 WHERE id = $1", server.schema);
        // A conflict is the other writer's to try again, and was no write.
        Box::new(move |id, text| client.execute(&sql, &[&id, &text]).unwrap_or(0))
    });
}

#[test]
fn mysql() {
    check(Kind::Mysql, |place, name| {
        let server = place.mysql();
        let mut client = mysql::Conn::new(mysql::Opts::from_url(server.url.as_str()).unwrap()).unwrap();
        let sql = format!("UPDATE {name} SET v = ? WHERE id = ?");
        Box::new(move |id, text| client.exec_drop(&sql, (text, id)).map_or(0, |()| client.affected_rows()))
    });
}
