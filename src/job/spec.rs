//! A job as it is typed. Flags and the job file say the same things by the same names; what a
//! flag says wins.

use super::duration::parse_duration;
use super::error::JobError;
use super::plan::{PlanJob, TwoWayJob};
use super::side::Job;
use super::size::memory;
use crate::endpoint::{Action, Address, Reading, scrubbed};
use crate::plan::{Direction, Limit, Limits, Merge, Rules, Winner};
use crate::table::{AlignOptions, NameError, Rule, typed_maps, typed_name, typed_names, typed_pairs};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A job as typed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct JobSpec {
    /// The left table's address.
    pub left: Option<String>,
    /// The right table's address.
    pub right: Option<String>,
    /// Key columns, `L` or `L=R`, as all names here with quotes where they hold `,` or `=`.
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
    /// Whether values count as different that are equal only because one side's type holds less.
    pub exact: Option<bool>,
    /// Whether having nothing to compare is agreement.
    pub allow_nothing: Option<bool>,
    /// Whether reasons are looked for.
    pub reasons: Option<bool>,
    /// Whether only the rows are compared that policies let the user see.
    pub visible_rows: Option<bool>,
    /// Whether time limits of the servers are left as they are.
    pub respect_limits: Option<bool>,
    /// How long at most.
    pub reasons_time: Option<String>,
    /// Which side a plan writes.
    pub direction: Option<Direction>,
    /// Whether a plan adds rows.
    pub create: Option<bool>,
    /// Whether a plan changes rows.
    pub update: Option<bool>,
    /// Whether a plan removes rows.
    pub delete: Option<bool>,
    /// The most steps that may be applied, `N` or `P%`.
    #[serde(default, deserialize_with = "limit_text")]
    pub max_changes: Option<String>,
    /// The most deletes that may be applied, `N` or `P%`.
    #[serde(default, deserialize_with = "limit_text")]
    pub max_deletes: Option<String>,
    /// Whether deletes may change rows of other tables.
    pub allow_cascade: Option<bool>,
    /// Who wins a row that both sides changed: `left`, `right`, `newest:COL`, `newest:history`, `none`.
    pub winner: Option<String>,
    /// What is taken over where both sides changed a row.
    pub merge: Option<Merge>,
    /// Two changes closer than this are a conflict, as in `30m`.
    pub conflict_window: Option<String>,
    /// Whether times of a column are shifted by the difference of the servers' clocks.
    pub shift_times: Option<bool>,
    /// Where the base of a two-way sync is kept.
    pub state: Option<PathBuf>,
    /// Whether this may be a first run although there should be a base. It is said for once, never in a
    /// job file.
    #[serde(skip)]
    pub first_run: bool,
    /// Whether both tables are read as a whole, also where histories tell what has changed.
    pub full: Option<bool>,
}

