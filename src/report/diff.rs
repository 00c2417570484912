//! Two values of a changed cell, shortened so that what differs between them can be seen.

use super::values::visible;

/// The two values in at most `most` characters each. What they have in common at both ends gives
/// way first; characters that can't be seen are named where the values differ.
pub(super) fn shorten_both(before: &str, after: &str, most: usize) -> [String; 2] {
    let texts = [before, after].map(|text| visible(text).chars().collect::<Vec<char>>());
    let [a, b] = &texts;
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let middles = [a, b].map(|text| explicit(&text[head..text.len() - tail]));
    let longest = middles.iter().map(Vec::len).max().unwrap_or(0);
    // Both show the same part of what they have in common, so that they line up above each other.
    let room = most.saturating_sub(longest).max(head.min(most / 4) + tail.min(most / 4));
    let left = head.min((room / 2).max(room.saturating_sub(tail)));
    let right = tail.min(room - left);
    middles.map(|middle| {
        let mut out = a[head - left..head].to_vec();
        if left < head && left > 0 {
            out[0] = '…';
        }
        let fits = left + middle.len() + right <= most;
        out.extend(middle);
        if fits {
            out.extend(&a[a.len() - tail..a.len() - tail + right]);
        }
        if !fits {
            out.truncate(most - 1);
            out.push('…');
        } else if right < tail {
            out.pop();
            out.push('…');
        }
        out.into_iter().collect()
    })
}

/// Characters that can't be told apart by eye, by name: accents of their own, and spaces.
fn explicit(text: &[char]) -> Vec<char> {
    let blank = text.iter().all(|c| *c == ' ');
    text.iter()
        .flat_map(|c| match c {
            ' ' if blank => vec!['␣'],
            '\u{a0}' | '\u{300}'..='\u{36f}' => c.escape_unicode().collect(),
            c if c.is_whitespace() && *c != ' ' => c.escape_unicode().collect(),
            c => vec![*c],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::shorten_both;

    fn both(before: &str, after: &str, most: usize) -> [String; 2] {
        let texts = shorten_both(before, after, most);
        assert!(texts.iter().all(|text| text.chars().count() <= most), "{texts:?}");
        texts
    }

    #[test]
    fn short_values_are_whole() {
        assert_eq!(both("Blonduos", "Blönduós", 20), ["Blonduos", "Blönduós"]);
        assert_eq!(both("", "x", 20), ["", "x"]);
    }

    #[test]
    fn what_differs_stays() {
        let long = "a".repeat(50);
        assert_eq!(both(&format!("{long}1"), &format!("{long}2"), 10), ["…aaaaaaaa1", "…aaaaaaaa2"]);
        assert_eq!(both(&format!("1{long}"), &format!("2{long}"), 10), ["1aaaaaaaa…", "2aaaaaaaa…"]);
        assert_eq!(both(&format!("{long}1{long}"), &format!("{long}2{long}"), 10), ["…aaa1aaaa…", "…aaa2aaaa…"]);
        assert_eq!(both(&"a".repeat(30), &"b".repeat(30), 10), ["aaaaaaaaa…", "bbbbbbbbb…"]);
        assert_eq!(both(&long, &format!("{long}, and more"), 20), ["…aaaaaaaaa", "…aaaaaaaaa, and more"]);
        assert_eq!(both(&format!("{long}{}", "b".repeat(30)), &long, 10), ["…abbbbbbb…", "…a"]);
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert_eq!(both("Paris ", "Paris", 20), ["Paris␣", "Paris"]);
        assert_eq!(both("caf\u{e9}", "cafe\u{301}", 20), ["café", "cafe\\u{301}"]);
        assert_eq!(both("a b", "a\u{a0}b", 20), ["a␣b", "a\\u{a0}b"]);
        assert_eq!(both("a\tb", "a b", 20), ["a\\tb", "a␣b"]);
    }
}
