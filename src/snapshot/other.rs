//! The column that carries what typed columns can't hold.

use crate::table::Column;

/// Its name, where no column of the table is called so.
const NAME: &str = "trueup_other";

/// The name of that column beside these: none of theirs, whatever the case.
pub fn other_column(columns: &[Column]) -> String {
    let taken = |name: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let numbered = (2..).map(|at| format!("{NAME}_{at}"));
    // Among as many names as there are columns and one more, one is free.
    std::iter::once(NAME.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::PortableType;

    #[test]
    fn the_name_is_nobodys() {
        let columns = |names: &[&str]| -> Vec<Column> {
            names.iter().map(|name| Column::new(*name, PortableType::Text, "text")).collect()
        };
        assert_eq!(other_column(&columns(&["a"])), "trueup_other");
        assert_eq!(other_column(&columns(&["Trueup_Other", "trueup_other_2"])), "trueup_other_3");
    }
}
