//! Texts that are nearly the same, found without comparing all with all: what is left of two
//! texts when a character is deleted is the same if they differ in that character (the deletion
//! neighbourhood; Mor and Fraenkel 1982, and SymSpell). A character replaced, added, missing, or
//! two exchanged all show in this way.
//!
//! Two texts that differ in two places differ in at most one of them in their first or their last
//! half, so that halves are looked up in the same way.

use super::groups::mix;

/// Texts longer than this are no keys that anyone types.
pub const LONGEST: usize = 64;
/// Texts shorter than this are all near each other.
pub const SHORTEST: usize = 5;
/// From this length on, two differences are allowed.
pub const TWO: usize = 10;

/// Multiplier of the rolling hash: odd, with bits all over (from Knuth's MMIX generator).
const BASE: u64 = 6_364_136_223_846_793_005;

/// Hashes the variants of texts.
#[derive(Debug, Default)]
pub struct Variants {
    chars: Vec<char>,
    /// Of what precedes each character.
    before: Vec<u64>,
}

impl Variants {
    /// The variants of a text at one difference: their hash, and whether no more than a digit was
    /// deleted.
    pub fn one(&mut self, text: &str, salt: u64, out: &mut Vec<(u64, bool)>) {
        self.chars.clear();
        self.chars.extend(text.chars());
        let length = self.chars.len();
        self.deletions(0, length, salt, true, out);
    }

    /// The variants of a text's halves, for two differences.
    pub fn two(&mut self, text: &str, salt: u64, out: &mut Vec<(u64, bool)>) {
        self.chars.clear();
        self.chars.extend(text.chars());
        let length = self.chars.len();
        // Of two texts whose lengths differ by two or less, one half's length is the same.
        for half in [length / 2, length / 2 + 1] {
            self.deletions(0, half, mix(salt, half as u64 * 2), false, out);
            self.deletions(length - half, length, mix(salt, half as u64 * 2 + 1), false, out);
        }
    }

    /// What is left of the characters from `from` to `to` when none or one is deleted.
    fn deletions(&mut self, from: usize, to: usize, salt: u64, whole_is_digit: bool, out: &mut Vec<(u64, bool)>) {
        let chars = &self.chars[from..to];
        self.before.clear();
        let mut hash = 0u64;
        for c in chars {
            self.before.push(hash);
            hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(u32::from(*c)) + 1);
        }
        out.push((mix(salt, hash), whole_is_digit));
        let (mut after, mut power) = (0u64, 1u64);
        for (at, c) in chars.iter().enumerate().rev() {
            // In a run of one character, it does not matter which is deleted.
            if chars.get(at + 1) != Some(c) {
                let left = self.before[at].wrapping_mul(power).wrapping_add(after);
                out.push((mix(salt, left), c.is_ascii_digit()));
            }
            after = after.wrapping_add((u64::from(u32::from(*c)) + 1).wrapping_mul(power));
            power = power.wrapping_mul(BASE);
        }
    }
}

/// Which characters a text has an odd number of times, in 31 bits that some share: one difference
/// changes two bits at most. Most texts that are not near each other show it here.
pub fn parity(text: &str) -> u32 {
    text.chars().fold(0, |bits, c| bits ^ 1 << (u32::from(c) % 31))
}

/// Whether texts with these parities can be so many differences apart.
pub fn could_be_apart(one: u32, other: u32, differences: usize) -> bool {
    (one ^ other).count_ones() as usize <= 2 * differences
}

/// Whether two texts are so many single differences apart, not counting those that exchange digits
/// for digits: another number is no misspelling.
pub fn apart(one: &str, other: &str, differences: usize) -> bool {
    let letters = |c: &char| !c.is_ascii_digit();
    let far = if one.is_ascii() && other.is_ascii() {
        distance(one.as_bytes(), other.as_bytes(), differences)
    } else {
        let chars = |text: &str| text.chars().collect::<Vec<char>>();
        distance(&chars(one), &chars(other), differences)
    };
    far == Some(differences) && !one.chars().filter(letters).eq(other.chars().filter(letters))
}

/// The most differences that [`distance`] can count.
const MOST: usize = 2;
/// Cells of a row of the table that are within reach.
const BAND: usize = 2 * MOST + 1;

