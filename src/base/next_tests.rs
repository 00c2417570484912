use super::super::testing::*;
use super::*;
use crate::base::{BaseSide, Wanted};
use crate::table::{Column, PortableType};
use proptest::prelude::*;
use std::collections::HashSet;

type Pair = (Row, Row);

fn file(plan: &str) -> BaseFile {
    BaseFile { plan: plan.into(), sides: [side(0), side(1)], ..BaseFile::default() }
}

/// The fingerprints of a pair of rows: key, left and right identity.
fn prints(pair: &Pair) -> (Fingerprint, [Fingerprint; 2]) {
    let recipes = recipes();
    let linker = |at: usize| Linker::new(&columns(at), &recipes[at], &side(at).identity).unwrap();
    let (left, right) = (batch(0, std::slice::from_ref(&pair.0)), batch(1, std::slice::from_ref(&pair.1)));
    (linker(0).keys(&left)[0].unwrap(), [linker(0).ids(&left)[0].unwrap(), linker(1).ids(&right)[0].unwrap()])
}

fn find(base: &Base, wanted: &Wanted) -> Vec<Pair> {
    rows_of(base, &base.find(wanted).unwrap())
}

fn ids(side: usize, ids: &[i64]) -> ExportBatch {
    let rows: Vec<Row> = ids.iter().map(|id| (Some(*id), None, None)).collect();
    let batch = batch(side, &rows);
    ExportBatch { rows: batch.rows.project(&[1]).unwrap(), others: Vec::new() }
}

#[test]
fn a_base_gives_back_what_was_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    assert!(Base::open(&state).unwrap().is_none());
    let mut rows: Vec<Pair> =
        (0..30).map(|i| pair(i, 100 + i, 1000 - i, [&i.to_string(), if i % 3 == 0 { "?never" } else { "" }])).collect();
    let frozen = |at: usize| rows[..20].iter().map(|pair| [&pair.0, &pair.1][at].clone()).collect::<Vec<_>>();
    let (snapshots, links) = linked(folder.path(), [&frozen(0), &frozen(1)], &HashSet::from([0, 1]));
    let open = [Some(ids(0, &[77, 78])), None];
    let print = |low: u64| Fingerprint { high: 1, low };
    let torn =
        [(1, false), (3, true), (5, false)].map(|(low, unclear)| Torn { ids: [print(low), print(low + 1)], unclear });
    let next = Next {
        state: &state,
        file: file("p"),
        recipes: &recipes(),
        on: None,
        frozen: Some(([&snapshots[0], &snapshots[1]], &links)),
        gone: &[],
        open,
        torn: &torn,
    };
    let base = next.write(&mut handing_over(&rows[20..], 3)).unwrap();
    rows.drain(..2);
    rows.sort();
    assert_eq!((pairs(&base), base.file.segments.len()), (28, 2));
    let again = Base::open(&state).unwrap().unwrap();
    assert_eq!(again.file, base.file);
    for base in [base, again] {
        assert_eq!(content(&base), rows);
        assert_eq!(base.torn().unwrap(), [torn[0], torn[2], torn[1]]);
        let open = base.open_rows(0).unwrap().unwrap();
        assert_eq!(open.rows, ids(0, &[77, 78]).rows);
        assert!(base.open_rows(1).unwrap().is_none());
    }
    // The plan's folder may go.
    std::fs::remove_dir_all(&snapshots[0]).unwrap();
    assert_eq!(content(&Base::open(&state).unwrap().unwrap()), rows);
}

#[test]
fn pairs_are_found_by_key_and_by_either_identity() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<Pair> = (0..9).map(|i| pair(i, 10 + i, 20 + i, ["1", "2"])).collect();
    let base = write_rows(folder.path(), "p", None, &rows);
    let (key, _) = prints(&rows[3]);
    let by_key = Wanted { keys: HashSet::from([key]), ..Wanted::default() };
    assert_eq!(find(&base, &by_key), [rows[3].clone()]);
    let (left, right) = (prints(&rows[4]).1[0], prints(&rows[5]).1[1]);
    let by_ids = Wanted { ids: [HashSet::from([left]), HashSet::from([right])], ..Wanted::default() };
    assert_eq!(find(&base, &by_ids), rows[4..6]);
    // A left identity is no right one.
    let swapped = Wanted { ids: [HashSet::from([right]), HashSet::from([left])], ..Wanted::default() };
    assert!(find(&base, &swapped).is_empty() && find(&base, &Wanted::default()).is_empty());
}

