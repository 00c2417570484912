//! A random case from a seed: a few columns and rows, the right made from the left by losing,
//! adding and changing some, and a job that says something of them or nothing.

use super::align::align;
use super::canon::{Meaning as M, Rule, canonical, meaning};
use super::case::{CHOSEN_BY, Case, Column, Condition, Options, Side};
use super::form::{Form, Kind, System};
use super::pool::{odd, values};
use super::random::Random;
use super::value::Value;
use std::collections::BTreeSet;

/// What a column means on both sides before it gets its forms.
struct Draft {
    names: [String; 2],
    /// Whether the right name has to be said.
    mapped: bool,
    kind: Kind,
    forms: [Form; 2],
    /// On which sides it is.
    on: [bool; 2],
    pool: Vec<Value>,
}

const NAMES: [(&str, &str); 8] = [
    ("id", "ID"),
    ("user_name", "UserName"),
    ("amount", "amount"),
    ("created_at", "CREATED_AT"),
    ("a b", "a b"),
    ("état", "état"),
    ("order", "order"),
    ("flag", "Flag"),
];

pub fn generate(seed: u64, systems: [System; 2]) -> Case {
    let random = &mut Random::new(seed);
    let mut drafts = vec![Draft {
        names: [CHOSEN_BY.to_owned(), CHOSEN_BY.to_owned()],
        mapped: false,
        kind: Kind::Int,
        forms: systems.map(|system| system.forms(Kind::Int)[0]),
        on: [true, true],
        pool: values(Kind::Int, 5, random),
    }];
    for at in 0..1 + random.below(5) {
        drafts.push(draft(at, systems, random));
    }
    let order = random.below(drafts.len());
    drafts.rotate_left(order);

    let rows = rows(&drafts, random);
    let sides = [0, 1].map(|side| table(side, systems[side], &drafts, &rows[side], random));
    let mut case = Case { seed, sides, options: Options::default() };
    case.options = options(&drafts, &case.sides, random);
    // A job that compares nothing is refused.
    if !align(&case).pairs.iter().any(|pair| pair.compared) {
        case.options.columns.clear();
        case.options.ignore.clear();
    }
    case
}

fn draft(at: usize, systems: [System; 2], random: &mut Random) -> Draft {
    let no_types = systems == [System::Csv; 2];
    let able = |kind: &Kind| {
        // Where no side has types, digits are numbers, and JSON may look like anything.
        systems.iter().all(|system| !system.forms(*kind).is_empty())
            && !(no_types && matches!(kind, Kind::Code | Kind::Json | Kind::List | Kind::Bytes))
    };
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(able).collect();
    let kind = if at == 0 && random.one_in(2) { Kind::Int } else { *random.pick(&kinds) };
    let (left, right) = NAMES[at];
    let (renamed, mapped) =
        *random.pick(&[(false, false), (false, false), (false, false), (true, true), (true, false)]);
    let names = if renamed {
        [left.to_owned(), format!("other_{at}")]
    } else if random.one_in(3) {
        [left.to_owned(), right.to_owned()]
    } else {
        [left.to_owned(), left.to_owned()]
    };
    // Some columns are on one side only, renamed ones that nobody maps on each as another.
    let on = if renamed {
        [true, true]
    } else {
        *random.pick(&[[true; 2], [true; 2], [true; 2], [true; 2], [true, false], [false, true]])
    };
    let mut pool = values(kind, 2 + random.below(7), random);
    if random.one_in(3) {
        pool.push(Value::Null);
    }
    Draft { names, mapped, kind, forms: systems.map(|system| *random.pick(system.forms(kind))), on, pool }
}

/// The rows of both sides, as they are meant.
fn rows(drafts: &[Draft], random: &mut Random) -> [Vec<Vec<Value>>; 2] {
    let many = random.weighted(&[(2, 0), (2, 1), (6, 4), (6, 10), (2, 25)]);
    let row = |random: &mut Random| drafts.iter().map(|draft| random.pick(&draft.pool).clone()).collect::<Vec<_>>();
    let left: Vec<Vec<Value>> = (0..many).map(|_| row(random)).collect();
    let mut right = Vec::new();
    // Half of the pairs are meant to agree.
    let edits = if random.one_in(2) { 0 } else { 1 + random.below(6) };
    for mut values in left.clone() {
        match 30usize.checked_div(edits).map_or(9, |share| random.below(4 + share)) {
            0 => continue,
            1 => {
                let at = random.below(values.len());
                values[at] = random.pick(&drafts[at].pool).clone();
            }
            2 => right.push(values.clone()),
            _ => {}
        }
        right.push(values);
    }
    if edits > 0 && random.one_in(2) {
        right.extend((0..random.below(3)).map(|_| row(random)));
    }
    if edits > 3 && random.one_in(4) {
        right.clear();
    }
    // In another order.
    let turn = random.below(right.len() + 1);
    right.rotate_left(turn);
    [left, right]
}

