//! Plans that write both sides, in which unique keys change: their rows are found by the primary key.

use super::clients::run_script;
use crate::support::{Kind, Place, Run, count, steps};
use crate::writers::rows::{Table, printed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use trueup::apply::StoredRead;
use trueup::endpoint::{Action, Address, dialect_of};
use trueup::plan::{ActionCounts, Direction, Layout, Plan, StepRows, StepsWriter, write_script};

const DATABASES: [Kind; 3] = [Kind::Postgres, Kind::Mysql, Kind::Sqlite];

type Row<'a> = &'a [Option<&'a str>];

/// Steps of one action that follow each other: rows before and after, and their group.
struct Part<'a> {
    action: Action,
    rows: Vec<(Row<'a>, Row<'a>, u32)>,
}

/// A row of `id`, `email`, `note` and what the table has of its own.
macro_rules! row {
    ($($cell:expr),*) => { &[$(Some($cell)),*][..] };
}

/// The left table's rows, and the right one's with the column `own`, before and after.
struct Fixture {
    place: Place,
    kind: Kind,
    addresses: [String; 2],
}

const LEFT: &str = "(1, 'a@x', ''), (2, 'b@x', ''), (3, 'c@x', '')";
const LEFT_AFTER: [&str; 3] = ["1 A@x new", "2 b@x ", "4 d@x created"];
const RIGHT: &str = "(1, 'a@x', '', 'o'), (2, 'b@x', '', 'o'), (3, 'c@x', '', 'o'), (4, 'd@x', '', 'o'), \
     (5, 'e@x', '', 'o'), (6, 'f@x', '', 'o'), (7, 'g@x', '', 'o'), (8, 'h@x', '', 'o'), (9, 'i@x', '', 'o'), \
     (10, 'j@x', '', 'o')";
const RIGHT_AFTER: [&str; 10] = [
    "1 b@x swapped o",
    "2 a@x  o",
    "3 d@x  o",
    "4 e2@x  o",
    "5 f@x  o",
    "6 g@x  o",
    "7 e@x  o",
    "9 h@x  o",
    "10 j@x noted o",
    "11 i@x  d",
];

fn left() -> Vec<Part<'static>> {
    let none: Row<'static> = &[];
    vec![
        Part { action: Action::Delete, rows: vec![(row!("3", "c@x", ""), none, 0)] },
        Part { action: Action::Update, rows: vec![(row!("1", "a@x", ""), row!("1", "A@x", "new"), 0)] },
        Part { action: Action::Create, rows: vec![(none, row!("4", "d@x", "created"), 0)] },
    ]
}

/// A delete frees a key, two rows swap theirs, two hand them on, three go round, and a create takes what
/// an update gives.
fn right() -> Vec<Part<'static>> {
    let none: Row<'static> = &[];
    let update = |before, after, group| (before, after, group);
    vec![
        Part { action: Action::Delete, rows: vec![(row!("8", "h@x", "", "o"), none, 0)] },
        Part {
            action: Action::Update,
            rows: vec![
                update(row!("1", "a@x", "", "o"), row!("1", "b@x", "swapped", "o"), 1),
                update(row!("2", "b@x", "", "o"), row!("2", "a@x", "", "o"), 1),
                update(row!("3", "c@x", "", "o"), row!("3", "d@x", "", "o"), 2),
                update(row!("4", "d@x", "", "o"), row!("4", "e2@x", "", "o"), 2),
                update(row!("5", "e@x", "", "o"), row!("5", "f@x", "", "o"), 3),
                update(row!("6", "f@x", "", "o"), row!("6", "g@x", "", "o"), 3),
                update(row!("7", "g@x", "", "o"), row!("7", "e@x", "", "o"), 3),
                update(row!("9", "i@x", "", "o"), row!("9", "h@x", "", "o"), 0),
                update(row!("10", "j@x", "", "o"), row!("10", "j@x", "noted", "o"), 0),
            ],
        },
        Part { action: Action::Create, rows: vec![(none, &[Some("11"), Some("i@x"), Some(""), None], 0)] },
    ]
}

impl Fixture {
    fn new(kind: Kind) -> Self {
        let mut place = Place::new();
        let columns = "id INTEGER PRIMARY KEY, email VARCHAR(40) NOT NULL UNIQUE, note VARCHAR(20)";
        let statements = [
            format!("CREATE TABLE two_left ({columns})"),
            format!("CREATE TABLE two_right ({columns}, own VARCHAR(9) DEFAULT 'd')"),
            format!("INSERT INTO two_left VALUES {LEFT}"),
            format!("INSERT INTO two_right VALUES {RIGHT}"),
        ];
        match kind {
            Kind::Postgres => place.postgres().execute(&statements.join(";\n")),
            Kind::Mysql => statements.iter().for_each(|sql| place.mysql().execute(sql)),
            _ => place.sqlite().execute_batch(&statements.join(";\n")).unwrap(),
        }
        let addresses = ["two_left", "two_right"].map(|table| match kind {
            Kind::Postgres => place.postgres().address(table),
            Kind::Mysql => place.mysql().address(table),
            _ => place.sqlite_address(table),
        });
        Self { place, kind, addresses }
    }

