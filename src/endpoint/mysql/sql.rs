//! The text of statements: quoting, the filter, and key ranges.

/// A name as an identifier.
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A table as `schema`.`table`.
pub fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quote(schema), quote(table))
}

/// Whole numbers from `from` to before `to`; open where there is no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first number in it.
    pub from: Option<i128>,
    /// The first number behind it.
    pub to: Option<i128>,
}

/// Splits the numbers around `min..=max` into `parts` ranges of even width (fewer if there are
/// fewer numbers). The first and the last range are open, so together they hold every number.
pub fn split(min: i128, max: i128, parts: usize) -> Vec<Range> {
    let width = max.saturating_sub(min).saturating_add(1).max(1);
    let parts = i128::try_from(parts).unwrap_or(1).clamp(1, width);
    let bound = |part: i128| (part > 0 && part < parts).then(|| min + width / parts * part + (width % parts).min(part));
    (0..parts).map(|part| Range { from: bound(part), to: bound(part + 1) }).collect()
}

impl Range {
    /// The condition that a column lies in this range; `None` if all do.
    fn condition(self, column: &str) -> Option<String> {
        let column = quote(column);
        let bounds = [self.from.map(|n| format!("{column} >= {n}")), self.to.map(|n| format!("{column} < {n}"))];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        (!bounds.is_empty()).then(|| bounds.join(" AND "))
    }
}

/// `SELECT … FROM … WHERE …` with the person's filter, if any, and a range of a key column, if any.
/// The filter ends on a line of its own, so that a comment at its end hides nothing.
pub fn select(what: &str, table: &str, filter: Option<&str>, range: Option<(&str, Range)>) -> String {
    let filter = filter.map(|filter| format!("({filter}\n)"));
    let range = range.and_then(|(column, range)| range.condition(column));
    let conditions: Vec<String> = range.into_iter().chain(filter).collect();
    let where_ = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    format!("SELECT {what} FROM {table}{where_}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quote("order"), "`order`");
        assert_eq!(quote("a`b 100%"), "`a``b 100%`");
        assert_eq!(qualified("d`b", "T"), "`d``b`.`T`");
    }

    #[test]
    fn the_filter_is_enclosed() {
        let range = Range { from: Some(-5), to: Some(10) };
        assert_eq!(select("`a`", "`t`", None, None), "SELECT `a` FROM `t`");
        assert_eq!(
            select("1", "`t`", Some("a = 1 OR b = 2 -- x"), Some(("i`d", range))),
            "SELECT 1 FROM `t` WHERE `i``d` >= -5 AND `i``d` < 10 AND (a = 1 OR b = 2 -- x\n)"
        );
        let all = Range { from: None, to: None };
        assert_eq!(select("1", "`t`", None, Some(("id", all))), "SELECT 1 FROM `t`");
    }

    #[test]
    fn ranges_touch_and_are_open_at_the_ends() {
        for (min, max, parts) in
            [(0, 99, 4), (1, 10, 3), (-7, 3, 5), (0, i128::from(u64::MAX), 8), (i128::from(i64::MIN), 0, 7)]
        {
            let ranges = split(min, max, parts);
            assert_eq!(ranges.len(), parts);
            assert_eq!((ranges[0].from, ranges[parts - 1].to), (None, None));
            let mut from = min;
            for pair in ranges.windows(2) {
                assert_eq!(pair[0].to, pair[1].from);
                let to = pair[0].to.unwrap();
                let even = (max - min + 1) / parts as i128;
                assert!((even..=even + 1).contains(&(to - from)), "{min} {max} {parts}: {from} to {to}");
                from = to;
            }
            assert!(from <= max);
        }
    }

    #[test]
    fn no_more_ranges_than_numbers() {
        assert_eq!(split(5, 5, 4), [Range { from: None, to: None }]);
        assert_eq!(split(5, 6, 4), [Range { from: None, to: Some(6) }, Range { from: Some(6), to: None }]);
        assert_eq!(split(0, -1, 4), [Range { from: None, to: None }]);
    }
}
