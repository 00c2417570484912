//! Keys that are spelled a little differently: one character, or two in longer texts.

use super::super::evidence::{Deadline, ReasonError};
use super::super::reason::Reason;
use super::chance::Chance;
use super::forms::is_uuid;
use super::groups::{Member, mix, possible};
use super::number::number;
use super::rules::is_textual;
use super::search::{AT_ONCE, Search};
use super::variants::{LONGEST, SHORTEST, TWO, Variants, apart, could_be_apart, parity};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// Variants kept at once, at least and at most: 16 bytes each, as far as a quarter of the memory
/// goes.
const KEPT: [u64; 2] = [4 << 20, 32 << 20];
/// More texts than this that share a variant are no misspellings of each other.
const CROWD: usize = 64;
/// Two texts that are near each other share so many variants at most, about.
const SHARED: usize = 64;
/// Texts of five letters and more that mean different things differ in more than one of them, but
/// in one of so many pairs, if nothing better is known.
const KNOWN: f64 = 1000.0;

/// Pairs keys by their spelling.
pub fn spelling(search: &mut Search<'_>) -> Result<Option<Reason>, ReasonError> {
    for part in (0..search.parts()).filter(|part| is_textual(search, *part)).collect::<Vec<_>>() {
        let mut pairs = Vec::new();
        let mut how = Vec::new();
        let mut taken = [vec![false; search.claimed[0].len()], vec![false; search.claimed[1].len()]];
        for differences in [1, 2] {
            let members = candidates(search, part, differences, &taken);
            let Some(near) = Near::find(search, part, differences, &members)? else { continue };
            let unique = near.unique();
            // Whoever is nearer to one key is not compared with keys farther off.
            near.across.iter().for_each(|(left, right)| {
                taken[0][left.row()] = true;
                taken[1][right.row()] = true;
            });
            if near.chance.excludes(unique.len() as u64, near.fewer, 2, KNOWN) {
                search.claim(&unique);
                pairs.extend(unique);
                how.push(differences);
            }
        }
        if !pairs.is_empty() {
            let many = match how.as_slice() {
                [1] => "one character",
                [2] => "two characters",
                _ => "one or two characters",
            };
            let within = if search.parts() > 1 { format!(" of `{}`", search.name(part)) } else { String::new() };
            let how = format!("keys match a right-only key but for {many}{within}");
            return search.reason("spelling", &[part], &pairs, &how, None).map(Some);
        }
    }
    Ok(None)
}

/// The rows whose text is long enough, and is no number and no UUID.
fn candidates(search: &Search<'_>, part: usize, differences: usize, taken: &[Vec<bool>; 2]) -> Vec<Member> {
    let least = if differences == 1 { SHORTEST } else { TWO };
    let fits = |member: &Member| {
        let text = search.keys_of(*member).parts[part].texts.get(member.row());
        let length = text.chars().count();
        (member.beside() || !taken[member.side()][member.row()])
            && (least..=LONGEST).contains(&length)
            && number(text).is_none()
            && !is_uuid(text)
    };
    search.members().into_par_iter().with_min_len(1024).filter(fits).collect()
}

/// Rows that are near each other.
struct Near {
    /// Left and right.
    across: Vec<(Member, Member)>,
    chance: Chance,
    /// Rows that too many others are near to.
    crowded: Vec<Member>,
    /// The smaller number of candidates.
    fewer: usize,
}

