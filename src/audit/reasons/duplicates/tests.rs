use super::duplicates;
use crate::audit::reasons::values::fixture::{Row, columns, compared};
use crate::audit::reasons::{Reason, ReasonSide};
use crate::table::{AlignOptions, PortableType as T};

fn row(id: usize, version: Option<usize>, note: &str) -> Row {
    vec![Some(id.to_string()), version.map(|version| version.to_string()), Some(note.to_owned()), Some("x".to_owned())]
}

fn found(left: &[Row], right: &[Row]) -> Vec<Reason> {
    let types = columns(&[("id", T::Integer), ("version", T::Integer), ("note", T::Text), ("flag", T::Text)]);
    compared([&types, &types], [left, right], &["id"], &AlignOptions::default(), |evidence| {
        duplicates(evidence).unwrap()
    })
}

fn unique() -> Vec<Row> {
    (0..1000).map(|id| row(id, Some(1), "a")).collect()
}

#[test]
fn unique_keys_are_no_reason() {
    assert_eq!(found(&unique(), &unique()), []);
}

#[test]
fn copies_are_counted_and_named() {
    let mut left = unique();
    (0..30).for_each(|id| left.push(row(id, Some(1), "a")));
    left.push(row(7, Some(1), "a"));
    let reasons = found(&left, &unique());
    assert_eq!(reasons.len(), 1);
    let reason = &reasons[0];
    assert_eq!((reason.side, reason.rule.as_str(), reason.rows, reason.of), (ReasonSide::Left, "identical", 31, 31));
    assert_eq!(
        reason.text,
        "All 31 duplicates of `id` on the left (30 keys, up to 3 rows each) are the same as another row of the key in \
         all compared columns."
    );
    assert_eq!((reason.examples[0].key[0].as_str(), reason.examples[0].left.as_deref()), ("7", Some("3 rows")));
    assert_eq!(reason.fix, None);
}

#[test]
fn a_column_that_makes_the_key_unique_is_named_if_it_does_so_on_both_sides() {
    let versions = |notes: &[&str]| {
        let mut rows = unique();
        for (at, note) in notes.iter().enumerate() {
            (0..100).for_each(|id| rows.push(row(id, Some(2 + at), note)));
        }
        rows
    };
    let (left, right) = (versions(&["a", "b"]), versions(&["c"]));
    let reasons = found(&left, &right);
    assert_eq!(
        reasons.iter().map(|r| (r.side, r.rule.as_str(), r.rows, r.of)).collect::<Vec<_>>(),
        [(ReasonSide::Left, "differ", 200, 200), (ReasonSide::Right, "differ", 100, 100),]
    );
    assert_eq!(
        reasons[0].text,
        "All 200 duplicates of `id` on the left (100 keys, up to 3 rows each) differ in `version` (100 keys), `note` \
         (100 keys); adding `version` to the key would make it unique."
    );
    assert_eq!(reasons[0].fix.as_deref(), Some("--key id --key version"));

    // On the right the two rows of one key have the same version.
    let mut right = right;
    right.push(row(500, Some(1), "d"));
    assert!(found(&left, &right).iter().all(|reason| reason.fix.is_none() && !reason.text.contains("adding")));
    // A row without a version could not be matched.
    let mut left = left;
    left[900][1] = None;
    assert!(found(&left, &versions(&["c"])).iter().all(|reason| reason.fix.is_none()));
}

#[test]
fn two_columns_together_may_be_needed() {
    let mut left = unique();
    for id in 0..50 {
        left.push(row(id, Some(1), "b"));
        left.push(row(id, Some(2), "b"));
    }
    let reasons = found(&left, &unique());
    assert_eq!(reasons[0].fix.as_deref(), Some("--key id --key note --key version"));
}

#[test]
fn copies_and_others_add_up() {
    let mut right = unique();
    (0..40).for_each(|id| right.push(row(id, Some(1), "a")));
    (20..50).for_each(|id| right.push(row(id, Some(9), "z")));
    let reasons = found(&unique(), &right);
    assert_eq!(
        reasons.iter().map(|r| (r.side, r.rule.as_str(), r.rows, r.of)).collect::<Vec<_>>(),
        [(ReasonSide::Right, "identical", 40, 70), (ReasonSide::Right, "differ", 30, 70),]
    );
    assert!(
        reasons[1].text.starts_with(
            "30 of 70 duplicates of `id` on the right (50 keys, up to 3 rows each) differ in `version` (30 keys), `note` (30 keys)"
        ),
        "{}",
        reasons[1].text
    );
}
