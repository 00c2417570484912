use super::super::testing::*;
use super::*;
use crate::base::numbers::Numbers;
use proptest::prelude::*;
use std::collections::HashSet;

fn rows_of(ids: &[(Option<i64>, Option<i64>)]) -> Vec<Row> {
    ids.iter().map(|(id, key)| (*id, *key, None)).collect()
}

/// Every link that there should be, found the slow way.
fn expected(rows: [&[Row]; 2], skip: &HashSet<u64>) -> Vec<(u64, u64)> {
    let alone = |rows: &[Row], row: usize, of: fn(&Row) -> Option<i64>| {
        of(&rows[row]).is_some() && rows.iter().filter(|other| of(other) == of(&rows[row])).count() == 1
    };
    let fits = |rows: &[Row], row: usize| alone(rows, row, |row| row.0) && alone(rows, row, |row| row.1);
    let mut out = Vec::new();
    for left in 0..rows[0].len() {
        for right in 0..rows[1].len() {
            let same = rows[0][left].1 == rows[1][right].1;
            if same && fits(rows[0], left) && fits(rows[1], right) && !skip.contains(&(left as u64)) {
                out.push((left as u64, right as u64));
            }
        }
    }
    out
}

fn found(rows: [&[Row]; 2], skip: &HashSet<u64>, splits: [usize; 2]) -> Vec<(u64, u64)> {
    let found = [64, 1 << 20].map(|memory| found_within(rows, skip, splits, memory));
    assert_eq!(found[0], found[1]);
    found.into_iter().next().unwrap()
}

fn found_within(rows: [&[Row]; 2], skip: &HashSet<u64>, splits: [usize; 2], memory: usize) -> Vec<(u64, u64)> {
    let folder = tempfile::tempdir().unwrap();
    let [left, right] = [0, 1].map(|side| indexed(&freeze(folder.path(), side, rows[side]), side, splits[side]));
    let identities = [side(0).identity, side(1).identity];
    let sides = [
        LinkSide { parts: &left.0, index: &left.1, identity: &identities[0] },
        LinkSide { parts: &right.0, index: &right.1, identity: &identities[1] },
    ];
    let path = folder.path().join("links.parquet");
    let count = write_links(&path, sides, &|row| skip.contains(&row), Room { work: folder.path(), memory }).unwrap();
    let recipes = recipes();
    let print = |side: usize, row: u64| {
        let linker = Linker::new(&columns(side), &recipes[side], &identities[side]).unwrap();
        let batch = batch(side, std::slice::from_ref(&rows[side][row as usize]));
        (linker.keys(&batch)[0].unwrap(), linker.ids(&batch)[0].unwrap())
    };
    let links = Numbers::open(&path, LINKS).unwrap();
    assert_eq!(links.rows(), count);
    let mut out = Vec::new();
    links
        .each(&mut |columns| {
            for row in 0..columns[0].len() {
                let pair = BasePair::read(&columns, row, 0);
                let [left, right] = pair.rows;
                assert_eq!((pair.key, pair.ids[0]), print(0, left));
                assert_eq!((pair.key, pair.ids[1]), print(1, right));
                out.push((left, right));
            }
            Ok(())
        })
        .unwrap();
    out.sort_unstable();
    out
}

#[test]
fn keys_with_one_row_on_each_side_are_linked() {
    let left = rows_of(&[(Some(1), Some(10)), (Some(2), Some(20)), (Some(3), Some(20)), (Some(4), None)]);
    let right = rows_of(&[(Some(9), Some(20)), (Some(8), Some(10)), (Some(7), None)]);
    assert_eq!(found([&left, &right], &HashSet::new(), [1, 1]), [(0, 1)]);
    assert_eq!(found([&left, &right], &HashSet::from([0]), [1, 1]), []);
    assert_eq!(found([&[], &right], &HashSet::new(), [1, 1]), []);
}

#[test]
fn a_thousand_rows_in_other_orders_are_linked() {
    let left = rows_of(&(0..1000).map(|i| (Some(i), Some(i * 7 % 1000))).collect::<Vec<_>>());
    let right = rows_of(&(0..1000).map(|i| (Some(-i), Some(i * 3 % 1000))).collect::<Vec<_>>());
    let links = found([&left, &right], &HashSet::new(), [2, 8]);
    assert_eq!(links.len(), 1000);
    assert_eq!(links, expected([&left, &right], &HashSet::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Duplicates and NULLs in keys and identities, and any splits.
    #[test]
    fn links_are_those_of_a_nested_loop(
        left in prop::collection::vec((prop::option::weighted(0.9, 0..20i64), prop::option::weighted(0.9, 0..20i64)), 0..16),
        right in prop::collection::vec((prop::option::weighted(0.9, 0..20i64), prop::option::weighted(0.9, 0..20i64)), 0..16),
        skip in prop::collection::hash_set(0..16u64, 0..4),
        splits in (0..4u32, 0..4u32),
    ) {
        let (left, right) = (rows_of(&left), rows_of(&right));
        let splits = [1 << splits.0, 1 << splits.1];
        let links = found([&left, &right], &skip, splits);
        prop_assert_eq!(links, expected([&left, &right], &skip));
    }
}