#[test]
fn a_later_link_supersedes_by_an_identity_that_nobody_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_rows(folder.path(), "a", None, &[pair(1, 1, 5, ["1", "1"]), pair(2, 2, 6, ["1", "1"])]);
    let later = pair(1, 3, 7, ["2", "2"]);
    let base = write_rows(folder.path(), "b", Some(&first), std::slice::from_ref(&later));
    let old = prints(&pair(1, 1, 5, ["", ""]));
    let by_right = Wanted { ids: [HashSet::new(), HashSet::from([old.1[1]])], ..Wanted::default() };
    assert!(find(&base, &by_right).is_empty());
    assert!(find(&base, &Wanted { keys: HashSet::from([old.0]), ..Wanted::default() }).is_empty());
    assert_eq!(content(&base), [later, pair(2, 2, 6, ["1", "1"])]);
    // It does not come back when the later link goes.
    let (_, gone) = (0, base.find(&Wanted { ids: [HashSet::from([old.1[0]]), HashSet::new()], ..Wanted::default() }));
    let gone = gone.unwrap();
    let next = Next {
        state: folder.path(),
        file: file("c"),
        recipes: &recipes(),
        on: Some(&base),
        frozen: None,
        gone: &gone,
        open: [None, None],
        torn: &[],
    };
    let base = next.write(&mut || Ok(None)).unwrap();
    assert_eq!(content(&base), [pair(2, 2, 6, ["1", "1"])]);
    assert!(find(&base, &by_right).is_empty());
}

#[test]
fn what_is_frozen_may_link_anew_what_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let first = write_rows(&state, "a", None, &[pair(1, 1, 5, ["1", "1"]), pair(2, 2, 6, ["1", "1"])]);
    let mut gone = Vec::new();
    first
        .each(&mut |pairs| {
            gone.extend_from_slice(pairs);
            Ok(())
        })
        .unwrap();
    let (again, later) = (pair(1, 1, 5, ["2", "2"]), pair(3, 3, 7, ["3", "3"]));
    let rows = [std::slice::from_ref(&again.0), std::slice::from_ref(&again.1)];
    let (snapshots, links) = linked(folder.path(), rows, &HashSet::new());
    let next = Next {
        state: &state,
        file: file("b"),
        recipes: &recipes(),
        on: Some(&first),
        frozen: Some(([&snapshots[0], &snapshots[1]], &links)),
        gone: &gone,
        open: [None, None],
        torn: &[],
    };
    let base = next.write(&mut handing_over(std::slice::from_ref(&later), 1)).unwrap();
    let found = base.find(&Wanted { keys: HashSet::from([prints(&again).0]), ..Wanted::default() }).unwrap();
    assert_eq!(rows_of(&base, &found), std::slice::from_ref(&again));
    assert_eq!(content(&base), [again, later]);
}

