//! Alignment: which left column is which right column, and as what each pair is compared. Decided
//! once, before a row is read, and reported.

use super::column::{Column, PortableType, TableInfo};
use super::family::{Family, family};
use super::names::{fold, nearest};
use super::rules::{Rule, RuleError, Rules};
use super::softening::Softener;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One pair of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The left column, with the type it is exported as.
    pub left: Column,
    /// The right column, with the type it is exported as.
    pub right: Column,
    /// As what the two are compared.
    pub family: Family,
    /// As what they would be compared without the job's rules.
    pub unruled: Family,
    /// What the job lets pass as equal.
    pub rules: Rules,
    /// Whether it takes part in the comparison (a key column may not).
    pub compared: bool,
    /// What makes unequal values equal here; empty for a strict comparison.
    pub softened_by: Vec<Softener>,
}

/// How two tables' columns correspond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// In the left table's order.
    pub pairs: Vec<Pair>,
    /// Left columns without a partner.
    pub only_left: Vec<String>,
    /// Right columns without a partner.
    pub only_right: Vec<String>,
    /// Left names of pairs that the job leaves out.
    pub ignored: Vec<String>,
    /// Those without a partner that the job leaves out: left and right ones.
    #[serde(default)]
    pub left_out: [Vec<String>; 2],
    /// What a person should know before believing the result.
    pub warnings: Vec<String>,
    /// The zone that zone-less times are taken to be in beside zoned ones; UTC if none is named.
    pub zone: Option<String>,
}

/// What the job says about columns.
#[derive(Clone, Debug, Default)]
pub struct AlignOptions {
    /// Left and right names given by `--map`.
    pub map: Vec<(String, String)>,
    /// Left and right names given by `--key`.
    pub key: Vec<(String, String)>,
    /// Compare only these; empty for all.
    pub columns: Vec<String>,
    /// Compare all but these.
    pub ignore: Vec<String>,
    /// Rules by column.
    pub rules: Vec<(String, Vec<Rule>)>,
    /// The zone that zone-less times are in, where the job names one.
    pub zone: Option<String>,
    /// Whether values count as different that are equal only because one side's type holds less.
    pub exact: bool,
}

impl AlignOptions {
    /// Whether the job leaves out a column or pair of these names.
    fn leaves_out(&self, names: &[&str]) -> bool {
        let named = |list: &[String]| list.iter().any(|name| names.contains(&name.as_str()));
        !self.columns.is_empty() && !named(&self.columns) || named(&self.ignore)
    }
}

/// Why columns could not be paired as asked.
#[derive(Debug, Error, PartialEq)]
pub enum AlignmentError {
    /// Nothing to compare.
    #[error("the two tables have no column name in common (left: {left}; right: {right})")]
    NothingInCommon {
        /// The left names.
        left: String,
        /// The right names.
        right: String,
    },
    /// A name that the job uses is not in the table.
    #[error("{side} table has {no} column `{name}`{}", suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default(), no = if *side == "neither" { "a" } else { "no" })]
    UnknownColumn {
        /// `left`, `right` or `neither`.
        side: &'static str,
        /// As given.
        name: String,
        /// The nearest name there is.
        suggestion: Option<String>,
    },
    /// One column is given two partners.
    #[error("column `{0}` is mapped twice")]
    MappedTwice(String),
    /// A rule does not fit.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

impl Alignment {
    /// Pairs the columns of two tables: as mapped, then by exact name, then by name without case
    /// and `_` where that is unambiguous.
    ///
    /// # Errors
    /// If a name in `options` is unknown, mapped twice, or a rule does not fit, or if nothing
    /// can be paired at all.
    pub fn new(left: &TableInfo, right: &TableInfo, options: &AlignOptions) -> Result<Self, AlignmentError> {
        let mut out = Self { zone: options.zone.clone(), ..Self::default() };
        let mut partners = mapped(left, right, options)?;
        by_name(left, right, &mut partners, |name| name.to_owned());
        by_name(left, right, &mut partners, fold);
        check_names(left, right, options)?;

        for (l, partner) in partners.iter().enumerate() {
            match partner {
                Some(r) => {
                    let pair = out.pair(&left.columns[l], &right.columns[*r], options)?;
                    out.pairs.push(pair);
                }
                None => out.only_left.push(left.columns[l].name.clone()),
            }
        }
        let taken: Vec<usize> = partners.iter().flatten().copied().collect();
        out.only_right = right
            .columns
            .iter()
            .enumerate()
            .filter(|(r, _)| !taken.contains(r))
            .map(|(_, column)| column.name.clone())
            .collect();
        let left_out = |names: &[String]| names.iter().filter(|name| options.leaves_out(&[name])).cloned().collect();
        out.left_out = [left_out(&out.only_left), left_out(&out.only_right)];
        if out.pairs.is_empty() {
            let names = |t: &TableInfo| t.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(AlignmentError::NothingInCommon { left: names(left), right: names(right) });
        }
        Ok(out)
    }

