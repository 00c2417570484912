//! Which steps came of what was to be written: numbers by numbers, which mostly follow each other.

/// What became of things that are counted from 0.
#[derive(Clone, Debug, Default)]
pub struct Numbered {
    /// Those that became steps: the first one, its step, and how many follow each other from there on.
    steps: Vec<Run>,
    /// Those that need none: the first one, and how many follow.
    without: Vec<Run>,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    first: u64,
    step: u64,
    count: u64,
}

impl Numbered {
    /// Takes note of one; `None` if it needs no step.
    pub(super) fn note(&mut self, at: u64, step: Option<u64>) {
        let runs = if step.is_some() { &mut self.steps } else { &mut self.without };
        let own = step.unwrap_or(at);
        match runs.last_mut() {
            Some(run) if run.first + run.count == at && run.step + run.count == own => run.count += 1,
            _ => runs.push(Run { first: at, step: own, count: 1 }),
        }
    }

    /// Reads them in their order.
    pub(super) fn read(mut self) -> NumberedRead {
        for runs in [&mut self.steps, &mut self.without] {
            runs.sort_unstable_by_key(|run| run.first);
        }
        NumberedRead { own: self, next: 0, places: [0; 2] }
    }
}

/// How one has fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fared {
    /// This step.
    Step(u64),
    /// Nothing, and that is all right.
    Nothing,
    /// Nothing, although it was wanted.
    Lost,
}

/// Reads what became of each.
#[derive(Clone, Debug)]
pub struct NumberedRead {
    own: Numbered,
    next: u64,
    places: [usize; 2],
}

impl NumberedRead {
    /// The next one.
    pub(super) fn next(&mut self) -> Fared {
        let at = self.next;
        self.next += 1;
        let mut find = |which: usize, runs: &[Run]| {
            let place = &mut self.places[which];
            while runs.get(*place).is_some_and(|run| run.first + run.count <= at) {
                *place += 1;
            }
            runs.get(*place).filter(|run| run.first <= at).map(|run| run.step + (at - run.first))
        };
        match (find(0, &self.own.steps), find(1, &self.own.without)) {
            (Some(step), _) => Fared::Step(step),
            (None, Some(_)) => Fared::Nothing,
            (None, None) => Fared::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_step_it_was_noted_with() {
        let mut numbered = Numbered::default();
        for (at, step) in
            [(0, Some(5)), (1, Some(6)), (3, None), (9, Some(7)), (4, None), (7, Some(8)), (8, None), (8, Some(9))]
        {
            numbered.note(at, step);
        }
        let mut read = numbered.read();
        let found: Vec<Fared> = (0..11).map(|_| read.next()).collect();
        let (lost, nothing, step) = (Fared::Lost, Fared::Nothing, Fared::Step);
        assert_eq!(found, [step(5), step(6), lost, nothing, nothing, lost, lost, step(8), step(9), step(7), lost]);
    }

    #[test]
    fn what_follows_takes_no_room() {
        let mut numbered = Numbered::default();
        (0..1_000).for_each(|at| numbered.note(at, Some(at + 70)));
        assert_eq!(numbered.steps.len(), 1);
    }
}