    fn table(&self, side: usize) -> Table {
        Table::at(&self.addresses[side], &["email"])
    }

    /// What a side holds, in words.
    fn rows(&self, side: usize) -> Vec<String> {
        let mut rows: Vec<Vec<String>> = printed(&self.table(side).export())
            .into_iter()
            .map(|row| row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect())
            .collect();
        rows.sort_by_key(|row| row[0].parse::<u32>().unwrap());
        rows.into_iter().map(|row| row.join(" ")).collect()
    }

    /// A plan of these steps, made of two that write one side each.
    fn plan(&self, name: &str) -> PathBuf {
        let [left_address, right_address] = &self.addresses;
        let key = ["--key", "email", "--ignore", "own"];
        let dir = &self.place.dir;
        dir.plan(left_address, right_address, name, &key).json(1);
        let backwards = format!("{name}-backwards");
        dir.plan(left_address, right_address, &backwards, &[&key[..], &["--direction", "right-to-left"]].concat())
            .json(1);
        let folder = dir.path().join(name);
        let mut plan = Plan::open(&folder).unwrap();
        let other = Plan::open(&dir.path().join(backwards)).unwrap();
        plan.file.direction = Direction::Both;
        plan.file.sides[0] = other.file.sides[0].clone();
        let parts = [left(), right()];
        for (side, parts) in plan.file.sides.iter_mut().zip(&parts) {
            let writes = side.writes.as_ref().unwrap();
            assert_eq!((writes.key.as_slice(), writes.identity.as_slice()), (&[1][..], &[0][..]));
            side.counts = ActionCounts::default();
            parts.iter().for_each(|part| side.counts.add(part.action, part.rows.len() as u64));
        }
        let mut writer = StepsWriter::create(&folder, Layout::of(&plan.file)).unwrap();
        for (side, parts) in parts.iter().enumerate() {
            let table = self.table(side);
            for part in parts {
                writer.write(side, &step_rows(&table, part)).unwrap();
            }
        }
        writer.finish().unwrap();
        for (side, address) in self.addresses.iter().enumerate() {
            let (dialect, table) = dialect_of(&Address::parse(address, &|_| None).unwrap()).unwrap();
            write_script(&plan, side, dialect.as_ref(), &table).unwrap();
        }
        plan.finish().unwrap();
        folder
    }

    /// These options and both tables, to be named since a plan that was written by hand is not trusted.
    fn named<'a>(&'a self, options: &[&'a str]) -> Vec<&'a str> {
        let [left, right] = &self.addresses;
        [&["--left", left, "--right", right], options].concat()
    }

    fn apply(&self, options: &[&str]) -> Run {
        self.place.dir.apply("plan", &self.named(options))
    }

    fn undo(&self, options: &[&str]) -> Run {
        self.place.dir.undo("plan", &self.named(options))
    }

    #[track_caller]
    fn is(&self, left: &[&str], right: &[&str]) {
        assert_eq!(self.rows(0), left, "{:?}", self.kind);
        assert_eq!(self.rows(1), right, "{:?}", self.kind);
    }

    /// The rows that were kept of a side, by step.
    fn stored(&self, folder: &Path, side: usize) -> BTreeMap<u64, String> {
        let kept = StoredRead::open(folder, side, &self.table(side).columns).unwrap();
        let word = |step: u64| {
            let row = printed(&kept.rows(&[step]).unwrap()).remove(0);
            row.into_iter().map(|cell| cell.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(" ")
        };
        (0..1000).filter(|step| kept.has(*step)).map(|step| (step, word(step))).collect()
    }
}

fn step_rows(table: &Table, part: &Part<'_>) -> StepRows {
    let changes = |(before, after, _): &(Row<'_>, Row<'_>, u32)| match part.action {
        Action::Update => (0..before.len()).filter(|at| before[*at] != after[*at]).collect(),
        _ => Vec::new(),
    };
    let before: Vec<Row<'_>> = part.rows.iter().map(|row| row.0).collect();
    let after: Vec<Row<'_>> = part.rows.iter().map(|row| row.1).collect();
    StepRows {
        action: part.action,
        reason: "changed",
        before: (part.action != Action::Create).then(|| table.rows(&before)),
        after: (part.action != Action::Delete).then(|| table.rows(&after)),
        changed: part.rows.iter().map(changes).collect(),
        together: part.rows.iter().map(|row| row.2).collect(),
        times: Vec::new(),
    }
}

#[test]
fn keys_are_swapped_handed_on_freed_and_taken_and_all_of_it_is_undone() {
    for kind in DATABASES {
        let fixture = Fixture::new(kind);
        let before = [fixture.rows(0), fixture.rows(1)];
        let folder = fixture.plan("plan");
        for options in [&[][..], &["--chunk", "1"][..]] {
            let applied = fixture.apply(options).json(0);
            assert_eq!((steps(&applied, "left"), steps(&applied, "right")), ([1, 1, 1], [1, 9, 1]), "{kind:?}");
            fixture.is(&LEFT_AFTER, &RIGHT_AFTER);
            // A second time, every row is as planned.
            let again = fixture.apply(options).json(0);
            assert_eq!((steps(&again, "right"), count(&again, "/already")), ([0, 0, 0], 14), "{kind:?}");
            fixture.is(&LEFT_AFTER, &RIGHT_AFTER);
            assert!(!folder.join("unverified.parquet").exists(), "{kind:?}");
            let undone = fixture.undo(options).json(0);
            assert_eq!((steps(&undone, "left"), steps(&undone, "right")), ([1, 1, 1], [1, 9, 1]), "{kind:?}");
            assert_eq!([fixture.rows(0), fixture.rows(1)], before, "{kind:?}");
            assert!(!folder.join("unverified.parquet").exists(), "{kind:?}");
        }
    }
}

#[test]
fn rows_are_kept_as_they_are_stored() {
    for kind in DATABASES {
        let fixture = Fixture::new(kind);
        let folder = fixture.plan("plan");
        let expected = |after: &[&str], steps: &[(u64, usize)]| -> BTreeMap<u64, String> {
            steps.iter().map(|(step, at)| (*step, after[*at].to_owned())).collect()
        };
        // Deletes leave nothing; what a default gave to the new row is there.
        let left = expected(&LEFT_AFTER, &[(1, 0), (2, 2)]);
        let right = expected(&RIGHT_AFTER, &(0..10).map(|at| (at as u64 + 1, at)).collect::<Vec<_>>());
        for run in 1..3 {
            fixture.apply(&[]).json(0);
            assert_eq!(fixture.stored(&folder, 0), left, "{kind:?}");
            assert_eq!(fixture.stored(&folder, 1), right, "{kind:?}");
            assert!(folder.join(format!("stored-right-{run}.parquet")).exists(), "{kind:?}");
        }
    }
}

#[test]
fn the_scripts_do_the_same_once() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(kind);
        let folder = fixture.plan("plan");
        for _ in 0..2 {
            for script in ["left.sql", "right.sql"] {
                run_script(&mut fixture.place, kind, folder.join(script).to_str().unwrap());
            }
            fixture.is(&LEFT_AFTER, &RIGHT_AFTER);
        }
        let applied = fixture.apply(&[]).json(0);
        assert_eq!(count(&applied, "/already"), 14, "{kind:?}");
    }
}

