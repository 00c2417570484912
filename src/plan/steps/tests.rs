use super::*;
use crate::endpoint::{Action, ExportBatch, Other, Reference, Target, UniqueIndex};
use crate::plan::{Chunk, Direction, FoundBy, SideWrites};
use crate::table::{AlignOptions, Alignment, Column, PortableBuilder, PortableType as T, TableInfo};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

fn table(columns: &[(&str, T)]) -> TableInfo {
    let columns = columns.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect();
    TableInfo { columns, ..TableInfo::default() }
}

fn left() -> TableInfo {
    table(&[
        ("id", T::Integer),
        ("name", T::Text),
        ("raw", T::Bytes),
        ("price", T::Decimal { precision: Some(10), scale: 2 }),
        ("score", T::Float64),
        ("day", T::Date),
        ("at", T::Instant { precision: 6 }),
        ("ok", T::Boolean),
        ("alone", T::Text),
    ])
}

/// The same columns in other types, and one of its own that has a left column's name but another
/// partner there.
fn right() -> TableInfo {
    table(&[
        ("id", T::Text),
        ("name", T::Text),
        ("raw", T::Text),
        ("price", T::Float64),
        ("score", T::Float32),
        ("day", T::Timestamp { precision: 6 }),
        ("at", T::Timestamp { precision: 6 }),
        ("ok", T::Integer),
    ])
}

/// A value of a type by a number: 0 is NULL, 1 something that the type can't hold.
fn push(ty: &T, number: u32, out: &mut PortableBuilder) {
    match (number, ty) {
        (0, _) => out.null(),
        (1, _) => out.other("in\"fi'nity".to_owned()),
        (_, T::Boolean) => out.boolean(number.is_multiple_of(2)),
        (_, T::Integer) => out.integer(i64::from(number) - 500),
        (_, T::Decimal { .. }) => out.decimal(i128::from(number) - 500, 2),
        (2, T::Float64) => out.float(-0.0),
        (3, T::Float64) => out.float(f64::NEG_INFINITY),
        (_, T::Float64) => out.float(1.0 / f64::from(number)),
        (2, T::Float32) => out.float32(-0.0),
        (_, T::Float32) => out.float32(1.0 / number as f32),
        (2, T::Bytes) => out.bytes(b""),
        (_, T::Bytes) => out.bytes(&number.to_be_bytes()),
        (2, T::Date) => out.date(-1_000_000),
        (3, T::Date) => out.date(4_000_000),
        (_, T::Date) => out.date(number as i32),
        (2, T::Timestamp { .. } | T::Instant { .. }) => out.timestamp(i64::MIN / 2),
        (3, T::Timestamp { .. } | T::Instant { .. }) => out.timestamp(-1),
        (_, T::Timestamp { .. } | T::Instant { .. }) => out.timestamp(i64::from(number) * 1_000_001),
        (2, _) => out.text(""),
        (3, _) => out.text("NULL\n'\""),
        _ => out.text(&number.to_string()),
    }
}

fn batch(info: &TableInfo, rows: &[Vec<u32>]) -> ExportBatch {
    let fields: Vec<Field> = info.columns.iter().map(|c| Field::new(&c.name, c.ty.arrow(), true)).collect();
    let mut others = Vec::new();
    let arrays = info.columns.iter().enumerate().map(|(at, column)| {
        let mut builder = PortableBuilder::new(&column.ty);
        rows.iter().for_each(|row| push(&column.ty, row[at], &mut builder));
        let (array, beside) = builder.finish();
        others.extend(beside.into_iter().map(|(row, text)| Other::value(row, at as u32, text)));
        array
    });
    let rows = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays.collect()).unwrap();
    others.sort_by_key(|other| (other.row, other.column));
    ExportBatch { rows, others }
}

/// A step: its action, its row before and after, the columns that change, its group.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    action: Action,
    before: Vec<u32>,
    after: Vec<u32>,
    changed: Vec<usize>,
    together: u32,
    time: Option<i64>,
}

fn steps(width: usize) -> impl Strategy<Value = Vec<Step>> {
    let row = || prop::collection::vec(0u32..40, width);
    let step = (row(), row(), prop::sample::subsequence((0..width).collect::<Vec<_>>(), 1..=width));
    let run = |action: Action| {
        prop::collection::vec((step.clone(), 0u32..3), 0..12).prop_map(move |steps| {
            // Groups of updates: those with the same small number that follow each other.
            steps
                .into_iter()
                .map(|((before, after, changed), together)| Step {
                    action,
                    time: before.first().map(|at| i64::from(*at) - 7).filter(|at| *at % 3 != 0),
                    before,
                    after,
                    changed: if action == Action::Update { changed } else { Vec::new() },
                    together: if action == Action::Update { together } else { 0 },
                })
                .collect::<Vec<_>>()
        })
    };
    (run(Action::Delete), run(Action::Update), run(Action::Create)).prop_map(|(a, b, c)| [a, b, c].concat())
}