    fn pair(&mut self, left: &Column, right: &Column, options: &AlignOptions) -> Result<Pair, AlignmentError> {
        let (mut left, mut right) = (left.clone(), right.clone());
        if left.declared != right.declared {
            let (typed, untyped) = if left.declared { (&left, &mut right) } else { (&right, &mut left) };
            untyped.ty = adopted(&typed.ty, &untyped.ty);
        } else if !left.declared && left.ty != right.ty {
            // Without a partner of bytes, `\x00ff` is the text that it is.
            for column in [&mut left, &mut right].into_iter().filter(|column| column.ty == PortableType::Bytes) {
                column.ty = PortableType::Text;
            }
        }
        let names_it = |name: &String| *name == left.name || *name == right.name;
        let compared = !options.leaves_out(&[&left.name, &right.name]);
        if !compared {
            self.ignored.push(left.name.clone());
        }

        let mut family = family(&left.ty, &right.ty);
        let unasked = Softener::unasked(&left.ty, &right.ty, family);
        if options.exact && unasked.is_some() {
            family = family.strict_of([&left.ty, &right.ty]);
        }
        let unruled = family;
        let rules: Vec<Rule> =
            options.rules.iter().filter(|(name, _)| names_it(name)).flat_map(|(_, rules)| rules.clone()).collect();
        let mut effective = Rules::apply(&rules, &left.name, &mut family)?;
        effective.padded = family == Family::Text && (left.padded && !right.declared || right.padded && !left.declared);
        let unasked = unasked.filter(|_| !options.exact);
        let softened_by = Softener::asked(&rules).into_iter().chain(unasked).collect();
        if let (Family::Instant(_), false) = (family, options.zone.is_some()) {
            let zoneless = |c: &Column| matches!(c.ty, PortableType::Timestamp { .. } | PortableType::Date);
            if zoneless(&left) != zoneless(&right) {
                let name = if zoneless(&left) { &left.name } else { &right.name };
                self.warnings.push(format!("`{name}` has no time zone and its partner has: compared as UTC"));
            }
        }
        for column in [&left, &right] {
            // Arrow's own type names; no database has nanoseconds.
            if matches!(family, Family::Time(_) | Family::Timestamp(_) | Family::Instant(_))
                && column.native.contains("(ns")
            {
                self.warnings.push(format!(
                    "`{}` has nanoseconds: a value that microseconds can't hold is kept as text and equals only itself",
                    column.name
                ));
            }
        }
        Ok(Pair { left, right, family, unruled, rules: effective, compared, softened_by })
    }

    /// The columns of the left (0) or right (1) table without a partner that the job does not leave out.
    pub fn unpaired(&self, side: usize) -> Vec<String> {
        let alone = if side == 0 { &self.only_left } else { &self.only_right };
        alone.iter().filter(|name| !self.left_out[side].contains(name)).cloned().collect()
    }

