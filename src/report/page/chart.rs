//! The waterfall: where its bars begin and end.

use crate::audit::BridgeTerm;

/// How wide a drawing is, in its own units.
pub const WIDTH: f64 = 1000.0;

/// What a bar stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// A row count: it begins at zero.
    Total,
    /// Rows that are added.
    Up,
    /// Rows that are taken away.
    Down,
}

/// A bar of the waterfall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// What it stands for.
    pub kind: BarKind,
    /// Its left end.
    pub from: f64,
    /// Its right end.
    pub to: f64,
    /// Where the bar above it ended, which the two share.
    pub joint: Option<f64>,
}

/// The bars of a bridge, and whether those of the totals are cut because the steps between them would
/// be too small to see.
pub fn waterfall(bridge: &[BridgeTerm]) -> (Vec<Bar>, bool) {
    let mut levels = Vec::with_capacity(bridge.len());
    let mut level = 0;
    for (at, term) in bridge.iter().enumerate() {
        let total = at == 0 || at + 1 == bridge.len();
        let from = if total { 0 } else { level };
        level = if total { term.rows } else { level + term.rows };
        levels.push((total, from, level));
    }
    let ends: Vec<i64> =
        levels.iter().flat_map(|(total, from, to)| if *total { [*to; 2] } else { [*from, *to] }).collect();
    let (least, most) = (ends.iter().min().copied().unwrap_or(0), ends.iter().max().copied().unwrap_or(0));
    let span = most - least;
    // Steps of less than a sixth of the whole are hard to see beside it.
    let cut = span > 0 && span.saturating_mul(6) < most;
    let zero = if cut { least as f64 - span as f64 * 0.6 } else { 0.0 };
    let place = |rows: i64| ((rows as f64 - zero) / (most as f64 - zero).max(1.0) * WIDTH).clamp(0.0, WIDTH);
    let bars = levels.iter().enumerate().map(|(at, (total, from, to))| {
        let (start, end) = (if *total { 0.0 } else { place(*from) }, place(*to));
        let kind = match (total, to >= from) {
            (true, _) => BarKind::Total,
            (false, true) => BarKind::Up,
            (false, false) => BarKind::Down,
        };
        let joint = (at > 0).then(|| place(levels[at - 1].2));
        Bar { kind, from: start.min(end), to: start.max(end), joint }
    });
    (bars.collect(), cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridge(rows: &[i64]) -> Vec<BridgeTerm> {
        rows.iter().map(|rows| BridgeTerm { term: "rows".into(), rows: *rows }).collect()
    }

    #[test]
    fn steps_lead_from_one_total_to_the_other() {
        let (bars, cut) = waterfall(&bridge(&[10, -4, 2, 8]));
        assert!(!cut);
        let ends: Vec<(f64, f64)> = bars.iter().map(|bar| (bar.from, bar.to)).collect();
        assert_eq!(ends, [(0.0, 1000.0), (600.0, 1000.0), (600.0, 800.0), (0.0, 800.0)]);
        let kinds: Vec<BarKind> = bars.iter().map(|bar| bar.kind).collect();
        assert_eq!(kinds, [BarKind::Total, BarKind::Down, BarKind::Up, BarKind::Total]);
        assert_eq!(
            bars.iter().map(|bar| bar.joint).collect::<Vec<_>>(),
            [None, Some(1000.0), Some(600.0), Some(800.0)]
        );
    }

    #[test]
    fn small_steps_beside_large_counts_can_be_seen() {
        let (bars, cut) = waterfall(&bridge(&[5_000_000, -781, 0, 4_999_219]));
        assert!(cut);
        assert!(bars[1].to - bars[1].from > 500.0, "{bars:?}");
        assert!(bars[3].to > 300.0 && bars[3].to < bars[0].to);
    }

    #[test]
    fn empty_tables_have_bars_too() {
        let (bars, cut) = waterfall(&bridge(&[0, 0, 0]));
        assert!(!cut && bars.iter().all(|bar| bar.from == 0.0 && bar.to == 0.0));
    }
}
