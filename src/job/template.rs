//! A commented job file, for `trueup init`.

use super::error::RunError;
use super::side::{Job, Table};
use crate::table::{Alignment, is_odd, spelled, spelled_pair, visible};
use std::fmt::Write;

/// A job file for two addresses, with the pairs of columns and the key that were found.
/// `left` and `right` are the addresses as typed, but without passwords.
///
/// # Errors
/// If a table can't be described, or the two have no column in common.
pub fn job_template(job: &Job, left: &str, right: &str) -> Result<String, RunError> {
    let tables = [Table::open(&job.left)?, Table::open(&job.right)?];
    let (l, r) = (tables[0].info(), tables[1].info());
    let alignment = Alignment::new(l, r, &job.options)?;
    let key = alignment.declared_key(l, r, &job.options.key)?;
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        out,
        "# A trueup job, for `trueup audit FILE`, `plan` and `sync`. What a flag says on the command line wins.\n\
         # ${{NAME}} is taken from the environment; keep passwords there, in PGPASSWORD, ~/.pgpass or MYSQL_PWD.\n\n\
         left = {}\nright = {}\n",
        quote(left),
        quote(right)
    );
    match key {
        Some(key) => {
            let names: Vec<String> = key
                .pairs
                .iter()
                .map(|i| {
                    let pair = &alignment.pairs[*i];
                    quote(&spelled_pair(&pair.left.name, &pair.right.name))
                })
                .collect();
            let _ =
                writeln!(out, "# The columns that identify a row ({}).\nkey = [{}]\n", key.chosen, names.join(", "));
        }
        None => {
            let _ = writeln!(
                out,
                "# The columns that identify a row. The tables declare none, or different ones; without this it\n\
                 # is found by counting (`trueup keys` shows the candidates).\n# key = [\"id\"]\n"
            );
        }
    }
    let _ = writeln!(out, "# Columns with another name on the right, \"LEFT=RIGHT\". Found without this:");
    for pair in &alignment.pairs {
        let _ = writeln!(
            out,
            "#   {} ({}) = {} ({}), compared as {}",
            visible(&pair.left.name),
            visible(&pair.left.native),
            visible(&pair.right.name),
            visible(&pair.right.native),
            pair.family
        );
    }
    for (side, names) in [("left", &alignment.only_left), ("right", &alignment.only_right)] {
        if !names.is_empty() {
            let _ = writeln!(out, "#   only on the {side}: {}", visible(&names.join(", ")));
        }
    }
    let list = |names: Vec<String>| names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        out,
        "map = [{}]\n\n\
         # Compare only these columns (left names), or all but these. Names with a comma or = stand in quotes of\n\
         # their own, as in '\"a,b\"'.\n\
         columns = [{}]\nignore = [{}]",
        list(job.options.map.iter().map(|(left, right)| format!("{}={}", spelled(left), spelled(right))).collect()),
        list(job.options.columns.iter().map(|name| spelled(name).into_owned()).collect()),
        list(job.options.ignore.iter().map(|name| spelled(name).into_owned()).collect()),
    );
    let _ = writeln!(
        out,
        "\n\
         # Rows to compare: a condition for both sides, or one for each, in each side's own SQL.\n\
         # where = \"created_at < '2026-01-01'\"\n# where-left = \"\"\n# where-right = \"\"\n\n\
         # The zone of times without one, where the other side has one (default: UTC, with a warning).\n\
         # time-zone = \"Europe/Berlin\"\n\n\
         # Where the run is kept (default: .trueup/<run id>), and a bound on memory (default: a quarter).\n\
         # out = \"runs/today\"\n# memory = \"2GB\"\n\n\
         # Streams to read at once from each database.\n# streams = 2\n\n\
         # Whether to look for reasons why rows differ, and how long at most (default: no longer than all else\n\
         # took, and a second).\n# reasons = true\n# reasons-time = \"10m\"\n\n\
         # Whether values differ that are equal only because one side's type holds less, and whether it is\n\
         # agreement if the conditions choose no row.\n# exact = false\n# allow-nothing = false\n\n\
         # For `trueup plan` and `trueup sync`: which table is written, which steps are wanted, and limits\n\
         # beyond which nothing is written, as a number or as a share of the table's rows.\n\
         # direction = \"left-to-right\"   # or right-to-left, or both\n\
         # create = true\n# update = true\n# delete = true\n\
         # max-changes = \"20%\"\n# max-deletes = \"100\"\n\
         # Whether deletes may change rows of other tables by their foreign keys.\n# allow-cascade = false\n\n\
         # For direction = \"both\": who wins a value that both sides changed (left, right, newest:COLUMN,\n\
         # newest:history, or none: a conflict), whether columns or whole rows are taken over, how close two\n\
         # changes are a conflict, whether times of a column are corrected by the difference of the clocks,\n\
         # where it is kept what both sides agreed on, and whether to read everything despite histories.\n\
         # winner = \"newest:updated_at\"\n# merge = \"column\"\n# conflict-window = \"30s\"\n\
         # shift-times = false\n# state = \"state/customers\"\n# full = false\n\n\
         # Rules that soften the comparison of a column: trim, ignore-case, empty-is-null,\n\
         # tolerance:NUMBER, precision:s|ms|us. The report counts what they made equal.\n\
         [compare]\n# email = \"trim,ignore-case\""
    );
    Ok(out)
}

