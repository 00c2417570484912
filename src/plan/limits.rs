//! Limits on what a plan may change: how they are written, and whether a plan keeps to them.

use super::file::{ActionCounts, Limit, Limits, PlanFile};
use crate::endpoint::Action;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Text that is no limit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no limit: give a number of rows, as in `500`, or a percentage, as in `2.5%`")]
pub struct NoLimit(String);

impl FromStr for Limit {
    type Err = NoLimit;

    /// Reads `500` or `2.5%`.
    fn from_str(text: &str) -> Result<Self, NoLimit> {
        let wrong = || NoLimit(text.to_owned());
        let digits = |number: &str, also: &[char]| number.chars().all(|c| c.is_ascii_digit() || also.contains(&c));
        match text.trim().strip_suffix('%').map(str::trim_end) {
            Some(percent) if digits(percent, &['.']) => percent.parse().map(Self::Percent).map_err(|_| wrong()),
            None if digits(text.trim(), &[]) => text.trim().parse().map(Self::Rows).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A plan that wants more than it may.
#[derive(Clone, Debug, PartialEq, Error)]
#[error(
    "the plan has {steps} {what} for the {side} table, which has {rows} {}: the limit is {limit} ({flag} raises it)",
    if *rows == 1 { "row" } else { "rows" }
)]
pub struct LimitExceeded {
    /// `left` or `right`.
    pub side: &'static str,
    /// `deletes` or `changes`.
    pub what: &'static str,
    /// How many the plan has.
    pub steps: u64,
    /// The rows of the table when it was exported.
    pub rows: u64,
    /// What is allowed.
    pub limit: Limit,
    /// The option that raises it.
    pub flag: &'static str,
}

/// What holds for deletes if nothing else is said: more than this share of a table's rows…
const SHARE: Limit = Limit::Percent(10.0);
/// …and more than so many, are too many.
const FEW: u64 = 20;

/// Deletes that a person has to look at, although nobody set a limit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManyDeletes {
    /// A good part of a table, or all of it.
    #[error("{deletes} of the {rows} rows of the {side} table would be deleted")]
    Many {
        /// `left` or `right`.
        side: &'static str,
        /// How many.
        deletes: u64,
        /// The rows of the table when it was exported.
        rows: u64,
    },
    /// The other side has no rows at all, which more often is a failed load.
    #[error("{empty} has no rows, and {deletes} rows of the {side} table would be deleted")]
    EmptySource {
        /// The side without rows, without any password.
        empty: String,
        /// `left` or `right`.
        side: &'static str,
        /// How many.
        deletes: u64,
    },
}

/// Checks the deletes of a plan where nobody said how many may be: neither with a limit, nor by allowing
/// an empty source. A limit of all rows allows an empty source as well. `wanted` says which actions are
/// carried out.
///
/// # Errors
/// If a side has more than a few deletes and more than a tenth of its rows, or loses all of several
/// rows, or the other side has none.
pub fn check_deletes(
    file: &PlanFile,
    limits: &Limits,
    allow_empty_source: bool,
    wanted: impl Fn(Action) -> bool,
) -> Result<(), ManyDeletes> {
    if !wanted(Action::Delete) {
        return Ok(());
    }
    let all = |limit: Limit| matches!(limit, Limit::Percent(percent) if percent >= 100.0);
    let may_be_empty = allow_empty_source || limits.max_deletes.is_some_and(all);
    for (at, name) in ["left", "right"].into_iter().enumerate() {
        let (own, source) = (&file.sides[at], &file.sides[1 - at]);
        let (deletes, rows) = (own.counts.delete, own.rows);
        if deletes == 0 || (source.rows == 0 && may_be_empty) {
            continue;
        }
        if source.rows == 0 {
            return Err(ManyDeletes::EmptySource { empty: source.address.clone(), side: name, deletes });
        }
        let many = deletes > FEW && is_beyond(SHARE, deletes, rows);
        if limits.max_deletes.is_none() && (many || (rows > 1 && deletes >= rows)) {
            return Err(ManyDeletes::Many { side: name, deletes, rows });
        }
    }
    Ok(())
}

