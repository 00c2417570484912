//! What always holds of apply and undo, on a database in memory.

use super::model::{self, Db, Event, Memory, Row, Session, Table, table};
use super::stored::{Stored, StoredFile};
use super::*;
use crate::endpoint::{Action, Dependent, Interrupt, OnDelete, Writer};
use crate::snapshot::Silent;
use crate::table::PortableType;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Shared = Arc<Mutex<Db>>;

fn row(id: &str, a: Option<&str>, b: Option<i64>) -> Row {
    [Some(id.into()), a.map(str::to_owned), b.map(|b| b.to_string()), Some("default".into())]
}

fn rows(rows: &[(&str, &str, i64)]) -> Table {
    rows.iter().map(|(id, a, b)| (id.to_string(), row(id, Some(a), Some(*b)))).collect()
}

fn shared(rows: &Table) -> Shared {
    Arc::new(Mutex::new(Db { rows: rows.clone(), ..Db::default() }))
}

#[derive(Debug, Default)]
struct Came {
    outcome: SideOutcome,
    refused: Vec<Refusal>,
    unverified: Vec<Unverified>,
}

struct Setup<'a> {
    steps: &'a Memory,
    db: &'a Shared,
    folder: &'a Path,
    chunk: usize,
    unique: bool,
    watched: Vec<Dependent>,
    /// The rows that were kept, of all runs.
    kept: Mutex<BTreeMap<u64, Row>>,
}

/// Keeps rows for a test.
struct Kept<'a>(&'a Mutex<BTreeMap<u64, Row>>);

impl Keep for Kept<'_> {
    fn keep(&mut self, stored: Option<&Stored>, _: &str) -> Result<StoredFile, ApplyError> {
        let Some(Stored { steps, rows }) = stored else { return Ok(StoredFile::default()) };
        let rows = model::rows(rows);
        assert_eq!(rows.len(), steps.len());
        self.0.lock().unwrap().extend(steps.iter().copied().zip(rows));
        Ok(StoredFile::default())
    }
}

