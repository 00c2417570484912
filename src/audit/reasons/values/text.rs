//! Texts that are the same but for case, spaces, accents or punctuation.

use super::kind::ValueKind;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// White space, and what is as invisible.
pub fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

// All of these go through texts character by character, and stop where they differ: a text may be very
// long.

fn without_spaces(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().filter(|c| !is_space(*c))
}

fn only_letters_and_digits(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().filter(|c| c.is_alphanumeric())
}

/// In lower case, character by character: a capital sigma at the end of a word is one like any other.
fn lower(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    text.flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c })
}

/// Without accents; letters that Unicode does not take apart become what is usually written for them.
pub fn plain(text: &str) -> impl Iterator<Item = char> {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(|c| {
        let (one, other) = match c {
            'ß' => ('s', Some('s')),
            'æ' => ('a', Some('e')),
            'Æ' => ('A', Some('E')),
            'œ' => ('o', Some('e')),
            'Œ' => ('O', Some('E')),
            'ø' => ('o', None),
            'Ø' => ('O', None),
            'đ' | 'ð' => ('d', None),
            'Đ' | 'Ð' => ('D', None),
            'ł' => ('l', None),
            'Ł' => ('L', None),
            'ı' => ('i', None),
            'þ' => ('t', Some('h')),
            'Þ' => ('T', Some('h')),
            c => (c, None),
        };
        [Some(one), other].into_iter().flatten()
    })
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
    if without_spaces(left).eq(without_spaces(right)) && without_spaces(left).next().is_some() {
        let ordinary = |text| str::chars(text).map(|c| if is_space(c) && c != '\t' && c != '\n' { ' ' } else { c });
        let form = if left.trim_matches(is_space) == right.trim_matches(is_space) {
            0
        } else if ordinary(left).eq(ordinary(right)) {
            2
        } else {
            1
        };
        return found(ValueKind::Spaces, form, without_spaces(left).take(4).count());
    }
    let letters = || only_letters_and_digits(left).take(4).count();
    if lower(left.chars()).eq(lower(right.chars())) {
        return found(ValueKind::Case, 0, letters());
    }
    if left.is_ascii() && right.is_ascii() {
        return None;
    }
    if left.nfc().eq(right.nfc()) {
        return found(ValueKind::Accents, 1, letters());
    }
    if plain(left).eq(plain(right)) {
        return found(ValueKind::Accents, 0, letters());
    }
    if left.nfkc().eq(right.nfkc()) {
        return found(ValueKind::Accents, 2, letters());
    }
    None
}

/// Punctuation, or several of these together.
pub fn roughly_alike(left: &str, right: &str) -> Option<Likeness> {
    let found = |kind, also, rest: usize| (rest > 0).then_some(Likeness { kind, form: 0, also, strong: rest >= 4 });
    let letters = only_letters_and_digits;
    let rest = || letters(left).take(4).count();
    if letters(left).eq(letters(right)) {
        return found(ValueKind::Punctuation, false, rest());
    }
    if !bare(left).eq(bare(right)) {
        return None;
    }
    if !lower(letters(left)).eq(lower(letters(right))) {
        return found(ValueKind::Accents, true, bare(left).take(4).count());
    }
    let packed = lower(without_spaces(left)).eq(lower(without_spaces(right)));
    let kind = if packed { ValueKind::Case } else { ValueKind::Punctuation };
    found(kind, true, rest())
}

/// Letters and digits without accents, in lower case.
fn bare(text: &str) -> impl Iterator<Item = char> {
    lower(plain(text).filter(|c| c.is_alphanumeric()))
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
    let bare = |text| str::trim_start_matches(text, '0');
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
