//! Texts that are the same but for case, spaces, accents or punctuation.

use super::kind::ValueKind;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// White space, and what is as invisible.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !is_space(*c)).collect()
}

fn only_letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Without accents; letters that Unicode does not take apart become what is usually written for them.
pub fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("AE"),
            'œ' => out.push_str("oe"),
            'Œ' => out.push_str("OE"),
            'ø' => out.push('o'),
            'Ø' => out.push('O'),
            'đ' | 'ð' => out.push('d'),
            'Đ' | 'Ð' => out.push('D'),
            'ł' => out.push('l'),
            'Ł' => out.push('L'),
            'ı' => out.push('i'),
            'þ' => out.push_str("th"),
            'Þ' => out.push_str("Th"),
            _ => out.push(c),
        }
    }
    out
}

/// What two texts that mean the same differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likeness {
    pub kind: ValueKind,
    /// Accents: 1 for composed against decomposed, 2 for another compatibility form.
    /// Spaces: 0 at the ends, 1 within, 2 of another sort.
    pub form: i32,
    /// They differ in something else of this list as well.
    pub also: bool,
    /// What is the same has at least four characters.
    pub strong: bool,
}

/// Spaces, case, accents: one of them, strictest first.
pub fn alike(left: &str, right: &str) -> Option<Likeness> {
    let found = |kind, form, rest: usize| Some(Likeness { kind, form, also: false, strong: rest >= 4 });
    let packed = [without_spaces(left), without_spaces(right)];
    if packed[0] == packed[1] && !packed[0].is_empty() {
        let ordinary = |text: &str| text.replace(|c| is_space(c) && c != '\t' && c != '\n', " ");
        let form = if left.trim_matches(is_space) == right.trim_matches(is_space) {
            0
        } else if ordinary(left) == ordinary(right) {
            2
        } else {
            1
        };
        return found(ValueKind::Spaces, form, packed[0].chars().count());
    }
    let letters = || left.chars().filter(|c| c.is_alphanumeric()).count();
    if left.to_lowercase() == right.to_lowercase() {
        return found(ValueKind::Case, 0, letters());
    }
    if left.is_ascii() && right.is_ascii() {
        return None;
    }
    if left.nfc().eq(right.nfc()) {
        return found(ValueKind::Accents, 1, letters());
    }
    if plain(left) == plain(right) {
        return found(ValueKind::Accents, 0, letters());
    }
    if left.nfkc().eq(right.nfkc()) {
        return found(ValueKind::Accents, 2, letters());
    }
    None
}

/// Punctuation, or several of these together.
pub fn roughly_alike(left: &str, right: &str) -> Option<Likeness> {
    let found = |kind, also, rest: &str| {
        let rest = rest.chars().count();
        (rest > 0).then_some(Likeness { kind, form: 0, also, strong: rest >= 4 })
    };
    let sides = [left, right];
    let letters = sides.map(only_letters_and_digits);
    if letters[0] == letters[1] {
        return found(ValueKind::Punctuation, false, &letters[0]);
    }
    let lower = letters.map(|text| text.to_lowercase());
    let plain = sides.map(|text| only_letters_and_digits(&plain(text)).to_lowercase());
    if plain[0] != plain[1] {
        return None;
    }
    if lower[0] != lower[1] {
        return found(ValueKind::Accents, true, &plain[0]);
    }
    let packed = sides.map(|text| without_spaces(text).to_lowercase());
    let kind = if packed[0] == packed[1] { ValueKind::Case } else { ValueKind::Punctuation };
    found(kind, true, &lower[0])
}

/// Whether one is the beginning of the other: the shorter one's side.
pub fn beginning(left: &str, right: &str) -> Option<usize> {
    if left.is_empty() || right.is_empty() || left == right {
        None
    } else if right.starts_with(left) {
        Some(0)
    } else {
        left.starts_with(right).then_some(1)
    }
}

/// Whether they are the same without leading zeros: the side with more of them.
pub fn leading_zeros(left: &str, right: &str) -> Option<usize> {
    let bare = |text: &str| text.trim_start_matches('0').to_owned();
    let same = bare(left) == bare(right) && left.len() != right.len();
    (same && [left, right].iter().any(|text| text.starts_with('0'))).then_some(usize::from(left.len() < right.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueKind as K;

    #[test]
    fn each_likeness_by_its_strictest_name() {
        let kind = |l: &str, r: &str| {
            alike(l, r).or_else(|| roughly_alike(l, r)).map(|found| (found.kind, found.form, found.also))
        };
        for (left, right, expected) in [
            ("Fort Hood(Killeen)", "Fort Hood (Killeen)", (K::Spaces, 1, false)),
            (" abc", "abc\t", (K::Spaces, 0, false)),
            ("a\u{a0}b", "a b", (K::Spaces, 2, false)),
            ("Straße", "STRASSE", (K::Accents, 0, true)),
            ("ABC", "abc", (K::Case, 0, false)),
            ("Portimao", "Portimão", (K::Accents, 0, false)),
            ("Fáskrúðsfjörður", "Faskrudsfjordur", (K::Accents, 0, false)),
            ("e\u{301}t\u{e9}", "\u{e9}te\u{301}", (K::Accents, 1, false)),
            ("ﬁne", "fine", (K::Accents, 2, false)),
            ("Mato-Grosso", "Mato Grosso", (K::Punctuation, 0, false)),
            ("Meadow Mist", "Meadowmist", (K::Case, 0, true)),
            ("A.B.", "a b", (K::Punctuation, 0, true)),
        ] {
            assert_eq!(kind(left, right), Some(expected), "{left} and {right}");
            assert_eq!(kind(right, left), Some(expected), "{right} and {left}");
        }
        assert_eq!(kind("abc", "abd"), None);
        assert_eq!(kind("-", "--"), None);
    }

    #[test]
    fn beginnings_and_zeros() {
        assert_eq!(beginning("ab", "abc"), Some(0));
        assert_eq!(beginning("abc", "ab"), Some(1));
        assert_eq!(beginning("abc", "bc"), None);
        assert_eq!(leading_zeros("007", "7"), Some(0));
        assert_eq!(leading_zeros("7", "007"), Some(1));
        assert_eq!(leading_zeros("70", "7"), None);
    }
}