#[test]
fn rows_come_in_the_order_of_the_pairs_and_over_the_columns_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_rows(folder.path(), "a", None, &[pair(1, 1, 5, ["1", "?x"]), pair(2, 2, 6, ["2", ""])]);
    let base = write_rows(folder.path(), "b", Some(&first), &[pair(3, 3, 7, ["3", "?z"])]);
    let mut pairs = Vec::new();
    base.each(&mut |some| {
        pairs.extend_from_slice(some);
        Ok(())
    })
    .unwrap();
    pairs.sort_by_key(|pair| (pair.segment, pair.rows));
    let order = [pairs[2], pairs[0], pairs[1], pairs[0]];
    let other = [Column::new("new", PortableType::Text, "x"), Column::new("k", PortableType::Text, "x")];
    let asked = [columns(1)[1].clone(), other[0].clone(), columns(1)[0].clone(), other[1].clone()];
    assert_eq!([0, 1, 2, 3].map(|at| base.has(1, &asked[at])), [true, false, true, false]);
    let got = base.rows(1, &asked, &order).unwrap();
    assert_eq!(got.rows.column(0).as_ref(), &arrow::array::StringArray::from(vec!["3", "1", "2", "1"]));
    assert_eq!([1, 3].map(|at| got.rows.column(at).null_count()), [4, 4]);
    let others: Vec<_> = (0..4).map(|row| got.other(row, 2)).collect();
    assert_eq!(others, [Some("?z"), Some("?x"), None, Some("?x")]);
    assert_eq!(base.rows(0, &asked, &[]).unwrap().rows.num_rows(), 0);
    assert_eq!(base.rows(0, &[], &order).unwrap().rows.num_rows(), 4);
}

#[test]
fn a_column_that_only_later_rows_have_is_not_known() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_rows(folder.path(), "a", None, &[pair(1, 1, 5, ["1", "1"])]);
    let more = Column::new("more", PortableType::Integer, "x");
    let mut file = file("b");
    file.sides[0].table.columns.push(more.clone());
    let next = Next {
        state: folder.path(),
        file,
        recipes: &recipes(),
        on: Some(&first),
        frozen: None,
        gone: &[],
        open: [None, None],
        torn: &[],
    };
    let mut left = batch(0, &[(Some(2), Some(6), None)]);
    let mut arrays = left.rows.columns().to_vec();
    arrays.push(std::sync::Arc::new(arrow::array::Int64Array::from(vec![9])));
    let columns: Vec<Column> = columns(0).into_iter().chain([more.clone()]).collect();
    left.rows = arrow::array::RecordBatch::try_new(crate::snapshot::portable_schema(columns.iter()), arrays).unwrap();
    let mut written = Some(PairedRows { rows: [left, batch(1, &[(Some(2), Some(6), None)])] });
    let base = next.write(&mut || Ok(written.take())).unwrap();
    assert!(!base.has(0, &more) && base.has(0, &columns[0]));
    let mut all = Vec::new();
    base.each(&mut |pairs| {
        all.extend_from_slice(pairs);
        Ok(())
    })
    .unwrap();
    assert_eq!(base.rows(0, std::slice::from_ref(&more), &all).unwrap().rows.column(0).null_count(), 2);
}

#[test]
fn rows_that_cannot_be_linked_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows: Vec<Pair> = (0..6).map(|i| pair(i, i, i, ["", ""])).collect();
    rows[1].0.0 = None;
    rows[2].1.0 = None;
    rows[3].0.1 = None;
    rows[4].1.1 = None;
    let base = write_rows(folder.path(), "a", None, &rows);
    assert_eq!(content(&base), [rows[0].clone(), rows[5].clone()]);
}

#[test]
fn segments_that_say_nothing_are_not_carried_on() {
    let folder = tempfile::tempdir().unwrap();
    let row = [pair(1, 1, 5, ["1", "1"])];
    let mut base = write_rows(folder.path(), "a", None, &row);
    for plan in ["b", "c", "d"] {
        let open = [None, Some(ids(1, &[4]))];
        let next = Next {
            state: folder.path(),
            file: file(plan),
            recipes: &recipes(),
            on: Some(&base),
            frozen: None,
            gone: &[],
            open,
            torn: &[],
        };
        base = next.write(&mut || Ok(None)).unwrap();
        assert_eq!((base.file.segments.len(), pairs(&base)), (2, 1));
        assert!(base.open_rows(0).unwrap().is_none() && base.open_rows(1).unwrap().is_some());
    }
    let base = write_rows(folder.path(), "e", Some(&base), &[]);
    assert!(base.open_rows(1).unwrap().is_none());
    assert_eq!(content(&base), row);
}

