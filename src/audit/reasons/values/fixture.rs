//! Tables made of text, compared, for tests.

use crate::audit::reasons::testing::parts;
pub use crate::audit::reasons::testing::{Random, Row};
use crate::audit::reasons::{Deadline, Evidence};
use crate::compare::{CompareOptions, Side, compare_all};
use crate::endpoint::Interrupt;
use crate::snapshot::{IndexOptions, Recipe, Silent, index_parts};
use crate::table::{AlignOptions, Alignment, Column, Key, KeyChoice, PortableType, TableInfo};

pub fn columns(types: &[(&str, PortableType)]) -> Vec<Column> {
    types.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect()
}

/// Compares two tables by these columns, and hands over the evidence.
pub fn compared<T>(
    columns: [&[Column]; 2],
    rows: [&[Row]; 2],
    key: &[&str],
    options: &AlignOptions,
    take: impl FnOnce(&Evidence<'_>) -> T,
) -> T {
    let folder = tempfile::tempdir().unwrap();
    let sides = [0, 1].map(|side| parts(&folder.path().join(format!("{side}.parquet")), columns[side], rows[side]));
    let tables = columns.map(|columns| TableInfo { columns: columns.to_vec(), ..TableInfo::default() });
    let alignment = Alignment::new(&tables[0], &tables[1], options).unwrap();
    let pairs = key.iter().map(|name| alignment.position(name).unwrap()).collect();
    let key = Key { pairs, chosen: KeyChoice::Given };
    let recipes = Recipe::of(&alignment, &key);
    let indexes = [0, 1].map(|side| {
        let options = IndexOptions {
            filter: None,
            folder: folder.path(),
            memory: 1 << 30,
            interrupt: &Interrupt::default(),
            progress: &Silent,
        };
        index_parts(&sides[side], &recipes[side], &options).unwrap()
    });
    let options = CompareOptions { memory: 1 << 30, samples: 5, interrupt: Interrupt::default(), progress: &Silent };
    let side = |at: usize| Side { parts: &sides[at], index: &indexes[at] };
    let (comparison, differences) = compare_all(side(0), side(1), &alignment, &key, &options).unwrap();
    take(&Evidence {
        parts: [&sides[0], &sides[1]],
        indexes: [&indexes[0], &indexes[1]],
        tables: [&tables[0], &tables[1]],
        alignment: &alignment,
        key: &key,
        differences: &differences,
        counts: comparison.sides,
        memory: 1 << 30,
        interrupt: Interrupt::default(),
        deadline: Deadline::NEVER,
    })
}