#[test]
fn rows_that_moved_are_refused_by_their_old_key() {
    for kind in DATABASES {
        let mut fixture = Fixture::new(kind);
        fixture.plan("plan");
        let moved =
            ["UPDATE two_right SET note = 'theirs' WHERE id = 2", "UPDATE two_right SET email = 'z' WHERE id = 8"];
        match kind {
            Kind::Postgres => fixture.place.postgres().execute(&moved.join(";")),
            Kind::Mysql => moved.iter().for_each(|sql| fixture.place.mysql().execute(sql)),
            _ => fixture.place.sqlite().execute_batch(&moved.join(";")).unwrap(),
        }
        let applied = fixture.apply(&[]).json(1);
        assert_eq!((steps(&applied, "right"), count(&applied, "/refused")), ([1, 7, 0], 3), "{kind:?}: {applied}");
        let mut right: Vec<&str> = RIGHT_AFTER.to_vec();
        right[0] = "1 a@x  o";
        right[1] = "2 b@x theirs o";
        right.insert(7, "8 z  o");
        fixture.is(&LEFT_AFTER, &right);
        let refused = trueup::apply::read_refused(&fixture.place.dir.path().join("plan/refused.parquet"), 9).unwrap();
        let keys: Vec<&str> = refused.iter().map(|refusal| refusal.key.as_str()).collect();
        assert_eq!(keys, [r#"{"email": "h@x"}"#, r#"{"email": "a@x"}"#, r#"{"email": "b@x"}"#], "{kind:?}");
    }
}

#[test]
fn only_some_actions_of_both_sides() {
    let fixture = Fixture::new(Kind::Sqlite);
    fixture.plan("plan");
    // The right create needs a key that an update has not freed.
    let applied = fixture.apply(&["--only", "create"]).json(1);
    assert_eq!((steps(&applied, "left"), steps(&applied, "right")), ([1, 0, 0], [0, 0, 0]));
    assert_eq!(count(&applied, "/refused"), 1);
    assert_eq!((fixture.rows(0).len(), fixture.rows(1).len()), (4, 10));
    let applied = fixture.apply(&[]).json(0);
    assert_eq!((steps(&applied, "left"), steps(&applied, "right")), ([0, 1, 1], [1, 9, 1]));
    fixture.is(&LEFT_AFTER, &RIGHT_AFTER);
}

#[test]
fn a_key_that_changes_is_shown() {
    let fixture = Fixture::new(Kind::Sqlite);
    fixture.plan("plan");
    let shown = fixture.place.dir.trueup(["show", "plan"]).stdout;
    for word in ["a@x", "b@x", "swapped", "email"] {
        assert!(shown.contains(word), "`{word}` is not shown: {shown}");
    }
    let json = fixture.place.dir.trueup(["show", "plan", "--format", "json"]);
    assert!(json.stdout.contains("e2@x"), "{json}");
}