fn write(writer: &mut StepsWriter, side: usize, info: &TableInfo, steps: &[Step]) {
    for run in steps.chunk_by(|a, b| a.action == b.action) {
        // In pieces, as the planner does.
        for piece in run.chunks(5) {
            let rows =
                |of: fn(&Step) -> &Vec<u32>| batch(info, &piece.iter().map(|s| of(s).clone()).collect::<Vec<_>>());
            let action = piece[0].action;
            let rows = StepRows {
                action,
                reason: "changed",
                before: (action != Action::Create).then(|| rows(|s| &s.before)),
                after: (action != Action::Delete).then(|| rows(|s| &s.after)),
                changed: piece.iter().map(|s| s.changed.clone()).collect(),
                together: piece.iter().map(|s| s.together).collect(),
                times: piece.iter().map(|s| s.time).collect(),
            };
            writer.write(side, &rows).unwrap();
        }
    }
}

fn read(
    folder: &Path,
    layout: &Layout,
    side: usize,
    (skip, steps): (u64, u64),
    info: &TableInfo,
    rows: usize,
    identity: &[usize],
) -> Vec<Chunk> {
    let writes = SideWrites { key: vec![0], guard: vec![0, 1, 2], create: vec![0, 1], identity: Vec::new() };
    let target = Target {
        unique: vec![UniqueIndex { name: "n".into(), columns: vec!["name".into(), "price".into()] }],
        references: vec![Reference {
            name: "r".into(),
            columns: vec!["name".into()],
            table: "t".into(),
            to: vec!["id".into()],
            to_itself: false,
        }],
        ..Target::default()
    };
    let names = info.columns.iter().map(|c| c.name.clone()).collect();
    let from = ChunkSide { side, skip, steps: 0..steps, writes: &writes, identity, target: Some(&target), names };
    let chunks = Chunks::open(&folder.join(STEPS), layout.clone(), &from, rows).unwrap();
    chunks.collect::<Result<_, _>>().unwrap()
}

