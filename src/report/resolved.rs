//! What a person's decision has decided, and what it could not.

use super::style::Style;
use super::values::print_key;
use crate::audit::thousands;
use crate::job::Resolution;
use serde_json::{Value, json};

/// Keys that are named, at most.
const KEYS: usize = 10;

/// For a person.
pub fn resolved_text(resolution: &Resolution, style: Style) -> String {
    let rows = |count: usize| format!("{} row{}", thousands(count as u64), if count == 1 { "" } else { "s" });
    let mut out = style.heading("Decided");
    let mut line = |text: String| out.push_str(&format!("{}\n", style.wrap("  ", &text)));
    for side in ["left", "right"] {
        let keys: Vec<&[String]> =
            resolution.decided.iter().filter(|one| one.take == side).map(|one| one.key.as_slice()).collect();
        if !keys.is_empty() {
            let takes = if keys.len() == 1 { "takes" } else { "take" };
            line(format!("{} {takes} the {side} version: {}", rows(keys.len()), named(&keys)));
        }
    }
    let more = resolution.undecided[0].saturating_sub(resolution.undecided[1]);
    if more > 0 {
        let whose = if more == 1 { "it was" } else { "they were" };
        line(format!(
            "{} on one side only, of which nobody knew whether {whose} created or deleted",
            rows(usize::try_from(more).unwrap_or(usize::MAX))
        ));
    }
    if resolution.decided.is_empty() && more == 0 {
        line("nothing".to_owned());
    }
    if resolution.open.is_empty() {
        return out;
    }
    let mut out = format!("{out}{}", style.heading("Not decided"));
    let mut reasons: Vec<&str> = resolution.open.iter().map(|one| one.reason.as_str()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let keys: Vec<&[String]> =
            resolution.open.iter().filter(|one| one.reason == reason).map(|one| one.key.as_slice()).collect();
        out.push_str(&format!("{}\n", style.wrap("  ", &format!("{} ({reason}): {}", rows(keys.len()), named(&keys)))));
    }
    out
}

fn named(keys: &[&[String]]) -> String {
    let mut named: Vec<String> = keys.iter().take(KEYS).map(|key| print_key(key)).collect();
    if keys.len() > KEYS {
        named.push(format!("and {} more", thousands((keys.len() - KEYS) as u64)));
    }
    named.join(", ")
}

/// For scripts: all of it.
pub fn resolved_json(resolution: &Resolution) -> Value {
    let decided = resolution.decided.iter().map(|one| json!({"key": one.key, "take": one.take}));
    let open = resolution.open.iter().map(|one| json!({"key": one.key, "reason": one.reason}));
    json!({
        "decided": decided.collect::<Vec<_>>(),
        "open": open.collect::<Vec<_>>(),
        "counts": {
            "decided": resolution.decided.len(),
            "open": resolution.open.len(),
            "undecided_before": resolution.undecided[0],
            "undecided": resolution.undecided[1],
        },
    })
}
