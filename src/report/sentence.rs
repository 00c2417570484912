//! The first sentence of any result: what was compared, and what came of it. Somebody signs it, so that
//! it says all that keeps two tables from being the same.

use super::style::Style;
use super::values::visible;
use crate::audit::{Softening, Summary, Verdict, thousands};
use crate::table::Softener;

/// Columns that are named of each kind.
const NAMES: usize = 4;

/// A comparison in a sentence or two.
pub(super) fn sentence(summary: &Summary) -> String {
    if summary.partial {
        return partial(summary);
    }
    let mut clauses = match summary.verdict {
        Verdict::Differ => differences(summary),
        Verdict::Nothing if summary.unseen != [0, 0] => {
            vec!["Nothing was compared: no key is visible on both sides".to_owned()]
        }
        Verdict::Nothing => vec!["Nothing was compared: the conditions choose no row on either side".to_owned()],
        Verdict::Agree | Verdict::Columns => vec![agreement(summary)],
    };
    clauses.extend(unseen(summary));
    clauses.extend(alone(summary));
    clauses.extend(left_out(summary));
    clauses.extend(unasked(summary));
    let doubt = summary.doubt.as_ref().map(|doubt| format!("{} ", visible(doubt)));
    format!("{}{}.", doubt.unwrap_or_default(), clauses.join("; "))
}

/// The same, painted: green for nothing but agreement.
pub(super) fn painted(summary: &Summary, before: &str, style: Style) -> String {
    let text = style.wrap("", &format!("{before}{}", sentence(summary)));
    match summary.verdict {
        Verdict::Agree => style.paint(&text, "1;32"),
        Verdict::Columns | Verdict::Nothing => style.paint(&text, "33"),
        Verdict::Differ => text,
    }
}

/// Of rows that histories tell of: how many there are of others, nobody has counted.
fn partial(summary: &Summary) -> String {
    let mut clauses = match summary.verdict {
        Verdict::Differ => differences(summary),
        Verdict::Nothing | Verdict::Agree => vec!["The tables agree, by what their histories tell of".to_owned()],
        Verdict::Columns => vec![format!("The rows are equal in {}", columns(summary))],
    };
    clauses.extend(unseen(summary));
    clauses.extend(alone(summary));
    clauses.extend(left_out(summary));
    clauses.extend(unasked(summary));
    format!("{}.", clauses.join("; "))
}

fn agreement(summary: &Summary) -> String {
    let agree = summary.verdict == Verdict::Agree;
    if summary.rows == [0, 0] {
        return if agree { "The tables agree: both are empty" } else { "Both tables are empty" }.to_owned();
    }
    let nulls = summary.null_keys[0];
    let without = format!("{} whose key is NULL", count(nulls, "row", "rows"));
    let equal = match (summary.in_both, nulls) {
        (0, 1) => format!("the {without} is equal in {}", columns(summary)),
        (0, _) => format!("the {without} are equal in {}", columns(summary)),
        (keys, nulls) => {
            let equal = format!("{} {} equal in {}", noun(summary, keys), are(keys), columns(summary));
            match nulls {
                0 => equal,
                1 => format!("{equal}, and so is the {without}"),
                _ => format!("{equal}, and so are the {without}"),
            }
        }
    };
    if agree { format!("The tables agree: {equal}") } else { capital(&equal) }
}

fn differences(summary: &Summary) -> Vec<String> {
    let mut out = Vec::new();
    match summary.in_both {
        0 => out.push(format!("No {} is on both sides", if summary.whole_rows { "row" } else { "key" })),
        keys => {
            let mut parts = vec![format!("{} equal in {}", thousands(summary.equal), columns(summary))];
            if !summary.whole_rows {
                parts.push(format!("{} changed", thousands(summary.changed)));
            }
            if summary.ambiguous > 0 {
                let why = if summary.whole_rows { "other numbers of copies" } else { "not unique, and different" };
                parts.push(format!("{} ambiguous ({why})", thousands(summary.ambiguous)));
            }
            out.push(format!("{} {} on both sides: {}", noun(summary, keys), are(keys), parts.join(", ")));
        }
    }
    let [left, right] = summary.only;
    let only = |keys: u64| format!("{} {} only on the", noun(summary, keys), are(keys));
    match (left, right) {
        (0, 0) => {}
        (left, 0) => out.push(format!("{} left", only(left))),
        (0, right) => out.push(format!("{} right", only(right))),
        (left, right) => out.push(format!("{} left, {} only on the right", only(left), thousands(right))),
    }
    if !summary.null_keys_equal {
        let rows = |rows: u64| count(rows, "row", "rows");
        out.push(match summary.null_keys {
            [left, 0] => {
                format!("{} on the left {} NULL in the key and {} nothing", rows(left), has(left), matches(left))
            }
            [0, right] => {
                format!("{} on the right {} NULL in the key and {} nothing", rows(right), has(right), matches(right))
            }
            [left, right] => format!(
                "{} on the left and {} on the right have NULL in the key, and are not the same",
                rows(left),
                thousands(right)
            ),
        });
    }
    out
}

