//! Where rows differ at random, there is no reason.

use super::pair::{KeyForm, Pair, audit, cells};

/// Rows are missing, added and changed at random.
fn noise(form: KeyForm, seed: u64, rows: usize) {
    let mut pair = Pair::new(form, seed);
    for row in pair.take(rows, &|_, _| true) {
        pair.remove(row);
    }
    for _ in 0..rows {
        pair.add(&[]);
    }
    for row in pair.take(rows, &|_, _| true) {
        // One cell takes the value of a row that never was.
        let other = cells(&mut pair.random);
        let names: Vec<&str> = pair.sides[0].columns.iter().rev().take(other.len()).rev().map(|c| c.0).collect();
        let first = pair.random.below(other.len() as u64) as usize;
        // A value that is gone, or was filled in, is told, chance or not.
        let differs = |at: &usize| {
            let (old, new) = (pair.cell(0, row, names[*at]), other[*at].as_deref());
            old.is_some() && new.is_some() && old != new
        };
        let at = (0..other.len()).map(|i| (first + i) % other.len()).find(differs).unwrap();
        pair.change(row, names[at], other[at].clone());
    }
    let json = audit(&pair.finish(), form);
    assert_eq!(json["rows"]["changed"], rows);
    let reasons = &json["reasons"];
    assert_eq!(reasons.as_array().map(Vec::len), Some(0), "{form:?}, {seed}: {reasons:#}");
}

#[test]
fn nothing_is_claimed_of_noise() {
    for (seed, form) in [KeyForm::Number, KeyForm::Accented, KeyForm::Letters, KeyForm::Two].into_iter().enumerate() {
        noise(form, 100 + seed as u64, 400);
    }
}

#[test]
fn nothing_is_claimed_of_little_or_much_noise() {
    noise(KeyForm::Uuid, 200, 10);
    noise(KeyForm::Moment, 201, 20_000);
}
