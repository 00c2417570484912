//! How a value reads: as it is where nothing else reads the same, else in quotes, with escapes.
//!
//! What stands without quotes is the value itself: no blanks at its ends or beside each other, nothing
//! that can't be seen, one Unicode form, and none of the words that stand for what is no value. All
//! else stands in quotes: `\n`, `\u{a0}`, `\"` and `\\` as in programs, and `␣` for a blank that would
//! be overlooked. So two values that differ never read the same, as far as both are shown in full; of
//! two beside each other, that is seen to.

use super::alike::skeleton;
use crate::table::is_odd;
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::is_nfc;

/// Words that stand for what is no value.
const WORDS: [&str; 6] = ["NULL", "(empty)", "(none)", "(deleted)", "(no row)", "(a row)"];

/// A value that may be NULL; an empty one is said to be.
pub(super) fn word(value: Option<&str>) -> Option<&'static str> {
    match value {
        None => Some("NULL"),
        Some("") => Some("(empty)"),
        Some(_) => None,
    }
}

/// Whether a text is one that stands for what is no value.
pub(super) fn is_word(text: &str) -> bool {
    WORDS.contains(&text)
}

/// A value as it reads by itself, in at most so many characters.
pub(super) fn shown(value: Option<&str>, most: usize) -> String {
    match (word(value), value) {
        (Some(word), _) => word.to_owned(),
        (None, Some(text)) => Pieces::new(text, needs_quotes(text), None).first(most),
        (None, None) => String::new(),
    }
}

/// A value of a key of several columns: also what could be taken for two values stands in quotes.
pub(super) fn shown_part(text: &str, most: usize) -> String {
    // Of whole rows, what says so is NULL.
    if text.is_empty() || text == "NULL" {
        return if text.is_empty() { shown(Some(""), most) } else { text.to_owned() };
    }
    let quoted = needs_quotes(text) || text.contains(", ") || text.starts_with('(') || text.ends_with([')', ',']);
    Pieces::new(text, quoted, None).first(most)
}

/// Two texts that differ and are not empty, in at most so many characters each. What they have in common
/// at both ends gives way first. Where they would look alike, characters beyond ASCII are named.
pub(super) fn shown_both(one: &str, other: &str, most: usize) -> [String; 2] {
    let chars = [one, other].map(|text| text.chars().collect::<Vec<char>>());
    let [a, b] = &chars;
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let explicit = skeleton(one).eq(skeleton(other));
    let pieces = [(one, a), (other, b)].map(|(text, chars)| {
        let middle = head..chars.len() - tail;
        let named = explicit && chars[middle.clone()].iter().any(|c| !c.is_ascii());
        Pieces::new(text, named || needs_quotes(text), named.then_some(middle))
    });
    let quotes = if pieces.iter().any(|pieces| pieces.quoted) { 2 } else { 0 };
    let most = most.saturating_sub(quotes);
    let width = |pieces: &[String]| pieces.iter().map(|piece| piece.chars().count()).sum::<usize>();
    let longest = pieces.iter().map(|pieces| width(&pieces.all[head..pieces.all.len() - tail])).max().unwrap_or(0);
    let first = pieces.iter().filter_map(|pieces| pieces.all.get(head)).map(|piece| piece.chars().count()).max();
    let ends =
        pieces.each_ref().map(|pieces| [width(&pieces.all[..head]), width(&pieces.all[pieces.all.len() - tail..])]);
    let ends = [0, 1].map(|end| ends[0][end].max(ends[1][end]));
    // Both show the same part of what they have in common, so that they line up above each other.
    let least = ends[0].min(most / 4) + ends[1].min(most / 4);
    // The first in which they differ always fits, and a mark where more follows.
    let first = first.unwrap_or(0);
    let least_middle = first + usize::from(longest > first);
    let room = most.saturating_sub(longest).max(least).min(most.saturating_sub(least_middle));
    let before = ends[0].min((room / 2).max(room.saturating_sub(ends[1])));
    let fit = |pieces: &mut dyn Iterator<Item = &String>, room: usize| {
        let mut taken = 0;
        pieces
            .take_while(|piece| {
                taken += piece.chars().count();
                taken <= room
            })
            .count()
    };
    let left = pieces.iter().map(|own| fit(&mut own.all[..head].iter().rev(), before)).min().unwrap_or(0);
    let after = room.saturating_sub(before);
    let right = pieces.iter().map(|own| fit(&mut own.all[own.all.len() - tail..].iter(), after)).min().unwrap_or(0);
    pieces.map(|own| {
        let end = own.all.len() - tail;
        let mut out: Vec<&str> = own.all[head - left..end + right].iter().map(String::as_str).collect();
        if left < head && left > 0 {
            out[0] = "…";
        }
        let taken = |out: &[&str]| out.iter().map(|piece| piece.chars().count()).sum::<usize>();
        if taken(&out) + usize::from(right == 0 && tail > 0) > most {
            // The first in which they differ always stays.
            while taken(&out) >= most && out.len() > left + 1 {
                out.pop();
            }
            out.push("…");
        } else if right < tail {
            if right > 0 {
                out.pop();
            }
            out.push("…");
        }
        own.around(&out.concat())
    })
}