/// Keys that may be among the rows that policies hide.
fn unseen(summary: &Summary) -> Vec<String> {
    let sides = ["left", "right"];
    let clause = |side: usize| {
        let keys = summary.unseen[side];
        let other = sides[1 - side];
        format!("{} of the {other} {} not visible on the {}", noun(summary, keys), are(keys), sides[side])
    };
    (0..2).filter(|side| summary.unseen[*side] > 0).map(clause).collect()
}

/// Columns without a partner.
fn alone(summary: &Summary) -> Vec<String> {
    let side = |at: usize, which: &str| {
        let names = &summary.unpaired[at];
        (!names.is_empty()).then(|| format!("{} {} only on the {which}", list(names), are(names.len() as u64)))
    };
    [side(0, "left"), side(1, "right")].into_iter().flatten().collect()
}

/// Columns that the job leaves out.
fn left_out(summary: &Summary) -> Option<String> {
    let names = &summary.left_out;
    let were = if names.len() == 1 { "was" } else { "were" };
    (!names.is_empty()).then(|| format!("{} {were} left out by the job", list(names)))
}

/// What is equal only by a softening that nobody asked for.
fn unasked(summary: &Summary) -> Vec<String> {
    let rows = summary.equal + summary.changed;
    let unasked = summary.softened.iter().filter(|softening| !softening.softener.asked && softening.rows > 0);
    unasked.map(|softening| only_by(softening, rows)).collect()
}

/// Which values are equal only because one side holds less.
fn only_by(softening: &Softening, of: u64) -> String {
    let Softening { left, right, softener, rows } = softening;
    let column = if left == right { quoted(left) } else { format!("{} = {}", quoted(left), quoted(right)) };
    let values = match (*rows, of) {
        (rows, of) if rows < of => format!("{} of {} values of {column} {}", thousands(rows), thousands(of), are(rows)),
        (1, _) => format!("the 1 value of {column} is"),
        (rows, _) => format!("all {} values of {column} are", thousands(rows)),
    };
    let holds = match softener.coarser {
        Some(0) => ", all that the left side holds",
        Some(_) => ", all that the right side holds",
        None => "",
    };
    format!("{values} equal only {}{holds}", how(softener))
}

/// What a softener leaves of a value: "in whole seconds", or "by trim".
pub(super) fn how(softener: &Softener) -> String {
    if softener.asked {
        return format!("by {}", softener.by);
    }
    match softener.rule.as_str() {
        "precision:s" => "in whole seconds".to_owned(),
        "precision:ms" => "in milliseconds".to_owned(),
        "float" => "as floats".to_owned(),
        "float32" => "as 32-bit floats".to_owned(),
        other => match other.strip_prefix("precision:") {
            Some(digits) => format!("to {digits} digits of a second"),
            None => format!("by {other}"),
        },
    }
}

/// "all 4 columns", or "3 of 4 columns".
fn columns(summary: &Summary) -> String {
    match (summary.columns, summary.all_columns()) {
        (1, 1) => "the only column".to_owned(),
        (2, 2) => "both columns".to_owned(),
        (compared, all) if compared == all => format!("all {} columns", thousands(all)),
        (compared, all) => format!("{} of {} columns", thousands(compared), thousands(all)),
    }
}

fn noun(summary: &Summary, keys: u64) -> String {
    if summary.whole_rows { count(keys, "distinct row", "distinct rows") } else { count(keys, "key", "keys") }
}

/// A number and what it is of.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

fn are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn has(rows: u64) -> &'static str {
    if rows == 1 { "has" } else { "have" }
}

fn matches(rows: u64) -> &'static str {
    if rows == 1 { "matches" } else { "match" }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

fn quoted(name: &str) -> String {
    format!("`{}`", visible(name))
}

