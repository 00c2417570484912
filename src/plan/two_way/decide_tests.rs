use super::*;

const STAYS: Column = Column { differs: true, changed: [false; 2], later: None };
const LEFT: Column = Column { differs: true, changed: [true, false], later: None };
const RIGHT: Column = Column { differs: true, changed: [false, true], later: None };
const CLASH: Column = Column { differs: true, changed: [true; 2], later: None };
/// Changed to the same value on both sides.
const SAME: Column = Column { differs: false, changed: [true; 2], later: None };

fn column_winner() -> Winner {
    Winner::NewestColumn { left: "at".to_owned(), right: "changed".to_owned() }
}

fn rules(winner: Winner) -> Rules {
    Rules { winner, window: 10, ..Rules::default() }
}

fn both(columns: &[Column]) -> Facts<'_> {
    Facts {
        here: [true; 2],
        based: true,
        columns,
        times: [None; 2],
        decided: None,
        filtered: false,
        torn: false,
        unclear: false,
    }
}

fn left_only(columns: &[Column]) -> Facts<'_> {
    Facts { here: [true, false], ..both(columns) }
}

fn writes(left: &[usize], right: &[usize]) -> Outcome {
    Outcome::Write([left.to_vec(), right.to_vec()])
}

#[test]
fn what_one_side_changed_goes_to_the_other() {
    for winner in [Winner::None, Winner::Left, Winner::Right, Winner::NewestHistory, column_winner()] {
        let rules = rules(winner);
        assert_eq!(decide(&both(&[LEFT, STAYS, SAME]), &rules), writes(&[], &[0]));
        assert_eq!(decide(&both(&[STAYS, RIGHT, RIGHT]), &rules), writes(&[1, 2], &[]));
        assert_eq!(decide(&both(&[RIGHT, LEFT]), &rules), writes(&[0], &[1]));
        assert_eq!(decide(&both(&[STAYS, SAME]), &rules), Outcome::Kept);
        assert_eq!(decide(&both(&[SAME, Column::default()]), &rules), Outcome::Agree);
    }
}

#[test]
fn clashes_go_to_the_winner_and_the_rest_merges() {
    let columns = [CLASH, LEFT, RIGHT, STAYS];
    assert_eq!(decide(&both(&columns), &rules(Winner::None)), Outcome::Conflict(Reason::BothChanged));
    assert_eq!(decide(&both(&columns), &rules(Winner::Left)), writes(&[2], &[0, 1]));
    assert_eq!(decide(&both(&columns), &rules(Winner::Right)), writes(&[0, 2], &[1]));
    let first = Facts { based: false, ..both(&columns) };
    assert_eq!(decide(&first, &rules(Winner::None)), Outcome::Conflict(Reason::NoBase));
    assert_eq!(decide(&first, &rules(Winner::Right)), writes(&[0, 1, 2, 3], &[]));
}

#[test]
fn a_row_is_taken_over_as_a_whole() {
    let row = |winner| Rules { merge: Merge::Row, ..rules(winner) };
    // Without a clash, too: each side changed something else.
    for columns in [[LEFT, RIGHT, STAYS], [RIGHT, CLASH, STAYS], [LEFT, CLASH, STAYS]] {
        assert_eq!(decide(&both(&columns), &row(Winner::None)), Outcome::Conflict(Reason::BothChanged));
        assert_eq!(decide(&both(&columns), &row(Winner::Left)), writes(&[], &[0, 1]));
        assert_eq!(decide(&both(&columns), &row(Winner::Right)), writes(&[0, 1], &[]));
    }
    assert_eq!(decide(&both(&[LEFT, LEFT, STAYS]), &row(Winner::Right)), writes(&[], &[0, 1]));
    assert_eq!(decide(&both(&[STAYS, RIGHT]), &row(Winner::None)), writes(&[1], &[]));
    assert_eq!(decide(&both(&[STAYS]), &row(Winner::Left)), Outcome::Kept);
}

