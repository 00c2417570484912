//! Where rows differ at random, there is no reason.

use super::pair::{KeyForm, Pair, audit, cells};

/// Rows are missing, added and changed at random.
fn noise(form: KeyForm, seed: u64, rows: usize) {
    let mut pair = Pair::new(form, seed);
    for row in pair.take(rows, &|_, _| true) {
        pair.remove(row);
    }
    for _ in 0..rows {
        pair.add(&|_, _| ());
    }
    for row in pair.take(rows, &|_, _| true) {
        // One cell takes the value of a row that never was.
        let other = cells(&mut pair.random);
        let body = pair.sides[0].columns.len() - other.len();
        let first = pair.random.below(other.len() as u64) as usize;
        let at = (0..other.len())
            .map(|i| (first + i) % other.len())
            .find(|at| other[*at] != pair.sides[1].rows[row][body + at]);
        let at = at.unwrap();
        pair.sides[1].rows[row][body + at] = other[at].clone();
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
