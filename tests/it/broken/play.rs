//! Plays a story with the real program.

use super::breaks::Broken;
use super::judge::{Deed, Wrote, apart, is_plain, not_undone, observe, show};
use super::people::time;
use super::story::{Off, Round, Start, Story, Verb};
use super::tables::Tables;
use super::versions::{By, COLUMNS, Rows, Versions};
use crate::support::{Run, Steps, steps};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// So many syncs, and nothing may be left to do.
const MOST_SYNCS: usize = 4;

/// A break, and the command after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    pub systems: String,
    pub how: &'static str,
    pub verb: &'static str,
    pub next: &'static str,
}

/// What came of a story.
#[derive(Debug, Default)]
pub struct Played {
    /// Its breaks so far, and whether each was survived.
    pub marks: Vec<(Mark, bool)>,
    /// What is wrong, if anything is; the story ends there.
    pub wrong: Vec<String>,
    /// Conflicts in which nothing had to be decided.
    pub needless: usize,
    /// What happened, line by line.
    pub log: Vec<String>,
}

/// A plan that was made.
struct Planned {
    folder: String,
    /// The tables as it saw them.
    rows: Rows,
    /// Versions from here on are later.
    first: usize,
}

/// A story as far as it was told.
pub(super) struct Player<'a> {
    pub(super) story: &'a Story,
    pub(super) tables: Tables,
    pub(super) versions: Versions,
    wrote: Wrote,
    plans: Vec<Planned>,
    /// Rows that something has just happened to.
    pub(super) recent: BTreeSet<i64>,
    pub(super) edits: usize,
    /// The largest key so far.
    pub(super) last: i64,
    pub(super) played: Played,
    /// The breaks that are not judged yet.
    open: Vec<Mark>,
}

type Judged = Result<(), Vec<String>>;

fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Sync => "sync",
        Verb::Apply => "apply",
        Verb::Undo => "undo",
        Verb::Again => "apply again",
    }
}

/// Plays it.
pub fn play(story: &Story) -> Played {
    let mut versions = Versions::new();
    for (at, start) in story.starts.iter().enumerate() {
        let id = at as i64 + 1;
        let row = |name: &str| [format!("{name}a{id}"), format!("{name}b{id}"), time(0)].map(|text| Some(Some(text)));
        let all = |name: &str| row(name).into_iter().enumerate().collect::<Vec<_>>();
        match start {
            Start::Both => versions.begin(id, &row("")),
            Start::Only(side) => versions.write(*side, id, &all("")),
            Start::Apart => [0, 1].into_iter().for_each(|side| versions.write(side, id, &all(["L", "R"][side]))),
        }
    }
    let tables = Tables::new(story.kinds, &versions);
    let mut player = Player {
        story,
        tables,
        versions,
        wrote: Wrote::new(),
        plans: Vec::new(),
        recent: BTreeSet::new(),
        edits: 0,
        last: story.starts.len() as i64,
        played: Played::default(),
        open: Vec::new(),
    };
    if let Err(wrong) = player.all() {
        player.played.wrong = wrong;
    }
    player.close(player.played.wrong.is_empty());
    player.played
}

fn total(counts: [Steps; 2]) -> i64 {
    counts.iter().flatten().sum()
}