#[test]
fn the_later_one_wins_if_it_is_later_by_more_than_the_window() {
    for winner in [Winner::NewestHistory, column_winner()] {
        let at = |left, right| decide(&Facts { times: [left, right], ..both(&[CLASH]) }, &rules(winner.clone()));
        assert_eq!(at(Some(11), Some(0)), writes(&[], &[0]));
        assert_eq!(at(Some(-11), Some(0)), writes(&[0], &[]));
        assert_eq!(at(Some(10), Some(0)), Outcome::Conflict(Reason::TooClose));
        assert_eq!(at(Some(0), Some(10)), Outcome::Conflict(Reason::TooClose));
        assert_eq!(at(Some(i64::MIN), Some(i64::MAX)), writes(&[0], &[]));
        assert_eq!(at(Some(99), None), Outcome::Conflict(Reason::NoTime));
        assert_eq!(at(None, None), Outcome::Conflict(Reason::NoTime));
    }
    let none = Rules { window: 0, ..rules(Winner::NewestHistory) };
    let at = |left, right| decide(&Facts { times: [Some(left), Some(right)], ..both(&[CLASH]) }, &none);
    assert_eq!(at(7, 7), Outcome::Conflict(Reason::TooClose));
    assert_eq!(at(8, 7), writes(&[], &[0]));
}

#[test]
fn a_person_decides() {
    let decided = |take| Facts { decided: Some(take), times: [Some(3), Some(4)], ..both(&[CLASH, LEFT]) };
    let all = [Winner::None, Winner::Left, Winner::Right, Winner::NewestHistory];
    for rules in all.map(rules) {
        assert_eq!(decide(&decided(Take::Left), &rules), writes(&[], &[0, 1]));
        assert_eq!(decide(&decided(Take::Right), &rules), writes(&[0], &[1]));
        assert_eq!(decide(&decided(Take::Newest), &rules), writes(&[0], &[1]));
        let same = Facts { times: [Some(4); 2], ..decided(Take::Newest) };
        assert_eq!(decide(&same, &rules), Outcome::Conflict(Reason::TooClose));
        let unknown = Facts { times: [None, Some(4)], ..decided(Take::Newest) };
        assert_eq!(decide(&unknown, &rules), Outcome::Conflict(Reason::NoTime));
        // There is nothing to decide about these.
        let one_sided = Facts { columns: &[RIGHT], ..decided(Take::Left) };
        assert_eq!(decide(&one_sided, &rules), writes(&[0], &[]));
    }
}

#[test]
fn a_row_that_was_never_on_both_sides_is_created() {
    for filtered in [false, true] {
        let facts = Facts { based: false, filtered, ..left_only(&[LEFT]) };
        assert_eq!(decide(&facts, &rules(Winner::Right)), Outcome::Create(1));
        let facts = Facts { here: [false, true], ..facts };
        assert_eq!(decide(&facts, &rules(Winner::Left)), Outcome::Create(0));
    }
}

#[test]
fn a_delete_goes_over_if_the_other_side_is_unchanged() {
    let unchanged = [Column::default(); 2];
    let all = [Winner::None, Winner::Left, Winner::Right, Winner::NewestHistory, column_winner()];
    for rules in all.map(rules) {
        assert_eq!(decide(&left_only(&unchanged), &rules), Outcome::Delete(0));
        assert_eq!(decide(&Facts { decided: Some(Take::Left), ..left_only(&unchanged) }, &rules), Outcome::Delete(0));
        let filtered = Facts { filtered: true, times: [Some(0), Some(99)], ..left_only(&unchanged) };
        assert_eq!(decide(&filtered, &rules), Outcome::Undecided);
        let gone = Facts { here: [false; 2], ..left_only(&unchanged) };
        assert_eq!(decide(&gone, &rules), Outcome::Agree);
    }
}

