//! A condition on one column: what it means for a cell, in SQL, and in words.

use super::measure::Measure;
use super::words;
use crate::table::Cells;
use arrow::array::Array;

/// What is asked of a cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Test {
    /// It is NULL.
    Null,
    /// Its number is between these, both included; `None` is without a bound.
    Within(Option<i128>, Option<i128>),
    /// It is this text.
    Equal(String),
    /// It begins with this text.
    Prefix(String),
    /// It is not NULL, and is not what this asks for: NULL or a single value.
    Not(Box<Test>),
}

/// What is asked of a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// The column's position among the side's columns.
    pub column: usize,
    /// How its values are put in order.
    pub measure: Measure,
    /// What is asked.
    pub test: Test,
}

impl Condition {
    /// How much a person has to take in: of two conditions that say the same, the lower is kept.
    pub fn complexity(&self) -> u8 {
        match &self.test {
            Test::Null => 0,
            Test::Equal(_) => 1,
            Test::Within(low, high) if low == high => 1,
            Test::Prefix(_) | Test::Not(_) => 2,
            Test::Within(..) => 3,
        }
    }

    /// The condition in SQL, on a column of this name.
    pub fn sql(&self, name: &str) -> String {
        let name = identifier(name);
        let literal = |key: i128| self.measure.literal(key);
        match &self.test {
            Test::Null => format!("{name} IS NULL"),
            Test::Equal(text) => format!("{name} = {}", quoted(text)),
            Test::Prefix(text) if text.contains(['%', '_', '\\']) => {
                let mut escaped = String::new();
                for c in text.chars() {
                    if matches!(c, '%' | '_' | '!') {
                        escaped.push('!');
                    }
                    escaped.push(c);
                }
                format!("{name} LIKE {} ESCAPE '!'", quoted(&(escaped + "%")))
            }
            Test::Prefix(text) => format!("{name} LIKE {}", quoted(&format!("{text}%"))),
            Test::Within(Some(low), Some(high)) if low == high => format!("{name} = {}", literal(*low)),
            Test::Not(test) => match &**test {
                Test::Equal(text) => format!("{name} <> {}", quoted(text)),
                Test::Within(Some(key), _) => format!("{name} <> {}", literal(*key)),
                _ => format!("{name} IS NOT NULL"),
            },
            Test::Within(low, high) => {
                let low = low.map(|low| format!("{name} >= {}", literal(low)));
                let high = high.map(|high| match exclusive(self.measure, high) {
                    Some(end) => format!("{name} < {}", literal(end)),
                    None => format!("{name} <= {}", literal(high)),
                });
                low.into_iter().chain(high).collect::<Vec<_>>().join(" AND ")
            }
        }
    }

    /// The condition in words, behind "rows have", on a column of this name.
    pub fn words(&self, name: &str) -> String {
        match &self.test {
            Test::Null => format!("NULL in `{name}`"),
            Test::Equal(text) => format!("`{name}` = {}", words::value(text)),
            Test::Prefix(text) => format!("`{name}` starting with {}", words::value(text)),
            Test::Within(low, high) => words::range(self.measure, name, *low, *high),
            Test::Not(test) => match &**test {
                Test::Equal(text) => format!("`{name}` other than {}", words::value(text)),
                Test::Within(Some(key), _) => format!("`{name}` other than {}", self.measure.print(*key)),
                _ => format!("a value in `{name}`"),
            },
        }
    }
}

/// Sets the bits of the conditions on one column that its cells meet, row by row. `foreign` says of a
/// row that its value is one that the type cannot hold; such a value meets no condition.
pub fn mark(conditions: &[(u32, &Condition)], cells: &Cells, foreign: &dyn Fn(usize) -> bool, marks: &mut [u128]) {
    let Some((_, first)) = conditions.first() else { return };
    // Bits, what is looked for, and whether the others are meant.
    let (mut ranges, mut texts) = (Vec::new(), Vec::new());
    for (bit, condition) in conditions {
        let (test, not) = match &condition.test {
            Test::Not(test) => (&**test, true),
            test => (test, false),
        };
        match test {
            Test::Null => {
                for (row, mark) in marks.iter_mut().enumerate() {
                    if cells.is_null(row) != not && !foreign(row) {
                        *mark |= 1 << bit;
                    }
                }
            }
            Test::Within(low, high) => ranges.push((*bit, low.unwrap_or(i128::MIN), high.unwrap_or(i128::MAX), not)),
            Test::Equal(text) => texts.push((*bit, text.as_str(), true, not)),
            Test::Prefix(text) => texts.push((*bit, text.as_str(), false, not)),
            Test::Not(_) => {}
        }
    }
    if !ranges.is_empty() {
        first.measure.keys(cells, &mut |row, key| {
            for (bit, low, high, not) in &ranges {
                if (*low..=*high).contains(&key) != *not {
                    marks[row] |= 1 << bit;
                }
            }
        });
    }
    if let (Cells::Text(array), false) = (cells, texts.is_empty()) {
        for (row, mark) in marks.iter_mut().enumerate().filter(|(row, _)| array.is_valid(*row)) {
            let value = array.value(row);
            for (bit, text, whole, not) in &texts {
                if (if *whole { value == *text } else { value.starts_with(text) }) != *not {
                    *mark |= 1 << bit;
                }
            }
        }
    }
}