#[test]
fn many_segments_become_two() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows: Vec<Pair> = (0..9).map(|i| pair(i, 10 + i, 20 + i, ["1", "2"])).collect();
    let mut base = write_rows(folder.path(), "p", None, &rows);
    for (at, row) in rows.iter_mut().enumerate().take(4) {
        *row = pair(at as i64, 10 + at as i64, 20 + at as i64, [&at.to_string(), "?new"]);
        base = write_rows(folder.path(), &format!("p{at}"), Some(&base), std::slice::from_ref(row));
    }
    let open = [Some(ids(0, &[77])), None];
    let next = Next {
        state: folder.path(),
        file: file("last"),
        recipes: &recipes(),
        on: Some(&base),
        frozen: None,
        gone: &[],
        open,
        torn: &[],
    };
    let base = next.write(&mut || Ok(None)).unwrap();
    assert_eq!(base.file.segments.len(), 6);
    assert!(base.compact(&recipes(), 6).unwrap().is_none());
    let compact = base.compact(&recipes(), 5).unwrap().unwrap();
    assert_eq!((compact.file.segments.len(), content(&compact)), (2, rows));
    assert_eq!(compact.open_rows(0).unwrap().unwrap().rows, ids(0, &[77]).rows);
    // The one before the plan is still there to go back to.
    assert_eq!(crate::base::take_back(folder.path(), "last").unwrap(), crate::base::TakenBack::Restored);
    assert_eq!(Base::open(folder.path()).unwrap().unwrap().file.plan, "p3");
}

#[test]
fn what_some_segments_do_not_know_keeps_them_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut base = write_rows(folder.path(), "a", None, &[pair(1, 1, 5, ["1", "1"])]);
    for plan in ["b", "c"] {
        base = write_rows(folder.path(), plan, Some(&base), &[pair(2, 2, 6, ["1", "1"])]);
    }
    base.file.sides[0].table.columns.push(Column::new("more", PortableType::Integer, "x"));
    assert!(base.compact(&recipes(), 1).unwrap().is_none());
}

#[test]
fn bases_of_other_keys_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_rows(folder.path(), "a", None, &[pair(1, 1, 5, ["1", "1"])]);
    let mut changed = file("b");
    changed.sides[1] = BaseSide { identity: vec!["k".into()], ..side(1) };
    let next = Next {
        state: folder.path(),
        file: changed,
        recipes: &recipes(),
        on: Some(&first),
        frozen: None,
        gone: &[],
        open: [None, None],
        torn: &[],
    };
    let error = next.write(&mut || Ok(None)).unwrap_err();
    assert!(matches!(&error, SnapshotError::Damaged { why, .. } if why.contains("right")), "{error}");
    assert_eq!(Base::open(folder.path()).unwrap().unwrap().file, first.file);
}

/// What one write adds.
#[derive(Clone, Debug)]
struct Step {
    on: bool,
    frozen: Vec<(i64, i64, i64)>,
    written: Vec<(i64, i64, i64)>,
    /// Which of the pairs that hold go.
    gone: Vec<prop::sample::Index>,
    /// Whether its segments are put together afterwards.
    compact: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let triples = |most| prop::collection::vec((0..6i64, 0..6i64, 0..8i64), 0..most);
    let gone = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    (prop::bool::weighted(0.85), prop::option::weighted(0.4, triples(6)), triples(5), gone, any::<bool>()).prop_map(
        |(on, frozen, written, gone, compact)| {
            let frozen = frozen.unwrap_or_default();
            Step { on, frozen, written, gone, compact }
        },
    )
}