#[test]
fn a_delete_against_a_change_needs_times_or_a_person() {
    let changed = [Column { differs: false, changed: [true, false], later: None }];
    let facts = Facts { times: [Some(0), Some(50)], ..left_only(&changed) };
    for winner in [Winner::None, Winner::Left, Winner::Right, column_winner()] {
        assert_eq!(decide(&facts, &rules(winner)), Outcome::Conflict(Reason::DeletedAndChanged));
    }
    let history = rules(Winner::NewestHistory);
    assert_eq!(decide(&facts, &history), Outcome::Delete(0));
    assert_eq!(decide(&Facts { times: [Some(50), Some(0)], ..facts }, &history), Outcome::Create(1));
    assert_eq!(decide(&Facts { times: [Some(5), Some(0)], ..facts }, &history), Outcome::Conflict(Reason::TooClose));
    assert_eq!(decide(&Facts { times: [Some(5), None], ..facts }, &history), Outcome::Conflict(Reason::NoTime));
    for filtered in [false, true] {
        let decided = |take| decide(&Facts { decided: Some(take), filtered, ..facts }, &rules(Winner::None));
        assert_eq!(decided(Take::Left), Outcome::Create(1));
        assert_eq!(decided(Take::Right), Outcome::Delete(0));
        assert_eq!(decided(Take::Newest), Outcome::Delete(0));
    }
    assert_eq!(decide(&Facts { filtered: true, ..facts }, &history), Outcome::Undecided);
}

