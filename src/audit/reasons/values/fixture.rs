//! Tables made of text, compared, for tests.

use crate::audit::reasons::Evidence;
use crate::compare::{CompareOptions, Side, compare_all};
use crate::endpoint::{ExportBatch, Interrupt};
use crate::snapshot::{IndexOptions, Parts, Recipe, RowsWriter, Silent, index_parts, portable_schema};
use crate::table::{AlignOptions, Alignment, Column, Key, KeyChoice, PortableBuilder, PortableType, TableInfo};
use std::path::Path;

/// A row as printed; `None` is NULL.
pub type Row = Vec<Option<String>>;

/// A generator of numbers that look random (SplitMix64: Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, many: u64) -> u64 {
        self.next() % many
    }
}

pub fn columns(types: &[(&str, PortableType)]) -> Vec<Column> {
    types.iter().map(|(name, ty)| Column::new(*name, ty.clone(), "x")).collect()
}

fn parts(path: &Path, columns: &[Column], rows: &[Row]) -> Parts {
    let mut writer = RowsWriter::create(path, columns).unwrap();
    let schema = portable_schema(columns.iter());
    for rows in rows.chunks(10_000) {
        let mut builders: Vec<PortableBuilder> = columns.iter().map(|c| PortableBuilder::new(&c.ty)).collect();
        for row in rows {
            for (builder, value) in builders.iter_mut().zip(row) {
                match value {
                    Some(text) => builder.parse(text),
                    None => builder.null(),
                }
            }
        }
        let columns = builders.iter_mut().map(PortableBuilder::finish).collect();
        writer.write(&ExportBatch::new(&schema, columns).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    Parts::open(&[path.to_owned()], Some(columns)).unwrap()
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
    })
}
