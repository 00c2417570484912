//! What a column's changed values have in common, found in all of them together.

use super::decimal::Decimal;
use super::kind::ValueKind as K;
use super::moment;
use super::sort::{Column, Sorted, code, sort, too_long};
use super::text::beginning;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A length in characters or in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width {
    pub length: usize,
    pub bytes: bool,
}

impl Width {
    /// A text's length in the same measure.
    pub fn of(self, text: &str) -> usize {
        if self.bytes { text.len() } else { text.chars().count() }
    }
}

/// What single values are measured against.
#[derive(Clone, Debug)]
pub struct Traits {
    /// Per side: it has numbers that were rounded.
    pub rounds: [bool; 2],
    /// Per side: it has numbers that were cut.
    pub cuts: [bool; 2],
    /// Floats went through 32 bits.
    pub single: bool,
    /// Per side: it has whole numbers with few significant digits.
    pub significant: [bool; 2],
    /// The power of ten from left to right.
    pub power: Option<i32>,
    /// From left to right.
    pub shift: Option<Decimal>,
    /// From left to right, in microseconds.
    pub moved: Option<i64>,
    /// From left to right in quarters of an hour: one, or two an hour apart.
    pub zones: Vec<i32>,
    /// Per side: the width that it is cut off at.
    pub truncated: [Option<Width>; 2],
    /// Per side: the width that it is filled up to with spaces.
    pub filled_up: [Option<usize>; 2],
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            rounds: [true; 2],
            cuts: [true; 2],
            single: true,
            significant: [false; 2],
            power: None,
            shift: None,
            moved: None,
            zones: Vec::new(),
            truncated: [None; 2],
            filled_up: [None; 2],
        }
    }
}

/// Counts the values of which there may be many, but loses those that are less than one in
/// `KEPT` (J. Misra and D. Gries, "Finding repeated elements", 1982).
#[derive(Clone, Debug)]
struct Frequent<T>(BTreeMap<T, u64>);

const KEPT: usize = 64;

impl<T: Ord + Copy> Frequent<T> {
    fn add(&mut self, value: T) {
        if let Some(count) = self.0.get_mut(&value) {
            *count += 1;
        } else if self.0.len() < KEPT {
            self.0.insert(value, 1);
        } else {
            self.0.retain(|_, count| {
                *count -= 1;
                *count > 0
            });
        }
    }

    fn most(&self) -> Option<T> {
        most(&self.0).map(|(value, _)| value)
    }
}

/// The value that comes most often; of several the least.
fn most<T: Ord + Copy>(counts: &BTreeMap<T, u64>) -> Option<(T, u64)> {
    counts.iter().rev().max_by_key(|(_, count)| **count).map(|(value, count)| (*value, *count))
}

/// Two values as printed.
pub type Printed<'a> = [Option<Cow<'a, str>>; 2];

/// Values to keep for judging what chance does, at most.
const SAMPLE: usize = 4096;
/// Values longer than this are not kept for it: too few of them would fit.
const LONG: usize = 8 * 1024;

/// Learns a column's traits from its changed values, seen one by one.
#[derive(Clone, Debug)]
pub struct Learner {
    plain: Traits,
    seen: u64,
    step: u64,
    /// Every so-manieth pair of values.
    pub sample: Vec<[Option<String>; 2]>,
    /// Bytes that the sample takes, and those that it may take.
    bytes: [usize; 2],
    numbers: u64,
    powers: BTreeMap<i32, u64>,
    shifts: Frequent<Decimal>,
    moves: Frequent<i64>,
    times: u64,
    zones: BTreeMap<i32, u64>,
    rounded: [u64; 2],
    cut: [u64; 2],
    fewer: u64,
    singles: u64,
    significant: [u64; 2],
    short: [u64; 2],
    lengths: [[BTreeMap<usize, u64>; 2]; 2],
    spaced: [BTreeMap<usize, u64>; 2],
    /// Per width, with how many spaces, up to three numbers.
    spaces: [BTreeMap<usize, BTreeSet<usize>>; 2],
}

impl Default for Learner {
    fn default() -> Self {
        Self {
            plain: Traits::default(),
            seen: 0,
            step: 1,
            sample: Vec::new(),
            bytes: [0, usize::MAX],
            numbers: 0,
            powers: BTreeMap::new(),
            shifts: Frequent(BTreeMap::new()),
            moves: Frequent(BTreeMap::new()),
            times: 0,
            zones: BTreeMap::new(),
            rounded: [0; 2],
            cut: [0; 2],
            fewer: 0,
            singles: 0,
            significant: [0; 2],
            short: [0; 2],
            lengths: Default::default(),
            spaced: Default::default(),
            spaces: Default::default(),
        }
    }
}

impl Learner {
    /// One whose sample takes so many bytes at most.
    pub fn within(bytes: usize) -> Self {
        Self { bytes: [0, bytes], ..Self::default() }
    }

    /// Sees a changed pair of values.
    pub fn see(&mut self, column: &Column, printed: &Printed<'_>) {
        let [left, right] = printed.each_ref().map(Option::as_deref);
        let sorted = sort(column, &self.plain, left, right);
        if let (Some(left), Some(right), false) = (left, right, too_long(left, right)) {
            self.learn(column, sorted, left, right);
        }
        let size = |values: [Option<&str>; 2]| values.into_iter().flatten().map(str::len).sum::<usize>();
        if self.seen.is_multiple_of(self.step) && size([left, right]) <= LONG {
            self.bytes[0] += size([left, right]);
            self.sample.push([left, right].map(|text| text.map(str::to_owned)));
            if self.sample.len() > SAMPLE || self.bytes[0] > self.bytes[1] {
                let mut at = 0;
                self.sample.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.bytes[0] = self.sample.iter().map(|[left, right]| size([left.as_deref(), right.as_deref()])).sum();
                self.step *= 2;
            }
        }
        self.seen += 1;
    }

