//! Column names: when two are the same, and which one somebody may have meant.

use super::column::{Column, TableInfo};

/// A name without what does not count.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// The name most like `name`, if one is like it at all: by what they have in common from the
/// start (Jaro-Winkler), or by the few letters that it takes to make one of the other.
pub fn nearest(name: &str, among: &[String]) -> Option<String> {
    const ALIKE: f64 = 0.7; // of 1; strsim's own examples of near misses lie above it
    let likeness = |other: &str| {
        let (a, b) = (fold(name), fold(other));
        let letters = strsim::damerau_levenshtein(&a, &b);
        let few = letters <= 1 || letters <= a.chars().count().min(b.chars().count()) / 3;
        strsim::jaro_winkler(&a, &b).max(if few { ALIKE + 0.01 } else { 0.0 })
    };
    among
        .iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other.clone())
}

/// A key as `--key` takes it, `L=R` or a name for both sides; the right name is looked up without
/// case and `_` where it isn't there exactly.
pub fn rename_key(left_name: &str, right: &TableInfo) -> String {
    if right.position(left_name).is_some() {
        return left_name.to_owned();
    }
    let same: Vec<&Column> = right.columns.iter().filter(|c| fold(&c.name) == fold(left_name)).collect();
    match same.as_slice() {
        [only] => only.name.clone(),
        _ => left_name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_one_that_is_like_it() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(nearest("iid", &names(&["name", "id"])).as_deref(), Some("id"));
        assert_eq!(nearest("emial", &names(&["email", "name"])).as_deref(), Some("email"));
        assert_eq!(nearest("UserId", &names(&["user_id", "user"])).as_deref(), Some("user_id"));
        assert_eq!(nearest("x", &names(&["quantity"])), None);
    }
}