/// How many single differences two texts are apart (the optimal string alignment distance); `None` if
/// more than `most`, which shows after a few characters: only the cells of the table that are so near to
/// its diagonal are filled in (E. Ukkonen, "Algorithms for approximate string matching", 1985).
fn distance<T: PartialEq>(one: &[T], other: &[T], most: usize) -> Option<usize> {
    let most = most.min(MOST);
    let head = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[head..], &other[head..]);
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[..one.len() - tail], &other[..other.len() - tail]);
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let far = most + 1;
    // Of each row, the cells from `most` before the diagonal to `most` behind it.
    let mut rows = [[far; BAND]; 3];
    for i in 0..=one.len() {
        let mut row = [far; BAND];
        for (at, band) in (0..=2 * most).enumerate() {
            let Some(j) = (i + band).checked_sub(most).filter(|j| *j <= other.len()) else { continue };
            if i == 0 || j == 0 {
                row[at] = (i + j).min(far);
                continue;
            }
            let same = one[i - 1] == other[j - 1];
            let mut least = rows[1][at] + usize::from(!same);
            if at < 2 * most {
                least = least.min(rows[1][at + 1] + 1);
            }
            if at > 0 {
                least = least.min(row[at - 1] + 1);
            }
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[0][at] + 1);
            }
            row[at] = least.min(far);
        }
        let least = |row: &[usize; BAND]| row.iter().copied().min().unwrap_or(far);
        if least(&row) > most && least(&rows[1]) >= most && i > 0 {
            return None;
        }
        rows = [rows[1], row, rows[2]];
    }
    let end = (other.len() + most).checked_sub(one.len())?;
    rows[1].get(end).copied().filter(|far| *far <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(one: &str, other: &str, two: bool) -> bool {
        let variants = |text: &str| {
            let (mut out, mut variants) = (Vec::new(), Variants::default());
            if two {
                variants.two(text, 7, &mut out)
            } else {
                variants.one(text, 7, &mut out)
            }
            out
        };
        let others = variants(other);
        variants(one).iter().any(|(hash, _)| others.iter().any(|(other, _)| hash == other))
    }

    #[test]
    fn every_single_difference_shares_a_variant() {
        for other in ["grümble", "grumbla", "rumble", "gurmble", "grumblé", "grummble", "xgrumble", "grumbel"] {
            assert!(shared("grumble", other, false), "{other}");
            assert!(apart("grumble", other, 1), "{other}");
            assert!(could_be_apart(parity("grumble"), parity(other), 1), "{other}");
        }
        assert!(!shared("grumble", "stumble", false));
        assert!(!shared("grumble", "brumbel", false));
    }

    #[test]
    fn two_differences_share_a_half() {
        for other in ["konstantinpple", "kanstantinople", "onstantinopl", "constantinoplexy", "cosntantinopel"] {
            assert!(shared("constantinople", other, true), "{other}");
            assert!(apart("constantinople", other, 2), "{other}");
            assert!(could_be_apart(parity("constantinople"), parity(other), 2), "{other}");
        }
        assert!(!shared("constantinople", "gonsdandinoble", true));
        assert!(!could_be_apart(parity("constantinople"), parity("byzantium"), 2));
    }

    #[test]
    fn near_texts_are_as_far_apart_as_the_whole_table_says() {
        let mut random = crate::audit::reasons::testing::Random(5);
        let mut near = 0;
        for _ in 0..20_000 {
            let letters: Vec<char> = if random.one_in(3) { "abä".chars().collect() } else { "ab1".chars().collect() };
            let mut word = || -> String { (0..random.below(9)).map(|_| letters[random.below(3) as usize]).collect() };
            let (one, other) = (word(), word());
            let expected = strsim::osa_distance(&one, &other);
            let [chars, others] = [&one, &other].map(|text| text.chars().collect::<Vec<_>>());
            for most in [1, 2] {
                assert_eq!(distance(&chars, &others, most), (expected <= most).then_some(expected), "{one} {other}");
            }
            near += u32::from(expected <= 2);
        }
        assert!(near > 1000);
    }

    #[test]
    fn another_number_is_no_misspelling() {
        assert!(!apart("invoice-17", "invoice-18", 1));
        assert!(!apart("invoice-17", "invoice-71", 1));
        assert!(!apart("invoice-17", "invoice-1", 1));
        assert!(apart("invoice-10", "invoice-1O", 1));
    }
}