    fn learn(&mut self, column: &Column, sorted: Sorted, left: &str, right: &str) {
        if let (Some(one), Some(two)) = (moment::micros(column, left), moment::micros(column, right)) {
            let coarse = sorted.kind == K::Rounding && (sorted.code - code::UNIT) % code::UP < 3;
            if !coarse && sorted.kind != K::DateOrder {
                self.times += 1;
                if let Some(quarters) = moment::quarters(column, one, two) {
                    *self.zones.entry(quarters).or_default() += 1;
                }
            }
            if sorted.kind == K::Other
                && let Some(difference) = two.checked_sub(one)
            {
                self.moves.add(difference);
            }
            return;
        }
        match sorted.kind {
            K::Rounding if sorted.code == code::SINGLE => self.singles += 1,
            K::Rounding if sorted.code < code::SINGLE => {
                self.fewer += 1;
                let fewer = Decimal::parse(left).zip(Decimal::parse(right)).and_then(|(one, two)| one.fewer(two));
                match fewer {
                    Some(fewer) if !fewer.cut => self.rounded[fewer.side] += 1,
                    Some(fewer) if !fewer.rounded => self.cut[fewer.side] += 1,
                    _ => {}
                }
            }
            K::Spaces if sorted.code == 0 && sorted.side < 2 => {
                let side = usize::from(sorted.side);
                let text = [left, right][side];
                let width = text.chars().count();
                *self.spaced[side].entry(width).or_default() += 1;
                let spaces = self.spaces[side].entry(width).or_default();
                if spaces.len() < 3 {
                    spaces.insert(text.len() - text.trim_end().len());
                }
            }
            K::Other => self.leftover(left, right),
            _ => {}
        }
    }

    fn leftover(&mut self, left: &str, right: &str) {
        if let (Some(one), Some(two)) = (Decimal::parse(left), Decimal::parse(right)) {
            self.numbers += 1;
            if let Some(power) = one.power(two) {
                *self.powers.entry(power).or_default() += 1;
            }
            if let Some((side, _)) = one.significant(two) {
                self.significant[side] += 1;
            }
            if let Some(difference) = one.difference(two) {
                self.shifts.add(difference);
            }
        }
        if let Some(side) = beginning(left, right) {
            let text = [left, right][side];
            self.short[side] += 1;
            *self.lengths[side][0].entry(text.chars().count()).or_default() += 1;
            *self.lengths[side][1].entry(text.len()).or_default() += 1;
        }
    }

    /// What was learned.
    pub fn traits(&self) -> Traits {
        let side = |of: &dyn Fn(usize) -> bool| [of(0), of(1)];
        // A value that is cut is as often nearer to what it is cut to as not, so that one way
        // shows in the other half of them.
        let tenth = |part: u64, rest: u64| part * 9 >= rest || part + rest == 0;
        Traits {
            rounds: side(&|at| tenth(self.rounded[at], self.cut[at])),
            cuts: side(&|at| self.cut[at] > 0 && tenth(self.cut[at], self.rounded[at])),
            // A value that happens to be one of 32 bits is none if the others are not.
            single: self.singles > self.fewer,
            significant: side(&|at| self.significant[at] >= 5 && self.significant[at] * 2 >= self.numbers),
            power: most(&self.powers).map(|(power, _)| power),
            shift: self.shifts.most(),
            moved: self.moves.most(),
            zones: self.zones(),
            truncated: [self.width(0), self.width(1)],
            filled_up: [0, 1].map(|at| {
                let (width, count) = most(&self.spaced[at])?;
                let all: u64 = self.spaced[at].values().sum();
                // A space or two at the end are no filling up.
                let varied = self.spaces[at].get(&width).is_some_and(|spaces| spaces.len() > 2);
                (count >= 5 && count * 5 >= all * 2 && varied).then_some(width)
            }),
        }
    }

    /// The offset that most have, and with it the one of the other half of the year.
    fn zones(&self) -> Vec<i32> {
        let Some((most, count)) = most(&self.zones) else { return Vec::new() };
        if count < 2 || count * 5 < self.times {
            return Vec::new();
        }
        let at = |offset: i32| self.zones.get(&offset).copied().unwrap_or(0);
        let summer = if at(most + 4) > at(most - 4) { most + 4 } else { most - 4 };
        let mut zones = vec![most];
        if at(summer) * 20 >= count && at(summer) >= 2 {
            zones.push(summer);
            zones.sort_by_key(|offset| offset.abs());
        }
        zones
    }

    fn width(&self, side: usize) -> Option<Width> {
        let [chars, bytes] = &self.lengths[side];
        let ((by_chars, chars), (by_bytes, bytes)) = (most(chars)?, most(bytes)?);
        let (length, count, bytes) = if bytes > chars { (by_bytes, bytes, true) } else { (by_chars, chars, false) };
        (count >= 2 && count * 2 >= self.short[side]).then_some(Width { length, bytes })
    }
}
