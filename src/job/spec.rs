//! A job as it is typed. Flags and the job file say the same things by the same names; what a
//! flag says wins.

use super::error::JobError;
use super::side::Job;
use super::size::{available_memory, parse_size};
use crate::endpoint::Address;
use crate::table::{AlignOptions, Rule};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A job as typed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobSpec {
    /// The left table's address.
    pub left: Option<String>,
    /// The right table's address.
    pub right: Option<String>,
    /// Key columns, `L` or `L=R`.
    #[serde(default)]
    pub key: Vec<String>,
    /// Columns with another name on the right, `L=R`.
    #[serde(default)]
    pub map: Vec<String>,
    /// Compare only these.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Compare all but these.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// A condition for the rows of both sides.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// A condition for the left rows.
    pub where_left: Option<String>,
    /// A condition for the right rows.
    pub where_right: Option<String>,
    /// Rules by column: `COL = "RULE,…"`.
    #[serde(default)]
    pub compare: BTreeMap<String, String>,
    /// The zone of zone-less times beside zoned ones, by its IANA name.
    pub time_zone: Option<String>,
    /// Where the result goes.
    pub out: Option<PathBuf>,
    /// A bound on memory.
    pub memory: Option<String>,
    /// Streams to read at once from each database.
    pub streams: Option<usize>,
}

impl JobSpec {
    /// Reads a job file.
    ///
    /// # Errors
    /// If it can't be read or is no job.
    pub fn read(path: &Path) -> Result<Self, JobError> {
        let failed = |why: String| JobError::File { path: path.display().to_string(), why };
        let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
        toml::from_str(&text).map_err(|e| {
            let line = e.span().map(|span| text[..span.start].matches('\n').count() + 1);
            failed(match line {
                Some(line) => format!("line {line}: {}", e.message()),
                None => e.message().to_owned(),
            })
        })
    }

    /// What `flags` say, and this job file where they say nothing.
    pub fn overridden_by(self, flags: Self) -> Self {
        let list = |flags: Vec<String>, file: Vec<String>| if flags.is_empty() { file } else { flags };
        Self {
            left: flags.left.or(self.left),
            right: flags.right.or(self.right),
            key: list(flags.key, self.key),
            map: list(flags.map, self.map),
            columns: list(flags.columns, self.columns),
            ignore: list(flags.ignore, self.ignore),
            filter: flags.filter.or(self.filter),
            where_left: flags.where_left.or(self.where_left),
            where_right: flags.where_right.or(self.where_right),
            compare: self.compare.into_iter().chain(flags.compare).collect(),
            time_zone: flags.time_zone.or(self.time_zone),
            out: flags.out.or(self.out),
            memory: flags.memory.or(self.memory),
            streams: flags.streams.or(self.streams),
        }
    }