impl Setup<'_> {
    /// One run with a session of its own, as `job` does it.
    fn run(&self, deed: Deed) -> Result<Came, ApplyError> {
        let key = self.steps.key;
        let (mut by_key, mut by_identity) = (Session::by(self.db, key), Session::new(self.db));
        let by_identity = (key != 0).then_some(&mut by_identity as &mut dyn Writer);
        let mut writers = Writers { by_key: &mut by_key, by_identity };
        let mut journal = Journal::open(self.folder, 1, "plan")?;
        let mut table = table(self.steps.second.clone());
        table.key = vec![key];
        let run = SideRun {
            side: 1,
            address: "model",
            steps: self.steps,
            table: &table,
            identity: if key == 0 { &[] } else { &[0] },
            writable: &[0, 1, 2, 3],
            unique: self.unique,
            watched: &self.watched,
            triggers: false,
            linker: None,
            target: None,
            deed,
            only: &[],
            chunk: self.chunk,
            pause: Duration::ZERO,
            interrupt: Interrupt::default(),
            progress: &Silent,
        };
        let mut came = Came::default();
        let refused = &mut came.refused;
        let mut refuse = |refusal| {
            refused.push(refusal);
            Ok(())
        };
        let mut kept = Kept(&self.kept);
        let keep = (deed == Deed::Apply).then_some(&mut kept as &mut dyn Keep);
        run.resolve(&mut writers, &mut journal, &StoredBefore::NONE)?;
        let settled = run.write(&mut writers, &mut journal, &mut refuse, keep, &mut came.outcome)?;
        assert_eq!(came.outcome.written.total(), settled.written.len());
        assert_eq!(came.outcome.already, settled.already.len());
        let unverified = &mut came.unverified;
        came.outcome.unverified = run.verify(&mut writers, &settled.written, &mut |cell| {
            unverified.push(cell);
            Ok(())
        })?;
        assert_eq!(came.outcome.refused, came.refused.len() as u64);
        Ok(came)
    }

    /// Again and again, as long as connections are lost.
    fn to_the_end(&self, deed: Deed) -> Came {
        for _ in 0..100 {
            match self.run(deed) {
                Ok(came) => return came,
                Err(ApplyError::Endpoint(_) | ApplyError::LostAtCommit { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it does not come to an end");
    }
}

fn setup<'a>(steps: &'a Memory, db: &'a Shared, folder: &'a tempfile::TempDir) -> Setup<'a> {
    Setup { steps, db, folder: folder.path(), chunk: 3, unique: true, watched: Vec::new(), kept: Mutex::default() }
}

fn now(db: &Shared) -> Table {
    db.lock().unwrap().rows.clone()
}

fn keys(refused: &[Refusal]) -> BTreeSet<String> {
    refused.iter().map(|refusal| refusal.key.split('"').nth(3).unwrap().to_owned()).collect()
}

fn tables() -> impl Strategy<Value = (Table, Table)> {
    let cells = (prop::option::of("[xyz]"), prop::option::of(0i64..4), "[cd]");
    let sides = (any::<bool>(), cells.clone(), any::<bool>(), cells);
    prop::collection::vec(sides, 0..14).prop_map(|sides| {
        let (mut from, mut to) = (Table::new(), Table::new());
        for (at, (left, (a, b, c), right, (a2, b2, _))) in sides.into_iter().enumerate() {
            let id = format!("k{at}");
            let make = |a: Option<String>, b: Option<i64>, c: &str| -> Row {
                [Some(id.clone()), a, b.map(|b| b.to_string()), Some(c.to_owned())]
            };
            if left {
                from.insert(id.clone(), make(a, b, &c));
            }
            if right {
                // A new row has its default in the last column; an old one keeps what it has there.
                to.insert(id.clone(), make(a2, b2, if left { &c } else { "default" }));
            }
        }
        (from, to)
    })
}

/// Tables in which the third column is unique, and changes in some rows that stay.
fn keyed_tables() -> impl Strategy<Value = (Table, Table)> {
    let cells = (prop::option::of("[xyz]"), 0i64..12);
    let sides = (prop::bool::weighted(0.8), cells.clone(), prop::bool::weighted(0.8), cells, any::<bool>());
    prop::collection::vec(sides, 0..14).prop_map(|sides| {
        let (mut tables, mut taken) = ([Table::new(), Table::new()], [BTreeSet::new(), BTreeSet::new()]);
        for (at, (left, (a, b), right, (a2, b2), stays)) in sides.into_iter().enumerate() {
            let id = format!("k{at}");
            for (side, there, a, b) in [(0, left, a, b), (1, right, a2, if stays { b } else { b2 })] {
                if there && taken[side].insert(b) {
                    tables[side].insert(id.clone(), row(&id, a.as_deref(), Some(b)));
                }
            }
        }
        let [from, to] = tables;
        (from, to)
    })
}

/// Applies, applies again, undoes and applies, with connections lost on the way.
fn there_and_back(
    setup: &Setup<'_>,
    [from, to]: [&Table; 2],
    [first, second]: [Vec<(usize, Event)>; 2],
) -> Result<(), TestCaseError> {
    let (steps, db) = (&setup.steps.steps, setup.db);
    db.lock().unwrap().script = first.into_iter().collect();
    let came = setup.to_the_end(Deed::Apply);
    prop_assert_eq!(&now(db), to);
    prop_assert_eq!(came.outcome.written.total() + came.outcome.already, steps.len() as u64);
    prop_assert_eq!((came.refused, came.unverified), (vec![], vec![]));
    // Every row that was written was kept as it is stored, also those of runs that ended early.
    let row = |(_, before, after): &(Action, Option<Row>, Option<Row>)| {
        let id = before.as_ref().or(after.as_ref()).and_then(|row| row[0].clone()).unwrap();
        to.get(&id).cloned()
    };
    let stored = (0u64..).zip(steps).filter_map(|(number, step)| Some((number, row(step)?)));
    prop_assert_eq!(setup.kept.lock().unwrap().clone(), stored.collect());

    // A second time: nothing is written.
    let commits = {
        let mut db = db.lock().unwrap();
        db.script.clear();
        db.commits
    };
    let came = setup.run(Deed::Apply).unwrap();
    prop_assert_eq!((came.outcome.already, came.outcome.refused), (steps.len() as u64, 0));
    prop_assert_eq!(db.lock().unwrap().commits, commits);

    {
        let mut db = db.lock().unwrap();
        db.calls = 0;
        db.script = second.into_iter().collect();
    }
    let came = setup.to_the_end(Deed::Undo);
    prop_assert_eq!(&now(db), from);
    prop_assert_eq!((came.refused, came.unverified), (vec![], vec![]));
    prop_assert!(Journal::open(setup.folder, 1, "plan").unwrap().ours().is_empty());

    // And forth again.
    db.lock().unwrap().script.clear();
    let came = setup.run(Deed::Apply).unwrap();
    prop_assert_eq!(came.outcome.written.total(), steps.len() as u64);
    prop_assert_eq!(&now(db), to);
    Ok(())
}

fn troubles() -> impl Strategy<Value = Vec<(usize, Event)>> {
    let event = prop_oneof![Just(Event::Lost), Just(Event::LostAfter), Just(Event::Conflict)];
    prop::collection::vec((1usize..60, event), 0..6)
}

fn meddling() -> impl Strategy<Value = Vec<(usize, Event)>> {
    let key = (0usize..14).prop_map(|at| format!("k{at}"));
    let event = prop_oneof![
        3 => key.clone().prop_map(Event::Set),
        1 => key.clone().prop_map(Event::Add),
        1 => key.prop_map(Event::Remove),
    ];
    prop::collection::vec((1usize..40, event), 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn after_any_crash_applying_again_ends_as_planned_and_undo_restores(
        (from, to) in tables(), chunk in 1usize..6, unique: bool, first in troubles(), second in troubles(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (steps, db) = (Memory::between(&from, &to), shared(&from));
        let setup = Setup { chunk, unique, ..setup(&steps, &db, &folder) };
        there_and_back(&setup, [&from, &to], [first, second])?;
    }

    #[test]
    fn keys_that_change_do_not_matter_to_that(
        (from, to) in keyed_tables(), chunk in 1usize..6, unique: bool, first in troubles(), second in troubles(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (steps, db) = (Memory::between_keys(&from, &to), shared(&from));
        db.lock().unwrap().unique = true;
        let setup = Setup { chunk, unique, ..setup(&steps, &db, &folder) };
        there_and_back(&setup, [&from, &to], [first, second])?;
    }

    #[test]
    fn rows_that_others_write_are_never_touched_and_only_they_are_refused(
        (from, to) in tables(), chunk in 1usize..6, unique: bool, script in meddling(), undoing in meddling(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (steps, db) = (Memory::between(&from, &to), shared(&from));
        let setup = Setup { chunk, unique, ..setup(&steps, &db, &folder) };
        db.lock().unwrap().script = script.into_iter().collect();
        let came = setup.run(Deed::Apply).unwrap();
        let (others, before_us, meddled) = {
            let db = db.lock().unwrap();
            (db.others.clone(), db.before_us.clone(), db.meddled)
        };
        let refused = keys(&came.refused);
        for id in from.keys().chain(to.keys()).chain(others.keys()) {
            let (found, planned) = (now(&db).get(id).cloned(), to.get(id).cloned());
            match others.get(id) {
                None => {
                    prop_assert_eq!(&found, &planned, "{}", id);
                    prop_assert!(!refused.contains(id), "{} was refused without reason", id);
                }
                // Someone added and removed it before it was created.
                Some(None) if !from.contains_key(id) && found == planned => {}
                Some(theirs) => prop_assert_eq!(&found, theirs, "their write of {} is lost", id),
            }
        }
        let step = |id: &String| from.get(id) != to.get(id);
        for id in &refused {
            prop_assert!(before_us.contains(id) && step(id));
        }
        // Those that were moved once, before us, to something that was not planned, are all refused.
        if meddled <= 1 {
            for id in before_us.iter().filter(|id| step(id) && others[*id] != to.get(*id).cloned()) {
                prop_assert!(refused.contains(id), "{} was not refused", id);
            }
        }

        // The way back: what others wrote before or meanwhile stays, everything else is as it was.
        { let mut db = db.lock().unwrap(); db.calls = 0; db.script = undoing.into_iter().collect(); }
        setup.run(Deed::Undo).unwrap();
        let others = db.lock().unwrap().others.clone();
        for id in from.keys().chain(to.keys()).chain(others.keys()) {
            let (found, original) = (now(&db).get(id).cloned(), from.get(id).cloned());
            match others.get(id) {
                None => prop_assert_eq!(&found, &original, "{}", id),
                Some(None) if found == original => {}
                Some(None) if !to.contains_key(id) && found.is_none() => {}
                Some(theirs) => prop_assert_eq!(&found, theirs, "their write of {} is lost", id),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn rows_that_others_write_are_never_touched_while_keys_change(
        (from, to) in keyed_tables(), chunk in 1usize..6, unique: bool, script in meddling(), undoing in meddling(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (steps, db) = (Memory::between_keys(&from, &to), shared(&from));
        // A row that somebody adds with the identity of a new one is refused by the database: an error.
        let mild = |script: Vec<(usize, Event)>| {
            script.into_iter().filter(|(_, event)| !matches!(event, Event::Add(_))).collect::<BTreeMap<_, _>>()
        };
        { let mut db = db.lock().unwrap(); db.unique = true; db.script = mild(script); }
        let setup = Setup { chunk, unique, ..setup(&steps, &db, &folder) };
        let came = setup.run(Deed::Apply).unwrap();
        let others = db.lock().unwrap().others.clone();
        for id in from.keys().chain(to.keys()).chain(others.keys()) {
            let (found, original, planned) = (now(&db).get(id).cloned(), from.get(id).cloned(), to.get(id).cloned());
            match others.get(id) {
                // What waits for a value of a row that moved stays as it was.
                None if !came.refused.is_empty() => prop_assert!(found == planned || found == original, "{}", id),
                None => prop_assert_eq!(&found, &planned, "{}", id),
                Some(None) if !from.contains_key(id) && found == planned => {}
                Some(theirs) => prop_assert_eq!(&found, theirs, "their write of {} is lost", id),
            }
        }
        { let mut db = db.lock().unwrap(); db.calls = 0; db.script = mild(undoing); }
        let came = setup.run(Deed::Undo).unwrap();
        let others = db.lock().unwrap().others.clone();
        for id in from.keys().chain(to.keys()).chain(others.keys()) {
            let (found, original, planned) = (now(&db).get(id).cloned(), from.get(id).cloned(), to.get(id).cloned());
            match others.get(id) {
                None if !came.refused.is_empty() => prop_assert!(found == planned || found == original, "{}", id),
                None => prop_assert_eq!(&found, &original, "{}", id),
                Some(None) if found == original || !to.contains_key(id) && found.is_none() => {}
                Some(theirs) => prop_assert_eq!(&found, theirs, "their write of {} is lost", id),
            }
        }
    }
}

#[test]
fn a_row_that_the_database_refuses_is_named_and_all_others_are_written() {
    let from = rows(&[("a", "x", 1), ("b", "x", 2), ("c", "x", 3), ("d", "x", 4)]);
    let to = rows(&[("a", "y", 1), ("b", "y", 2), ("c", "z", 3), ("d", "y", 4)]);
    for (chunk, late) in [(2, false), (9, false), (2, true), (9, true)] {
        let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
        (db.lock().unwrap().hates, db.lock().unwrap().late) = (Some("z".into()), late);
        let setup = Setup { chunk, ..setup(&steps, &db, &folder) };
        let came = setup.run(Deed::Apply).unwrap();
        assert_eq!((came.outcome.written.update, came.outcome.refused, came.outcome.rejected), (3, 1, 1));
        let refusal = &came.refused[0];
        assert_eq!((refusal.key.as_str(), refusal.cause), ("{\"id\": \"c\"}", Cause::Rejected));
        assert_eq!(refusal.why, "nobody likes Some(\"c\")");
        assert!(refusal.found.as_ref().unwrap().contains("\"x\""), "{refusal:?}");
        assert_eq!((&now(&db)["b"], &now(&db)["c"], &now(&db)["d"]), (&to["b"], &from["c"], &to["d"]));
        // What was not written is not ours; it is tried again, and written once it is accepted.
        assert_eq!(Journal::open(folder.path(), 1, "plan").unwrap().ours().len(), 3);
        assert_eq!(setup.run(Deed::Apply).unwrap().outcome.refused, 1);
        db.lock().unwrap().hates = None;
        let came = setup.run(Deed::Apply).unwrap();
        assert_eq!((came.outcome.written.update, came.outcome.already), (1, 3));
        assert_eq!(now(&db), to);
        // The way back is no other.
        db.lock().unwrap().hates = Some("x".into());
        db.lock().unwrap().rows.get_mut("b").unwrap()[1] = Some("moved".into());
        let came = setup.run(Deed::Undo).unwrap();
        assert_eq!((came.outcome.refused, came.outcome.rejected, came.outcome.written.total()), (4, 3, 0));
    }
}

#[test]
fn a_few_refused_rows_take_few_statements_and_many_no_more_than_there_are_rows() {
    let table = |from: bool, bad: &dyn Fn(usize) -> bool| -> Table {
        let cells = |at: usize| match (from, bad(at)) {
            (true, _) => "x",
            (false, true) => "z",
            (false, false) => "y",
        };
        (0..1000).map(|at| (format!("k{at:03}"), row(&format!("k{at:03}"), Some(cells(at)), None))).collect()
    };
    let three = |at: usize| [17, 500, 501].contains(&at);
    type Bad<'a> = &'a dyn Fn(usize) -> bool;
    let third = |at: usize| at.is_multiple_of(3);
    for (bad, refused, most) in [(&three as Bad<'_>, 3, 350), (&third, 334, 7_500), (&|_| true, 1000, 9_000)] {
        let (from, to) = (table(true, bad), table(false, bad));
        let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
        db.lock().unwrap().hates = Some("z".into());
        let came = Setup { chunk: 500, ..setup(&steps, &db, &folder) }.run(Deed::Apply).unwrap();
        assert_eq!((came.outcome.refused, came.outcome.written.update), (refused, 1000 - refused));
        assert!(db.lock().unwrap().calls < most, "{} calls for {refused}", db.lock().unwrap().calls);
    }
}

#[test]
fn rows_that_exchange_values_are_refused_together_and_those_of_a_chain_as_far_as_need_be() {
    // a and b swap; c takes from d, which takes from e; f and g swap.
    let from = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5), ("f", 6), ("g", 7)];
    let to = [("a", 2), ("b", 1), ("c", 4), ("d", 5), ("e", 8), ("f", 7), ("g", 6)];
    let table = |rows: &[(&str, i64)], bad: &[&str], value: &str| -> Table {
        let value = |id: &str| if bad.contains(&id) { "z" } else { value }.to_owned();
        rows.iter().map(|(id, b)| (id.to_string(), row(id, Some(&value(id)), Some(*b)))).collect()
    };
    let (from, to) = (table(&from, &[], "x"), table(&to, &["b", "d"], "y"));
    let steps = Memory { park: true, ..Memory::between(&from, &to) };
    let (db, folder) = (shared(&from), tempfile::tempdir().unwrap());
    (db.lock().unwrap().hates, db.lock().unwrap().unique) = (Some("z".into()), true);
    let came = setup(&steps, &db, &folder).run(Deed::Apply).unwrap();
    assert_eq!(keys(&came.refused), ["a", "b", "c", "d"].map(String::from).into());
    let together = |refusal: &Refusal| refusal.why.contains("written together");
    assert_eq!(came.refused.iter().map(together).collect::<Vec<_>>(), [true, true, false, false]);
    for id in ["e", "f", "g"] {
        assert_eq!(now(&db)[id], to[id]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn only_what_the_database_refuses_is_left_out(
        (from, to) in tables(), chunk in 1usize..20, unique: bool, late: bool, script in troubles(),
    ) {
        // No row may become what is refused, and none is so yet.
        let clean = |row: &Row| if row[1].as_deref() == Some("z") { [row[0].clone(), None, row[2].clone(), row[3].clone()] } else { row.clone() };
        let from: Table = from.iter().map(|(id, row)| (id.clone(), clean(row))).collect();
        let folder = tempfile::tempdir().unwrap();
        let (steps, db) = (Memory::between(&from, &to), shared(&from));
        { let mut db = db.lock().unwrap(); db.hates = Some("z".into()); db.late = late; db.script = script.into_iter().collect(); }
        let setup = Setup { chunk, unique, ..setup(&steps, &db, &folder) };
        let came = setup.to_the_end(Deed::Apply);
        let bad = |id: &String| to.get(id).is_some_and(|row| row[1].as_deref() == Some("z"));
        let expected: BTreeSet<String> = to.keys().filter(|id| bad(id)).cloned().collect();
        prop_assert_eq!(keys(&came.refused), expected);
        prop_assert!(came.refused.iter().all(|refusal| refusal.cause == Cause::Rejected));
        for id in from.keys().chain(to.keys()) {
            let planned = if bad(id) { from.get(id) } else { to.get(id) };
            prop_assert_eq!(now(&db).get(id).cloned(), planned.cloned(), "{}", id);
        }
        let ours = Journal::open(folder.path(), 1, "plan").unwrap().ours().clone();
        prop_assert!(came.refused.iter().all(|refusal| !ours.contains(refusal.step)));
        db.lock().unwrap().script.clear();
        setup.run(Deed::Undo).unwrap();
        prop_assert_eq!(&now(&db), &from);
    }
}

#[test]
fn what_was_as_planned_before_is_not_taken_back() {
    let from = rows(&[("a", "x", 1), ("b", "x", 2)]);
    let to = rows(&[("a", "y", 1), ("c", "y", 2)]);
    let (steps, folder) = (Memory::between(&from, &to), tempfile::tempdir().unwrap());
    // Someone else did all of it.
    let db = shared(&to);
    let setup = setup(&steps, &db, &folder);
    let came = setup.run(Deed::Apply).unwrap();
    assert_eq!((came.outcome.already, came.outcome.written.total()), (3, 0));
    setup.run(Deed::Undo).unwrap();
    assert_eq!(now(&db), to);
}

#[test]
fn a_key_that_the_database_takes_for_another_is_refused() {
    let (from, to) = (rows(&[("K", "x", 1)]), rows(&[("K", "x", 1), ("k", "y", 2), ("l", "y", 3), ("m", "y", 4)]));
    let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
    db.lock().unwrap().loose = true;
    let came = setup(&steps, &db, &folder).run(Deed::Apply).unwrap();
    assert_eq!((keys(&came.refused), came.outcome.written.create), (BTreeSet::from(["k".to_owned()]), 2));
    assert!(came.refused[0].found.as_ref().unwrap().contains("\"K\""));
}

#[test]
fn a_row_that_only_the_database_finds_changed_is_refused() {
    let cells = |a: &str, c: &str| rows(&[("a", a, 1), ("b", "{\"x\": 2}", 2), ("c", c, 3)]);
    let (from, to) = (cells("{\"x\":1}", "{\"z\":1}"), cells("{\"y\":1}", "{\"y\":1}"));
    let mut steps = Memory::between(&from, &to);
    steps.second = PortableType::Json;
    // The same by meaning, but other bytes.
    let (db, folder) = (shared(&cells("{\"x\": 1}", "{\"z\":1}")), tempfile::tempdir().unwrap());
    let came = setup(&steps, &db, &folder).run(Deed::Apply).unwrap();
    assert_eq!((keys(&came.refused), came.outcome.written.update), (BTreeSet::from(["a".to_owned()]), 1));
    assert_eq!(now(&db)["a"], cells("{\"x\": 1}", "")["a"]);
}

#[test]
fn rows_that_wait_for_a_value_of_a_moved_row_are_refused_with_it() {
    // a and b swap; c, d and e hand on; f is alone.
    let from = rows(&[("a", "x", 1), ("b", "x", 2), ("c", "x", 3), ("d", "x", 4), ("e", "x", 5), ("f", "x", 7)]);
    let to = rows(&[("a", "x", 2), ("b", "x", 1), ("c", "x", 4), ("d", "x", 5), ("e", "x", 6), ("f", "x", 8)]);
    let mut steps = Memory::between(&from, &to);
    steps.park = true;
    let (db, folder) = (shared(&from), tempfile::tempdir().unwrap());
    {
        let mut db = db.lock().unwrap();
        db.unique = true;
        db.rows.insert("d".into(), row("d", Some("other"), Some(4)));
    }
    let came = setup(&steps, &db, &folder).run(Deed::Apply).unwrap();
    assert_eq!(keys(&came.refused), ["c", "d"].map(String::from).into());
    let mut expected = to.clone();
    expected.insert("c".into(), from["c"].clone());
    expected.insert("d".into(), row("d", Some("other"), Some(4)));
    assert_eq!(now(&db), expected);
}

#[test]
fn a_create_that_a_moved_row_keeps_out_is_refused_and_the_rest_goes_on() {
    // The new rows need values that the old ones give up, but one of those has changed.
    let from = rows(&[("a", "x", 1), ("b", "x", 2)]);
    let to = rows(&[("m", "y", 1), ("n", "y", 2), ("o", "y", 3)]);
    let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
    {
        let mut db = db.lock().unwrap();
        db.unique = true;
        db.rows.insert("b".into(), row("b", Some("other"), Some(2)));
    }
    let came = setup(&steps, &db, &folder).run(Deed::Apply).unwrap();
    assert_eq!(keys(&came.refused), ["b", "n"].map(String::from).into());
    assert_eq!((came.outcome.written.create, came.outcome.written.delete), (2, 1));
}

#[test]
fn what_a_trigger_changes_is_found() {
    let (from, to) = (rows(&[("a", "x", 1)]), rows(&[("a", "x", 2), ("b", "y", 3)]));
    let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
    db.lock().unwrap().trigger = Some("T".into());
    let came = setup(&steps, &db, &folder).run(Deed::Apply).unwrap();
    assert_eq!(came.outcome.unverified, 2);
    // The update leaves the column alone that the trigger changes.
    let cell = &came.unverified[0];
    assert_eq!((cell.planned.as_deref(), cell.found.as_deref()), (Some("x"), Some("T")));
    let cell = &came.unverified[1];
    assert_eq!(
        (cell.column.as_deref(), cell.planned.as_deref(), cell.found.as_deref()),
        (Some("a"), Some("y"), Some("T"))
    );
}

#[test]
fn rows_that_others_hang_on_are_not_deleted() {
    let dependent = |is_itself, on_delete| Dependent {
        name: "fk".into(),
        table: "orders".into(),
        table_name: (String::new(), "orders".into()),
        columns: vec!["b".into()],
        to: vec!["id".into()],
        on_delete,
        is_itself,
    };
    let (from, to) = (rows(&[("a", "x", 1), ("b", "x", 2)]), rows(&[]));
    let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
    db.lock().unwrap().hanging.insert("b".into(), 3);
    let mut setup = setup(&steps, &db, &folder);
    setup.watched = cascading(&[dependent(false, OnDelete::Cascade)]);
    let error = setup.run(Deed::Apply).unwrap_err();
    assert!(matches!(error, ApplyError::Cascade { rows: 3, .. }), "{error}");
    assert_eq!(now(&db), from);
    assert_eq!(cascading(&[dependent(false, OnDelete::Refuse)]), []);
    db.lock().unwrap().hanging.clear();
    setup.run(Deed::Apply).unwrap();
    assert_eq!(now(&db), to);
}

#[test]
fn only_the_chosen_actions_and_nothing_after_an_interrupt() {
    let (from, to) = (rows(&[("a", "x", 1), ("b", "x", 2)]), rows(&[("b", "y", 2), ("c", "y", 3)]));
    let (steps, db, folder) = (Memory::between(&from, &to), shared(&from), tempfile::tempdir().unwrap());
    let (table, interrupt) = (table(PortableType::Text), Interrupt::default());
    let run = SideRun {
        side: 0,
        address: "model",
        steps: &steps,
        table: &table,
        identity: &[],
        writable: &[0, 1, 2, 3],
        unique: true,
        watched: &[],
        triggers: false,
        linker: None,
        target: None,
        deed: Deed::Apply,
        only: &[Action::Create],
        chunk: 10,
        pause: Duration::ZERO,
        interrupt: interrupt.clone(),
        progress: &Silent,
    };
    let mut journal = Journal::open(folder.path(), 0, "plan").unwrap();
    let mut outcome = SideOutcome::default();
    let mut session = Session::new(&db);
    let mut writers = Writers { by_key: &mut session, by_identity: None };
    run.write(&mut writers, &mut journal, &mut |_| Ok(()), None, &mut outcome).unwrap();
    assert_eq!((outcome.written.create, outcome.written.total()), (1, 1));
    interrupt.set();
    let run = SideRun { only: &[], ..run };
    let result = run.write(&mut writers, &mut journal, &mut |_| Ok(()), None, &mut outcome);
    assert!(matches!(result, Err(ApplyError::Interrupted)));
    assert_eq!(outcome.written.total(), 1);
}

#[test]
fn rows_whose_keys_others_changed_are_refused_and_named_by_the_old_key() {
    // a goes; b takes its key; c and d swap; e gets a new one, which f frees.
    let from = rows(&[("a", "x", 1), ("b", "x", 2), ("c", "x", 3), ("d", "x", 4), ("e", "x", 5), ("f", "x", 6)]);
    let to = rows(&[("b", "x", 1), ("c", "x", 4), ("d", "x", 3), ("e", "x", 6), ("f", "x", 7), ("g", "x", 5)]);
    let steps = Memory::between_keys(&from, &to);
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let moved = |id: &str, a: &str, b: i64| {
        let db = shared(&from);
        {
            let mut db = db.lock().unwrap();
            db.unique = true;
            db.rows.insert(id.into(), row(id, Some(a), Some(b)));
        }
        db
    };
    // What waits for the value of a row that moved is refused with it.
    let db = moved("d", "other", 4);
    let came = setup(&steps, &db, &folders[0]).run(Deed::Apply).unwrap();
    assert_eq!(keys(&came.refused), ["3", "4"].map(String::from).into());
    assert_eq!(came.outcome.written.total(), steps.steps.len() as u64 - 2);
    assert_eq!(now(&db)["d"], row("d", Some("other"), Some(4)));
    setup(&steps, &db, &folders[0]).run(Deed::Undo).unwrap();
    let mut undone = from.clone();
    undone.insert("d".into(), row("d", Some("other"), Some(4)));
    assert_eq!(now(&db), undone);

    // A row with another key is still the one that was to go, and has changed.
    let db = moved("a", "x", 9);
    let came = setup(&steps, &db, &folders[1]).run(Deed::Apply).unwrap();
    assert_eq!(keys(&came.refused), ["1"].map(String::from).into());
    assert!(came.refused[0].why.contains("`b`"), "{}", came.refused[0].why);
    assert_eq!((now(&db)["a"][2].as_deref(), now(&db)["b"][2].as_deref()), (Some("9"), Some("1")));

    // The row of the old key is another one now.
    let db = moved("e", "x", 9);
    db.lock().unwrap().rows.insert("z".into(), row("z", Some("x"), Some(5)));
    let came = setup(&steps, &db, &folders[2]).run(Deed::Apply).unwrap();
    // So is the create of its key.
    assert_eq!(keys(&came.refused), ["5"].map(String::from).into());
    assert_eq!(came.refused.len(), 2);
    assert_eq!(now(&db)["z"], row("z", Some("x"), Some(5)));
}
