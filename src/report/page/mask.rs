//! Masking: values of some columns are replaced before anything else sees them. No trace of a value is
//! left, not even a hash, since what was hashed could be guessed.

use super::model::Cell;
use crate::audit::{Audit, Kind, Reason, thousands};
use crate::plan::PlanFile;
use crate::table::{Alignment, nearest};
use std::collections::BTreeSet;

/// What stands for every masked value.
pub const MASKED: &str = "•••";

/// The columns whose values are not to be seen.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    /// The names on the left and on the right.
    names: [BTreeSet<String>; 2],
}

impl Mask {
    /// For columns by either side's name; a column's partner is masked with it. `columns` are all names
    /// of left and right.
    ///
    /// # Errors
    /// A name that no table has, and the nearest one there is.
    pub fn new(
        asked: &[String],
        alignment: &Alignment,
        columns: [&[String]; 2],
    ) -> Result<Self, (String, Option<String>)> {
        let mut out = Self::default();
        for name in asked {
            let mut known = false;
            for side in [0, 1] {
                if columns[side].contains(name) {
                    known = true;
                    out.names[side].insert(name.clone());
                }
            }
            if !known {
                return Err((name.clone(), nearest(name, &columns.concat())));
            }
        }
        for pair in &alignment.pairs {
            if out.names[0].contains(&pair.left.name) || out.names[1].contains(&pair.right.name) {
                out.names[0].insert(pair.left.name.clone());
                out.names[1].insert(pair.right.name.clone());
            }
        }
        Ok(out)
    }

    /// Whether a side's column is masked.
    pub fn hides(&self, side: usize, name: &str) -> bool {
        self.names[side].contains(name)
    }

    /// The masked columns, each once.
    pub fn columns(&self, alignment: &Alignment) -> Vec<String> {
        let pair = |name: &String| alignment.pairs.iter().find(|pair| pair.left.name == *name);
        let left = self.names[0].iter().map(|name| match pair(name) {
            Some(pair) => super::super::values::pair_name(name, &pair.right.name),
            None => name.clone(),
        });
        let alone = self.names[1].iter().filter(|name| {
            !self.names[0].contains(*name) && !alignment.pairs.iter().any(|pair| pair.right.name == **name)
        });
        left.chain(alone.cloned()).collect()
    }

    /// A cell of a side's column.
    pub fn cell(&self, side: usize, name: &str, cell: Cell) -> Cell {
        match cell {
            Cell::Nothing => Cell::Nothing,
            // Also that a value is NULL is not told.
            _ if self.hides(side, name) => Cell::Text(MASKED.to_owned()),
            cell => cell,
        }
    }

    /// The values of a key, of which `names` are the columns on this side.
    pub fn key(&self, side: usize, names: &[String], key: &mut [String]) {
        // A key that does not fit the names can't be told apart by them.
        let fits = names.len() == key.len();
        for (at, value) in key.iter_mut().enumerate() {
            if names.get(at).is_some_and(|name| self.hides(side, name)) || !fits && self.any() {
                *value = MASKED.to_owned();
            }
        }
    }

    fn any(&self) -> bool {
        self.names.iter().any(|names| !names.is_empty())
    }