/// Every case of up to two columns, and some times that are far apart, close, equal and unknown.
fn every_case(mut look: impl FnMut(&Facts<'_>, &Rules)) {
    let bools = [false, true];
    let mut kinds = Vec::new();
    for differs in bools {
        kinds.extend([[false, false], [false, true], [true, false], [true, true]].map(|changed| Column {
            differs,
            changed,
            later: None,
        }));
    }
    let mut tables: Vec<Vec<Column>> = vec![Vec::new()];
    tables.extend(kinds.iter().map(|one| vec![*one]));
    tables.extend(kinds.iter().flat_map(|one| kinds.iter().map(|two| vec![*one, *two])));
    let moments = [None, Some(0), Some(5), Some(100)];
    let takes = [None, Some(Take::Left), Some(Take::Right), Some(Take::Newest)];
    let winners = [Winner::Left, Winner::Right, column_winner(), Winner::NewestHistory, Winner::None];
    for winner in winners {
        for (merge, window) in [(Merge::Column, 0), (Merge::Column, 10), (Merge::Row, 0), (Merge::Row, 10)] {
            let rules = Rules { winner: winner.clone(), merge, window, shift: false };
            for columns in &tables {
                for here in [[true, true], [true, false], [false, true], [false, false]] {
                    // A row that is not there neither differs nor has changed.
                    let columns: Vec<Column> = columns
                        .iter()
                        .map(|column| Column {
                            differs: column.differs && here == [true; 2],
                            changed: [0, 1].map(|side: usize| column.changed[side] && here[side]),
                            later: None,
                        })
                        .collect();
                    for (based, filtered) in bools.iter().flat_map(|a| bools.map(|b| (*a, b))) {
                        for left in moments {
                            for right in moments {
                                for decided in takes {
                                    let times = [left, right];
                                    let facts = Facts {
                                        here,
                                        based,
                                        columns: &columns,
                                        times,
                                        decided,
                                        filtered,
                                        torn: false,
                                        unclear: false,
                                    };
                                    look(&facts, &rules);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn mirrored_take(take: Take) -> Take {
    match take {
        Take::Left => Take::Right,
        Take::Right => Take::Left,
        Take::Newest => Take::Newest,
    }
}

#[test]
fn swapping_sides_mirrors_the_outcome() {
    let swap = |pair: [bool; 2]| [pair[1], pair[0]];
    every_case(|facts, rules| {
        let columns: Vec<Column> =
            facts.columns.iter().map(|column| Column { changed: swap(column.changed), ..*column }).collect();
        let other = Facts {
            here: swap(facts.here),
            columns: &columns,
            times: [facts.times[1], facts.times[0]],
            decided: facts.decided.map(mirrored_take),
            ..*facts
        };
        let winner = match &rules.winner {
            Winner::Left => Winner::Right,
            Winner::Right => Winner::Left,
            same => same.clone(),
        };
        let mirrored = match decide(&other, &Rules { winner, ..rules.clone() }) {
            Outcome::Create(side) => Outcome::Create(1 - side),
            Outcome::Delete(side) => Outcome::Delete(1 - side),
            Outcome::Write([left, right]) => Outcome::Write([right, left]),
            same => same,
        };
        assert_eq!(decide(facts, rules), mirrored, "{facts:?} {rules:?}");
    });
}

#[test]
fn nothing_is_written_or_deleted_without_a_reason() {
    every_case(|facts, rules| {
        let context = || format!("{facts:?} {rules:?}");
        match decide(facts, rules) {
            Outcome::Write(writes) => {
                assert_eq!(facts.here, [true; 2], "{}", context());
                assert!(writes.iter().any(|columns| !columns.is_empty()), "{}", context());
                let mut all = writes.concat();
                all.sort_unstable();
                all.dedup();
                assert_eq!(all.len(), writes.concat().len(), "a column goes both ways: {}", context());
                assert!(all.iter().all(|at| facts.columns[*at].differs), "{}", context());
                for (side, columns) in writes.iter().enumerate() {
                    assert!(columns.is_sorted(), "{}", context());
                    // Only a decision takes back what this side changed.
                    let own = |at: &usize| !facts.based || facts.columns[*at].changed[side];
                    let free = facts.decided.is_none() && rules.winner == Winner::None;
                    assert!(!free || !columns.iter().any(own), "{}", context());
                }
            }
            Outcome::Delete(side) => {
                assert!(facts.based && facts.here[side] && !facts.here[1 - side], "{}", context());
                assert!(!facts.filtered || facts.decided.is_some(), "{}", context());
            }
            Outcome::Create(side) => assert!(!facts.here[side] && facts.here[1 - side], "{}", context()),
            _ => {}
        }
    });
}

/// Whether somebody or something says which side is taken.
fn has_winner(facts: &Facts<'_>, rules: &Rules, deleted: bool) -> bool {
    let later = |by: i64| matches!(facts.times, [Some(l), Some(r)] if l - r > by || r - l > by);
    match (facts.decided, &rules.winner) {
        (Some(Take::Left | Take::Right), _) => true,
        (Some(Take::Newest), _) => later(0),
        (None, Winner::Left | Winner::Right) => !deleted,
        (None, Winner::NewestColumn { .. }) => !deleted && later(rules.window),
        (None, Winner::NewestHistory) => later(rules.window),
        (None, Winner::None) => false,
    }
}

#[test]
fn conflicts_are_what_both_changed_apart() {
    every_case(|facts, rules| {
        let any = |of: &dyn Fn(&Column) -> bool| facts.columns.iter().any(of);
        let by = |side: usize| any(&|column| column.differs && column.changed[side]);
        let expected = match facts.here {
            [true, true] => {
                let clash = any(&|column| column.differs && (!facts.based || column.changed == [true; 2]));
                let apart = clash || (rules.merge == Merge::Row && by(0) && by(1));
                apart && !has_winner(facts, rules, false)
            }
            [false, false] => false,
            here => {
                let edited = any(&|column| column.changed[usize::from(here[1])]);
                facts.based && edited && !facts.filtered && !has_winner(facts, rules, true)
            }
        };
        let outcome = decide(facts, rules);
        assert_eq!(matches!(outcome, Outcome::Conflict(_)), expected, "{facts:?} {rules:?}");
        if let Outcome::Conflict(reason) = outcome {
            let asked = facts.decided == Some(Take::Newest)
                || (facts.decided.is_none() && rules.winner == Winner::NewestHistory)
                || (matches!(rules.winner, Winner::NewestColumn { .. }) && facts.here == [true; 2]);
            let why = match facts.here {
                _ if asked && facts.times.contains(&None) => Reason::NoTime,
                _ if asked => Reason::TooClose,
                [true, true] if facts.based => Reason::BothChanged,
                [true, true] => Reason::NoBase,
                _ => Reason::DeletedAndChanged,
            };
            assert_eq!(reason, why, "{facts:?} {rules:?}");
        }
    });
}

#[test]
fn one_sided_edits_always_go_over() {
    every_case(|facts, rules| {
        let edited = |side: usize| facts.columns.iter().any(|column| column.differs && column.changed[side]);
        if !facts.based || facts.here != [true; 2] {
            return;
        }
        for side in [0, 1] {
            if edited(side) && !edited(1 - side) {
                let columns = (0..facts.columns.len())
                    .filter(|at| facts.columns[*at].differs && facts.columns[*at].changed[side])
                    .collect();
                let mut expected = [Vec::new(), Vec::new()];
                expected[1 - side] = columns;
                assert_eq!(decide(facts, rules), Outcome::Write(expected), "{facts:?} {rules:?}");
            }
        }
    });
}

#[test]
fn undecided_is_only_what_may_have_left_the_chosen_rows() {
    every_case(|facts, rules| {
        let missing = facts.based && facts.filtered && (facts.here[0] != facts.here[1]);
        let open = match facts.decided {
            None => true,
            Some(Take::Newest) => !has_winner(facts, rules, true),
            Some(_) => false,
        };
        assert_eq!(decide(facts, rules) == Outcome::Undecided, missing && open, "{facts:?} {rules:?}");
    });
}

#[test]
fn a_time_of_change_merges_to_the_later_one() {
    let time = Column { later: Some(1), ..CLASH };
    for winner in [Winner::None, Winner::Left, Winner::NewestHistory] {
        let columns = [LEFT, time];
        assert_eq!(decide(&both(&columns), &rules(winner.clone())), Outcome::Write([vec![1], vec![0]]), "{winner}");
        let alone = [time];
        let first = Facts { based: false, ..both(&alone) };
        assert_eq!(decide(&first, &rules(winner)), Outcome::Write([vec![0], vec![]]));
    }
    // Beside a collision it goes with the rest; and whole rows are one side's.
    let columns = [CLASH, time];
    assert_eq!(decide(&both(&columns), &rules(Winner::None)), Outcome::Conflict(Reason::BothChanged));
    assert_eq!(decide(&both(&columns), &rules(Winner::Left)), Outcome::Write([vec![], vec![0, 1]]));
    let whole = Rules { merge: Merge::Row, ..rules(Winner::None) };
    assert_eq!(decide(&both(&[time]), &whole), Outcome::Conflict(Reason::BothChanged));
}

#[test]
fn no_rule_decides_what_an_interrupted_run_has_left_unclear() {
    let columns = [LEFT, CLASH, STAYS];
    let unclear = Facts { based: false, torn: true, unclear: true, times: [Some(90), Some(1)], ..both(&columns) };
    for winner in [Winner::None, Winner::Left, Winner::Right, Winner::NewestHistory, column_winner()] {
        assert_eq!(decide(&unclear, &rules(winner)), Outcome::Conflict(Reason::Unclear));
    }
    let decided = |take| decide(&Facts { decided: Some(take), ..unclear }, &rules(Winner::Left));
    assert_eq!((decided(Take::Left), decided(Take::Right)), (writes(&[], &[0, 1, 2]), writes(&[0, 1, 2], &[])));
    assert_eq!(decided(Take::Newest), writes(&[], &[0, 1, 2]));
    let equal = [SAME, Column::default()];
    assert_eq!(decide(&Facts { columns: &equal, ..unclear }, &rules(Winner::None)), Outcome::Agree);
    let alone = Facts { here: [true, false], ..unclear };
    assert_eq!(decide(&alone, &rules(Winner::Left)), Outcome::Undecided);
}

#[test]
fn a_row_that_was_torn_and_is_alone_is_undecided() {
    let torn = Facts { based: false, torn: true, ..left_only(&[LEFT]) };
    for winner in [Winner::None, Winner::Left, Winner::Right, Winner::NewestHistory] {
        assert_eq!(decide(&Facts { times: [Some(9), Some(1)], ..torn }, &rules(winner)), Outcome::Undecided);
    }
    let decided = |take| decide(&Facts { decided: Some(take), ..torn }, &rules(Winner::None));
    assert_eq!((decided(Take::Left), decided(Take::Right)), (Outcome::Create(1), Outcome::Delete(0)));
    assert_eq!(decided(Take::Newest), Outcome::Undecided);
}
