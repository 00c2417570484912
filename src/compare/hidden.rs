//! What a policy hides is not missing: keys that are on one side only, where the other may have them
//! among the rows that it does not show.

use super::differences::Differences;
use super::outcome::Comparison;

impl Comparison {
    /// Takes the keys that only the other side shows from those that are missing, given which sides
    /// (left, right) may hide rows.
    pub fn hide(&mut self, restricted: [bool; 2]) {
        for side in (0..2).filter(|side| restricted[*side]) {
            self.unseen[side] += std::mem::take(&mut self.only[1 - side]);
            self.samples.only[1 - side].clear();
        }
    }
}

impl Differences {
    /// The same for their rows.
    pub fn hide(&mut self, restricted: [bool; 2]) {
        for side in (0..2).filter(|side| restricted[*side]) {
            self.only[1 - side].clear();
            self.only_ambiguous[1 - side] = 0;
            self.only_ambiguous_samples[1 - side].clear();
        }
    }
}
