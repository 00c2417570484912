//! Rows that someone else changed after the plan was made are left alone, and named.

use crate::support::{Kind, Place, Table, Type, count, steps};
use std::process::Command;

fn row(id: usize, v: &str) -> Vec<Option<String>> {
    vec![Some(id.to_string()), Some(format!("{v} {id}")), (!id.is_multiple_of(3)).then(|| format!("{}.50", id % 100))]
}

fn table(rows: Vec<Vec<Option<String>>>) -> Table {
    let columns = vec![("id", Type::Integer), ("v", Type::Text), ("w", Type::Decimal)];
    Table { columns, primary_key: 1, rows }
}

/// 1600 rows, of which the target shares 400, has 400 otherwise and lacks 400 (and the other way
/// round 400).
pub fn source() -> Table {
    table((0..1600).filter(|id| id % 4 != 3).map(|id| row(id, "left")).collect())
}

/// See [`source`].
pub fn target() -> Table {
    let v = |id: usize| if id % 4 == 1 { "right" } else { "left" };
    table((0..1600).filter(|id| id % 4 != 2).map(|id| row(id, v(id))).collect())
}

fn check(kind: Kind) {
    let mut place = Place::new();
    let (left, right) = (place.store(kind, &source()), place.store(kind, &target()));
    assert_eq!(steps(&place.dir.plan(&left, &right, "plan", &[]).json(1), "right"), [400, 400, 400]);

    // An update's row changed, gone, and already as planned; a delete's row changed, and gone
    // already; a create's key taken by another row, and there already.
    for sql in [
        "UPDATE {t} SET v = 'mine' WHERE id = 1",
        "DELETE FROM {t} WHERE id = 5",
        "UPDATE {t} SET v = 'left 9' WHERE id = 9",
        "UPDATE {t} SET w = NULL, v = 'kept' WHERE id = 3",
        "DELETE FROM {t} WHERE id = 7",
        "INSERT INTO {t} (id, v, w) VALUES (2, 'other', NULL)",
        "INSERT INTO {t} (id, v, w) VALUES (6, 'left 6', NULL)",
    ] {
        place.execute(kind, &right, sql);
    }
    let run = place.dir.apply("plan", &[]);
    let applied = run.json(1);
    assert_eq!(steps(&applied, "right"), [398, 397, 398], "{run}");
    assert_eq!((count(&applied, "/already"), count(&applied, "/refused")), (3, 4), "{run}");
    assert!(place.dir.path().join("plan/refused.parquet").exists());

    let after = place.dir.plan(&left, &right, "after", &[]).json(1);
    assert_eq!(steps(&after, "right"), [1, 2, 1], "the four rows that were refused, and no others");
    place.execute(kind, &right, "DELETE FROM {t} WHERE id = 3 AND v = 'kept' AND w IS NULL");
    place.execute(kind, &right, "DELETE FROM {t} WHERE id = 2 AND v = 'other'");
    place.execute(kind, &right, "DELETE FROM {t} WHERE id = 1 AND v = 'mine'");
    let rest = place.dir.plan(&left, &right, "rest", &[]).json(1);
    assert_eq!(steps(&rest, "right"), [3, 0, 0], "what was refused had not been touched");
}

#[test]
fn postgres() {
    check(Kind::Postgres);
}

#[test]
fn mysql() {
    check(Kind::Mysql);
}

#[test]
fn sqlite() {
    check(Kind::Sqlite);
}

/// Silent but for what went wrong.
pub fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