/// Of two texts that differ and look alike, the characters beyond ASCII in which they differ, by number;
/// those that are shown by number anyway are left out.
pub(super) fn named(one: &str, other: &str) -> [Option<String>; 2] {
    const MOST: usize = 3;
    if !skeleton(one).eq(skeleton(other)) {
        return [None, None];
    }
    let head = one.chars().zip(other.chars()).take_while(|(x, y)| x == y).count();
    [one, other].map(|text| {
        let rest = text.chars().skip(head).filter(|c| !c.is_ascii() && !is_odd(*c));
        let named: Vec<String> = rest.take(MOST).map(|c| format!("U+{:04X}", u32::from(c))).collect();
        (!named.is_empty()).then(|| named.join(" "))
    })
}

/// Whether a text can't stand for itself.
pub(super) fn needs_quotes(text: &str) -> bool {
    text.starts_with([' ', '"', '…'])
        || text.ends_with([' ', '…'])
        || is_word(text)
        || text.contains("  ")
        || text.ends_with(')') && text.contains(" (") && (text.ends_with(" characters)") || super::pair::is_noted(text))
        || text.chars().any(is_odd)
        || !is_nfc(text)
}

/// A text character by character, each as it reads.
struct Pieces {
    all: Vec<String>,
    quoted: bool,
}