impl Player<'_> {
    fn all(&mut self) -> Judged {
        if self.story.installed {
            for side in [0, 1] {
                let args = ["history", "install", &self.tables.sides[side].address].map(str::to_owned);
                let run = self.tables.run(&args);
                if run.code != Some(0) {
                    return Err(vec![format!("no history: {run}")]);
                }
            }
        }
        self.until_quiet()?;
        for (at, round) in self.story.rounds.iter().enumerate() {
            self.played.log.push(format!("-- round {}", at + 1));
            self.round(round)?;
            self.close(true);
        }
        Ok(())
    }

    /// Judges the breaks so far: the last one is to blame.
    fn close(&mut self, fine: bool) {
        let last = self.open.len();
        let marks = self.open.drain(..).enumerate().map(|(at, mark)| (mark, fine || at + 1 < last));
        self.played.marks.extend(marks);
    }

    fn round(&mut self, round: &Round) -> Judged {
        self.recent.clear();
        self.edit(&round.edits);
        for (at, off) in round.offs.iter().enumerate() {
            self.off(off, at == 0)?;
            self.edit(&off.then);
        }
        // There may be nothing to undo or to apply.
        let there = self.has_plan();
        let next = if there { round.next } else { Verb::Sync };
        for mark in &mut self.open {
            mark.next = word(next);
        }
        match next {
            Verb::Sync => {}
            Verb::Apply => {
                self.plan()?;
                self.apply(self.plans.len() - 1)?;
            }
            Verb::Undo => self.undo(self.plans.len() - 1)?,
            Verb::Again => self.apply(self.plans.len() - 1)?,
        }
        if next != Verb::Sync {
            self.edit(&round.then);
        }
        self.until_quiet()
    }

    /// Whether the last plan is there, and whole.
    fn has_plan(&self) -> bool {
        self.plans.last().is_some_and(|plan| self.folder(&plan.folder).join("plan.json").exists())
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.tables.dir.path().join(name)
    }

    /// The arguments of a run from both tables.
    fn args(&mut self, verb: &str) -> (String, Vec<String>) {
        let folder = format!("run-{}", self.plans.len() + 1);
        let [left, right] = [0, 1].map(|side: usize| self.tables.sides[side].address.clone());
        let mut args = [verb, &left, &right, "--key", "id"].map(str::to_owned).to_vec();
        args.extend(self.story.rules.options().into_iter().map(str::to_owned));
        if !self.story.rules.one_way {
            args.extend(["--state", "state"].map(str::to_owned));
        }
        if verb == "sync" {
            args.extend(["--max-deletes", "100%", "--allow-empty-source"].map(str::to_owned));
            args.extend(self.slowly());
        }
        args.extend(["--out", &folder, "--format", "json"].map(str::to_owned));
        self.plans.push(Planned {
            folder: folder.clone(),
            rows: self.versions.rows.clone(),
            first: self.versions.count(),
        });
        (folder, args)
    }

    fn slowly(&self) -> Vec<String> {
        vec![
            "--chunk".to_owned(),
            self.story.chunk.to_string(),
            "--pause".to_owned(),
            format!("{}ms", self.story.pause),
        ]
    }

    /// The arguments that carry a plan out or take it back.
    fn writing(&self, verb: &str, plan: usize) -> Vec<String> {
        let mut args = [verb, &self.plans[plan].folder, "--yes", "--format", "json"].map(str::to_owned).to_vec();
        args.extend(self.slowly());
        if takes_limits(verb) {
            args.extend(["--max-deletes", "100%", "--allow-empty-source"].map(str::to_owned));
        }
        args
    }

    fn log_run(&mut self, args: &[String], came: &str) {
        let args: Vec<&str> = args
            .iter()
            .map(|arg| {
                if arg.contains("://") || arg.contains(".db#") || arg.ends_with(".csv") {
                    "ADDRESS"
                } else {
                    arg.as_str()
                }
            })
            .collect();
        self.played.log.push(format!("trueup {} => {came}", args.join(" ")));
    }

    /// Runs it unbroken.
    fn run(&mut self, args: &[String]) -> Run {
        let run = self.tables.run(args);
        self.log_run(args, &came(&run));
        run
    }

    /// Looks at what a run has written.
    fn observe(&mut self, plan: usize, undo: bool, later: bool) -> Judged {
        let now = self.tables.read();
        let rows = std::mem::take(&mut self.plans[plan].rows);
        let deed = match undo {
            true => Deed::Undo { run: plan },
            false => Deed::Take { run: plan, planned: &rows, later },
        };
        for id in self.versions.rows.keys() {
            for side in [0, 1] {
                let values = self.versions.values(side, *id);
                let is = now[side].get(id).map(|cells| cells.clone().map(Some));
                if is.clone().unwrap_or([const { None }; COLUMNS]) != values {
                    self.recent.insert(*id);
                    let (side, is) = (["left", "right"][side], is.unwrap_or([const { None }; COLUMNS]));
                    self.played.log.push(format!("   {side} {id}: {} -> {}", show(&values), show(&is)));
                }
            }
        }
        let wrong = observe(&mut self.versions, &mut self.wrote, &self.story.rules, deed, &now);
        self.plans[plan].rows = rows;
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn plan(&mut self) -> Judged {
        let (_, args) = self.args("plan");
        let run = self.run(&args);
        self.observe(self.plans.len() - 1, false, false)?;
        if matches!(run.code, Some(0 | 1)) { Ok(()) } else { Err(vec![format!("no plan: {run}")]) }
    }

    fn sync(&mut self) -> Result<(Run, Json), Vec<String>> {
        let (_, args) = self.args("sync");
        let run = self.run(&args);
        self.observe(self.plans.len() - 1, false, false)?;
        if !matches!(run.code, Some(0 | 1)) {
            return Err(vec![format!("no sync: {run}")]);
        }
        let json = serde_json::from_str(&run.stdout).map_err(|error| vec![format!("no JSON ({error}): {run}")])?;
        Ok((run, json))
    }

    /// It may be refused, if the plan is of an earlier state.
    fn apply(&mut self, plan: usize) -> Judged {
        let args = self.writing("apply", plan);
        self.run(&args);
        self.observe(plan, false, true)
    }

    fn undo(&mut self, plan: usize) -> Judged {
        let args = self.writing("undo", plan);
        let run = self.run(&args);
        self.observe(plan, true, true)?;
        let left = match run.code {
            Some(0 | 1) => not_undone(&self.versions, plan, self.plans[plan].first),
            _ => Vec::new(),
        };
        if left.is_empty() { Ok(()) } else { Err(left) }
    }

    /// A command that is broken off.
    fn off(&mut self, off: &Off, first: bool) -> Judged {
        let there = self.has_plan();
        let (verb, plan) = match off.verb {
            // The one before was broken off before there was a plan.
            Verb::Undo | Verb::Again if !first && !there => ("sync", None),
            Verb::Sync => ("sync", None),
            Verb::Apply => {
                self.plan()?;
                self.edit(&off.planned);
                ("apply", Some(self.plans.len() - 1))
            }
            Verb::Undo => {
                if first {
                    self.sync()?;
                    self.edit(&off.planned);
                }
                ("undo", Some(self.plans.len() - 1))
            }
            Verb::Again => ("apply", Some(self.plans.len() - 1)),
        };
        let (plan, args) = match plan {
            Some(plan) => (plan, self.writing(verb, plan)),
            None => {
                let (_, args) = self.args(verb);
                (self.plans.len() - 1, args)
            }
        };
        let undo = verb == "undo";
        let side = match off.how {
            super::breaks::Break::Held(side) | super::breaks::Break::Refused(side) => side,
            _ => 0,
        };
        let row = self.row_to_write(side, undo.then_some(plan), off.pick);
        let folder = self.folder(&self.plans[plan].folder);
        let Broken { off: broken, run } = off.how.run(&mut self.tables, &args, &folder, row);
        let came = run.as_ref().map_or_else(|| if broken { "killed".to_owned() } else { "ended".to_owned() }, came);
        self.log_run(&args, &format!("{came} ({:?}, row {row})", off.how));
        if broken {
            let of = |side: usize| format!("{:?}", self.story.kinds[side]);
            let with = if self.story.installed { " with history" } else { "" };
            let way = if self.story.rules.one_way { "to" } else { "and" };
            let systems = format!("{} {way} {}{with}", of(0), of(1));
            self.open.push(Mark {
                systems,
                how: off.how.word(),
                verb: if verb == "sync" { word(Verb::Sync) } else { word(off.verb) },
                next: word(Verb::Sync),
            });
        }
        self.observe(plan, undo, verb == "apply")
    }

    /// A row that a command is going to write on this side, if there is one.
    fn row_to_write(&self, side: usize, undoes: Option<usize>, pick: usize) -> i64 {
        let is_ours = |id: &i64| {
            let of = |run: usize| move |by: &By| matches!(by, By::Run { run: by, .. } if *by == run);
            undoes.is_none_or(|run| self.versions.rows[id][side].iter().any(|cell| of(run)(&cell.by)))
        };
        let rows: Vec<i64> = match undoes {
            Some(_) => self.versions.rows.keys().copied().filter(is_ours).collect(),
            None => apart(&self.versions).into_iter().collect(),
        };
        rows.get(pick % rows.len().max(1)).copied().unwrap_or(1)
    }

    /// Syncs until there is nothing to do; then both tables hold the same but for what is reported.
    fn until_quiet(&mut self) -> Judged {
        for _ in 0..MOST_SYNCS {
            let (run, json) = self.sync()?;
            let counts = [steps(&json, "left"), steps(&json, "right")];
            if total(counts) > 0 || json["refused"] != 0 {
                continue;
            }
            return self.check_quiet(&run, &json);
        }
        Err(vec![format!("after {MOST_SYNCS} syncs there is still something to do")])
    }

    fn check_quiet(&mut self, run: &Run, json: &Json) -> Judged {
        let apart = apart(&self.versions);
        if self.story.rules.one_way {
            return if apart.is_empty() { Ok(()) } else { Err(vec![format!("rows {apart:?} differ: {run}")]) };
        }
        let mut conflicts = BTreeSet::new();
        if json["conflicts"] != 0 {
            let folder = self.plans.last().unwrap().folder.clone();
            let args = ["show", &folder, "--conflicts", "--format", "json"].map(str::to_owned);
            let shown = self.tables.run(&args).json(0);
            let ids =
                shown["conflicts_list"].as_array().unwrap().iter().map(|conflict| conflict["key"]["id"].to_string());
            conflicts.extend(ids.map(|id| id.trim_matches('"').parse::<i64>().unwrap()));
        }
        let undecided = usize::try_from(json["undecided"].as_i64().unwrap_or(0)).unwrap();
        let silent: Vec<i64> = apart.difference(&conflicts).copied().collect();
        if silent.len() > undecided {
            return Err(vec![format!("rows {silent:?} differ, and nothing is said of them: {run}")]);
        }
        for id in &conflicts {
            if !apart.contains(id) {
                return Err(vec![format!("row {id} is a conflict and does not differ: {run}")]);
            }
            if is_plain(&self.versions, *id) {
                self.played.needless += 1;
                let [left, right] = [0, 1].map(|side| show(&self.versions.values(side, *id)));
                self.played.log.push(format!("   needless conflict: {id}: {left} and {right}"));
            }
        }
        Ok(())
    }
}

/// How a run ended, in a word or a line.
fn came(run: &Run) -> String {
    let line = run.stderr.lines().find(|line| !line.starts_with("kept in")).unwrap_or("").chars().take(160);
    format!("{:?} {}", run.code, line.collect::<String>())
}

/// Whether `apply` or `undo` takes the limits that `sync` does.
fn takes_limits(verb: &str) -> bool {
    static TAKES: std::sync::OnceLock<[bool; 2]> = std::sync::OnceLock::new();
    let takes = TAKES.get_or_init(|| {
        let dir = crate::support::Workdir::new();
        ["apply", "undo"].map(|verb| {
            let help = dir.trueup([verb, "--help"]).stdout;
            help.contains("--max-deletes") && help.contains("--allow-empty-source")
        })
    });
    takes[usize::from(verb == "undo")]
}