/// Checks that a plan keeps to its limits, on each side that it writes.
///
/// Exactly as many as the limit are allowed. A percentage is one of the rows that the table had when
/// it was exported. It does not limit the changes of an empty table, since filling it is no
/// accident; it has nothing that could be deleted.
///
/// # Errors
/// If a side has more steps than its limit.
pub fn check_limits(file: &PlanFile, limits: &Limits, wanted: impl Fn(Action) -> bool) -> Result<(), LimitExceeded> {
    for (name, side) in ["left", "right"].into_iter().zip(&file.sides) {
        let mut counts = ActionCounts::default();
        Action::ALL
            .into_iter()
            .filter(|action| wanted(*action))
            .for_each(|action| counts.add(action, side.counts.of(action)));
        if let Some(limit) = limits.max_deletes.filter(|limit| is_beyond(*limit, counts.delete, side.rows)) {
            return Err(LimitExceeded {
                side: name,
                what: "deletes",
                steps: counts.delete,
                rows: side.rows,
                limit,
                flag: "--max-deletes",
            });
        }
        let first_load = side.rows == 0 && matches!(limits.max_changes, Some(Limit::Percent(_)));
        if let Some(limit) = limits.max_changes.filter(|limit| is_beyond(*limit, counts.total(), side.rows))
            && !first_load
        {
            return Err(LimitExceeded {
                side: name,
                what: "changes",
                steps: counts.total(),
                rows: side.rows,
                limit,
                flag: "--max-changes",
            });
        }
    }
    Ok(())
}

