//! Makes a failing story smaller: without rounds, edits and rows, as long as something is still wrong.
//!
//! A break at a moment in time does not happen twice in the same way, so what is left out may have been
//! needed only to hit that moment: a smaller story is taken if it fails in one of a few tries.

use super::play::{Played, play};
use super::story::Story;
use std::time::{Duration, Instant};

const TRIES: usize = 2;
/// It takes so long at most.
const LONGEST: Duration = Duration::from_secs(60);

/// The smallest failing story found, and what comes of it.
pub fn shrink(story: &Story, played: Played) -> (Story, Played) {
    let (mut story, mut played, start) = (story.clone(), played, Instant::now());
    let mut at = 0;
    while start.elapsed() < LONGEST {
        let Some(smaller) = smaller(&story, at) else { break };
        let failing = (0..TRIES).map(|_| play(&smaller)).find(|played| !played.wrong.is_empty());
        match failing {
            Some(failing) => (story, played) = (smaller, failing),
            None => at += 1,
        }
    }
    (story, played)
}

/// The story without one thing, the one with this number.
fn smaller(story: &Story, at: usize) -> Option<Story> {
    let mut smaller = story.clone();
    leave_out(&mut smaller, at).then_some(smaller)
}

/// Leaves one thing out, the one with this number. Whether there is such a thing.
fn leave_out(story: &mut Story, mut at: usize) -> bool {
    // Takes the item out of a list, if it is one of it; at least so many stay.
    fn take<T>(list: &mut Vec<T>, least: usize, at: &mut usize) -> bool {
        if list.len() <= least {
            return false;
        }
        let here = *at < list.len();
        if here {
            list.remove(*at);
        } else {
            *at -= list.len();
        }
        here
    }
    // Rounds first: they are the most.
    if take(&mut story.rounds, 1, &mut at) {
        return true;
    }
    for round in &mut story.rounds {
        if take(&mut round.offs, 1, &mut at) || take(&mut round.edits, 0, &mut at) || take(&mut round.then, 0, &mut at)
        {
            return true;
        }
        for off in &mut round.offs {
            if take(&mut off.planned, 0, &mut at) || take(&mut off.then, 0, &mut at) {
                return true;
            }
        }
    }
    let halves = at == 0 && story.starts.len() > 4;
    if halves {
        story.starts.truncate(story.starts.len() / 2);
    }
    halves
}
