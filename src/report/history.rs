//! What a history came to, for a person and as JSON.

use super::style::Style;
use super::values::visible;
use crate::audit::thousands;
use crate::endpoint::{HistoryStatus, Installed};
use crate::job::{Forget, InstalledHistory};
use crate::table::print_timestamp;
use serde_json::{Value, json};

/// What installing came to.
pub fn history_installed_text(address: &str, done: &InstalledHistory, style: Style) -> String {
    let key = names(&done.key);
    let text = match done.installed {
        Installed::New => format!("installed: {address} writes down its changes from now on (key {key})"),
        Installed::Already => format!("was installed already: nothing changed ({address}, key {key})"),
        Installed::Renewed => format!(
            "renewed: the triggers of {address} did not fit any more and are made anew (key {key}). Changes may have \
             been missed: the next two-way sync reads both tables as a whole"
        ),
    };
    format!("{}\n", style.wrap("", &text))
}

/// The same as one JSON object, version 1.
pub fn history_installed_json(address: &str, done: &InstalledHistory) -> Value {
    let word = match done.installed {
        Installed::New => "installed",
        Installed::Already => "already",
        Installed::Renewed => "renewed",
    };
    json!({"version": 1, "address": address, "done": word, "key": done.key})
}

/// What there is.
pub fn history_status_text(address: &str, status: Option<&HistoryStatus>, style: Style) -> String {
    let Some(status) = status else {
        let text = format!("{address} has no history. To keep one: trueup history install TABLE");
        return format!("{}\n", style.wrap("", &text));
    };
    let mut out = String::new();
    let mut line = |lead: &str, text: &str| {
        out.push_str(&style.wrap(&format!("{lead:<10}"), text));
        out.push('\n');
    };
    let time =
        |time: Option<i64>| time.map_or("none".to_owned(), |time| format!("{} UTC", print_timestamp(time, false)));
    line("table", address);
    if !status.key.is_empty() {
        line("key", &names(&status.key));
        line("rows", &thousands(status.rows));
        line("oldest", &time(status.oldest));
        line("newest", &time(status.newest));
        line("whole", &format!("since {}", time(Some(status.covers_from))));
    }
    match status.misfits.is_empty() {
        true => line("triggers", &style.paint("fit the table", "32")),
        false => {
            line("triggers", "do not fit the table any more: changes may be missed");
            status.misfits.iter().for_each(|why| line("", &visible(why)));
            line("", "to make them anew: trueup history install TABLE");
        }
    }
    out
}

/// The same as one JSON object, version 1.
pub fn history_status_json(address: &str, status: Option<&HistoryStatus>) -> Value {
    let Some(status) = status else {
        return json!({"version": 1, "address": address, "installed": false});
    };
    json!({
        "version": 1,
        "address": address,
        "installed": true,
        "fits": status.misfits.is_empty(),
        "misfits": status.misfits,
        "key": status.key,
        "rows": status.rows,
        "oldest": status.oldest.map(instant),
        "newest": status.newest.map(instant),
        "covers_from": instant(status.covers_from),
    })
}

/// What was forgotten.
pub fn history_cleared_text(address: &str, rows: u64, forget: &Forget, style: Style) -> String {
    let changes = if rows == 1 { "1 change".to_owned() } else { format!("{} changes", thousands(rows)) };
    let text = match forget {
        Forget::Seen(_) => format!("{changes} of {address} forgotten: those that the last sync has seen"),
        Forget::All => {
            format!("{changes} of {address} forgotten: the next two-way sync reads both tables as a whole")
        }
    };
    format!("{}\n", style.wrap("", &text))
}

/// The same as one JSON object, version 1.
pub fn history_cleared_json(address: &str, rows: u64, forget: &Forget) -> Value {
    json!({"version": 1, "address": address, "cleared": rows, "all": *forget == Forget::All})
}

/// Whether there was something to remove.
pub fn history_removed_text(address: &str, there: bool, style: Style) -> String {
    let text = match there {
        true => format!("removed: {address} does not write down its changes any more, and what it wrote down is gone"),
        false => format!("{address} had no history: nothing changed"),
    };
    format!("{}\n", style.wrap("", &text))
}

/// The same as one JSON object, version 1.
pub fn history_removed_json(address: &str, there: bool) -> Value {
    json!({"version": 1, "address": address, "removed": there})
}

fn names(key: &[String]) -> String {
    key.iter().map(|name| visible(name)).collect::<Vec<_>>().join(", ")
}

fn instant(micros: i64) -> String {
    print_timestamp(micros, true).replacen(' ', "T", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { width: 80, color: false };

    fn status(misfits: &[&str]) -> HistoryStatus {
        HistoryStatus {
            key: vec!["a".to_owned(), "b".to_owned()],
            rows: 1_234,
            oldest: Some(1_700_000_000_123_000),
            newest: Some(1_700_000_001_000_000),
            covers_from: 1_690_000_000_000_000,
            misfits: misfits.iter().map(|why| (*why).to_owned()).collect(),
        }
    }

    #[test]
    fn a_status_says_what_there_is() {
        let text = history_status_text("sqlite:f.db#t", Some(&status(&[])), STYLE);
        assert_eq!(
            text,
            "table     sqlite:f.db#t\nkey       a, b\nrows      1,234\noldest    2023-11-14 22:13:20.123 UTC\n\
             newest    2023-11-14 22:13:21 UTC\nwhole     since 2023-07-22 04:26:40 UTC\ntriggers  fit the table\n"
        );
        let json = history_status_json("sqlite:f.db#t", Some(&status(&[])));
        assert_eq!((&json["oldest"], &json["fits"]), (&"2023-11-14T22:13:20.123Z".into(), &true.into()));
    }

    #[test]
    fn a_misfit_says_why_and_what_to_do() {
        let text = history_status_text("sqlite:f.db#t", Some(&status(&["a column is new"])), STYLE);
        assert!(text.contains("do not fit") && text.contains("a column is new") && text.contains("history install"));
        assert!(history_status_text("sqlite:f.db#t", None, STYLE).contains("history install"));
        assert_eq!(history_status_json("x", None)["installed"], false);
    }
}