/// A limit as typed: a number may stand without quotes.
fn limit_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Typed {
        Number(u64),
        Text(String),
    }
    Ok(Some(match Typed::deserialize(from)? {
        Typed::Number(rows) => rows.to_string(),
        Typed::Text(text) => text,
    }))
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
                // The parser quotes values.
                Some(line) => format!("line {line}: {}", scrubbed(e.message(), None)),
                None => scrubbed(e.message(), None),
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
            exact: flags.exact.or(self.exact),
            allow_nothing: flags.allow_nothing.or(self.allow_nothing),
            reasons: flags.reasons.or(self.reasons),
            visible_rows: flags.visible_rows.or(self.visible_rows),
            respect_limits: flags.respect_limits.or(self.respect_limits),
            reasons_time: flags.reasons_time.or(self.reasons_time),
            direction: flags.direction.or(self.direction),
            create: flags.create.or(self.create),
            update: flags.update.or(self.update),
            delete: flags.delete.or(self.delete),
            max_changes: flags.max_changes.or(self.max_changes),
            max_deletes: flags.max_deletes.or(self.max_deletes),
            allow_cascade: flags.allow_cascade.or(self.allow_cascade),
            winner: flags.winner.or(self.winner),
            merge: flags.merge.or(self.merge),
            conflict_window: flags.conflict_window.or(self.conflict_window),
            shift_times: flags.shift_times.or(self.shift_times),
            state: flags.state.or(self.state),
            first_run: flags.first_run || self.first_run,
            full: flags.full.or(self.full),
        }
    }

    /// The plan that is meant.
    ///
    /// # Errors
    /// If an address, rule or value is not understood.
    pub fn resolve_plan(self) -> Result<PlanJob, JobError> {
        let limit = |text: &Option<String>, what| match text {
            None => Ok(None),
            Some(text) => match text.parse::<Limit>() {
                Ok(limit) => Ok(Some(limit)),
                Err(_) => Err(JobError::Value { value: text.clone(), what }),
            },
        };
        let limits = Limits {
            max_changes: limit(&self.max_changes, "limit of changes (N rows or P%)")?,
            max_deletes: limit(&self.max_deletes, "limit of deletes (N rows or P%)")?,
        };
        let wanted = |action: &Action| {
            let said = match action {
                Action::Create => self.create,
                Action::Update => self.update,
                Action::Delete => self.delete,
            };
            said.unwrap_or(true)
        };
        let kept = |text: &str| Address::kept(text, &|name| std::env::var(name).ok());
        let typed = [&self.left, &self.right].map(|text| text.as_deref().map(kept).unwrap_or_default());
        Ok(PlanJob {
            direction: self.direction.unwrap_or_default(),
            actions: Action::ALL.into_iter().filter(wanted).collect(),
            limits,
            allow_cascade: self.allow_cascade.unwrap_or(false),
            typed,
            two_way: TwoWayJob {
                rules: self.rules()?,
                state: self.state.clone(),
                first_run: self.first_run,
                full: self.full.unwrap_or(false),
                decisions: Vec::new(),
                made_in: None,
            },
            job: self.resolve()?,
        })
    }

    fn rules(&self) -> Result<Rules, JobError> {
        let winner = match &self.winner {
            None => Winner::None,
            Some(text) => text.parse().map_err(|_| JobError::Value {
                value: text.clone(),
                what: "winner (left, right, newest:COLUMN, newest:history or none)",
            })?,
        };
        let window = match &self.conflict_window {
            None => 0,
            Some(text) => i64::try_from(time(text)?.as_micros()).map_err(|_| no_time(text))?,
        };
        Ok(Rules { winner, merge: self.merge.unwrap_or_default(), window, shift: self.shift_times.unwrap_or(false) })
    }

    /// The job that is meant.
    ///
    /// # Errors
    /// If an address, rule or value is not understood.
    pub fn resolve(self) -> Result<Job, JobError> {
        let variable = |name: &str| std::env::var(name).ok();
        let reading = Reading {
            visible_rows: self.visible_rows.unwrap_or(false),
            respect_limits: self.respect_limits.unwrap_or(false),
        };
        let address = |text: Option<String>, side| {
            Ok::<_, JobError>(Address::parse(&text.ok_or(JobError::NoTable(side))?, &variable)?.read_as(reading))
        };
        let both = |own: Option<String>| own.or_else(|| self.filter.clone());
        let rules = self
            .compare
            .iter()
            .map(|(column, rules)| {
                let rules = rules.split(',').map(str::parse).collect::<Result<Vec<Rule>, _>>()?;
                Ok((typed_name(column)?, rules))
            })
            .collect::<Result<Vec<_>, JobError>>()?;
        if let Some(zone) = &self.time_zone {
            zone.parse::<chrono_tz::Tz>()
                .map_err(|_| JobError::Value { value: zone.clone(), what: "time zone (like Europe/Berlin)" })?;
        }
        for sql in [&self.filter, &self.where_left, &self.where_right].into_iter().flatten() {
            if sql.trim().is_empty() {
                return Err(JobError::Value { value: sql.clone(), what: "condition: leave it out to choose all rows" });
            }
            if !brackets_close(sql) {
                return Err(JobError::Value { value: sql.clone(), what: "condition: its brackets do not match" });
            }
        }
        let memory = memory(self.memory.as_deref())?;
        let reasons_time = self.reasons_time.as_deref().map(time).transpose()?;
        Ok(Job {
            where_left: both(self.where_left.clone()),
            where_right: both(self.where_right.clone()),
            options: AlignOptions {
                map: all(&self.map, typed_maps)?,
                key: all(&self.key, typed_pairs)?,
                columns: all(&self.columns, typed_names)?,
                ignore: all(&self.ignore, typed_names)?,
                rules,
                zone: self.time_zone,
                exact: self.exact.unwrap_or(false),
            },
            left: address(self.left, "left")?,
            right: address(self.right, "right")?,
            out: self.out,
            memory,
            streams: self.streams.unwrap_or_else(default_streams).clamp(1, 64),
            copy: false,
            reasons: self.reasons.unwrap_or(true),
            allow_nothing: self.allow_nothing.unwrap_or(false),
            reading,
            whole: [false, false],
            reasons_time,
        })
    }
}