fn table(side: usize, system: System, drafts: &[Draft], rows: &[Vec<Value>], random: &mut Random) -> Side {
    let here: Vec<usize> = (0..drafts.len()).filter(|at| drafts[*at].on[side]).collect();
    let columns: Vec<Column> = here
        .iter()
        .map(|at| {
            let draft = &drafts[*at];
            Column { name: draft.names[side].clone(), kind: draft.kind, form: draft.forms[side] }
        })
        .collect();
    let held = rows
        .iter()
        .map(|row| here.iter().zip(&columns).map(|(at, column)| column.form.hold(system, &row[*at], random)).collect());
    let mut table = Side { system, rows: held.collect(), columns, primary_key: Vec::new(), unique: Vec::new() };
    oddities(side, &mut table, drafts, &here, random);
    if matches!(system, System::Sqlite | System::Postgres | System::Mysql) {
        if random.one_in(2) {
            table.primary_key = declare(&table, random);
            let key = table.primary_key.clone();
            // Only an SQLite key of something else than one integer may hold NULL.
            let integer = matches!(key[..], [at] if matches!(table.columns[at].form, Form::Int { .. }));
            keep_unique(&mut table, &key, system == System::Sqlite && !integer);
        }
        if random.one_in(4) {
            let key = declare(&table, random);
            if !key.is_empty() && key != table.primary_key {
                keep_unique(&mut table, &key, true);
                table.unique.push(key);
            }
        }
    }
    table
}

/// Here and there something that a column can't hold, where its system lets it.
fn oddities(side: usize, table: &mut Side, drafts: &[Draft], here: &[usize], random: &mut Random) {
    let typed_partner = |at: usize| drafts[here[at]].forms[1 - side] != Form::Untyped && drafts[here[at]].on[1 - side];
    for at in 0..table.columns.len() {
        let column = &table.columns[at];
        let lets = match table.system {
            System::Sqlite => !matches!(column.form, Form::Float),
            System::Csv => typed_partner(at) && !matches!(drafts[here[at]].forms[1 - side], Form::Float),
            _ => false,
        };
        let words = odd(column.kind);
        if !lets || words.is_empty() || column.name == CHOSEN_BY || !random.one_in(6) {
            continue;
        }
        for row in &mut table.rows {
            if random.one_in(5) {
                row[at] = Value::Odd((*random.pick(words)).to_owned());
            }
        }
    }
}

/// Columns that a table may declare a key: one or two.
fn declare(table: &Side, random: &mut Random) -> Vec<usize> {
    let able = |column: &Column| match (table.system, column.form) {
        // Their indexes need a length, or compare by a collation.
        (System::Mysql, Form::Text | Form::Json) => false,
        (System::Postgres, Form::Json) => false,
        (_, Form::Float) => false,
        _ => true,
    };
    let mut columns: Vec<usize> = (0..table.columns.len()).filter(|at| able(&table.columns[*at])).collect();
    let mut key = Vec::new();
    for _ in 0..1 + usize::from(random.one_in(3)) {
        if !columns.is_empty() {
            key.push(columns.remove(random.below(columns.len())));
        }
    }
    key
}

/// Leaves out the rows that a database with this key would not take.
fn keep_unique(table: &mut Side, key: &[usize], nulls: bool) {
    if key.is_empty() {
        return;
    }
    let columns = table.columns.clone();
    let mut seen = BTreeSet::new();
    table.rows.retain(|row| {
        let cells: Vec<String> = key
            .iter()
            .map(|at| {
                let column = &columns[*at];
                let own = meaning(column.kind, column.form, column.form).0;
                canonical(&row[*at], own, &[])
            })
            .collect();
        let odd = key.iter().any(|at| matches!(row[*at], Value::Odd(_)));
        if cells.iter().any(|cell| cell == "null") { nulls } else { !odd && seen.insert(cells) }
    });
}