/// The bound just above, where it is rounder than the last value below it: `< 2000`, not `<= 1999`.
pub fn exclusive(measure: Measure, high: i128) -> Option<i128> {
    let end = high.checked_add(1)?;
    (measure.roundness(end) > measure.roundness(high)).then_some(end)
}

/// A name, in double quotes where SQL needs them.
fn identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The words that PostgreSQL, MariaDB or SQLite do not take as a column's name, of those that
/// somebody may have given to one.
const RESERVED: [&str; 88] = [
    "all",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "change",
    "check",
    "collate",
    "column",
    "condition",
    "constraint",
    "convert",
    "create",
    "cross",
    "database",
    "default",
    "delete",
    "desc",
    "distinct",
    "div",
    "drop",
    "each",
    "else",
    "end",
    "exists",
    "explain",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "full",
    "grant",
    "group",
    "having",
    "if",
    "in",
    "index",
    "inner",
    "insert",
    "interval",
    "into",
    "is",
    "join",
    "key",
    "keys",
    "leading",
    "left",
    "like",
    "limit",
    "lock",
    "match",
    "mod",
    "natural",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "option",
    "or",
    "order",
    "outer",
    "primary",
    "range",
    "references",
    "right",
    "select",
    "set",
    "show",
    "table",
    "then",
    "to",
    "trigger",
    "true",
    "union",
    "unique",
    "update",
    "user",
    "using",
    "when",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn sql(measure: Measure, test: Test) -> String {
        Condition { column: 0, measure, test }.sql("c")
    }

    #[test]
    fn conditions_are_sql() {
        let (whole, text) = (Measure::Number(0), Measure::Text { prefixes: true });
        assert_eq!(sql(whole, Test::Within(Some(1000), Some(1999))), "c >= 1000 AND c < 2000");
        assert_eq!(sql(whole, Test::Within(Some(17), Some(23))), "c >= 17 AND c <= 23");
        assert_eq!(sql(whole, Test::Within(Some(7), Some(7))), "c = 7");
        assert_eq!(sql(whole, Test::Within(None, Some(-1))), "c < 0");
        assert_eq!(sql(Measure::Number(2), Test::Within(Some(1050), Some(1999))), "c >= 10.5 AND c < 20");
        assert_eq!(sql(text, Test::Equal("O'Hara".into())), "c = 'O''Hara'");
        assert_eq!(sql(text, Test::Prefix("DE-".into())), "c LIKE 'DE-%'");
        assert_eq!(sql(text, Test::Prefix("a_!".into())), "c LIKE 'a!_!!%' ESCAPE '!'");
        assert_eq!(sql(text, Test::Null), "c IS NULL");
        assert_eq!(sql(text, Test::Not(Box::new(Test::Null))), "c IS NOT NULL");
        assert_eq!(sql(text, Test::Not(Box::new(Test::Equal("DE".into())))), "c <> 'DE'");
        assert_eq!(sql(whole, Test::Not(Box::new(Test::Within(Some(7), Some(7))))), "c <> 7");
        assert_eq!(identifier("order"), "\"order\"");
        assert_eq!(identifier("Created At"), "\"Created At\"");
        assert_eq!(identifier("a\"b"), "\"a\"\"b\"");
        assert_eq!(identifier("created_at"), "created_at");
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn cells_meet_conditions() {
        let conditions = |tests: Vec<Test>, measure| -> Vec<Condition> {
            tests.into_iter().map(|test| Condition { column: 0, measure, test }).collect()
        };
        let not = |test: Test| Test::Not(Box::new(test));
        let met = |conditions: &[Condition], cells: &Cells, rows: usize| {
            let mut marks = vec![0; rows];
            // The value of the last row is one that the type cannot hold.
            let numbered: Vec<(u32, &Condition)> = (0..).zip(conditions).collect();
            mark(&numbered, cells, &|row| row + 1 == rows, &mut marks);
            marks
        };
        let texts = Cells::Text(vec![Some("DE-1"), Some("FR"), None, None].into());
        let equal = Test::Equal("FR".into());
        let tests = vec![Test::Null, not(Test::Null), equal.clone(), not(equal), Test::Prefix("DE".into())];
        let text = conditions(tests, Measure::Text { prefixes: true });
        assert_eq!(met(&text, &texts, 4), [0b11010, 0b00110, 0b00001, 0]);
        let numbers = Cells::Integer(vec![Some(5), Some(7), None, None].into());
        let seven = Test::Within(Some(7), Some(7));
        let tests =
            vec![Test::Null, seven.clone(), not(seven), Test::Within(None, Some(6)), Test::Within(Some(5), None)];
        assert_eq!(met(&conditions(tests, Measure::Number(0)), &numbers, 4), [0b11100, 0b10010, 0b00001, 0]);
    }
}
