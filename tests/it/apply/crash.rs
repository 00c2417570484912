//! The program is killed at random moments while it writes: applying again finishes the job, and
//! undoing brings back every byte.

use super::moved::{source, target};
use crate::support::{Kind, Place, count, steps};
use std::time::Duration;

fn check(kind: Kind, longest: u64) {
    let mut place = Place::new();
    let (left, right) = (place.store(kind, &source()), place.store(kind, &target()));
    let (wanted, before) = (place.contents(kind, &left), place.contents(kind, &right));
    let planned = steps(&place.dir.plan(&left, &right, "plan", &[]).json(1), "right");
    assert_eq!(planned, [400, 400, 400]);

    // A fixed sequence of delays, so that a failure can be seen again.
    let mut random = 12_345_u64;
    let mut killed = 0;
    for _ in 0..20 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let running = place.dir.start_apply("plan", &["--chunk", "20", "--pause", "5ms"]);
        std::thread::sleep(Duration::from_millis(5 + (random >> 33) % longest));
        killed += i32::from(running.kill());
    }
    assert!(killed >= 3, "{kind:?}: it was killed while running only {killed} times");

    let last = place.dir.apply("plan", &[]).json(0);
    assert_eq!(count(&last, "/refused"), 0, "{last}");
    assert_eq!(steps(&last, "right").iter().sum::<i64>() + count(&last, "/already"), 1200, "{last}");
    assert_eq!(place.contents(kind, &right), wanted, "{kind:?}: the target equals the source");

    let undone = place.dir.undo("plan", &[]).json(0);
    assert_eq!(steps(&undone, "right"), [400, 400, 400], "{kind:?}: all steps were ours");
    assert_eq!(place.contents(kind, &right), before, "{kind:?}: undone");
}

#[test]
fn postgres() {
    check(Kind::Postgres, 300);
}

#[test]
fn mysql() {
    check(Kind::Mysql, 300);
}

#[test]
fn sqlite() {
    check(Kind::Sqlite, 300);
}

#[test]
fn csv() {
    check(Kind::Csv, 40);
}
