//! What an index was made of. Two indexes can be joined when their recipes say the same of each
//! column; a snapshot's stored index can be used when its recipe is the one that is needed.

use crate::table::{Alignment, Column, Encoder, Family, Key, PortableType, Rules};
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

/// One side's columns of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The key's columns, in key order.
    pub key: Vec<RecipeColumn>,
    /// The compared columns, by the left name in order.
    pub compared: Vec<RecipeColumn>,
    /// Positions in `compared` whose comparison is softened: each has a column of its own in the
    /// index, a hash of the unsoftened value, so that what was made equal can be counted.
    pub softened: Vec<usize>,
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
                compared: compared.iter().map(column).collect(),
                softened: (0..compared.len())
                    .filter(|i| {
                        let pair = &alignment.pairs[compared[*i]];
                        // Within a tolerance equality is no hash: those rows are looked at one by one.
                        !pair.softened_by.is_empty() && pair.rules.tolerance.is_none()
                    })
                    .collect(),
            }
        };
        [side(|pair| &pair.left), side(|pair| &pair.right)]
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
        Self { key: key.iter().filter_map(find).collect(), compared, softened: Vec::new() }
    }
}