/// The base as a plain list: a pair replaces those that share an identity with it.
fn replace(model: &mut Vec<Pair>, pair: Pair) {
    model.retain(|other| other.0.0 != pair.0.0 && other.1.0 != pair.1.0);
    model.push(pair);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is written on top of each other, `each` and `find` say the same as a plain list.
    #[test]
    fn a_base_is_what_a_list_would_be(steps in prop::collection::vec(step(), 1..5), wanted in prop::collection::vec((0..3u8, 0..8i64), 0..4)) {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let mut model: Vec<Pair> = Vec::new();
        let mut current: Option<Base> = None;
        for (at, step) in steps.iter().enumerate() {
            let on = current.as_ref().filter(|_| step.on);
            if on.is_none() { model.clear(); }
            let value = |kind: &str, i: usize| format!("{}", at * 100 + i + kind.len() * 1000);
            let new = |kind: &str, triples: &[(i64, i64, i64)]| -> Vec<Pair> {
                triples.iter().enumerate().map(|(i, (l, r, k))| pair(*l, *r, *k, [&value(kind, i), "?r"])).collect()
            };
            // Pairs that go.
            let mut all = Vec::new();
            if let Some(base) = on {
                base.each(&mut |pairs| { all.extend_from_slice(pairs); Ok(()) }).unwrap();
            }
            let gone: Vec<BasePair> =
                if all.is_empty() { Vec::new() } else { step.gone.iter().map(|index| *index.get(&all)).collect() };
            for pair in on.map(|base| rows_of(base, &gone)).unwrap_or_default() {
                model.retain(|other| *other != pair);
            }
            // Frozen rows: those whose key and identities nobody else has are linked.
            let frozen = new("f", &step.frozen);
            let place = folder.path().join(at.to_string());
            std::fs::create_dir(&place).unwrap();
            let sides = [0, 1].map(|side| {
                frozen.iter().map(|pair| if side == 0 { pair.0.clone() } else { pair.1.clone() }).collect::<Vec<_>>()
            });
            let (snapshots, links) = linked(&place, [&sides[0], &sides[1]], &HashSet::new());
            for pair in &frozen {
                let alone = |same: fn(&Pair, &Pair) -> bool| frozen.iter().filter(|other| same(other, pair)).count() == 1;
                if alone(|a, b| a.0.0 == b.0.0) && alone(|a, b| a.1.0 == b.1.0) && alone(|a, b| a.0.1 == b.0.1) {
                    replace(&mut model, pair.clone());
                }
            }
            let written = new("wr", &step.written);
            for pair in &written { replace(&mut model, pair.clone()); }
            let next = Next {
                state: &state,
                file: file(&at.to_string()),
                recipes: &recipes(),
                on,
                frozen: Some(([&snapshots[0], &snapshots[1]], &links)),
                gone: &gone,
                open: [None, None],
                torn: &[],
            };
            let base = next.write(&mut handing_over(&written, 2)).unwrap();
            model.sort();
            prop_assert_eq!(pairs(&base), model.len() as u64);
            prop_assert_eq!(&content(&base), &model);
            let mut base = Base::open(&state).unwrap().unwrap();
            prop_assert_eq!(&content(&base), &model);
            if step.compact && let Some(compact) = base.compact(&recipes(), 1).unwrap() {
                prop_assert!(compact.segments.len() <= 2, "{}", compact.segments.len());
                prop_assert_eq!((pairs(&compact), &content(&compact)), (model.len() as u64, &model));
                prop_assert_eq!(&compact.file.plan, &base.file.plan);
                base = Base::open(&state).unwrap().unwrap();
                prop_assert_eq!(&base.file, &compact.file);
            }

            let mut asked = Wanted::default();
            for (kind, n) in &wanted {
                let (key, ids) = prints(&pair(*n, *n, *n, ["", ""]));
                match kind {
                    0 => asked.keys.insert(key),
                    side => asked.ids[usize::from(*side) - 1].insert(ids[usize::from(*side) - 1]),
                };
            }
            let fits = |pair: &&Pair| wanted.iter().any(|(kind, n)| match kind {
                0 => pair.0.1 == Some(*n),
                1 => pair.0.0 == Some(*n),
                _ => pair.1.0 == Some(*n),
            });
            let expected: Vec<Pair> = model.iter().filter(fits).cloned().collect();
            prop_assert_eq!(find(&base, &asked), expected);
            current = Some(base);
        }
    }
}
