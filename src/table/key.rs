//! The unique key: which pairs of columns say which left row is which right row, and who says so.
//!
//! Keys are chosen in this order: the given one; the primary key of both tables; a unique index of
//! both; the primary key of one of them; a unique index of one of them; an inferred one; whole rows.

use super::alignment::{Alignment, AlignmentError, names};
use super::column::TableInfo;
use super::names::nearest;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;

/// Who chose the unique key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyChoice {
    /// The person.
    #[serde(rename = "given")]
    Given,
    /// Both tables, or one of them, declare it as their primary key.
    #[serde(rename = "primary key")]
    PrimaryKey,
    /// Both tables, or one of them, declare it unique.
    #[serde(rename = "unique index")]
    UniqueIndex,
    /// Counting showed that it is unique and never NULL on both sides.
    #[serde(rename = "inferred")]
    Inferred,
    /// Nothing identifies a row: all compared columns together stand for a key. NULL is a value
    /// then, and rows are compared as a multiset.
    #[serde(rename = "whole row")]
    WholeRow,
}

impl fmt::Display for KeyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "given",
            Self::PrimaryKey => "primary key",
            Self::UniqueIndex => "unique index",
            Self::Inferred => "inferred",
            Self::WholeRow => "whole row",
        })
    }
}

/// Which of the two tables declare a key's columns their primary key or unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// Only the left one.
    Left,
    /// Only the right one.
    Right,
    /// Both.
    Both,
}

/// The unique key: positions in [`Alignment::pairs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// In key order; for whole rows, all compared pairs.
    pub pairs: Vec<usize>,
    /// Who chose it.
    pub chosen: KeyChoice,
}

impl Key {
    /// Whole rows: all compared pairs.
    pub fn whole_row(alignment: &Alignment) -> Self {
        let compared = (0..alignment.pairs.len()).filter(|at| alignment.pairs[*at].compared);
        Self { pairs: compared.collect(), chosen: KeyChoice::WholeRow }
    }

    /// Whether rows are compared as wholes, for want of a key.
    pub fn is_whole_row(&self) -> bool {
        self.chosen == KeyChoice::WholeRow
    }
}

impl Alignment {
    /// The pairs that take part in a row's fingerprint under this key: all compared ones but the
    /// key, which has a fingerprint of its own. Of whole rows, all compared ones.
    pub fn compared(&self, key: &Key) -> Vec<usize> {
        let apart = |at: &usize| !key.is_whole_row() && key.pairs.contains(at);
        (0..self.pairs.len()).filter(|at| self.pairs[*at].compared && !apart(at)).collect()
    }

    /// The key that was given, or that the tables declare; `None` if rows have to be counted first:
    /// to infer one, or to choose between two that one table each declares.
    ///
    /// # Errors
    /// If a given key column has no partner.
    pub fn declared_key(
        &self,
        left: &TableInfo,
        right: &TableInfo,
        given: &[(String, String)],
    ) -> Result<Option<Key>, AlignmentError> {
        let mut keys = self.declared_keys(left, right, given)?;
        Ok(if keys.len() == 1 { keys.pop() } else { None })
    }

    /// The key that was given, or that both tables declare, or that one of them does. More than one
    /// where different ones have the same claim: the one with more values in common is the key, then
    /// the first. None if nothing is declared.
    ///
    /// # Errors
    /// If a given key column has no partner.
    pub fn declared_keys(
        &self,
        left: &TableInfo,
        right: &TableInfo,
        given: &[(String, String)],
    ) -> Result<Vec<Key>, AlignmentError> {
        if !given.is_empty() {
            return Ok(vec![Key { pairs: self.given(right, given)?, chosen: KeyChoice::Given }]);
        }
        Ok(match self.key_of_both(left, right) {
            Some(key) => vec![key],
            None => self.keys_of_one(left, right),
        })
    }

    fn given(&self, right: &TableInfo, given: &[(String, String)]) -> Result<Vec<usize>, AlignmentError> {
        let place = |(l, r): &(String, String)| {
            self.pairs.iter().position(|pair| pair.left.name == *l && pair.right.name == *r).ok_or_else(|| {
                AlignmentError::UnknownColumn { side: "right", name: r.clone(), suggestion: nearest(r, &names(right)) }
            })
        };
        given.iter().map(place).collect()
    }