    /// Whether a masked column is named in a text of any kind.
    fn named_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.names.iter().flatten().any(|name| text.contains(&name.to_lowercase()))
    }

    /// A condition, which may name values.
    pub fn filter(&self, filter: &mut Option<String>) {
        if let Some(text) = filter.as_mut().filter(|text| self.named_in(text)) {
            *text = format!("{MASKED} (it names a masked column)");
        }
    }

    /// Texts that may repeat such a condition.
    fn repeated<'a>(&self, filters: &[Option<String>; 2], texts: impl Iterator<Item = &'a mut String>) {
        for text in texts {
            for filter in filters.iter().flatten().filter(|filter| self.named_in(filter)) {
                *text = text.replace(filter.as_str(), MASKED);
            }
        }
    }

    /// What an audit says.
    pub fn audit(&self, audit: &mut Audit) {
        if !self.any() {
            return;
        }
        // Samples are not shown: the page has all rows.
        audit.samples = Default::default();
        let filters = [0, 1].map(|side: usize| audit.sides[side].filter.clone());
        self.repeated(&filters, audit.warnings.iter_mut());
        audit.sides.iter_mut().for_each(|side| self.filter(&mut side.filter));
        let key: Vec<String> = audit.key.columns.iter().map(|(left, _)| left.clone()).collect();
        let key_hidden = key.iter().any(|name| self.hides(0, name));
        for reason in &mut audit.reasons {
            self.reason(reason, &key, key_hidden);
        }
    }

    fn reason(&self, reason: &mut Reason, key: &[String], key_hidden: bool) {
        for example in &mut reason.examples {
            self.key(0, key, &mut example.key);
        }
        // Keys are what these are about, whatever columns they name beside.
        let about_keys = !matches!(reason.kind, Kind::Values | Kind::Cluster);
        let hidden = reason.columns.iter().any(|name| self.hides(0, name) || self.hides(1, name))
            || about_keys && key_hidden
            || self.named_in(&reason.rule);
        if !hidden {
            // Its examples show the key's values, or those of columns that are not named.
            if key_hidden || about_keys {
                reason.examples.clear();
            }
            return;
        }
        reason.examples.clear();
        // A condition, and what to paste because of it, name values.
        if reason.kind == Kind::Cluster {
            reason.rule = MASKED.to_owned();
        }
        if reason.fix.as_ref().is_some_and(|fix| reason.kind == Kind::Cluster || fix.contains(['\'', '"'])) {
            reason.fix = None;
        }
        let (rows, of) = (thousands(reason.rows), thousands(reason.of));
        let columns = reason.columns.join("`, `");
        let word = &reason.rule;
        reason.text = match reason.kind {
            Kind::Values => {
                format!("{rows} of {of} changed cells of `{columns}` differ by: {word} (values are masked).")
            }
            Kind::NearKey => {
                format!("{rows} of {of} keys have a match in another spelling: {word} (values are masked).")
            }
            Kind::BetterKey => format!("`{columns}` would match {rows} of {of} rows as a key (values are masked)."),
            Kind::Cluster => format!("{rows} of {of} rows are set apart by `{columns}` (its values are masked)."),
            Kind::Duplicates => format!("{rows} of {of} rows have a key that is not unique (values are masked)."),
        };
    }

    /// What a plan says beside its steps.
    pub fn plan(&self, plan: &mut PlanFile) {
        if !self.any() {
            return;
        }
        let names = [0, 1].map(|side| super::super::step::key_names(plan, side));
        let filters = [0, 1].map(|side: usize| plan.sides[side].filter.clone());
        self.repeated(&filters, plan.warnings.iter_mut());
        self.repeated(&filters, plan.left_out.iter_mut().flat_map(|left_out| [&mut left_out.what, &mut left_out.why]));
        plan.sides.iter_mut().for_each(|side| self.filter(&mut side.filter));
        for left_out in &mut plan.left_out {
            let side = usize::from(left_out.side == "right");
            for key in &mut left_out.samples {
                self.key(side, &names[side], key);
            }
            // The first row of such a group is told with its values.
            if let Some((before, _)) = left_out.why.split_once("; row ") {
                left_out.why = before.to_owned();
            }
        }
        if let Some(two_way) = &mut plan.two_way {
            two_way.decisions.clear();
            // It may tell of another run's condition.
            if two_way.note.as_ref().is_some_and(|note| self.named_in(note)) {
                two_way.note = Some(format!("{MASKED} (it names a masked column)"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Example, ReasonSide};

    fn mask(names: &[&str]) -> Mask {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let columns: Vec<String> = ["id", "email", "city"].map(str::to_owned).into();
        Mask::new(&names, &Alignment::default(), [&columns, &columns]).unwrap()
    }

    fn reason(kind: Kind, columns: &[&str], rule: &str) -> Reason {
        Reason {
            kind,
            side: ReasonSide::Both,
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rule: rule.to_owned(),
            rows: 5,
            of: 9,
            text: "5 of 9 have ann@x".to_owned(),
            examples: vec![Example {
                key: vec!["7".to_owned()],
                left: Some("ann@x".to_owned()),
                right: None,
                ..Example::default()
            }],
            fix: Some("--where \"email <> 'ann@x'\"".to_owned()),
        }
    }

    fn masked(names: &[&str], mut reason: Reason) -> Reason {
        let mask = mask(names);
        let key = ["id".to_owned()];
        let hidden = mask.hides(0, "id");
        mask.reason(&mut reason, &key, hidden);
        reason
    }

    #[test]
    fn reasons_do_not_name_masked_values() {
        for kind in [Kind::Values, Kind::Cluster] {
            let shown = masked(&["email"], reason(kind, &["email"], "case"));
            assert!(!shown.text.contains("ann@x") && shown.text.contains("5 of 9"), "{shown:?}");
            assert!(shown.examples.is_empty());
        }
        // A condition may speak of a column that is not listed.
        let shown = masked(&["email"], reason(Kind::Cluster, &["city"], "email = 'ann@x'"));
        assert!(!format!("{shown:?}").contains("ann@x"), "{shown:?}");
        // Reasons about keys show the key, whatever columns they list.
        for kind in [Kind::NearKey, Kind::BetterKey, Kind::Duplicates] {
            let shown = masked(&["id"], reason(kind, &["city"], "case"));
            assert!(!shown.text.contains("ann@x") && shown.examples.is_empty(), "{shown:?}");
        }
    }

    #[test]
    fn other_reasons_stay() {
        let shown = masked(&["email"], reason(Kind::Values, &["city"], "case"));
        assert_eq!(shown, reason(Kind::Values, &["city"], "case"));
        let shown = masked(&["id"], reason(Kind::Values, &["city"], "case"));
        assert_eq!((shown.text.as_str(), shown.examples.len()), ("5 of 9 have ann@x", 0));
    }

    #[test]
    fn an_unknown_column_is_told_with_the_nearest() {
        let columns = ["email".to_owned()];
        let wrong = Mask::new(&["emial".to_owned()], &Alignment::default(), [&columns, &[]]).unwrap_err();
        assert_eq!(wrong, ("emial".to_owned(), Some("email".to_owned())));
    }

    #[test]
    fn also_null_is_masked() {
        let mask = mask(&["email"]);
        assert_eq!(mask.cell(1, "email", Cell::Null), Cell::Text(MASKED.to_owned()));
        assert_eq!(mask.cell(1, "email", Cell::Nothing), Cell::Nothing);
        assert_eq!(mask.cell(1, "city", Cell::Null), Cell::Null);
        let mut filter = Some("EMAIL like 'a%'".to_owned());
        mask.filter(&mut filter);
        assert!(!filter.unwrap().contains("a%"));
    }
}
