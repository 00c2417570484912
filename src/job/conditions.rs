//! What a condition may not mean what it looks like.

use crate::endpoint::Address;

/// What to tell of a condition for the rows of a table.
pub(super) fn note(address: &Address, sql: &str) -> Option<String> {
    let doubled = matches!(address, Address::Mysql(_)) && has_double_quotes(sql);
    doubled.then(|| {
        format!(
            "the condition {sql} has double quotes: in MySQL and MariaDB what they enclose is a string, never a name; \
             names are quoted with backticks (`)"
        )
    })
}

/// Whether there are double quotes outside of strings, names and comments.
fn has_double_quotes(sql: &str) -> bool {
    let (mut quote, mut rest) = (None, sql.chars());
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some('\''), '\\') => {
                rest.next();
            }
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '`') => quote = Some(c),
            (None, '"') => return true,
            (None, _) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_that_mysql_takes_for_strings_are_told() {
        for sql in ["\"name\" = 'x'", "name = \"x\"", "`a` = 'it''s' AND \"b\" = 1", "a = '\\'' AND \"b\" = 1"] {
            assert!(has_double_quotes(sql), "{sql}");
        }
        for sql in ["name = 'say \"x\"'", "`a\"b` = 1", "a = '\\'\"'", "a > 1"] {
            assert!(!has_double_quotes(sql), "{sql}");
        }
        let parse = |text: &str| Address::parse(text, &|_| None).unwrap();
        assert!(note(&parse("mysql://u@h/d#t"), "\"a\" = 1").unwrap().contains("backticks"));
        assert_eq!(note(&parse("postgres://u@h/d#t"), "\"a\" = 1"), None);
    }
}
