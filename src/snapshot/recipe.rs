//! What an index was made of. Two indexes can be joined when their recipes say the same of each
//! column; a snapshot's stored index can be used when its recipe is the one that is needed.

use crate::table::{Alignment, Column, Encoder, Family, Key, Pair, PortableType, Rules};
use serde::{Deserialize, Serialize};

/// One column's part in a fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecipeColumn {
    /// The column's name on this side.
    pub name: String,
    /// The type its cells are encoded from.
    pub ty: PortableType,
    /// The family they are encoded in.
    pub family: Family,
    /// The rules in effect.
    pub rules: Rules,
    /// The zone that zone-less times are taken to be in, by its IANA name.
    pub zone: Option<String>,
}

impl RecipeColumn {
    /// The encoder for this column.
    pub fn encoder(&self) -> Encoder {
        let zone = self.zone.as_deref().and_then(|name| name.parse().ok());
        Encoder::new(self.ty.clone(), self.family, self.rules, zone)
    }
}

/// A softened column without what softens it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unsoftened {
    /// Its position in [`Recipe::compared`] and, behind those, in [`Recipe::key`].
    pub column: usize,
    /// The family that its cells are encoded in here, without any rules.
    pub family: Family,
    /// Whether only the job's rules are left away, not what one of two types lacks.
    pub unruled: bool,
}

/// One side's columns of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The key's columns, in key order.
    pub key: Vec<RecipeColumn>,
    /// Whether whole rows are the key, for want of one: the compared columns together, in which NULL
    /// is a value like any other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// The compared columns, by the left name in order.
    pub compared: Vec<RecipeColumn>,
    /// Softened columns: each has a column of its own in the index, a hash of the unsoftened value, so
    /// that what was made equal can be counted. If there are any, another one follows: of the whole row.
    pub softened: Vec<Unsoftened>,
}

impl Recipe {
    /// The recipes of both sides of an alignment.
    pub fn of(alignment: &Alignment, key: &Key) -> [Self; 2] {
        let compared = Self::order(alignment, key);
        let side = |of: fn(&crate::table::Pair) -> &Column| {
            let column = |at: &usize| {
                let pair = &alignment.pairs[*at];
                RecipeColumn {
                    name: of(pair).name.clone(),
                    ty: of(pair).ty.clone(),
                    family: pair.family,
                    rules: pair.rules,
                    zone: matches!(pair.family, Family::Instant(_)).then(|| alignment.zone.clone()).flatten(),
                }
            };
            Self {
                key: key.pairs.iter().map(column).collect(),
                whole: key.is_whole_row(),
                compared: compared.iter().map(column).collect(),
                // Of whole rows the key's columns are the compared ones.
                softened: (compared.iter().chain(if key.is_whole_row() { &[][..] } else { &key.pairs }).enumerate())
                    .flat_map(|(column, at)| unsoftened(column, &alignment.pairs[*at]))
                    .collect(),
            }
        };
        [side(|pair| &pair.left), side(|pair| &pair.right)]
    }

    /// How many hashes of unsoftened values each row has.
    pub fn hashes(&self) -> usize {
        if self.softened.is_empty() { 0 } else { self.softened.len() + 1 }
    }

    /// The encoder of a softened column without what softens it, and the column.
    pub fn strict(&self, softened: &Unsoftened) -> (&RecipeColumn, Encoder) {
        let at = softened.column;
        let column = self.compared.get(at).unwrap_or_else(|| &self.key[at - self.compared.len()]);
        let plain = RecipeColumn { family: softened.family, rules: Rules::default(), ..column.clone() };
        (column, plain.encoder())
    }

    /// The compared pairs in the order they have in a fingerprint: by left name, so that the same
    /// columns make the same fingerprint whatever their order in the table.
    pub fn order(alignment: &Alignment, key: &Key) -> Vec<usize> {
        let mut compared = alignment.compared(key);
        compared.sort_by(|a, b| alignment.pairs[*a].left.name.cmp(&alignment.pairs[*b].left.name));
        compared
    }

    /// The recipe of a table for itself, for a snapshot whose partner is not known yet.
    pub fn alone(columns: &[Column], key: &[String]) -> Self {
        let column = |column: &Column| RecipeColumn {
            name: column.name.clone(),
            ty: column.ty.clone(),
            family: crate::table::family(&column.ty, &column.ty),
            rules: Rules::default(),
            zone: None,
        };
        let mut compared: Vec<RecipeColumn> = columns.iter().filter(|c| !key.contains(&c.name)).map(column).collect();
        compared.sort_by(|a, b| a.name.cmp(&b.name));
        let find = |name: &String| columns.iter().find(|c| c.name == *name).map(column);
        Self { key: key.iter().filter_map(find).collect(), whole: false, compared, softened: Vec::new() }
    }
}

/// What a pair's values are told apart by where rules, and where types, make them equal.
fn unsoftened(column: usize, pair: &Pair) -> Vec<Unsoftened> {
    // Within a tolerance equality is no hash: those rows are looked at one by one.
    let hashed = Rules { tolerance: None, ..pair.rules } != Rules::default() || pair.family != pair.unruled;
    let softener = |asked: bool| pair.softened_by.iter().any(|softener| softener.asked == asked);
    let unruled = (softener(true) && hashed).then_some(Unsoftened { column, family: pair.unruled, unruled: true });
    let strict = softener(false).then(|| Unsoftened {
        column,
        family: pair.unruled.strict_of([&pair.left.ty, &pair.right.ty]),
        unruled: false,
    });
    unruled.into_iter().chain(strict).collect()
}