/// What several texts say, each of which may name several columns.
fn all<T>(texts: &[String], read: fn(&str) -> Result<Vec<T>, NameError>) -> Result<Vec<T>, NameError> {
    Ok(texts.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn time(text: &str) -> Result<Duration, JobError> {
    parse_duration(text).map_err(|_| no_time(text))
}

fn no_time(text: &str) -> JobError {
    JobError::Value { value: text.to_owned(), what: "length of time (like 30m)" }
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
    fn names_with_commas_and_equals_are_quoted() {
        let spec: JobSpec = toml::from_str(
            "left = 'a.csv'\nright = 'b.csv'\nkey = ['\"a,b\"', 'c,d=e']\nmap = ['\"x=y\"=z']\n\
             ignore = ['n,\"m,o\"']\nexact = true\nallow-nothing = true\n[compare]\n\"p=q\" = 'trim'\n'\"r,s\"' = 'trim'",
        )
        .unwrap();
        let job = spec.resolve().unwrap();
        let pair = |l: &str, r: &str| (l.to_owned(), r.to_owned());
        assert_eq!(job.options.key, [pair("a,b", "a,b"), pair("c", "c"), pair("d", "e")]);
        assert_eq!(job.options.map, [pair("x=y", "z")]);
        assert_eq!(job.options.ignore, ["n", "m,o"]);
        let ruled: Vec<&str> = job.options.rules.iter().map(|(column, _)| column.as_str()).collect();
        assert_eq!(ruled, ["r,s", "p=q"]);
        assert!(job.options.exact && job.allow_nothing);
    }

    #[test]
    fn how_servers_are_read_goes_with_their_addresses() {
        let text = "left = 'postgres://h/d#t'\nright = 'b.csv'\nvisible-rows = true\nrespect-limits = true";
        let file: JobSpec = toml::from_str(text).unwrap();
        let job = file.overridden_by(JobSpec::default()).resolve().unwrap();
        let Address::Postgres(server) = &job.left else { panic!() };
        assert!(server.reading.visible_rows && server.reading.respect_limits);
        assert_eq!(job.reading, server.reading);
    }

    #[test]
    fn plans_are_resolved_and_flags_win() {
        let file = "left = 'a.csv'\nright = 'b.csv'\ndirection = 'right-to-left'\ndelete = false\nmax-changes = 500\n\
                    max-deletes = '5%'\nallow-cascade = true";
        let file: JobSpec = toml::from_str(file).unwrap();
        let plan = file.clone().resolve_plan().unwrap();
        assert_eq!(plan.direction, Direction::RightToLeft);
        assert_eq!(plan.actions, [Action::Create, Action::Update]);
        assert_eq!(plan.limits.max_changes, Some(Limit::Rows(500)));
        assert_eq!(plan.limits.max_deletes, Some(Limit::Percent(5.0)));
        assert!(plan.allow_cascade);
        assert_eq!(plan.typed, ["a.csv", "b.csv"]);

        let flags = JobSpec { create: Some(false), max_changes: Some("1%".into()), ..JobSpec::default() };
        let plan = file.clone().overridden_by(flags).resolve_plan().unwrap();
        assert_eq!(plan.actions, [Action::Update]);
        assert_eq!(plan.limits.max_changes, Some(Limit::Percent(1.0)));

        let wrong = JobSpec { max_deletes: Some("many".into()), ..JobSpec::default() };
        assert!(file.overridden_by(wrong).resolve_plan().is_err());
        let plain: JobSpec = toml::from_str("left = 'a.csv'\nright = 'b.csv'").unwrap();
        let plan = plain.resolve_plan().unwrap();
        assert_eq!((plan.direction, plan.actions.len()), (Direction::LeftToRight, 3));
        assert_eq!(plan.limits, Limits::default());
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
