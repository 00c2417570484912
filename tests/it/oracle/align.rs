//! Which column is which, and how each pair is compared: by the words of the command line.

use super::canon::{Comparison, meaning};
use super::case::{Case, Column};

/// A pair of columns, by their positions.
#[derive(Clone, Debug)]
pub struct Pair {
    pub left: usize,
    pub right: usize,
    pub compared: bool,
    pub comparison: Comparison,
}

/// The pairs, in the order of the left table.
pub struct Aligned {
    pub pairs: Vec<Pair>,
    /// Columns without a partner that the job does not leave out.
    pub alone: [Vec<String>; 2],
}

/// Without case and underscores.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('_', "")
}

pub fn align(case: &Case) -> Aligned {
    let [left, right] = [0, 1].map(|side| &case.sides[side].columns);
    let at = |columns: &[Column], name: &str| columns.iter().position(|column| column.name == name);
    let mut partner: Vec<Option<usize>> = vec![None; left.len()];
    for (l, r) in case.options.map.iter().chain(&case.options.key) {
        let left_at = at(left, l).unwrap();
        let right_at = at(right, r).or_else(|| {
            // `--key id` is the column of that name, however it is spelled there.
            right.iter().position(|column| folded(&column.name) == folded(r))
        });
        partner[left_at] = partner[left_at].or(Some(right_at.unwrap()));
    }
    for form in [str::to_owned as fn(&str) -> String, folded] {
        let taken = partner.clone();
        for (l, column) in left.iter().enumerate().filter(|(l, _)| taken[*l].is_none()) {
            let name = form(&column.name);
            let free = |r: &usize| !taken.contains(&Some(*r)) && form(&right[*r].name) == name;
            let there: Vec<usize> = (0..right.len()).filter(free).collect();
            let here = (0..left.len()).filter(|l| taken[*l].is_none() && form(&left[*l].name) == name).count();
            if let ([only], 1) = (there.as_slice(), here) {
                partner[l] = Some(*only);
            }
        }
    }

    let options = &case.options;
    let wanted = |names: [&str; 2]| {
        let among = |list: &[String]| list.iter().any(|name| names.contains(&name.as_str()));
        (options.columns.is_empty() || among(&options.columns)) && !among(&options.ignore)
    };
    let mut out = Aligned { pairs: Vec::new(), alone: [Vec::new(), Vec::new()] };
    for (l, r) in partner.iter().enumerate() {
        let Some(r) = *r else {
            out.alone[0].extend(Some(&left[l].name).filter(|name| wanted([name, name])).cloned());
            continue;
        };
        let names = [left[l].name.as_str(), right[r].name.as_str()];
        let (meaning, whole) = meaning(left[l].kind, left[l].form, right[r].form);
        let rules = options.rules.iter().filter(|(name, _)| names.contains(&name.as_str()));
        out.pairs.push(Pair {
            left: l,
            right: r,
            compared: wanted(names),
            comparison: Comparison {
                meaning: if options.exact { whole } else { meaning },
                whole,
                rules: rules.flat_map(|(_, rules)| rules.clone()).collect(),
            },
        });
    }
    let alone = (0..right.len()).filter(|r| !partner.contains(&Some(*r)));
    out.alone[1] = alone.map(|r| &right[r].name).filter(|name| wanted([name, name])).cloned().collect();
    out
}
