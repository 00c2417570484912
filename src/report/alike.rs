//! What a text looks like: two texts that look alike have the same skeleton.
//!
//! Known are compatibility forms (full width, ligatures), letters of other scripts and signs that most
//! typefaces draw like one of ASCII (a selection of those in Unicode's UTS #39, "confusables.txt"), and
//! what can't be seen.

use crate::table::is_odd;
use unicode_normalization::UnicodeNormalization;

/// Characters, each followed by those that look like it.
const ALIKE: [&str; 65] = [
    "aаɑα",
    "bЬƄ",
    "cсϲⅽ",
    "dԁⅾ",
    "eеҽ",
    "gɡց",
    "hһհ",
    "iіⅰı",
    "jјϳ",
    "kκк",
    "lⅼӏ|",
    "mⅿ",
    "nոп",
    "oоοօ",
    "pрρ",
    "qԛգ",
    "rг",
    "sѕꜱ",
    "uυսц",
    "vνѵⅴ",
    "wԝա",
    "xхⅹ×",
    "yуγү",
    "zᴢ",
    "AАΑ",
    "BВΒ",
    "CСϹⅭ",
    "DⅮ",
    "EЕΕ",
    "FϜ",
    "GԌ",
    "HНΗ",
    "IІΙⅠӀ",
    "JЈ",
    "KКΚ",
    "LⅬ",
    "MМΜⅯ",
    "NΝ",
    "OОΟՕ",
    "PРΡ",
    "QԚ",
    "SЅՏ",
    "TТΤ",
    "UՍ",
    "VѴⅤ",
    "WԜ",
    "XХΧⅩ",
    "YΥҮУ",
    "ZΖ",
    "3З",
    "µμ",
    "-‐‑‒–−﹣",
    "_ˍ",
    "'’‘‛′`´ʹʼ",
    "\"“”„‟″",
    ",‚",
    ".․",
    ":ː∶",
    "/⁄∕",
    "~∼˜",
    "<‹",
    ">›",
    "*∗",
    "·•∙⋅",
    "ßβ",
];

/// A text as it looks.
pub(super) fn skeleton(text: &str) -> impl Iterator<Item = char> {
    text.nfkd().filter_map(|c| match c {
        c if c.is_ascii_alphanumeric() => Some(c),
        c if c.is_whitespace() => Some(' '),
        c if is_odd(c) => None,
        c => ALIKE.iter().find_map(|alike| alike.chars().next().filter(|_| alike.contains(c))).or(Some(c)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look_alike(one: &str, other: &str) -> bool {
        skeleton(one).eq(skeleton(other))
    }

    #[test]
    fn what_looks_alike_has_one_skeleton() {
        for (one, other) in
            [("Ann", "Аnn"), ("café", "cafe\u{301}"), ("ﬁne", "fine"), ("a-b", "a–b"), ("x\u{200b}", "x")]
        {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("Blonduos", "Blönduós"), ("a", "b"), ("5", "S"), ("straße", "strasse"), ("Мир", "Mup")]
        {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn each_character_has_one_look() {
        let mut seen = std::collections::HashSet::new();
        assert!(ALIKE.iter().flat_map(|alike| alike.chars()).all(|c| seen.insert(c)));
    }
}
