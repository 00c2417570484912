//! Text whose encoding was damaged on its way.

/// How a text was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its UTF-8 was read as Latin-1 or Windows-1252, so many times.
    Misread(u8),
    /// Characters that are not ASCII were replaced by `?` or U+FFFD.
    Replaced,
}

/// Whether one text is the other, damaged: the damaged side and how.
pub fn damage(left: &str, right: &str) -> Option<(usize, Damage)> {
    if left.is_ascii() && right.is_ascii() {
        return None;
    }
    [(1, left, right), (0, right, left)]
        .into_iter()
        .find_map(|(side, clean, broken)| Some((side, broken_as(clean, broken)?)))
}

fn broken_as(clean: &str, broken: &str) -> Option<Damage> {
    if clean.is_ascii() {
        return None;
    }
    for windows in [true, false] {
        if misread(clean.bytes(), windows).eq(broken.chars()) {
            return Some(Damage::Misread(1));
        }
        let once = misread(clean.bytes(), windows).flat_map(|c| {
            let mut bytes = [0; 4];
            let length = c.encode_utf8(&mut bytes).len();
            bytes.into_iter().take(length)
        });
        if misread(once, windows).eq(broken.chars()) {
            return Some(Damage::Misread(2));
        }
    }
    (replaced(clean, broken, |_| 1) || replaced(clean, broken, char::len_utf8)).then_some(Damage::Replaced)
}

/// The bytes of a text read as one character each.
fn misread(text: impl Iterator<Item = u8>, windows: bool) -> impl Iterator<Item = char> {
    /// Windows-1252 from 0x80 to 0x9F; what it does not define stays a control character.
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    text.map(move |byte| match byte {
        0x80..=0x9f if windows => WINDOWS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    })
}

/// Whether each character beyond ASCII, or some, became that many `?` or U+FFFD, and all else stayed.
fn replaced(clean: &str, broken: &str, marks: fn(char) -> usize) -> bool {
    let mut rest = broken.chars();
    let mut any = false;
    for c in clean.chars() {
        let mut ahead = rest.clone();
        if ahead.next() == Some(c) {
            rest = ahead;
        } else if c.is_ascii() {
            return false;
        } else {
            for _ in 0..marks(c) {
                if !matches!(rest.next(), Some('?' | '\u{fffd}')) {
                    return false;
                }
            }
            any = true;
        }
    }
    any && rest.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_known_by_its_traces() {
        for (clean, broken, how) in [
            ("Zürich", "ZÃ¼rich", Damage::Misread(1)),
            ("Zürich", "ZÃƒÂ¼rich", Damage::Misread(2)),
            ("5 €", "5 â‚¬", Damage::Misread(1)),
            ("à", "Ã\u{a0}", Damage::Misread(1)),
            ("Zürich", "Z?rich", Damage::Replaced),
            ("Zürich", "Z\u{fffd}\u{fffd}rich", Damage::Replaced),
        ] {
            assert_eq!(damage(clean, broken), Some((1, how)), "{clean} {broken}");
            assert_eq!(damage(broken, clean), Some((0, how)), "{broken} {clean}");
        }
        for (left, right) in [("Zürich", "Zurich"), ("Zürich", "Zxrich"), ("what?", "what!"), ("é", "è")] {
            assert_eq!(damage(left, right), None, "{left} {right}");
        }
    }
}
