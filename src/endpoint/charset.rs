//! Which characters a column's character set has: the sets of which that is plain to say. Of others
//! the server says it when a row is written.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A character set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// The first 128 characters.
    Ascii,
    /// ISO 8859-1: PostgreSQL's `LATIN1`.
    Latin1,
    /// Windows code page 1252: what MySQL calls `latin1`.
    Windows1252,
    /// The characters below U+10000: MySQL's `utf8mb3` and `ucs2`.
    Basic,
}

/// What code page 1252 has from 0x80 to 0x9f; MySQL keeps the five codes that it leaves open.
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

impl Charset {
    /// Whether it has a character.
    pub fn has(self, c: char) -> bool {
        match self {
            Self::Ascii => c.is_ascii(),
            Self::Latin1 => c <= '\u{ff}',
            Self::Windows1252 => c.is_ascii() || ('\u{a0}'..='\u{ff}').contains(&c) || WINDOWS.contains(c),
            Self::Basic => c <= '\u{ffff}',
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ascii => "ascii",
            Self::Latin1 | Self::Windows1252 => "latin1",
            Self::Basic => "utf8mb3",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_each_set() {
        let has = |set: Charset| "aä€ž\u{9d}\u{9e}語😀".chars().map(|c| set.has(c)).collect::<Vec<_>>();
        assert_eq!(has(Charset::Ascii), [true, false, false, false, false, false, false, false]);
        assert_eq!(has(Charset::Latin1), [true, true, false, false, true, true, false, false]);
        assert_eq!(has(Charset::Windows1252), [true, true, true, true, true, false, false, false]);
        assert_eq!(has(Charset::Basic), [true, true, true, true, true, true, true, false]);
    }
}