/// That chunks are exactly the steps, in order, and cut as they may be.
fn check(chunks: &[Chunk], steps: &[Step], info: &TableInfo, rows: usize) {
    let mut at = 0;
    for chunk in chunks {
        let mine = &steps[at..at + chunk.steps.len()];
        assert_eq!(chunk.first, at as u64);
        assert!(mine.iter().all(|step| step.action == chunk.steps.action));
        let expected =
            |of: fn(&Step) -> &Vec<u32>| batch(info, &mine.iter().map(|s| of(s).clone()).collect::<Vec<_>>());
        for (found, expected, there) in [
            (&chunk.steps.before, expected(|s| &s.before), chunk.steps.action != Action::Create),
            (&chunk.steps.after, expected(|s| &s.after), chunk.steps.action != Action::Delete),
        ] {
            assert_eq!(found.is_some(), there);
            if let Some(found) = found {
                assert_eq!(found.rows, expected.rows);
                assert_eq!(found.others, expected.others);
                // Floats compare -0.0 and 0.0 as equal.
                assert_eq!(format!("{:?}", found.rows), format!("{:?}", expected.rows));
            }
        }
        assert_eq!(chunk.changed, mine.iter().map(|s| s.changed.clone()).collect::<Vec<_>>());
        assert_eq!(chunk.times, mine.iter().map(|s| s.time).collect::<Vec<_>>());
        at += mine.len();
        let grouped = mine[0].together != 0;
        assert!(mine.iter().all(|step| (step.together != 0) == grouped), "groups are in chunks of their own");
        let torn =
            steps.get(at).is_some_and(|next| next.together != 0 && next.together == mine[mine.len() - 1].together);
        assert!(!torn, "a group is torn apart");
        // Only the last group of a chunk may take it beyond its size.
        let last = mine.iter().rev().take_while(|step| step.together == mine[mine.len() - 1].together).count();
        assert!(mine.len() <= rows || grouped && mine.len() - last < rows, "{} steps", mine.len());
        let set: std::collections::BTreeSet<usize> = mine.iter().flat_map(|step| step.changed.clone()).collect();
        match chunk.steps.action {
            Action::Create => assert_eq!(chunk.steps.set, [0, 1]),
            Action::Update => {
                assert_eq!(chunk.steps.set, set.iter().copied().collect::<Vec<_>>());
                assert_eq!(chunk.steps.guard, [0, 1, 2]);
            }
            Action::Delete => assert_eq!(chunk.steps.guard, (0..info.columns.len()).collect::<Vec<_>>()),
        }
        // Of the unique index, the column that refers to no other table, if it changes.
        let park = [3, 1].into_iter().find(|column| set.contains(column)).filter(|_| grouped);
        assert_eq!(chunk.steps.park, park.into_iter().collect::<Vec<_>>());
    }
    assert_eq!(at, steps.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(steps in steps(9), rows in 1usize..9) {
        let (left, right) = (left(), right());
        let alignment = Alignment::new(&left, &right, &AlignOptions::default()).unwrap();
        let layout = Layout::new(Direction::RightToLeft, [&left, &right], &alignment, &[0]);
        let folder = tempfile::tempdir().unwrap();
        let mut writer = StepsWriter::create(folder.path(), layout.clone()).unwrap();
        write(&mut writer, 0, &left, &steps);
        writer.finish().unwrap();
        check(&read(folder.path(), &layout, 0, (0, steps.len() as u64), &left, rows, &[]), &steps, &left, rows);
        prop_assert!(read(folder.path(), &layout, 1, (steps.len() as u64, 0), &right, rows, &[]).is_empty());
    }

    #[test]
    fn two_sides_of_other_types_share_their_columns(l in steps(9), r in steps(8), rows in 1usize..9) {
        let (left, right) = (left(), right());
        let alignment = Alignment::new(&left, &right, &AlignOptions::default()).unwrap();
        let layout = Layout::new(Direction::Both, [&left, &right], &alignment, &[0]);
        let folder = tempfile::tempdir().unwrap();
        let mut writer = StepsWriter::create(folder.path(), layout.clone()).unwrap();
        write(&mut writer, 0, &left, &l);
        write(&mut writer, 1, &right, &r);
        writer.finish().unwrap();
        check(&read(folder.path(), &layout, 0, (0, l.len() as u64), &left, rows, &[]), &l, &left, rows);
        check(&read(folder.path(), &layout, 1, (l.len() as u64, r.len() as u64), &right, rows, &[]), &r, &right, rows);
    }

    #[test]
    fn steps_that_change_or_free_the_key_find_their_rows_by_the_identity(l in steps(3), r in steps(8), rows in 1usize..9) {
        let (left, right) = (left(), right());
        let alignment = Alignment::new(&left, &right, &AlignOptions::default()).unwrap();
        let layout = Layout::new(Direction::Both, [&left, &right], &alignment, &[0]);
        let folder = tempfile::tempdir().unwrap();
        let mut writer = StepsWriter::create(folder.path(), layout.clone()).unwrap();
        let wide = |step: &Step| Step { before: vec![2; 9], after: vec![3; 9], ..step.clone() };
        write(&mut writer, 0, &left, &l.iter().map(wide).collect::<Vec<_>>());
        write(&mut writer, 1, &right, &r);
        writer.finish().unwrap();
        let chunks = read(folder.path(), &layout, 1, (l.len() as u64, r.len() as u64), &right, rows, &[7]);
        check(&chunks, &r, &right, rows);
        let found: Vec<FoundBy> =
            chunks.iter().flat_map(|chunk| vec![chunk.found_by; chunk.steps.len()]).collect();
        let same_run = |a: &Step, b: &Step| a.action == b.action && a.together == b.together && a.together != 0;
        let mut expected = Vec::new();
        for run in r.chunk_by(same_run) {
            let identified = run.iter().any(|step| step.action == Action::Delete || step.changed.contains(&0));
            expected.extend(vec![if identified { FoundBy::Identity } else { FoundBy::Key }; run.len()]);
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn right_columns_without_a_partner_have_places_of_their_own() {
    let (left, mut right) = (left(), right());
    right.columns.push(Column::new("alone", T::Integer, "x"));
    let options = AlignOptions { map: vec![("alone".into(), "ok".into())], ..AlignOptions::default() };
    let alignment = Alignment::new(&left, &right, &options).unwrap();
    let layout = Layout::new(Direction::Both, [&left, &right], &alignment, &[0]);
    // The right `ok` is the left `alone`, and the right `alone` has no partner.
    assert_eq!(layout.slots()[layout.places(1)[7]].name, "alone");
    assert_eq!(layout.slots()[layout.places(1)[8]].name, "alone (right)");
    assert_eq!(layout.column(1, "alone (right)"), Some(8));
    let names: Vec<String> = layout.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert!(names.contains(&"key.id".to_owned()) && names.contains(&"after.alone (right)".to_owned()));
}

#[test]
fn files_that_end_early_or_are_of_another_plan_are_refused() {
    let (left, right) = (left(), right());
    let alignment = Alignment::new(&left, &right, &AlignOptions::default()).unwrap();
    let layout = Layout::new(Direction::RightToLeft, [&left, &right], &alignment, &[0]);
    let folder = tempfile::tempdir().unwrap();
    StepsWriter::create(folder.path(), layout.clone()).unwrap().finish().unwrap();
    let writes = SideWrites::default();
    let names: Vec<String> = left.columns.iter().map(|c| c.name.clone()).collect();
    let from = ChunkSide { side: 0, skip: 0, steps: 0..1, writes: &writes, identity: &[], target: None, names };
    let path = folder.path().join(STEPS);
    let mut chunks = Chunks::open(&path, layout, &from, 10).unwrap();
    assert!(chunks.next().unwrap().unwrap_err().to_string().contains("ends after 0 of 1"));
    assert!(chunks.next().is_none());
    let other = Layout::new(Direction::LeftToRight, [&left, &right], &alignment, &[0]);
    assert!(Chunks::open(&path, other, &from, 10).is_err());
}
