//! Keys whose normal forms are the same: trimmed, in lower case, as a number and so on.

use super::super::evidence::ReasonError;
use super::super::reason::Reason;
use super::forms::{self, Form};
use super::groups::{Matches, matches};
use super::search::Search;
use crate::table::{Family, PortableType, fingerprint};
use std::sync::atomic::{AtomicBool, Ordering};

/// One rule.
struct TextRule {
    /// Its word.
    word: &'static str,
    /// What it leaves out.
    form: Form,
    /// The end of the sentence when that is enough for all pairs.
    how: &'static str,
    /// What it leaves out together with the rules before it.
    wide: Form,
    /// The end of the sentence otherwise.
    wide_how: &'static str,
    /// The comparison rules that do the same as `form` and as `wide`.
    compare: Option<[&'static str; 2]>,
}

const RULES: [TextRule; 7] = [
    TextRule {
        word: "trim",
        form: forms::trimmed,
        how: "",
        wide: forms::trimmed,
        wide_how: "",
        compare: Some(["trim", "trim"]),
    },
    TextRule {
        word: "case",
        form: forms::lower,
        how: "once case is ignored",
        wide: forms::lower_trimmed,
        wide_how: "once case and outer spaces are ignored",
        compare: Some(["ignore-case", "trim,ignore-case"]),
    },
    TextRule {
        word: "accents",
        form: forms::unaccented,
        how: "once accents are removed",
        wide: forms::unaccented_lower_trimmed,
        wide_how: "once accents are removed and case and outer spaces ignored",
        compare: None,
    },
    TextRule {
        word: "leading-zeros",
        form: forms::without_zeros,
        how: "once leading zeros are removed",
        wide: forms::without_zeros_lower_trimmed,
        wide_how: "once leading zeros are removed and case and outer spaces ignored",
        compare: None,
    },
    TextRule {
        word: "punctuation",
        form: forms::bare,
        how: "once punctuation and spaces are removed",
        wide: forms::bare_lower,
        wide_how: "once punctuation and spaces are removed and case and accents ignored",
        compare: None,
    },
    TextRule {
        word: "number",
        form: forms::numeric,
        how: "once both are read as numbers",
        wide: forms::numeric,
        wide_how: "",
        compare: None,
    },
    TextRule {
        word: "uuid",
        form: forms::uuid,
        how: "once both are read as UUIDs",
        wide: forms::uuid,
        wide_how: "",
        compare: Some(["uuid", "uuid"]),
    },
];

/// Two texts that mean different things hardly ever have the same normal form: less often than in
/// one of so many pairs, if nothing better is known.
const KNOWN: f64 = 10_000.0;

/// Pairs keys by each rule in turn.
pub fn rules(search: &mut Search<'_>, found: &mut Vec<Reason>) -> Result<(), ReasonError> {
    let textual: Vec<bool> = (0..search.parts()).map(|part| is_textual(search, part)).collect();
    if !textual.contains(&true) {
        return Ok(());
    }
    for rule in &RULES {
        search.check()?;
        let Some(matches) = pair_up(search, rule, &textual)? else { continue };
        let pairs = matches.pairs;
        if !matches.chance.excludes(pairs.len() as u64, search.fewer(), 1, KNOWN) {
            continue;
        }
        let parts = search.differing(&pairs);
        let narrow = agree(search, rule.form, &pairs, &parts);
        let how = match rule.word {
            "trim" => trimming(search, &pairs, &parts),
            "accents" if agree(search, forms::composed, &pairs, &parts) => {
                "once both are in the same Unicode form".to_owned()
            }
            _ => (if narrow { rule.how } else { rule.wide_how }).to_owned(),
        };
        let within = if search.parts() > 1 { format!(" in {}", names(search, &parts)) } else { String::new() };
        let how = format!("keys match a right-only key {how}{within}");
        let fix = rule.compare.and_then(|compare| fix(search, &parts, compare[usize::from(!narrow)]));
        found.push(search.reason(rule.word, &parts, &pairs, &how, fix)?);
        search.claim(&pairs);
    }
    Ok(())
}

/// Whether spelling matters in a part of the key.
pub fn is_textual(search: &Search<'_>, part: usize) -> bool {
    let pair = &search.evidence.alignment.pairs[search.evidence.key.pairs[part]];
    [&pair.left.ty, &pair.right.ty]
        .into_iter()
        .any(|ty| matches!(ty, PortableType::Text | PortableType::Printed | PortableType::Uuid))
}

/// Pairs rows by a rule; `None` if it changes no key.
fn pair_up(search: &Search<'_>, rule: &TextRule, textual: &[bool]) -> Result<Option<Matches>, ReasonError> {
    let changes = AtomicBool::new(false);
    let entries = search.entries(&|keys, member, scratch| {
        scratch.bytes.clear();
        let mut any = false;
        for (part, textual) in keys.parts.iter().zip(textual) {
            scratch.text.clear();
            let text = part.texts.get(member.row());
            if *textual && (rule.wide)(text, &mut scratch.text) {
                any = true;
                scratch.bytes.push(1);
                scratch.bytes.extend_from_slice(&(scratch.text.len() as u32).to_le_bytes());
                scratch.bytes.extend_from_slice(scratch.text.as_bytes());
                if !member.beside() && scratch.text != text {
                    changes.store(true, Ordering::Relaxed);
                }
            } else {
                scratch.bytes.push(0);
                scratch.bytes.extend_from_slice(&part.same[member.row()].to_le_bytes());
            }
        }
        any.then(|| fingerprint(&scratch.bytes).low)
    })?;
    Ok(changes.load(Ordering::Relaxed).then(|| matches(entries)))
}

/// Whether a form is enough for all pairs.
fn agree(search: &Search<'_>, form: Form, pairs: &[(u32, u32)], parts: &[usize]) -> bool {
    let mut forms = [String::new(), String::new()];
    pairs.iter().all(|(left, right)| {
        parts.iter().all(|part| {
            for (side, row) in [(0, left), (1, right)] {
                forms[side].clear();
                form(search.keys[side].parts[*part].texts.get(*row as usize), &mut forms[side]);
            }
            forms[0] == forms[1]
        })
    })
}

/// What trimming removes.
fn trimming(search: &Search<'_>, pairs: &[(u32, u32)], parts: &[usize]) -> String {
    let (mut leading, mut trailing, mut other) = (false, false, false);
    for (left, right) in pairs {
        for part in parts {
            let [left, right] =
                [(0, left), (1, right)].map(|(side, row)| search.keys[side].parts[*part].texts.get(*row as usize));
            if left == right {
                continue;
            }
            let start = |text: &str| text.len() - text.trim_start().len();
            let end = |text: &str| text.len() - text.trim_end().len();
            leading |= start(left) > 0 || start(right) > 0;
            trailing |= end(left) > 0 || end(right) > 0;
            let outer = |text: &str| {
                let (start, end) = (start(text), text.trim_end().len());
                [&text[..start], &text[end.max(start)..]].concat().chars().any(|c| c != ' ')
            };
            other |= outer(left) || outer(right);
        }
    }
    let ends = match (leading, trailing) {
        (true, false) => "leading",
        (false, true) => "trailing",
        _ => "leading and trailing",
    };
    if other { format!("once {ends} white space is removed") } else { format!("once {ends} spaces are removed") }
}

/// The option that makes these parts match, if they are compared as text.
fn fix(search: &Search<'_>, parts: &[usize], rules: &str) -> Option<String> {
    let as_text = |part: &usize| {
        let pair = &search.evidence.alignment.pairs[search.evidence.key.pairs[*part]];
        pair.family == Family::Text || rules == "uuid" && pair.family == Family::Bytes
    };
    let options = parts.iter().map(|part| format!("--compare {}", quoted(&format!("{}={rules}", search.name(*part)))));
    parts.iter().all(as_text).then(|| options.collect::<Vec<_>>().join(" "))
}

/// Names of parts, as a sentence has them.
pub fn names(search: &Search<'_>, parts: &[usize]) -> String {
    parts.iter().map(|part| format!("`{}`", search.name(*part))).collect::<Vec<_>>().join(" and ")
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-=.,:".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
