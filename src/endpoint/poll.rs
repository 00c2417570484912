//! Which of several rules do values follow? A poll among candidates, each of which a value either
//! bears out or not.

/// Candidates kept at once.
const MOST: usize = 24;
/// Values after which only the leaders stay: by then the others are out of the running, and every
/// one costs time.
const SETTLED: u64 = 2_000;

/// Candidates, and how many values each fits.
#[derive(Clone, Debug)]
pub(super) struct Poll<C> {
    candidates: Vec<(C, u64)>,
    seen: u64,
}

impl<C: Clone + PartialEq> Poll<C> {
    /// Between these, of which there must be one; the first wins where several fit as often.
    pub(super) fn new(candidates: Vec<C>) -> Self {
        Self { candidates: candidates.into_iter().map(|candidate| (candidate, 0)).collect(), seen: 0 }
    }

    /// Asks a value which candidates it fits; `guesses` are the candidates that it suggests.
    pub(super) fn see(&mut self, fits: impl Fn(&C) -> bool, guesses: impl FnOnce() -> Vec<C>) {
        if self.seen == SETTLED {
            let most = self.candidates.iter().map(|(_, hits)| *hits).max().unwrap_or(0);
            self.candidates.retain(|(_, hits)| *hits == most);
        }
        if self.seen < SETTLED && self.candidates.len() < MOST {
            for guess in guesses() {
                if self.candidates.iter().all(|(candidate, _)| *candidate != guess) {
                    self.candidates.push((guess, 0));
                }
            }
        }
        self.seen += 1;
        for (candidate, hits) in &mut self.candidates {
            *hits += u64::from(fits(candidate));
        }
    }

    /// The candidate that fits most of the values seen, and whether it fits all.
    pub(super) fn best(&self) -> (C, bool) {
        let most = self.candidates.iter().map(|(_, hits)| *hits).max().unwrap_or(0);
        let best = self.candidates.iter().find(|(_, hits)| *hits == most).unwrap_or(&self.candidates[0]);
        (best.0.clone(), best.1 == self.seen)
    }
}
