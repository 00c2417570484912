//! Which key an audit must choose: the order is that of the command line's contract.

use super::align::{Aligned, align};
use super::canon::canonical;
use super::case::Case;
use std::collections::BTreeSet;

/// A key that may be chosen: left names, sorted; how; and who declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub columns: Vec<String>,
    pub chosen: &'static str,
    pub declared: Option<&'static str>,
}

/// All that may be chosen. More than one where two are as good as each other.
pub enum Choices {
    These(Vec<Choice>),
    /// Nobody declares one: whatever is unique and never NULL on both sides, else the whole row.
    Free,
}

struct Keys<'a> {
    case: &'a Case,
    aligned: Aligned,
}

pub fn choices(case: &Case) -> Choices {
    Keys { case, aligned: align(case) }.choices()
}

/// Whether no row has a NULL in this key, given by left names, and no two rows the same, on both
/// sides.
pub fn identifies(case: &Case, columns: &[String]) -> bool {
    let keys = Keys { case, aligned: align(case) };
    let key = keys.by_left_names(columns);
    [0, 1].into_iter().all(|side| keys.values(side, &key).len() == case.chosen_rows(side).len())
}

/// Single columns that identify the rows of both sides, by their left names.
pub fn identifying_columns(case: &Case) -> Vec<String> {
    let aligned = align(case);
    // What the job leaves out is no key that anybody looks for.
    let compared = aligned.pairs.iter().filter(|pair| pair.compared).filter(|pair| {
        let forms = [(0, pair.left), (1, pair.right)].map(|(side, at)| case.sides[side].columns[at].form);
        !forms.contains(&super::form::Form::Float)
    });
    let names = compared.map(|pair| &case.sides[0].columns[pair.left]);
    let able: Vec<String> = names.filter(|column| column.kind.can_be_key()).map(|column| column.name.clone()).collect();
    able.into_iter().filter(|name| identifies(case, std::slice::from_ref(name))).collect()
}

/// The compared columns, by their left names, sorted.
pub fn whole_row(case: &Case) -> Vec<String> {
    let compared = align(case).pairs.into_iter().filter(|pair| pair.compared);
    let mut names: Vec<String> = compared.map(|pair| case.sides[0].columns[pair.left].name.clone()).collect();
    names.sort();
    names
}

impl Keys<'_> {
    /// Positions of pairs, sorted.
    fn by_left_names(&self, names: &[String]) -> Vec<usize> {
        let columns = &self.case.sides[0].columns;
        let at = |name: &String| self.aligned.pairs.iter().position(|pair| columns[pair.left].name == *name).unwrap();
        let mut found: Vec<usize> = names.iter().map(at).collect();
        found.sort_unstable();
        found
    }

    /// The pairs of a key that one side declares, sorted; `None` if one of its columns is alone.
    fn pairs(&self, side: usize, key: &[usize]) -> Option<Vec<usize>> {
        let of = |pair: &super::align::Pair| if side == 0 { pair.left } else { pair.right };
        let at = |column: &usize| self.aligned.pairs.iter().position(|pair| of(pair) == *column);
        let mut found: Vec<usize> = key.iter().map(at).collect::<Option<_>>()?;
        found.sort_unstable();
        (!found.is_empty()).then_some(found)
    }

    fn choice(&self, pairs: &[usize], chosen: &'static str, declared: Option<&'static str>) -> Choice {
        let name = |at: &usize| self.case.sides[0].columns[self.aligned.pairs[*at].left].name.clone();
        let mut columns: Vec<String> = pairs.iter().map(name).collect();
        columns.sort();
        Choice { columns, chosen, declared }
    }

    fn choices(&self) -> Choices {
        let given = &self.case.options.key;
        if !given.is_empty() {
            let names: Vec<String> = given.iter().map(|(left, _)| left.clone()).collect();
            return Choices::These(vec![self.choice(&self.by_left_names(&names), "given", None)]);
        }
        let sides = &self.case.sides;
        let primary = [0, 1].map(|side| self.pairs(side, &sides[side].primary_key));
        let unique =
            [0, 1].map(|side| sides[side].unique.iter().filter_map(|key| self.pairs(side, key)).collect::<Vec<_>>());
        let [left, right] = &primary;
        if let (Some(left), Some(right)) = (left, right)
            && left == right
        {
            return Choices::These(vec![self.choice(left, "primary key", Some("both"))]);
        }
        let declared = [0, 1].map(|side| primary[side].iter().chain(&unique[side]).cloned().collect::<Vec<_>>());
        let both: Vec<Choice> = declared[0]
            .iter()
            .filter(|key| declared[1].contains(key))
            .map(|key| self.choice(key, "unique index", Some("both")))
            .collect();
        if !both.is_empty() {
            return Choices::These(both);
        }
        let one = |left: Vec<Vec<usize>>, right: Vec<Vec<usize>>, chosen: &'static str| {
            let sides = left.into_iter().map(|key| (key, "left")).chain(right.into_iter().map(|key| (key, "right")));
            let counted: Vec<_> = sides.map(|(key, side)| (self.in_common(&key), key, side)).collect();
            let most = counted.iter().map(|(common, ..)| *common).max()?;
            let best: Vec<_> = counted.into_iter().filter(|(common, ..)| *common == most).collect();
            let left_first = best.iter().any(|(.., side)| *side == "left");
            let best = best.into_iter().filter(|(.., side)| !left_first || *side == "left");
            Some(Choices::These(best.map(|(_, key, side)| self.choice(&key, chosen, Some(side))).collect()))
        };
        let [left, right] = primary;
        one(left.into_iter().collect(), right.into_iter().collect(), "primary key")
            .or_else(|| {
                let [left, right] = unique;
                one(left, right, "unique index")
            })
            .unwrap_or(Choices::Free)
    }

    /// The distinct values of a key without NULL on one side.
    fn values(&self, side: usize, key: &[usize]) -> BTreeSet<Vec<String>> {
        let rows = self.case.chosen_rows(side).into_iter();
        let tuples = rows.map(|row| {
            let cell = |at: &usize| {
                let pair = &self.aligned.pairs[*at];
                let at = if side == 0 { pair.left } else { pair.right };
                canonical(&row[at], pair.comparison.meaning, &pair.comparison.rules)
            };
            key.iter().map(cell).collect::<Vec<String>>()
        });
        tuples.filter(|tuple| !tuple.iter().any(|cell| cell == "null")).collect()
    }

    fn in_common(&self, key: &[usize]) -> usize {
        self.values(0, key).intersection(&self.values(1, key)).count()
    }
}