/// Names as a person lists them.
fn list(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMES).map(|name| quoted(name)).collect();
    if let more @ 1.. = names.len() - shown.len() {
        shown.push(format!("{} more", thousands(more as u64)));
    }
    match shown.as_slice() {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        all => all.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(verdict: Verdict) -> Summary {
        Summary { verdict, rows: [2, 2], in_both: 2, equal: 2, columns: 3, null_keys_equal: true, ..Summary::default() }
    }

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn agreement_says_what_was_compared() {
        let agree = summary(Verdict::Agree);
        assert_eq!(sentence(&agree), "The tables agree: 2 keys are equal in all 3 columns.");
        let one = Summary { in_both: 1, equal: 1, columns: 1, null_keys: [1, 1], ..agree.clone() };
        assert_eq!(
            sentence(&one),
            "The tables agree: 1 key is equal in the only column, and so is the 1 row whose key is NULL."
        );
        let nulls = Summary { in_both: 0, equal: 0, columns: 2, null_keys: [3, 3], ..agree.clone() };
        assert_eq!(sentence(&nulls), "The tables agree: the 3 rows whose key is NULL are equal in both columns.");
        let hidden = Summary { unseen: [5, 0], ..agree.clone() };
        assert!(
            sentence(&hidden).contains("; 5 keys of the right are not visible on the left"),
            "{}",
            sentence(&hidden)
        );
        let left_out = Summary { left_out: names(&["a", "b"]), ..agree.clone() };
        assert_eq!(
            sentence(&left_out),
            "The tables agree: 2 keys are equal in 3 of 5 columns; `a` and `b` were left out by the job."
        );
        let empty = Summary { rows: [0, 0], in_both: 0, equal: 0, ..agree };
        assert_eq!(sentence(&empty), "The tables agree: both are empty.");
    }

    #[test]
    fn a_column_without_a_partner_is_named() {
        let lost = Summary { unpaired: [names(&["salary"]), vec![]], ..summary(Verdict::Columns) };
        assert_eq!(sentence(&lost), "2 keys are equal in 3 of 4 columns; `salary` is only on the left.");
        let many = Summary { unpaired: [vec![], names(&["a", "b", "c", "d", "e", "f"])], ..lost.clone() };
        assert_eq!(
            sentence(&many),
            "2 keys are equal in 3 of 9 columns; `a`, `b`, `c`, `d` and 2 more are only on the right."
        );
        let empty = Summary { rows: [0, 0], in_both: 0, equal: 0, ..lost };
        assert_eq!(sentence(&empty), "Both tables are empty; `salary` is only on the left.");
        assert_eq!(
            sentence(&Summary { rows: [0, 0], in_both: 0, equal: 0, ..summary(Verdict::Nothing) }),
            "Nothing was compared: the conditions choose no row on either side."
        );
    }

    #[test]
    fn differences_are_all_counted() {
        let some = Summary {
            in_both: 1884,
            equal: 1825,
            changed: 56,
            ambiguous: 3,
            only: [15, 4],
            columns: 10,
            ..summary(Verdict::Differ)
        };
        assert_eq!(
            sentence(&some),
            "1,884 keys are on both sides: 1,825 equal in all 10 columns, 56 changed, 3 ambiguous (not unique, and \
             different); 15 keys are only on the left, 4 only on the right."
        );
        let nulls = Summary {
            in_both: 0,
            equal: 0,
            only: [1, 0],
            null_keys: [1, 0],
            null_keys_equal: false,
            ..summary(Verdict::Differ)
        };
        assert_eq!(
            sentence(&nulls),
            "No key is on both sides; 1 key is only on the left; 1 row on the left has NULL in the key and matches \
             nothing."
        );
        let both = Summary { null_keys: [2, 3], null_keys_equal: false, ..summary(Verdict::Differ) };
        assert_eq!(
            sentence(&both),
            "2 keys are on both sides: 2 equal in all 3 columns, 0 changed; 2 rows on the left and 3 on the right have \
             NULL in the key, and are not the same."
        );
    }

    #[test]
    fn what_nobody_asked_for_is_said() {
        let softening = |rule: &str, rows, asked, coarser| Softening {
            left: "at".to_owned(),
            right: "at".to_owned(),
            softener: Softener { by: String::new(), rule: rule.to_owned(), asked, coarser },
            rows,
        };
        let softened = vec![
            softening("precision:s", 999, false, Some(1)),
            softening("trim", 5, true, None),
            softening("float", 0, false, Some(0)),
            softening("float32", 1000, false, Some(0)),
        ];
        let agree = Summary { in_both: 1000, equal: 1000, softened, ..summary(Verdict::Agree) };
        assert_eq!(
            sentence(&agree),
            "The tables agree: 1,000 keys are equal in all 3 columns; 999 of 1,000 values of `at` are equal only in \
             whole seconds, all that the right side holds; all 1,000 values of `at` are equal only as 32-bit floats, all \
             that the left side holds."
        );
    }

    #[test]
    fn only_agreement_is_green() {
        let style = Style { width: 80, color: true };
        for (verdict, green) in
            [(Verdict::Agree, true), (Verdict::Columns, false), (Verdict::Nothing, false), (Verdict::Differ, false)]
        {
            assert_eq!(painted(&summary(verdict), "", style).contains("32m"), green, "{verdict:?}");
        }
    }
}
