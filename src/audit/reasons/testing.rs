//! Tables to look for reasons in.

use crate::endpoint::ExportBatch;
use crate::snapshot::{Parts, RowsWriter, portable_schema};
use crate::table::{Column, PortableBuilder};
use std::path::Path;

/// A row's values as text; `None` for NULL.
pub type Row = Vec<Option<String>>;

/// A generator of numbers that look random (SplitMix64: Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    /// The next one.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One below this.
    pub fn below(&mut self, many: u64) -> u64 {
        self.next() % many
    }

    /// One in so many.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// Writes rows to a file, and opens it.
pub fn parts(path: &Path, columns: &[Column], rows: &[Row]) -> Parts {
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
    Parts::open(&[path.to_owned()], columns).unwrap()
}
