//! Random tables without a key, counted in another way.

use crate::support::{Workdir, assert_identities, steps};
use proptest::prelude::*;
use std::collections::BTreeMap;

type Rows = Vec<(Option<u8>, Option<u8>)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec((prop::option::of(0u8..3), prop::option::of(0u8..3)), 2..12).prop_map(|mut rows| {
        // Copies of two rows, one of them with a NULL: no columns are a key.
        rows.extend([rows[0], rows[0], (None, Some(9)), (None, Some(9))]);
        rows
    })
}

fn csv(rows: &Rows) -> String {
    let cell = |cell: Option<u8>| cell.map(|cell| cell.to_string()).unwrap_or_default();
    let lines: Vec<String> = rows.iter().map(|(a, b)| format!("x,{},{}\n", cell(*a), cell(*b))).collect();
    format!("x,a,b\n{}", lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn copies_are_counted(left in rows(), right in rows()) {
        let count = |rows: &Rows| rows.iter().fold(BTreeMap::new(), |mut counts, row| {
            *counts.entry(*row).or_insert(0i64) += 1;
            counts
        });
        let (own, other) = (count(&left), count(&right));
        let both = own.keys().filter(|row| other.contains_key(row)).count();
        let equal = own.iter().filter(|(row, copies)| other.get(row) == Some(copies)).count();
        let dir = Workdir::new();
        let (l, r) = (dir.write("l.csv", csv(&left)), dir.write("r.csv", csv(&right)));
        let agree = own == other;
        let json = dir.audit(&l, &r, &["--no-reasons"]).json(i32::from(!agree));
        assert_identities(&json);
        prop_assert_eq!(&json["key"]["chosen"], "whole row");
        prop_assert_eq!(&json["agree"], agree);
        prop_assert_eq!(&json["keys"]["in_both"], both);
        prop_assert_eq!(&json["rows"]["equal"], equal);
        prop_assert_eq!(&json["keys"]["only_left"], own.len() - both);
        prop_assert_eq!(&json["keys"]["only_right"], other.len() - both);

        let alone = |own: &BTreeMap<_, i64>, other: &BTreeMap<_, i64>| -> i64 {
            own.iter().filter(|(row, _)| !other.contains_key(*row)).map(|(_, copies)| copies).sum()
        };
        let expected = [alone(&own, &other), 0, alone(&other, &own)];
        let plan = dir.plan(&l, &r, "plan", &[]);
        let plan = plan.json(i32::from(expected != [0; 3]));
        prop_assert_eq!(steps(&plan, "right"), expected);
        if expected != [0; 3] {
            let before = std::fs::read_to_string(&r).unwrap();
            dir.apply("plan", &[]).json(0);
            prop_assert_eq!(steps(&dir.plan(&l, &r, "next", &[]).json(0), "right"), [0; 3]);
            dir.undo("plan", &[]).json(0);
            let sorted = |text: &str| { let mut lines: Vec<String> = text.lines().map(str::to_owned).collect(); lines.sort(); lines };
            prop_assert_eq!(sorted(&std::fs::read_to_string(&r).unwrap()), sorted(&before));
        }
    }
}