impl Pieces {
    /// In quotes or not. Characters beyond ASCII in the range are named.
    fn new(text: &str, quoted: bool, named: Option<std::ops::Range<usize>>) -> Self {
        if !quoted {
            return Self { all: text.chars().map(String::from).collect(), quoted };
        }
        let apart = !is_nfc(text);
        let chars: Vec<char> = text.chars().collect();
        let blank = |at: Option<usize>| at.is_none_or(|at| chars.get(at).is_none_or(|c| *c == ' '));
        let piece = |(at, c): (usize, &char)| match *c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            ' ' if blank(at.checked_sub(1)) || blank(Some(at + 1)) => "␣".to_owned(),
            '␣' | '…' => c.escape_unicode().to_string(),
            c if is_odd(c) || apart && is_combining_mark(c) => c.escape_unicode().to_string(),
            c if !c.is_ascii() && named.as_ref().is_some_and(|named| named.contains(&at)) => {
                c.escape_unicode().to_string()
            }
            c => c.to_string(),
        };
        Self { all: chars.iter().enumerate().map(piece).collect(), quoted }
    }

    /// As many of the first as fit.
    fn first(&self, most: usize) -> String {
        let most = most.saturating_sub(if self.quoted { 2 } else { 0 });
        let width = |pieces: &[String]| pieces.iter().map(|piece| piece.chars().count()).sum::<usize>();
        if width(&self.all) <= most {
            return self.around(&self.all.concat());
        }
        let mut taken = 0;
        let fits = self.all.iter().take_while(|piece| {
            taken += piece.chars().count();
            taken < most
        });
        self.around(&format!("{}…", fits.map(String::as_str).collect::<String>()))
    }

    fn around(&self, text: &str) -> String {
        if self.quoted { format!("\"{text}\"") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(before: &str, after: &str, most: usize) -> [String; 2] {
        let texts = shown_both(before, after, most);
        assert!(texts.iter().all(|text| text.chars().count() <= most), "{texts:?}");
        texts
    }

    #[test]
    fn ordinary_values_read_as_they_are() {
        for text in
            ["Edinburgh", "Blönduós", "a b", "C:\\new", "{\"a\": 1}", "5.00", "Loading… done", "東京", "x'y", "null"]
        {
            assert_eq!(shown(Some(text), 60), text);
        }
        assert_eq!(both("Blonduos", "Blönduós", 20), ["Blonduos", "Blönduós"]);
        assert_eq!(shown(Some("abcdef"), 4), "abc…");
    }

    #[test]
    fn what_would_read_like_something_else_stands_in_quotes() {
        for (text, expected) in [
            ("NULL", "\"NULL\""),
            ("(empty)", "\"(empty)\""),
            ("Paris ", "\"Paris␣\""),
            (" a", "\"␣a\""),
            ("a  b", "\"a␣␣b\""),
            ("a\u{a0}b", "\"a\\u{a0}b\""),
            ("x\u{200b}", "\"x\\u{200b}\""),
            ("cafe\u{301}", "\"cafe\\u{301}\""),
            ("\"a\"", "\"\\\"a\\\"\""),
            ("a\tb\n", "\"a\\tb\\n\""),
            ("\u{202e}abc", "\"\\u{202e}abc\""),
            ("x…", "\"x\\u{2026}\""),
            ("5 (bytes)", "\"5 (bytes)\""),
        ] {
            assert_eq!(shown(Some(text), 60), expected);
        }
        assert_eq!([shown(None, 60), shown(Some(""), 60)], ["NULL", "(empty)"]);
        assert_eq!(shown_part("a, b", 60), "\"a, b\"");
    }

    #[test]
    fn what_differs_stays() {
        let long = "a".repeat(50);
        assert_eq!(both(&format!("{long}1"), &format!("{long}2"), 10), ["…aaaaaaaa1", "…aaaaaaaa2"]);
        assert_eq!(both(&format!("1{long}"), &format!("2{long}"), 10), ["1aaaaaaaa…", "2aaaaaaaa…"]);
        assert_eq!(both(&format!("{long}1{long}"), &format!("{long}2{long}"), 10), ["…aaa1aaaa…", "…aaa2aaaa…"]);
        assert_eq!(both(&"a".repeat(30), &"b".repeat(30), 10), ["aaaaaaaaa…", "bbbbbbbbb…"]);
        assert_eq!(both(&long, &format!("{long}, and more"), 20), ["…aaaaaaaaa", "…aaaaaaaaa, and more"]);
    }

    #[test]
    fn what_looks_alike_is_named() {
        assert_eq!(both("Paris ", "Paris", 20), ["\"Paris␣\"", "Paris"]);
        assert_eq!(both("caf\u{e9}", "cafe\u{301}", 20), ["\"caf\\u{e9}\"", "\"cafe\\u{301}\""]);
        assert_eq!(both("a b", "a\u{a0}b", 20), ["a b", "\"a\\u{a0}b\""]);
        assert_eq!(both("Ann", "\u{410}nn", 20), ["Ann", "\"\\u{410}nn\""]);
        assert_eq!(both("3\u{2212}5", "3-5", 20), ["\"3\\u{2212}5\"", "3-5"]);
        assert_eq!(both("a\tb", "a\\tb", 20), ["\"a\\tb\"", "a\\tb"]);
    }

    /// Texts of everything that could be taken for something else.
    fn nasty(random: &mut crate::report::shown::tests::Random) -> String {
        const PARTS: [&str; 30] = [
            "a",
            "b",
            " ",
            " ",
            "\u{a0}",
            "\u{200b}",
            "é",
            "e\u{301}",
            "\u{301}",
            "\\",
            "\"",
            "␣",
            "…",
            "\t",
            "\\t",
            "\n",
            "\\u{a0}",
            "NULL",
            "(empty)",
            "а",
            "\u{202e}",
            "-",
            "–",
            "\u{2212}",
            "'",
            "’",
            " (text)",
            " (12 characters)",
            "\u{fe0f}",
            "\u{1f469}",
        ];
        (0..random.below(7)).map(|_| PARTS[random.below(PARTS.len() as u64) as usize]).collect()
    }

    /// A generator of numbers that look random (SplitMix64: Steele, Lea and Flood, 2014).
    pub struct Random(pub u64);

    impl Random {
        fn below(&mut self, many: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            ((mixed ^ (mixed >> 27)) >> 11) % many
        }
    }

    #[test]
    fn values_that_differ_never_read_the_same() {
        let mut random = Random(1);
        let mut read: std::collections::HashMap<String, Option<String>> = std::collections::HashMap::new();
        read.insert(shown(None, 1000), None);
        for _ in 0..100_000 {
            let text = nasty(&mut random);
            let shows = shown(Some(&text), 1000);
            let before = read.entry(shows).or_insert_with(|| Some(text.clone()));
            assert_eq!(before.as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn two_beside_each_other_never_read_the_same_however_they_are_cut() {
        let mut random = Random(2);
        for round in 0..100_000 {
            let long = if round % 2 == 0 { nasty(&mut random).repeat(20) } else { String::new() };
            let text = |random: &mut Random| format!("{long}{}{long}", nasty(random));
            let (one, other) = (text(&mut random), text(&mut random));
            if one == other || one.is_empty() || other.is_empty() {
                continue;
            }
            let most = 24 + random.below(40) as usize;
            let [a, b] = shown_both(&one, &other, most);
            assert_ne!(a, b, "{one:?} {other:?} in {most}");
            assert!(a.chars().count() <= most && b.chars().count() <= most, "{a} {b} in {most}");
            // Blanks that a terminal swallows don't tell them apart.
            let packed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_ne!(packed(&a), packed(&b));
        }
    }
}