fn options(drafts: &[Draft], sides: &[Side; 2], random: &mut Random) -> Options {
    let mut options = Options { reasons: random.one_in(20), ..Options::default() };
    let paired = |draft: &&Draft| draft.on == [true, true] && (draft.mapped || !draft.names[1].starts_with("other_"));
    let both: Vec<&Draft> = drafts.iter().filter(paired).collect();
    for draft in &both {
        if draft.mapped {
            options.map.push((draft.names[0].clone(), draft.names[1].clone()));
        }
    }
    if random.one_in(2) {
        for _ in 0..1 + random.below(2) {
            let draft = *random.pick(&both);
            let key = (draft.names[0].clone(), draft.names[usize::from(draft.mapped)].clone());
            if !options.key.contains(&key) {
                options.key.push(key);
            }
        }
    }
    let names: Vec<String> = drafts
        .iter()
        .flat_map(|draft| [0, 1].map(|side| draft.on[side].then(|| draft.names[side].clone())))
        .flatten()
        .collect();
    match random.below(8) {
        0 => options.columns = some_of(&names, random),
        1 | 2 => {
            // Most often all of those that have no partner.
            let alone = |draft: &&Draft| !paired(draft);
            let alone = drafts.iter().filter(alone);
            options.ignore = if random.one_in(2) {
                alone
                    .flat_map(|draft| [0, 1].map(|side| draft.on[side].then(|| draft.names[side].clone())))
                    .flatten()
                    .collect()
            } else {
                some_of(&names, random)
            };
        }
        _ => {}
    }
    for draft in &both {
        let key = options.key.iter().any(|(left, _)| *left == draft.names[0]);
        let rules = if has_type(draft, sides) { rules(draft, key, random) } else { Vec::new() };
        if !rules.is_empty() {
            options.rules.push((draft.names[0].clone(), rules));
        }
    }
    let condition =
        *random.pick(&[Condition::MoreThan(3), Condition::MoreThan(3), Condition::IsNull, Condition::Never]);
    match random.below(16) {
        0 => options.conditions[0] = Some(condition),
        1 => options.conditions[1] = Some(condition),
        2 => options.conditions[2] = Some(condition),
        3 => options.conditions = [None, Some(condition), Some(condition)],
        _ => {}
    }
    options.exact = random.one_in(6);
    options.allow_nothing = random.one_in(8);
    options
}

/// Where neither side has types, a column's values say what it is; without any, it is text.
fn has_type(draft: &Draft, sides: &[Side; 2]) -> bool {
    let holds = |side: usize| {
        let at = sides[side].columns.iter().position(|column| column.name == draft.names[side]);
        at.is_some_and(|at| sides[side].rows.iter().any(|row| row[at] != Value::Null))
    };
    draft.forms != [Form::Untyped; 2] || holds(0) || holds(1)
}

fn some_of(names: &[String], random: &mut Random) -> Vec<String> {
    let mut some: Vec<String> = names.iter().filter(|_| random.one_in(2)).cloned().collect();
    some.dedup();
    some
}

fn rules(draft: &Draft, key: bool, random: &mut Random) -> Vec<Rule> {
    if !random.one_in(4) {
        return Vec::new();
    }
    match meaning(draft.kind, draft.forms[0], draft.forms[1]).0 {
        M::Text if draft.kind == Kind::Uuid => vec![Rule::Uuid],
        M::Text => match random.below(4) {
            0 => vec![Rule::Trim, Rule::IgnoreCase],
            1 => vec![Rule::IgnoreCase],
            2 => vec![Rule::EmptyIsNull],
            _ => vec![Rule::Trim],
        },
        // A key is not equal within a tolerance.
        M::Number | M::Float if !key && draft.kind != Kind::Bits => {
            vec![*random.pick(&[Rule::Tolerance(1, 2), Rule::Tolerance(5, 1), Rule::Tolerance(1, 0)])]
        }
        M::Clock(_) | M::Moment(_) | M::Instant(_) => {
            let precision = Rule::Precision(*random.pick(&[0, 3, 6]));
            if random.one_in(2) { vec![precision, Rule::Round] } else { vec![precision] }
        }
        _ => Vec::new(),
    }
}
