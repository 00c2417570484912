//! Folders whose name is a value: `year=2024`.

use super::Constant;
use crate::endpoint::percent_decoded;

/// What Hive calls NULL.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The column and value that a folder's name gives; `None` for any other name.
pub(super) fn constant(folder: &str) -> Option<Constant> {
    let (name, value) = folder.split_once('=')?;
    let name = percent_decoded(name);
    let value = (value != NULL).then(|| percent_decoded(value));
    (!name.is_empty()).then_some(Constant { name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_columns() {
        let read = |name: &str| constant(name).map(|c| (c.name, c.value));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("y=2024"), Some(("y".to_owned(), some("2024"))));
        assert_eq!(read("a%20b=x%3Dy=z"), Some(("a b".to_owned(), some("x=y=z"))));
        assert_eq!(read("y=__HIVE_DEFAULT_PARTITION__"), Some(("y".to_owned(), None)));
        assert_eq!(read("y="), Some(("y".to_owned(), some(""))));
        assert_eq!((read("plain"), read("=x")), (None, None));
    }
}
