//! The temporary table that steps are loaded into: each column of the table as it is before the
//! step (`b0`, `b1`, …) and after (`a0`, …), without constraints, beside the step's number.
//!
//! A row of the table twice over might not fit a page where there are very many columns: then two
//! tables hold them.

use super::super::{Action, ExportBatch, StepBatch};
use super::attributes::Attribute;
use super::connect::Session;
use super::text::Lines;
use bytes::Bytes;
use futures::SinkExt;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::Error;

/// With so many columns of 24 bytes (what is longer is moved out of the row), twice over, a row
/// still fits a page.
const MOST_TOGETHER: usize = 150;

/// Bytes handed to the connection at once.
const BLOCK: usize = 256 * 1024;

/// A stage's names and shape.
pub(super) struct Stage {
    name: String,
    split: bool,
    /// What makes it.
    ddl: String,
}

/// Why steps could not be loaded.
pub(super) enum Unloaded {
    Driver(Error),
    /// A batch that is none of the table's.
    Shape(String),
}

impl From<Error> for Unloaded {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl Stage {
    /// For a table of these columns. No other session of this program has the same name.
    pub(super) fn new(columns: &[Attribute]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("trueup_steps_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let list = |letter: char| -> String {
            columns.iter().enumerate().map(|(at, column)| format!(", {letter}{at} {}", column.base)).collect()
        };
        let split = columns.len() > MOST_TOGETHER;
        let ddl = if split {
            format!(
                "CREATE TEMPORARY TABLE IF NOT EXISTS pg_temp.{name} (n pg_catalog.int4{});
                 CREATE TEMPORARY TABLE IF NOT EXISTS pg_temp.{name}_after (n pg_catalog.int4{})",
                list('b'),
                list('a')
            )
        } else {
            format!("CREATE TEMPORARY TABLE IF NOT EXISTS pg_temp.{name} (n pg_catalog.int4{}{})", list('b'), list('a'))
        };
        Self { name, split, ddl }
    }

    /// A column's value before the step.
    pub(super) fn before(&self, at: usize) -> String {
        format!("s.b{at}")
    }

    /// A column's value after the step.
    pub(super) fn after(&self, at: usize) -> String {
        if self.split { format!("u.a{at}") } else { format!("s.a{at}") }
    }

    /// The step's number.
    pub(super) fn number(&self) -> &'static str {
        "s.n"
    }

    /// The number of a create.
    pub(super) fn number_of_create(&self) -> &'static str {
        if self.split { "u.n" } else { "s.n" }
    }

    /// The steps, as an item of FROM.
    pub(super) fn rows(&self, action: Action) -> String {
        let name = &self.name;
        match (self.split, action) {
            (false, _) | (true, Action::Delete) => format!("pg_temp.{name} AS s"),
            (true, Action::Create) => format!("pg_temp.{name}_after AS u"),
            (true, Action::Update) => format!("pg_temp.{name} AS s JOIN pg_temp.{name}_after AS u ON u.n = s.n"),
        }
    }

    /// The steps' keys, as an item of FROM.
    pub(super) fn keys(&self, action: Action) -> String {
        self.rows(if action == Action::Update { Action::Delete } else { action })
    }

    /// Loads steps in place of what is there, inside of a transaction.
    pub(super) fn load(&self, session: &Session, made: bool, steps: &StepBatch, key: &[usize]) -> Result<(), Unloaded> {
        let name = &self.name;
        let with_key = |columns: &[usize]| -> Vec<usize> {
            let mut all = columns.to_vec();
            all.extend(key.iter().filter(|at| !columns.contains(at)));
            all
        };
        let before = steps.before.as_ref().map(|batch| Side { letter: 'b', batch, columns: with_key(&steps.guard) });
        let after = steps.after.as_ref().map(|batch| match steps.action {
            Action::Update => Side { letter: 'a', batch, columns: steps.set.clone() },
            _ => Side { letter: 'a', batch, columns: with_key(&steps.set) },
        });
        let list = |side: &Option<Side<'_>>| side.as_ref().map(Side::list).unwrap_or_default();
        let (b, a) = (list(&before), list(&after));
        let before = before.as_ref().map(Side::lines).transpose()?;
        let after = after.as_ref().map(Side::lines).transpose()?;

        let make = if made { String::new() } else { format!("{};", self.ddl) };
        let second = if self.split { format!(", pg_temp.{name}_after") } else { String::new() };
        session.run(session.client().batch_execute(&format!("{make} TRUNCATE pg_temp.{name}{second}")))?;
        let letter = if steps.action == Action::Create { 'a' } else { 'b' };
        let keys: Vec<String> = key.iter().map(|at| format!("{letter}{at}")).collect();
        let mut analyze = Vec::new();
        if self.split {
            if before.is_some() {
                copy(session, &format!("{name} (n{b})"), steps.len(), [before, None])?;
                analyze.push(format!("ANALYZE pg_temp.{name} (n, {})", keys.join(", ")));
            }
            if after.is_some() {
                copy(session, &format!("{name}_after (n{a})"), steps.len(), [after, None])?;
                let keys = if letter == 'a' { format!(", {}", keys.join(", ")) } else { String::new() };
                analyze.push(format!("ANALYZE pg_temp.{name}_after (n{keys})"));
            }
        } else {
            copy(session, &format!("{name} (n{b}{a})"), steps.len(), [before, after])?;
            analyze.push(format!("ANALYZE pg_temp.{name} ({})", keys.join(", ")));
        }
        // Without its numbers, the server would guess how many rows there are.
        session.run(session.client().batch_execute(&analyze.join(";")))?;
        Ok(())
    }
}

/// What is loaded of the rows before or after.
struct Side<'a> {
    letter: char,
    batch: &'a ExportBatch,
    columns: Vec<usize>,
}

impl<'a> Side<'a> {
    fn list(&self) -> String {
        self.columns.iter().map(|at| format!(", {}{at}", self.letter)).collect()
    }

    fn lines(&self) -> Result<Lines<'a>, Unloaded> {
        Lines::new(self.batch, &self.columns).ok_or_else(|| Unloaded::Shape("the steps have other columns".into()))
    }
}

fn copy(session: &Session, into: &str, rows: usize, mut lines: [Option<Lines<'_>>; 2]) -> Result<(), Error> {
    session.run(async {
        let sql = format!("COPY pg_temp.{into} FROM STDIN (FORMAT text)");
        let mut sink = pin!(session.client().copy_in::<_, Bytes>(sql.as_str()).await?);
        let mut block = Vec::with_capacity(BLOCK + BLOCK / 4);
        for row in 0..rows {
            block.extend_from_slice(row.to_string().as_bytes());
            lines.iter_mut().flatten().for_each(|lines| lines.push(row, &mut block));
            block.push(b'\n');
            if block.len() >= BLOCK {
                let full = std::mem::replace(&mut block, Vec::with_capacity(BLOCK + BLOCK / 4));
                // What the server thinks of it is said at the end.
                if sink.send(full.into()).await.is_err() {
                    return sink.finish().await.map(drop);
                }
            }
        }
        if !block.is_empty() && sink.send(block.into()).await.is_err() {
            return sink.finish().await.map(drop);
        }
        sink.finish().await.map(drop)
    })
}
