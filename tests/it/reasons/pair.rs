//! Two copies of a random table, and what the program says of them.

use crate::support::{Table, Type, Workdir};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::OnceLock;

/// Rows of each copy to begin with.
pub const ROWS: usize = 100_000;

/// Random numbers, the same on every run (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678_9abc_def0)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    pub fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }

    pub fn word(&mut self, letters: usize) -> String {
        const SYLLABLES: [&str; 20] = [
            "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "we", "xi",
            "yo", "zu",
        ];
        (0..letters / 2).map(|_| self.pick(&SYLLABLES)).collect()
    }
}

/// How keys look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// `17`
    Number,
    /// `Zoë-000017`
    Accented,
    /// `00000017`
    Zeros,
    /// `AB-000-017`
    Dashes,
    /// `17.50`, as text
    Decimal,
    /// As text
    Uuid,
    /// A moment
    Moment,
    /// Sixteen random letters
    Letters,
    /// An order and a line in it
    Two,
}

impl KeyForm {
    fn columns(self) -> Vec<(&'static str, Type)> {
        match self {
            Self::Number => vec![("id", Type::Integer)],
            Self::Moment => vec![("id", Type::Timestamp)],
            Self::Two => vec![("id", Type::Integer), ("line", Type::Integer)],
            _ => vec![("id", Type::Text)],
        }
    }

    /// The key of the row `i`, different for each; of those between, where `fresh` is 1.
    fn key(self, i: usize, fresh: usize, random: &mut Random) -> Vec<Option<String>> {
        let n = 2 * i + fresh;
        let key = match self {
            Self::Number => (n * 7 + 1000).to_string(),
            Self::Accented => format!("Zoë-{n:06}"),
            Self::Zeros => format!("{n:08}"),
            Self::Dashes => format!("AB-{:03}-{:03}", n / 1000, n % 1000),
            Self::Decimal => format!("{}.50", n * 7 + 1000),
            Self::Uuid => {
                let (a, b) = (random.next(), random.next());
                format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", a >> 32, a & 0xffff, b >> 52, b & 0xfff, (a ^ b) >> 16)
            }
            // A shifted one is never another's.
            Self::Moment => moment(n as u64 * 977),
            Self::Letters => random.word(16) + &random.word(6),
            Self::Two => {
                // Of two lines one is there, this one or that.
                let line = i % 4 * 2 + (fresh ^ (Random::new(i as u64).next() & 1) as usize) + 1;
                return vec![Some((i / 4).to_string()), Some(line.to_string())];
            }
        };
        vec![Some(key)]
    }
}