/// A text as TOML, on one line. What can't be seen there stands as an escape.
fn quote(text: &str) -> String {
    if !text.chars().any(is_odd) {
        return toml::Value::String(text.to_owned()).to_string();
    }
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            c if is_odd(c) => format!("\\U{:08X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobSpec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back_on_one_line(
            text in any::<String>(),
            odd in "[\r\n\"'\\\\#=\u{202e}\u{7f}\u{85}\u{2028}a]{0,12}",
        ) {
            for text in [text, odd] {
                let quoted = quote(&text);
                prop_assert!(!quoted.chars().any(is_odd), "{quoted:?}");
                let read: toml::Table = toml::from_str(&format!("a = {quoted} # x\nb = 1")).unwrap();
                prop_assert_eq!(read["a"].as_str(), Some(text.as_str()));
            }
        }
    }

    /// Whatever the columns are called, the file says what was found and nothing else.
    #[test]
    fn names_are_no_settings() {
        let names = [
            "x\ndirection = \"right-to-left\"\nmax-deletes = \"100%\"\n#",
            "x\r\nfull = true\r\n",
            "a\"\"\"\nstate = 'x'",
            "b'''\n[compare]",
            "\u{2028}left = 'z'",
            "]\nright = 'z'",
        ];
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a b\"'.csv", "ü#\u{202e}.csv"].map(|name| folder.path().join(name));
        for path in &paths {
            let header: Vec<String> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
            std::fs::write(path, format!("id,{}\n1{}\n", header.join(","), ",y".repeat(names.len()))).unwrap();
        }
        let [left, right] = paths.map(|path| path.display().to_string());
        let ignore = vec![crate::table::spelled(names[0]).into_owned()];
        let spec = JobSpec { left: Some(left.clone()), right: Some(right.clone()), ignore, ..JobSpec::default() };
        let text = job_template(&spec.clone().resolve().unwrap(), &left, &right).unwrap();
        let read: JobSpec = toml::from_str(&text).unwrap();
        assert_eq!((read.left, read.right, &read.ignore), (Some(left), Some(right), &spec.ignore));
        assert_eq!((read.direction, read.max_deletes, read.full, read.state), (None, None, None, None));
        assert!(read.compare.is_empty());
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with(['#', '[']) || line.contains(" = ")));
        assert!(!text.chars().any(|c| c != '\n' && is_odd(c)), "{text}");
    }
}