fn is_beyond(limit: Limit, steps: u64, rows: u64) -> bool {
    match limit {
        Limit::Rows(most) => steps > most,
        Limit::Percent(percent) => {
            // 0.07 × 100 is a little more than 7 in floats: what is that close is exactly the limit.
            const NEARLY: f64 = 1.0 + 1e-12;
            steps as f64 * 100.0 > percent * rows as f64 * NEARLY
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audit::Summary;
    use crate::plan::{Direction, PlanSide};
    use crate::table::{Alignment, KeyChoice, TableInfo};

    /// A plan that writes to the right table, which has so many rows.
    pub(in crate::plan) fn plan(
        rows: u64,
        create: u64,
        delete: u64,
        max_changes: Option<&str>,
        max_deletes: Option<&str>,
    ) -> PlanFile {
        let side = |rows, counts| PlanSide {
            address: String::new(),
            filter: None,
            exported_at: String::new(),
            rows,
            table: TableInfo::default(),
            target: None,
            writes: None,
            counts,
        };
        let read = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        PlanFile {
            version: 1,
            written_by: String::new(),
            made_at: String::new(),
            made_in: String::new(),
            direction: Direction::LeftToRight,
            sides: [side(7, ActionCounts::default()), side(rows, ActionCounts { create, update: 0, delete })],
            alignment: Alignment::default(),
            key: vec![0],
            key_chosen: KeyChoice::Given,
            found: Summary::default(),
            conflicts: 0,
            undecided: 0,
            ambiguous: 0,
            null_keys: 0,
            misfits: 0,
            changed_columns: Vec::new(),
            left_out: Vec::new(),
            cascades: Vec::new(),
            allow_cascade: false,
            warnings: Vec::new(),
            limits: Limits { max_changes: read(max_changes), max_deletes: read(max_deletes) },
            variables: Vec::new(),
            reading: Default::default(),
            two_way: None,
            parts: Vec::new(),
            checksum: String::new(),
        }
    }

    fn limited(file: &PlanFile) -> Result<(), LimitExceeded> {
        check_limits(file, &file.limits, |_| true)
    }

    #[test]
    fn many_deletes_are_looked_at() {
        let check = |rows, delete, limit| {
            let file = plan(rows, 0, delete, None, limit);
            check_deletes(&file, &file.limits, false, |_| true).is_ok()
        };
        // More than a tenth, and more than twenty.
        assert!(check(200, 20, None) && check(1000, 100, None) && check(30, 20, None));
        assert!(!check(200, 21, None) && !check(1000, 101, None));
        // All of more than one.
        assert!(check(1, 1, None) && !check(2, 2, None) && check(3, 2, None));
        // Who sets a limit has thought of it.
        assert!(check(200, 150, Some("75%")) && check(2, 2, Some("2")));
        let file = plan(200, 0, 150, None, None);
        assert!(check_deletes(&file, &file.limits, false, |action| action != Action::Delete).is_ok());
        let empty = |limit, allowed| {
            let mut file = plan(9, 0, 9, None, limit);
            file.sides[0].rows = 0;
            check_deletes(&file, &file.limits, allowed, |_| true)
        };
        assert!(matches!(empty(None, false), Err(ManyDeletes::EmptySource { deletes: 9, side: "right", .. })));
        assert!(empty(Some("9"), false).is_err() && empty(Some("100%"), false).is_ok() && empty(None, true).is_ok());
    }

    #[test]
    fn limits_are_read_and_printed() {
        for (text, limit, printed) in [
            ("500", Limit::Rows(500), "500"),
            ("0", Limit::Rows(0), "0"),
            ("10%", Limit::Percent(10.0), "10%"),
            (" 2.5 % ", Limit::Percent(2.5), "2.5%"),
            ("0%", Limit::Percent(0.0), "0%"),
        ] {
            assert_eq!(text.parse(), Ok(limit));
            assert_eq!(limit.to_string(), printed);
            assert_eq!(printed.parse(), Ok(limit));
        }
        for text in ["", "%", "-5", "+5", "5.5", "ten", "1e3%", "1.2.3%", "inf%", "99999999999999999999"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
        assert_eq!(
            "ten".parse::<Limit>().unwrap_err().to_string(),
            "`ten` is no limit: give a number of rows, as in `500`, or a percentage, as in `2.5%`"
        );
    }

    #[test]
    fn exactly_the_limit_is_allowed() {
        assert_eq!(limited(&plan(100, 0, 10, None, Some("10%"))), Ok(()));
        assert!(limited(&plan(100, 0, 11, None, Some("10%"))).is_err());
        assert_eq!(limited(&plan(100, 0, 10, None, Some("10"))), Ok(()));
        assert!(limited(&plan(100, 0, 11, None, Some("10"))).is_err());
        assert!(limited(&plan(100, 0, 1, None, Some("0"))).is_err());
        assert_eq!(limited(&plan(100, 0, 100, None, None)), Ok(()));
        // 0.29 × 10,000 / 100 and 0.07 × 10,000 / 100 are not whole in floats.
        assert_eq!(limited(&plan(10_000, 0, 29, None, Some("0.29%"))), Ok(()));
        assert_eq!(limited(&plan(10_000, 0, 7, None, Some("0.07%"))), Ok(()));
        assert!(limited(&plan(10_000, 0, 8, None, Some("0.07%"))).is_err());
        assert!(limited(&plan(1_000_000_000, 0, 100_000_001, None, Some("10%"))).is_err());
    }

    #[test]
    fn changes_are_all_steps() {
        assert_eq!(limited(&plan(100, 5, 5, Some("10"), None)), Ok(()));
        assert!(limited(&plan(100, 6, 5, Some("10"), None)).is_err());
    }

    #[test]
    fn an_empty_table_may_be_filled_but_has_nothing_to_delete() {
        assert_eq!(limited(&plan(0, 1000, 0, Some("10%"), Some("10%"))), Ok(()));
        assert!(limited(&plan(0, 1000, 0, Some("10"), None)).is_err());
        assert!(limited(&plan(0, 0, 1, None, Some("10%"))).is_err());
    }

    #[test]
    fn the_error_says_what_to_do() {
        let error = limited(&plan(1000, 0, 120, None, Some("10%"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the plan has 120 deletes for the right table, which has 1000 rows: the limit is 10% \
             (--max-deletes raises it)"
        );
    }
}