/// So many seconds after the start of 2021.
pub fn moment(seconds: u64) -> String {
    let time = chrono::DateTime::from_timestamp(1_609_459_200 + seconds as i64, 0).unwrap();
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The columns beside the key.
const COLUMNS: [(&str, Type); 11] = [
    ("name", Type::Text),
    ("amount", Type::Decimal),
    ("created_at", Type::Timestamp),
    ("source", Type::Text),
    ("region", Type::Text),
    ("price", Type::Text),
    ("born", Type::Text),
    ("doc", Type::Text),
    ("note", Type::Text),
    ("code", Type::Text),
    ("quantity", Type::Integer),
];

/// A row's cells beside the key.
pub fn cells(random: &mut Random) -> Vec<Option<String>> {
    let number = |random: &mut Random, most| random.below(most);
    let name = format!("{} {}", capital(&random.word(10)), capital(&(random.word(6) + "ü" + &random.word(4))));
    let amount = format!("{}.{:02}", 1000 + number(random, 9000), 1 + number(random, 99));
    let price = format!("{},{:03}.{:02}", 1 + number(random, 9), number(random, 1000), number(random, 100));
    let born = format!("{:02}/{:02}/{}", 1 + number(random, 12), 1 + number(random, 12), 1930 + number(random, 80));
    let doc =
        format!(r#"{{"tags": ["{}", "{}"], "size": {}}}"#, random.word(6), random.word(8), number(random, 10_000));
    vec![
        Some(name),
        Some(amount),
        Some(moment(number(random, 365 * 86_400))),
        Some(random.pick(&["web", "shop", "api", "import", "phone", "mail", "fax", "visit"]).to_owned()),
        Some(format!("R{:02}", number(random, 40))),
        Some(price),
        Some(born),
        Some(doc),
        (number(random, 3) > 0).then(|| random.word(12)),
        Some(format!("{}{:05}", random.pick(&["KA", "LB", "MC", "ND", "QX"]), number(random, 100_000))),
        Some(number(random, 1_000_000).to_string()),
    ]
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// Rows that differ, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    pub only: [usize; 2],
    pub changed: usize,
}

/// Two tables that are the same but for what is planted in them.
pub struct Pair {
    pub sides: [Table; 2],
    pub random: Random,
    pub form: KeyForm,
    /// Rows that are on one side only; and those that changed, with the column.
    pub only: [Vec<usize>; 2],
    pub changed: Vec<(usize, String)>,
    used: HashSet<usize>,
    gone: HashSet<usize>,
}

impl Pair {
    pub fn new(form: KeyForm, seed: u64) -> Self {
        static BODY: OnceLock<Vec<Vec<Option<String>>>> = OnceLock::new();
        let body = BODY.get_or_init(|| {
            let mut random = Random::new(1);
            (0..ROWS).map(|_| cells(&mut random)).collect()
        });
        let mut random = Random::new(seed);
        let rows: Vec<_> = (0..ROWS).map(|i| [form.key(i, 0, &mut random), body[i].clone()].concat()).collect();
        let columns = [form.columns(), COLUMNS.to_vec()].concat();
        let table = Table { columns, primary_key: form.columns().len(), rows };
        let sides = [table.clone(), table];
        let (only, changed, used, gone) = Default::default();
        Self { sides, random, form, only, changed, used, gone }
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> usize {
        self.sides[0].columns.iter().position(|(column, _)| *column == name).unwrap()
    }

    /// A cell of a side.
    pub fn cell(&self, side: usize, row: usize, column: &str) -> Option<&str> {
        self.sides[side].rows[row][self.column(column)].as_deref()
    }

    /// How many rows differ, and how.
    pub fn gap(&self) -> Gap {
        Gap { only: self.only.each_ref().map(Vec::len), changed: self.changed.len() }
    }

    /// Random rows that fit and in which nothing is planted yet.
    pub fn take(&mut self, count: usize, fits: &dyn Fn(&Self, usize) -> bool) -> Vec<usize> {
        let mut out = Vec::with_capacity(count);
        for _ in 0..ROWS * 40 {
            if out.len() == count {
                break;
            }
            let row = self.random.below(ROWS as u64) as usize;
            if !self.used.contains(&row) && fits(self, row) {
                self.used.insert(row);
                out.push(row);
            }
        }
        assert_eq!(out.len(), count, "there are not enough rows for this");
        out
    }

    /// Sets a cell of the right table.
    fn set(&mut self, row: usize, column: &str, value: Option<String>) {
        let at = self.column(column);
        assert_ne!(self.sides[1].rows[row][at], value, "a planted change changes nothing");
        self.sides[1].rows[row][at] = value;
    }

    /// Whether nothing is planted in a row; it then counts as used.
    pub fn is_free(&mut self, row: usize) -> bool {
        self.used.insert(row)
    }

    /// Gives a row of the right table another key.
    pub fn rekey(&mut self, row: usize, column: &str, value: String) {
        self.set(row, column, Some(value));
        self.only[0].push(row);
        self.only[1].push(row);
    }

    /// Changes a cell of the right table that is none of the key.
    pub fn change(&mut self, row: usize, column: &str, value: Option<String>) {
        self.set(row, column, value);
        self.changed.push((row, column.to_owned()));
    }

    /// Takes a row out of the right table.
    pub fn remove(&mut self, row: usize) {
        self.gone.insert(row);
        self.only[0].push(row);
    }

    /// Adds a row to the right table, with a key of its own beside that of a row in which nothing is
    /// planted. Some of its cells may be given.
    pub fn add(&mut self, given: &[(&str, &str)]) {
        let beside = self.take(1, &|_, _| true)[0];
        let mut row = [self.form.key(beside, 1, &mut self.random), cells(&mut self.random)].concat();
        for (column, value) in given {
            row[self.column(column)] = Some((*value).to_owned());
        }
        self.only[1].push(self.sides[1].rows.len());
        self.sides[1].rows.push(row);
    }

    /// The tables as they are to be stored.
    pub fn finish(self) -> [Table; 2] {
        let [left, mut right] = self.sides;
        let mut at = 0;
        right.rows.retain(|_| {
            at += 1;
            !self.gone.contains(&(at - 1))
        });
        [left, right]
    }
}

/// What an audit of two Parquet files says, given the options for its key.
pub fn audit(tables: &[Table; 2], form: KeyForm) -> Value {
    let dir = Workdir::new();
    for (table, name) in tables.iter().zip(["l.parquet", "r.parquet"]) {
        table.write_parquet(&dir.path().join(name));
    }
    let keys = form.columns().into_iter().flat_map(|(name, _)| ["--key", name]).collect::<Vec<_>>();
    dir.audit("l.parquet", "r.parquet", &keys).json(1)
}
