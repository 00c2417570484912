//! What PostgreSQL's triggers write down, and what comes back of it.

mod fits;
mod keys;
mod marks;
mod rights;

use crate::support::Place;
use std::sync::Mutex;
use trueup::endpoint::{
    Address, ChangesRead, Endpoint, EndpointError, ExportBatch, ExportRequest, History, HistoryMark, Installed, Sink,
    Stopped, now, open,
};
use trueup::table::{Cells, Column};

/// A table and its history.
struct Tracked {
    endpoint: Box<dyn Endpoint>,
    history: Box<dyn History>,
    key: Vec<Column>,
}

impl Tracked {
    /// The table at this address, whatever there is of its history.
    fn at(address: &str, key: &[&str]) -> Self {
        let endpoint = open(&Address::parse(address, &|_| None).unwrap()).unwrap();
        let columns = endpoint.describe().unwrap().columns;
        let column = |name: &&str| columns.iter().find(|column| column.name == **name).unwrap().clone();
        Self { history: endpoint.history().unwrap(), key: key.iter().map(column).collect(), endpoint }
    }

    /// A table of the place, with its history.
    fn new(place: &mut Place, table: &str, key: &[&str]) -> Self {
        let tracked = Self::at(&place.postgres().address(table), key);
        assert_eq!(tracked.install(key), Installed::New);
        tracked
    }

    #[track_caller]
    fn install(&self, key: &[&str]) -> Installed {
        self.try_install(key).unwrap()
    }