impl Near {
    /// `None` as soon as chance makes too many near each other for any to be told.
    fn find(
        search: &Search<'_>,
        part: usize,
        differences: usize,
        members: &[Member],
    ) -> Result<Option<Self>, ReasonError> {
        let count = |side: usize, beside: bool| {
            members.iter().filter(|member| member.side() == side && member.beside() == beside).count() as u64
        };
        let only = [count(0, false), count(1, false)];
        let mut out = Self {
            across: Vec::new(),
            chance: possible(only, [count(0, true), count(1, true)], Chance::default()),
            crowded: Vec::new(),
            fewer: only[0].min(only[1]) as usize,
        };
        if out.fewer < 2 {
            return Ok(None);
        }
        let variants = |member: Member, space: &mut (Variants, Vec<(u64, bool)>)| {
            let keys = search.keys_of(member);
            let others = keys.parts.iter().enumerate().filter(|(other, _)| *other != part);
            let salt = others.fold(0, |form, (_, part)| mix(form, part.same[member.row()]));
            let text = keys.parts[part].texts.get(member.row());
            space.1.clear();
            if differences == 1 { space.0.one(text, salt, &mut space.1) } else { space.0.two(text, salt, &mut space.1) }
        };
        let texts = Compared { search, part, differences };
        let at_once = (search.evidence.memory as u64 / 64).clamp(KEPT[0], KEPT[1]);
        let seen = Seen::new(search, members, &variants)?;
        let ranges = seen.repeated.div_ceil(at_once).max(1);
        let mut within: Vec<(Member, Member)> = Vec::new();
        let entries_of = |range: u64| {
            let (variants, seen, texts) = (&variants, &seen, &texts);
            move |space: &mut (Variants, Vec<(u64, bool)>), member: &Member| {
                variants(*member, space);
                let here = |hash: &u64| hash % ranges == range && seen.is_repeated(*hash);
                let mut found: Vec<Entry> = Vec::new();
                let repeated = space.1.iter().filter(|(hash, _)| here(hash)).copied();
                let parity = parity(texts.of(*member));
                found.extend(repeated.map(|(hash, digit)| Entry::new(hash, *member, digit, parity)));
                found
            }
        };
        for range in 0..ranges {
            let mut entries: Vec<Entry> = Vec::new();
            for members in members.chunks(AT_ONCE) {
                search.check()?;
                entries.par_extend(
                    members.par_iter().with_min_len(1024).map_init(Default::default, entries_of(range)).flatten_iter(),
                );
            }
            entries.par_sort_unstable();
            entries.dedup_by_key(|entry| (entry.hash, entry.member));
            search.check()?;
            let limit = Limit::new(search.until, SHARED * (5 * out.fewer + 2000));
            let looks: Vec<Look> = entries
                .par_chunk_by(|a, b| a.hash == b.hash)
                .filter(|group| group.len() > 1)
                .fold(Look::default, |mut look, group| {
                    if !limit.is_reached() {
                        look.at(&texts, group, &limit);
                    }
                    look
                })
                .collect();
            search.check()?;
            if limit.is_reached() {
                return Ok(None);
            }
            for look in looks {
                out.across.extend(look.across);
                within.extend(look.within);
                out.crowded.extend(look.crowded);
            }
            out.crowded.sort_unstable();
            out.crowded.dedup();
            for pairs in [&mut out.across, &mut within] {
                pairs.sort_unstable();
                pairs.dedup();
            }
            let hopeless = within.len() + out.crowded.len() > out.fewer + 1000;
            if hopeless || out.across.len() > 4 * out.fewer + 1000 {
                return Ok(None);
            }
        }
        let beside = within.iter().filter(|(one, other)| one.beside() || other.beside()).count();
        out.chance.beside.agree = beside as f64;
        out.chance.within.agree = (within.len() - beside + out.crowded.len()) as f64;
        Ok(Some(out))
    }

    /// Pairs in which both have no other near them.
    fn unique(&self) -> Vec<(u32, u32)> {
        let mut counts: std::collections::HashMap<Member, u32> = std::collections::HashMap::new();
        for (left, right) in &self.across {
            *counts.entry(*left).or_default() += 1;
            *counts.entry(*right).or_default() += 1;
        }
        let alone = |member: &Member| counts.get(member) == Some(&1) && self.crowded.binary_search(member).is_err();
        let pairs = self.across.iter().filter(|(left, right)| alone(left) && alone(right));
        pairs.map(|(left, right)| (left.row() as u32, right.row() as u32)).collect()
    }
}

/// A variant of a member's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    member: Member,
    /// The text's parity, and the highest bit set where no more than a digit was deleted.
    about: u32,
}

impl Entry {
    fn new(hash: u64, member: Member, digit: bool, parity: u32) -> Self {
        Self { hash, member, about: parity | u32::from(digit) << 31 }
    }

    fn digit(&self) -> bool {
        self.about >> 31 == 1
    }

    fn parity(&self) -> u32 {
        self.about & (u32::MAX >> 1)
    }
}

/// The texts that are compared.
struct Compared<'a> {
    search: &'a Search<'a>,
    part: usize,
    differences: usize,
}

