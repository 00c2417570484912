//! Names and texts inside SQL.

/// An identifier in double quotes, exactly as it is stored.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A schema and a name, both quoted.
pub(super) fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// A string constant that means the same under either `standard_conforming_strings`.
pub(super) fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_inside_are_doubled() {
        assert_eq!(identifier(r#"Order "Items""#), r#""Order ""Items""""#);
        assert_eq!(qualified("a.b", "c"), r#""a.b"."c""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"C:\x'"), r"E'C:\\x'''");
    }
}