    fn try_install(&self, key: &[&str]) -> Result<Installed, EndpointError> {
        self.history.install(&key.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    fn read(&self, since: Option<&HistoryMark>) -> (Vec<String>, ChangesRead) {
        let mut out = Vec::new();
        let read = self.history.changes(since, &self.key, &mut |changes| {
            let n = changes.actions.len();
            assert!(n > 0 && changes.times.len() == n && changes.own.len() == n);
            for (row, key) in printed(&changes.keys).into_iter().enumerate() {
                let own = if changes.own[row] { " own" } else { "" };
                out.push(format!("{} {key}{own}", changes.actions[row]));
            }
            Ok(())
        });
        (out, read.unwrap())
    }

    /// The changes since a mark, and where to go on.
    #[track_caller]
    fn whole(&self, since: Option<&HistoryMark>) -> (Vec<String>, HistoryMark) {
        match self.read(since) {
            (changes, ChangesRead::Whole { mark, .. }) => (changes, mark),
            (_, ChangesRead::Lacking(why)) => panic!("{why}"),
        }
    }

    /// Why not all changes are known.
    #[track_caller]
    fn lacking(&self, since: Option<&HistoryMark>) -> String {
        match self.read(since) {
            (changes, ChangesRead::Lacking(why)) => {
                assert!(changes.is_empty(), "{changes:?}");
                why
            }
            (changes, _) => panic!("{changes:?}"),
        }
    }

    #[track_caller]
    fn mark(&self) -> HistoryMark {
        self.history.mark().unwrap().unwrap()
    }

    fn misfits(&self) -> String {
        self.history.status().unwrap().unwrap().misfits.join("; ")
    }

    /// The key columns of all rows, as an export has them.
    fn export(&self) -> ExportBatch {
        struct Kept(Mutex<Vec<ExportBatch>>);
        impl Sink for Kept {
            fn expect(&self, _: u64) {}
            fn send(&self, batch: ExportBatch) -> Result<(), Stopped> {
                self.0.lock().unwrap().push(batch);
                Ok(())
            }
        }
        let kept = Kept(Mutex::default());
        let request = ExportRequest { columns: self.key.clone(), filter: None, streams: 1 };
        self.endpoint.export(&request, &kept).unwrap();
        ExportBatch::concat(&kept.0.into_inner().unwrap()).unwrap().unwrap()
    }
}

/// The rows of a batch, as in `1|a`.
fn printed(batch: &ExportBatch) -> Vec<String> {
    let cells: Vec<Cells> = batch.rows.columns().iter().map(|array| Cells::new(array).unwrap()).collect();
    let cell = |row: usize, at: usize| match batch.other(row, at) {
        Some(other) => format!("other {other}"),
        None => cells[at].print(row).unwrap_or_else(|| "NULL".to_owned()),
    };
    (0..batch.rows.num_rows())
        .map(|row| (0..cells.len()).map(|at| cell(row, at)).collect::<Vec<_>>().join("|"))
        .collect()
}

/// Another connection in the place's schema.
fn other(place: &mut Place) -> postgres::Client {
    let server = place.postgres();
    let mut client = postgres::Client::connect(server.url.as_str(), postgres::NoTls).unwrap();
    client
        .batch_execute(&format!(
            "SET search_path = {}; SET default_transaction_isolation = 'read committed'",
            server.schema
        ))
        .unwrap();
    client
}

fn place() -> (Place, Tracked) {
    let mut place = Place::new();
    place.postgres().execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'before')");
    let tracked = Tracked::new(&mut place, "t", &["id"]);
    (place, tracked)
}

#[test]
fn each_action_is_written_down() {
    let (mut place, t) = place();
    let begun = now();
    let server = place.postgres();
    server.execute("INSERT INTO t SELECT n, 'v' FROM generate_series(2, 4) n");
    server.execute("UPDATE t SET v = 'w' WHERE id < 4");
    server.execute("UPDATE t SET v = v; UPDATE t SET v = 'w' WHERE id = 1");
    server.execute("UPDATE t SET id = id + 10, v = 'x' WHERE id = 2");
    server.execute("DELETE FROM t WHERE id >= 4; INSERT INTO t VALUES (1, 'y') ON CONFLICT (id) DO UPDATE SET v = 'y'");
    server.execute(
        "INSERT INTO t VALUES (1, 'z') ON CONFLICT DO NOTHING; COPY t FROM PROGRAM 'echo 5,five' (FORMAT csv)",
    );
    let (changes, mark) = t.whole(None);
    let expected = [
        "create 2",
        "create 3",
        "create 4",
        "update 1",
        "update 2",
        "update 3",
        "delete 2",
        "create 12",
        "delete 4",
        "delete 12",
        "update 1",
        "create 5",
    ];
    assert_eq!(changes, expected);
    assert_eq!(t.whole(Some(&mark)).0, Vec::<String>::new());
    let status = t.history.status().unwrap().unwrap();
    assert_eq!((status.key, status.rows, status.misfits), (vec!["id".to_owned()], 12, vec![]));
    let (oldest, newest) = (status.oldest.unwrap(), status.newest.unwrap());
    assert!(status.covers_from <= oldest && oldest < newest, "{oldest} {newest}");
    assert!(oldest >= begun && newest <= now(), "{begun} {oldest} {newest}");
    let mut times = Vec::new();
    let mut take = |changes: trueup::endpoint::Changes| {
        times.extend(changes.times);
        Ok(())
    };
    t.history.changes(None, &t.key, &mut take).unwrap();
    assert_eq!((times[0], times[11]), (oldest, newest));
}

#[test]
fn a_history_of_many_entries_comes_in_pieces() {
    let (mut place, t) = place();
    place.postgres().execute("INSERT INTO t SELECT n, 'v' FROM generate_series(2, 20001) n");
    let mut pieces = Vec::new();
    let mut take = |changes: trueup::endpoint::Changes| {
        pieces.push(changes.actions.len());
        Ok(())
    };
    t.history.changes(None, &t.key, &mut take).unwrap();
    assert!(pieces.len() > 2 && pieces.iter().sum::<usize>() == 20_000, "{pieces:?}");
    let stopped = t.history.changes(None, &t.key, &mut |_| Err(EndpointError::Stopped));
    assert!(matches!(stopped, Err(EndpointError::Stopped)), "{stopped:?}");
}

#[test]
fn what_replication_writes_counts_too() {
    let (mut place, t) = place();
    place.postgres().execute("SET session_replication_role = replica; DELETE FROM t; RESET session_replication_role");
    assert_eq!(t.whole(None).0, ["delete 1"]);
}

#[test]
fn what_trueup_writes_is_its_own_and_what_follows_is_not() {
    let (mut place, t) = place();
    let server = place.postgres();
    server.execute(
        "CREATE TABLE s (id int PRIMARY KEY, v text); INSERT INTO s VALUES (1, 'after'), (2, 'new');
         CREATE TABLE log (id int PRIMARY KEY);
         CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS
            $$ BEGIN INSERT INTO log VALUES (NEW.id); RETURN NULL; END $$",
    );
    assert_eq!(t.endpoint.target().unwrap().unwrap().triggers, Vec::<String>::new());
    server.execute("CREATE TRIGGER f AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()");
    assert_eq!(t.endpoint.target().unwrap().unwrap().triggers, ["f"]);
    let log = Tracked::new(&mut place, "log", &["id"]);
    let (left, right) = (place.postgres().address("s"), place.postgres().address("t"));
    place.dir.plan(&left, &right, "p", &[]).json(1);
    place.dir.apply("p", &[]).json(0);
    place.postgres().execute("INSERT INTO t VALUES (3, 'theirs')");
    let mut changes = t.whole(None).0;
    changes.sort();
    assert_eq!(changes, ["create 2 own", "create 3", "update 1 own"]);
    let mut changes = log.whole(None).0;
    changes.sort();
    assert_eq!(changes, ["create 1", "create 2", "create 3"]);
}

#[test]
fn the_clock_is_the_servers() {
    let (_place, t) = place();
    let clock = t.endpoint.clock().unwrap().unwrap();
    assert!(clock.ahead.abs() <= clock.error + 20_000 && clock.error < 1_000_000, "{clock:?}");
}