    /// The primary key of both tables, or a unique index of both.
    pub fn key_of_both(&self, left: &TableInfo, right: &TableInfo) -> Option<Key> {
        if let Some(pairs) = self.same_columns(&left.primary_key, &right.primary_key) {
            return Some(Key { pairs, chosen: KeyChoice::PrimaryKey });
        }
        let same = declared(left).flat_map(|l| declared(right).filter_map(|r| self.same_columns(l, r)));
        same.into_iter().next().map(|pairs| Key { pairs, chosen: KeyChoice::UniqueIndex })
    }

    /// The primary keys that one table declares and whose columns all have partners, the left one's
    /// first; without any, the unique indexes.
    fn keys_of_one(&self, left: &TableInfo, right: &TableInfo) -> Vec<Key> {
        let level = |of: fn(&TableInfo) -> Vec<&Vec<String>>, chosen: KeyChoice| {
            let mut keys: Vec<Key> = Vec::new();
            for (side, table) in [left, right].into_iter().enumerate() {
                for columns in of(table) {
                    let Some(pairs) = self.partnered(side, columns) else { continue };
                    let known = keys.iter().any(|key| same_set(&key.pairs, &pairs));
                    if !known {
                        keys.push(Key { pairs, chosen });
                    }
                }
            }
            keys
        };
        let primary = level(|table| vec![&table.primary_key], KeyChoice::PrimaryKey);
        if primary.is_empty() { level(|table| table.unique.iter().collect(), KeyChoice::UniqueIndex) } else { primary }
    }

    /// The pairs of these columns of one side, if there are any and all have partners.
    fn partnered(&self, side: usize, columns: &[String]) -> Option<Vec<usize>> {
        let of = |at: usize| if side == 0 { &self.pairs[at].left.name } else { &self.pairs[at].right.name };
        let place = |name: &String| (0..self.pairs.len()).find(|at| of(*at) == name);
        if columns.is_empty() { None } else { columns.iter().map(place).collect() }
    }

    /// Which of the two tables declare exactly these pairs their primary key or unique.
    pub fn declared_by(&self, left: &TableInfo, right: &TableInfo, pairs: &[usize]) -> Option<Declared> {
        let declares = |side: usize, table: &TableInfo| {
            declared(table).any(|columns| self.partnered(side, columns).is_some_and(|own| same_set(&own, pairs)))
        };
        match (declares(0, left), declares(1, right)) {
            (true, true) => Some(Declared::Both),
            (true, false) => Some(Declared::Left),
            (false, true) => Some(Declared::Right),
            (false, false) => None,
        }
    }

    /// The key that somebody gave when both tables were frozen.
    pub fn shared_key(&self, left: &[String], right: &[String]) -> Option<Key> {
        self.same_columns(left, right).map(|pairs| Key { pairs, chosen: KeyChoice::Given })
    }

    /// The pairs of these left columns, if their partners are exactly these right ones.
    fn same_columns(&self, left: &[String], right: &[String]) -> Option<Vec<usize>> {
        if left.len() != right.len() {
            return None;
        }
        let pairs = self.partnered(0, left)?;
        pairs.iter().all(|at| right.contains(&self.pairs[*at].right.name)).then_some(pairs)
    }
}

/// The primary key of a table, then its unique indexes.
fn declared(table: &TableInfo) -> impl Iterator<Item = &Vec<String>> + Clone {
    std::iter::once(&table.primary_key).chain(&table.unique).filter(|columns| !columns.is_empty())
}

fn same_set(one: &[usize], other: &[usize]) -> bool {
    let set = |pairs: &[usize]| pairs.iter().copied().collect::<HashSet<usize>>();
    set(one) == set(other)
}

#[cfg(test)]
mod tests {
    use super::super::alignment::AlignOptions;
    use super::super::column::{Column, PortableType};
    use super::*;

    fn table(names: &[&str], primary: &[&str], unique: &[&[&str]]) -> TableInfo {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        TableInfo {
            columns: names.iter().map(|name| Column::new(*name, PortableType::Text, "text")).collect(),
            primary_key: own(primary),
            unique: unique.iter().map(|names| own(names)).collect(),
            ..TableInfo::default()
        }
    }

    fn aligned(left: &TableInfo, right: &TableInfo) -> Alignment {
        Alignment::new(left, right, &AlignOptions::default()).unwrap()
    }

    /// The claims, as pairs of columns and who chose them, and which table declares the first.
    fn claims(left: &TableInfo, right: &TableInfo) -> (Vec<(Vec<usize>, KeyChoice)>, Option<Declared>) {
        let alignment = aligned(left, right);
        let keys = alignment.declared_keys(left, right, &[]).unwrap();
        let declared = keys.first().and_then(|key| alignment.declared_by(left, right, &key.pairs));
        (keys.into_iter().map(|key| (key.pairs, key.chosen)).collect(), declared)
    }