    /// The position of the pair that has this left (or, failing that, right) name.
    pub fn position(&self, name: &str) -> Option<usize> {
        let by = |of: fn(&Pair) -> &str| self.pairs.iter().position(|pair| of(pair) == name);
        by(|pair| &pair.left.name).or_else(|| by(|pair| &pair.right.name))
    }
}

/// What an untyped column becomes beside a typed one, given what its own values look like. A
/// declared length or scale is the other side's promise, not this one's.
fn adopted(declared: &PortableType, looks: &PortableType) -> PortableType {
    use PortableType as T;
    match (declared, looks) {
        // `true` beside a 1, a printed UUID beside its bytes, more digits than a float holds, a time with a
        // zone beside one without:
        // what the values say of themselves is more than the other side's type could hold.
        (T::Integer | T::Unsigned | T::Decimal { .. }, T::Boolean) => T::Boolean,
        (T::Bytes, T::Uuid) => T::Uuid,
        (T::Float32 | T::Float64, _) => T::Decimal { precision: None, scale: 0 },
        (T::Timestamp { .. } | T::Date, T::Instant { .. }) => T::Instant { precision: 6 },
        (T::Date, T::Timestamp { .. }) => T::Timestamp { precision: 6 },
        // A list is an array literal or a JSON array, whichever its values are.
        (T::Printed | T::Set | T::Array { .. }, _) => T::Text,
        // `t` and `false` are truths, not bits; a length is the other side's promise.
        (T::Bits { .. }, T::Boolean) => T::Boolean,
        (T::Bits { .. }, _) => T::Bits { length: None },
        (T::Time { .. }, _) => T::Time { precision: 6 },
        (T::Timestamp { .. }, _) => T::Timestamp { precision: 6 },
        (T::Instant { .. }, _) => T::Instant { precision: 6 },
        (other, _) => other.clone(),
    }
}

fn mapped(left: &TableInfo, right: &TableInfo, options: &AlignOptions) -> Result<Vec<Option<usize>>, AlignmentError> {
    let mut partners: Vec<Option<usize>> = vec![None; left.columns.len()];
    let find = |table: &TableInfo, side, name: &str| {
        table.position(name).ok_or_else(|| AlignmentError::UnknownColumn {
            side,
            name: name.to_owned(),
            suggestion: nearest(name, &names(table)),
        })
    };
    for (l, r) in options.map.iter().chain(&options.key) {
        let (at, to) = (find(left, "left", l)?, find(right, "right", r)?);
        match partners[at] {
            Some(there) if there == to => continue,
            Some(_) => return Err(AlignmentError::MappedTwice(l.clone())),
            None if partners.contains(&Some(to)) => return Err(AlignmentError::MappedTwice(r.clone())),
            None => partners[at] = Some(to),
        }
    }
    Ok(partners)
}

fn by_name(left: &TableInfo, right: &TableInfo, partners: &mut [Option<usize>], form: fn(&str) -> String) {
    let free_right: Vec<usize> = (0..right.columns.len()).filter(|r| !partners.contains(&Some(*r))).collect();
    let free_left: Vec<usize> = (0..left.columns.len()).filter(|l| partners[*l].is_none()).collect();
    for l in &free_left {
        let name = form(&left.columns[*l].name);
        let same: Vec<usize> = free_right.iter().copied().filter(|r| form(&right.columns[*r].name) == name).collect();
        let rivals = free_left.iter().filter(|other| form(&left.columns[**other].name) == name).count();
        if let ([only], 1) = (same.as_slice(), rivals) {
            partners[*l] = Some(*only);
        }
    }
}

fn check_names(left: &TableInfo, right: &TableInfo, options: &AlignOptions) -> Result<(), AlignmentError> {
    let ruled = options.rules.iter().map(|(name, _)| name);
    for name in options.columns.iter().chain(&options.ignore).chain(ruled) {
        if left.position(name).is_none() && right.position(name).is_none() {
            let all: Vec<String> = names(left).into_iter().chain(names(right)).collect();
            return Err(AlignmentError::UnknownColumn {
                side: "neither",
                name: name.clone(),
                suggestion: nearest(name, &all),
            });
        }
    }
    Ok(())
}

pub(super) fn names(table: &TableInfo) -> Vec<String> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> TableInfo {
        let columns = names.iter().map(|name| Column::new(*name, PortableType::Text, "text")).collect();
        TableInfo { columns, ..TableInfo::default() }
    }

    fn pairs(alignment: &Alignment) -> Vec<(&str, &str)> {
        alignment.pairs.iter().map(|p| (p.left.name.as_str(), p.right.name.as_str())).collect()
    }

    #[test]
    fn exact_names_come_first() {
        let a = Alignment::new(
            &table(&["userid", "User_Id", "x"]),
            &table(&["USERID", "User_Id", "y"]),
            &AlignOptions::default(),
        )
        .unwrap();
        assert_eq!(pairs(&a), [("userid", "USERID"), ("User_Id", "User_Id")]);
        assert_eq!((a.only_left, a.only_right), (vec!["x".to_owned()], vec!["y".to_owned()]));
    }

    #[test]
    fn two_that_could_be_meant_stay_alone() {
        let a = Alignment::new(
            &table(&["id", "first_name", "FirstName"]),
            &table(&["id", "FIRSTNAME"]),
            &AlignOptions::default(),
        )
        .unwrap();
        assert_eq!(pairs(&a), [("id", "id")]);
    }

