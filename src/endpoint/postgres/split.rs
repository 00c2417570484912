//! A table's storage in ranges of blocks, so that several connections can share the reading.

use super::super::EndpointError;
use super::connect::Session;
use super::describe::Relation;

/// Not worth a statement of its own below this.
const LEAST_BYTES: u64 = 8 * 1024 * 1024;
/// Ranges per stream: a stream that is done early takes one more.
const PER_STREAM: u64 = 4;

/// Conditions that together hold for every row exactly once; `None` is all rows.
///
/// A row version never changes its block, and all that the snapshot sees is there already; the
/// last range is open all the same.
pub(super) fn ranges(
    session: &Session,
    relation: &Relation,
    streams: usize,
) -> Result<Vec<Option<String>>, EndpointError> {
    if !relation.by_blocks || !relation.local || streams < 2 {
        return Ok(vec![None]);
    }
    let doing = "measuring the table";
    let sql = "SELECT pg_catalog.pg_relation_size($1::oid::regclass, 'main')
            / pg_catalog.current_setting('block_size')::int8, pg_catalog.pg_table_size($1::oid::regclass)";
    let rows = session.query(doing, sql, &[&relation.oid])?;
    let Some(row) = rows.first() else { return Ok(vec![None]) };
    let read = |at| row.try_get::<_, Option<i64>>(at).map_err(|e| session.query_error(doing, &e));
    let positive = |size: Option<i64>| size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    Ok(cut(positive(read(0)?), positive(read(1)?), streams as u64))
}

fn cut(blocks: u64, bytes: u64, streams: u64) -> Vec<Option<String>> {
    let count = (bytes / LEAST_BYTES).min(blocks).min(streams * PER_STREAM);
    if count < 2 {
        return vec![None];
    }
    let bound = |at: u64| (at > 0 && at < count).then(|| blocks * at / count);
    (0..count)
        .map(|at| {
            let from = bound(at).map(|block| format!("ctid >= '({block},0)'::pg_catalog.tid"));
            let to = bound(at + 1).map(|block| format!("ctid < '({block},0)'::pg_catalog.tid"));
            Some(from.into_iter().chain(to).collect::<Vec<_>>().join(" AND "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_meet_and_the_last_is_open() {
        let ranges: Vec<String> = cut(1001, 4 * LEAST_BYTES, 1).into_iter().flatten().collect();
        let tid = |op: &str, block: u32| format!("ctid {op} '({block},0)'::pg_catalog.tid");
        assert_eq!(
            ranges,
            [
                tid("<", 250),
                format!("{} AND {}", tid(">=", 250), tid("<", 500)),
                format!("{} AND {}", tid(">=", 500), tid("<", 750)),
                tid(">=", 750),
            ]
        );
    }

    #[test]
    fn small_tables_are_read_at_once() {
        assert_eq!(cut(10, LEAST_BYTES, 8), [None]);
        assert_eq!(cut(0, 0, 8), [None]);
        // A few wide rows: never more ranges than blocks.
        assert_eq!(cut(3, 100 * LEAST_BYTES, 8).len(), 3);
    }
}