    /// The job that is meant.
    ///
    /// # Errors
    /// If an address, rule or value is not understood.
    pub fn resolve(self) -> Result<Job, JobError> {
        let variable = |name: &str| std::env::var(name).ok();
        let address = |text: Option<String>, side| {
            Ok::<_, JobError>(Address::parse(&text.ok_or(JobError::NoTable(side))?, &variable)?)
        };
        let both = |own: Option<String>| own.or_else(|| self.filter.clone());
        let pair = |text: &String| match text.split_once('=') {
            Some((l, r)) => (l.trim().to_owned(), r.trim().to_owned()),
            None => (text.trim().to_owned(), text.trim().to_owned()),
        };
        let rules = self
            .compare
            .iter()
            .map(|(column, rules)| {
                let rules = rules.split(',').map(str::parse).collect::<Result<Vec<Rule>, _>>()?;
                Ok((column.clone(), rules))
            })
            .collect::<Result<Vec<_>, JobError>>()?;
        if let Some(zone) = &self.time_zone {
            zone.parse::<chrono_tz::Tz>()
                .map_err(|_| JobError::Value { value: zone.clone(), what: "time zone (like Europe/Berlin)" })?;
        }
        for sql in [&self.filter, &self.where_left, &self.where_right].into_iter().flatten() {
            if !brackets_close(sql) {
                return Err(JobError::Value { value: sql.clone(), what: "condition: its brackets do not match" });
            }
        }
        if let Some(map) = self.map.iter().find(|map| !map.contains('=')) {
            return Err(JobError::Value { value: map.clone(), what: "column mapping (LEFT=RIGHT)" });
        }
        let memory = match &self.memory {
            Some(text) => parse_size(text).ok_or_else(|| JobError::Value {
                value: text.clone(),
                what: "size of memory (like 2GB; at least 1MB)",
            })?,
            None => available_memory(),
        };
        Ok(Job {
            where_left: both(self.where_left.clone()),
            where_right: both(self.where_right.clone()),
            options: AlignOptions {
                map: self.map.iter().map(pair).collect(),
                key: self.key.iter().map(pair).collect(),
                columns: self.columns,
                ignore: self.ignore,
                rules,
                zone: self.time_zone,
            },
            left: address(self.left, "left")?,
            right: address(self.right, "right")?,
            out: self.out,
            memory,
            streams: self.streams.unwrap_or_else(default_streams).clamp(1, 64),
        })
    }
}

/// Whether the brackets of a condition match. It is put in brackets before it is joined to other
/// conditions, and one like `a) OR (b` would mean something else there. Databases differ in how a
/// backslash or a dollar sign quotes; with one of those it is left to them.
fn brackets_close(sql: &str) -> bool {
    let (mut depth, mut quote, mut rest) = (0i32, None, sql);
    while let Some(c) = rest.chars().next() {
        match (quote, c) {
            (_, '\\' | '$') => return true,
            (Some(open), _) => {
                if c == open {
                    quote = None;
                }
            }
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '-') if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, next)| next);
                continue;
            }
            (None, '/') if rest.starts_with("/*") => {
                rest = rest.split_once("*/").map_or("", |(_, next)| next);
                continue;
            }
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            (None, _) => {}
        }
        if depth < 0 {
            return false;
        }
        rest = &rest[c.len_utf8()..];
    }
    depth == 0
}

/// Two streams keep a database and us both busy; more cores take more.
fn default_streams() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file() {
        let file: JobSpec = toml::from_str("left = 'a.csv'\nright = 'b.csv'\nkey = ['id']\nwhere = 'x > 1'").unwrap();
        let flags = JobSpec { key: vec!["no=nr".into()], right: Some("c.csv".into()), ..JobSpec::default() };
        let job = file.overridden_by(flags).resolve().unwrap();
        assert_eq!((job.left.to_string(), job.right.to_string()), ("a.csv".into(), "c.csv".into()));
        assert_eq!(job.options.key, [("no".into(), "nr".into())]);
        assert_eq!(job.where_left.as_deref(), Some("x > 1"));
    }

    #[test]
    fn conditions_stay_in_their_brackets() {
        for sql in ["a = ')'", "(a) or (b)", "a -- )\n or b", "a /* ( */", "a = 'it''s'", "a ~ '\\)'"] {
            assert!(brackets_close(sql), "{sql}");
        }
        for sql in ["a) or (b", "(a", "a)", "a = 'x')"] {
            assert!(!brackets_close(sql), "{sql}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(toml::from_str::<JobSpec>("lefft = 'a.csv'").is_err());
        let spec = |f: fn(&mut JobSpec)| {
            let mut spec = JobSpec { left: Some("a.csv".into()), right: Some("b.csv".into()), ..JobSpec::default() };
            f(&mut spec);
            spec.resolve()
        };
        assert!(spec(|_| ()).is_ok());
        assert!(spec(|s| s.memory = Some("lots".into())).is_err());
        assert!(spec(|s| s.time_zone = Some("Mars".into())).is_err());
        assert!(spec(|s| s.map = vec!["a".into()]).is_err());
        assert!(spec(|s| s.left = None).is_err());
    }
}