    #[test]
    fn a_key_that_both_declare_is_found_under_its_two_names() {
        let left = table(&["Id", "a"], &["Id"], &[]);
        let unique = table(&["id", "a"], &[], &[&["id"]]);
        assert_eq!(claims(&left, &unique), (vec![(vec![0], KeyChoice::UniqueIndex)], Some(Declared::Both)));
        let primary = table(&["id", "a"], &["id"], &[]);
        assert_eq!(claims(&left, &primary), (vec![(vec![0], KeyChoice::PrimaryKey)], Some(Declared::Both)));
    }

    #[test]
    fn what_one_table_declares_serves_both() {
        let bare = table(&["id", "code", "a"], &[], &[]);
        let primary = table(&["id", "code", "a"], &["id"], &[&["code"]]);
        let by_id = vec![(vec![0], KeyChoice::PrimaryKey)];
        assert_eq!(claims(&primary, &bare), (by_id.clone(), Some(Declared::Left)));
        assert_eq!(claims(&bare, &primary), (by_id, Some(Declared::Right)));
        let unique = table(&["id", "code", "a"], &[], &[&["code", "a"]]);
        assert_eq!(claims(&bare, &unique), (vec![(vec![1, 2], KeyChoice::UniqueIndex)], Some(Declared::Right)));
        assert_eq!(claims(&bare, &bare), (vec![], None));
    }

    #[test]
    fn a_key_whose_columns_lack_a_partner_is_none() {
        let left = table(&["id", "part", "code"], &["id", "part"], &[&["code"]]);
        let right = table(&["id", "code"], &[], &[]);
        assert_eq!(claims(&left, &right), (vec![(vec![1], KeyChoice::UniqueIndex)], Some(Declared::Left)));
    }

    #[test]
    fn what_both_declare_goes_before_the_primary_key_of_one() {
        let left = table(&["id", "code"], &["id"], &[&["code"]]);
        let right = table(&["id", "code"], &[], &[&["code"]]);
        assert_eq!(claims(&left, &right), (vec![(vec![1], KeyChoice::UniqueIndex)], Some(Declared::Both)));
    }

    #[test]
    fn two_with_the_same_claim_are_to_be_counted() {
        let (left, right) = (table(&["id", "code"], &["id"], &[]), table(&["id", "code"], &["code"], &[]));
        let (keys, _) = claims(&left, &right);
        assert_eq!(keys, [(vec![0], KeyChoice::PrimaryKey), (vec![1], KeyChoice::PrimaryKey)]);
        assert_eq!(aligned(&left, &right).declared_key(&left, &right, &[]).unwrap(), None);
        // The same index on both sides in another order is one.
        let left = table(&["a", "b", "c"], &[], &[&["a", "b"], &["c"]]);
        let right = table(&["a", "b", "c"], &[], &[&["b", "a"]]);
        assert_eq!(claims(&left, &right), (vec![(vec![0, 1], KeyChoice::UniqueIndex)], Some(Declared::Both)));
    }

    #[test]
    fn a_given_key_is_declared_where_it_is() {
        let (left, right) = (table(&["id", "a"], &["id"], &[]), table(&["id", "a"], &[], &[]));
        let alignment = aligned(&left, &right);
        let given = [("id".to_owned(), "id".to_owned())];
        let key = alignment.declared_key(&left, &right, &given).unwrap().unwrap();
        assert_eq!(
            (key.chosen, alignment.declared_by(&left, &right, &key.pairs)),
            (KeyChoice::Given, Some(Declared::Left))
        );
        assert_eq!(alignment.declared_by(&left, &right, &[0, 1]), None);
    }

    #[test]
    fn whole_rows_are_compared_as_a_whole() {
        let (left, right) = (table(&["a", "b", "c"], &[], &[]), table(&["a", "b", "c"], &[], &[]));
        let options = AlignOptions { ignore: vec!["b".into()], ..AlignOptions::default() };
        let alignment = Alignment::new(&left, &right, &options).unwrap();
        let key = Key::whole_row(&alignment);
        assert_eq!((&key.pairs, alignment.compared(&key)), (&vec![0, 2], vec![0, 2]));
        assert_eq!(alignment.compared(&Key { chosen: KeyChoice::Given, ..key }), Vec::<usize>::new());
    }
}