    #[test]
    fn maps_win_and_are_checked() {
        let map = |l: &str, r: &str| AlignOptions { map: vec![(l.into(), r.into())], ..AlignOptions::default() };
        let (l, r) = (table(&["id", "mail"]), table(&["id", "email"]));
        assert_eq!(pairs(&Alignment::new(&l, &r, &map("mail", "email")).unwrap()), [("id", "id"), ("mail", "email")]);
        let error = Alignment::new(&l, &r, &map("mail", "emial")).unwrap_err();
        assert_eq!(error.to_string(), "right table has no column `emial`; did you mean `email`?");
    }

    #[test]
    fn what_the_job_leaves_out_is_not_unpaired() {
        let (l, r) = (table(&["id", "a", "old"]), table(&["id", "a", "new", "more"]));
        let left_out = |options: AlignOptions| {
            let a = Alignment::new(&l, &r, &options).unwrap();
            ([a.unpaired(0), a.unpaired(1)], a.left_out)
        };
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(left_out(AlignOptions::default()).0, [names(&["old"]), names(&["new", "more"])]);
        let ignore = AlignOptions { ignore: names(&["old", "more"]), ..AlignOptions::default() };
        assert_eq!(left_out(ignore), ([names(&[]), names(&["new"])], [names(&["old"]), names(&["more"])]));
        let columns = AlignOptions { columns: names(&["a", "new"]), ..AlignOptions::default() };
        assert_eq!(left_out(columns), ([names(&[]), names(&["new"])], [names(&["old"]), names(&["more"])]));
    }

    #[test]
    fn exactly_means_that_no_type_may_hold_less() {
        let timed = |precision, native: &str| TableInfo {
            columns: vec![Column::new("at", PortableType::Timestamp { precision }, native)],
            ..TableInfo::default()
        };
        let pair = |options: &AlignOptions| {
            Alignment::new(&timed(6, "timestamp"), &timed(0, "timestamp(0)"), options).unwrap().pairs.remove(0)
        };
        let usual = pair(&AlignOptions::default());
        assert_eq!((usual.family, usual.softened_by.len()), (Family::Timestamp(0), 1));
        let exact = pair(&AlignOptions { exact: true, ..AlignOptions::default() });
        assert_eq!((exact.family, exact.softened_by.len()), (Family::Timestamp(6), 0));
        let rules = vec![("at".to_owned(), vec![Rule::Precision(3)])];
        let ruled = pair(&AlignOptions { exact: true, rules, ..AlignOptions::default() });
        assert_eq!((ruled.family, ruled.unruled), (Family::Timestamp(3), Family::Timestamp(6)));
        assert!(ruled.softened_by.iter().all(|softener| softener.asked));
    }

    #[test]
    fn padding_counts_only_where_it_may_be_meant() {
        let (mut l, mut r) = (table(&["code"]), table(&["code"]));
        l.columns[0].padded = true;
        let padded = |l: &TableInfo, r: &TableInfo| {
            Alignment::new(l, r, &AlignOptions::default()).unwrap().pairs[0].rules.padded
        };
        assert!(!padded(&l, &r) && !padded(&r, &l), "a table that says text");
        r.columns[0].declared = false;
        assert!(padded(&l, &r) && padded(&r, &l), "a file without types");
    }

    #[test]
    fn hexadecimal_digits_are_bytes_only_beside_bytes() {
        let file = |ty: PortableType| {
            let mut table = table(&["b"]);
            table.columns[0] = Column { declared: false, ..Column::new("b", ty, "csv") };
            table
        };
        let pair = |l: &TableInfo, r: &TableInfo| {
            let pair = Alignment::new(l, r, &AlignOptions::default()).unwrap().pairs.remove(0);
            (pair.left.ty, pair.right.ty)
        };
        let hex = file(PortableType::Bytes);
        assert_eq!(pair(&hex, &file(PortableType::Text)), (PortableType::Text, PortableType::Text));
        assert_eq!(pair(&hex, &hex), (PortableType::Bytes, PortableType::Bytes));
        assert_eq!(pair(&hex, &table(&["b"])), (PortableType::Text, PortableType::Text));
        let mut bytes = table(&["b"]);
        bytes.columns[0].ty = PortableType::Bytes;
        assert_eq!(pair(&bytes, &hex), (PortableType::Bytes, PortableType::Bytes));
    }

    #[test]
    fn nothing_in_common_is_an_error() {
        let error = Alignment::new(&table(&["a"]), &table(&["b"]), &AlignOptions::default()).unwrap_err();
        assert!(matches!(error, AlignmentError::NothingInCommon { .. }));
    }
}