impl Compared<'_> {
    fn of(&self, member: Member) -> &str {
        self.search.keys_of(member).parts[self.part].texts.get(member.row())
    }

    fn are_apart(&self, one: &Entry, other: &Entry) -> bool {
        !(one.digit() && other.digit())
            && could_be_apart(one.parity(), other.parity(), self.differences)
            && apart(self.of(one.member), self.of(other.member), self.differences)
    }
}

/// What comparing some groups of members showed.
#[derive(Default)]
struct Look {
    across: Vec<(Member, Member)>,
    within: Vec<(Member, Member)>,
    crowded: Vec<Member>,
}

impl Look {
    /// Compares the members of a group that shares a variant.
    fn at(&mut self, texts: &Compared<'_>, group: &[Entry], limit: &Limit) {
        // Where all deleted digits, they differ in their number only.
        if group.iter().all(Entry::digit) {
            return;
        }
        if group.len() > CROWD {
            // At two differences a half that many share tells nothing; the other half may.
            if texts.differences == 1 {
                self.crowded.extend(group.iter().map(|entry| entry.member).filter(|member| !member.beside()));
            }
            return;
        }
        let before = self.across.len() + self.within.len();
        for (at, one) in group.iter().enumerate() {
            for other in &group[at + 1..] {
                let (first, second) = (one.member, other.member);
                let same_side = first.side() == second.side();
                let known = first.beside() && second.beside() || !same_side && (first.beside() || second.beside());
                if !known && texts.are_apart(one, other) {
                    if same_side { self.within.push((first, second)) } else { self.across.push((first, second)) }
                }
            }
        }
        limit.add(self.across.len() + self.within.len() - before);
    }
}

/// How long texts are compared, and how many that are near each other are kept: with more, chance makes
/// too many near for any to be told.
struct Limit {
    until: Deadline,
    most: usize,
    found: AtomicUsize,
    reached: AtomicBool,
}

impl Limit {
    fn new(until: Deadline, most: usize) -> Self {
        Self { until, most, found: AtomicUsize::new(0), reached: AtomicBool::new(false) }
    }

    fn add(&self, pairs: usize) {
        let found = self.found.fetch_add(pairs, Ordering::Relaxed) + pairs;
        if found > self.most {
            self.reached.store(true, Ordering::Relaxed);
        }
    }

    fn is_reached(&self) -> bool {
        if self.until.is_past() {
            self.reached.store(true, Ordering::Relaxed);
        }
        self.reached.load(Ordering::Relaxed)
    }
}

/// Which hashes came up once and which more often, as nearly as fits 64 MB: a hash that came up
/// once may be taken for one that came up twice, never the other way round.
struct Seen {
    bits: [Vec<AtomicU64>; 2],
    /// So many variants came up more often, about.
    repeated: u64,
}

impl Seen {
    fn new<V>(search: &Search<'_>, members: &[Member], variants: &V) -> Result<Self, ReasonError>
    where
        V: Fn(Member, &mut (Variants, Vec<(u64, bool)>)) + Sync,
    {
        const MOST: usize = 1 << 22;
        let words = (members.len() * 4).next_power_of_two().clamp(1 << 10, MOST);
        let words = || (0..words).map(|_| AtomicU64::new(0)).collect::<Vec<_>>();
        let mut out = Self { bits: [words(), words()], repeated: 0 };
        for members in members.chunks(AT_ONCE) {
            search.check()?;
            let many = members.par_iter().with_min_len(1024).map_init(Default::default, |space, member| {
                variants(*member, space);
                let again = |hash: u64| {
                    let (word, bit) = out.place(hash);
                    let again = out.bits[0][word].fetch_or(bit, Ordering::Relaxed) & bit != 0;
                    if again {
                        out.bits[1][word].fetch_or(bit, Ordering::Relaxed);
                    }
                    again
                };
                // With the one that came before.
                space.1.iter().filter(|(hash, _)| again(*hash)).count() as u64 * 2
            });
            out.repeated += many.sum::<u64>();
        }
        Ok(out)
    }

    fn place(&self, hash: u64) -> (usize, u64) {
        ((hash >> 32) as usize & (self.bits[0].len() - 1), 1 << (hash & 63))
    }

    fn is_repeated(&self, hash: u64) -> bool {
        let (word, bit) = self.place(hash);
        self.bits[1][word].load(Ordering::Relaxed) & bit != 0
    }
}
