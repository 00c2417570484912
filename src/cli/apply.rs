//! `trueup apply PLAN`, and what it shares with `trueup undo`.

use super::args::{ActionArg, Format, WriteArgs};
use super::error::{Failure, Kind};
use super::output::{print, print_json, style, tell};
use super::watch::TerminalWatch;
use clap::Args;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use trueup::apply::{ApplyError, Refusal, read_refused};
use trueup::audit::thousands;
use trueup::endpoint::{Action, Address};
use trueup::job::{ApplyJob, ApplyRun, JobError, memory, run_apply};
use trueup::plan::{Limit, Limits, NoLimit, Plan, PlanFile};
use trueup::report::{Carried, Reasons, apply_json, apply_text, plan_text, safe_line, sample_steps};

/// Carry a plan out.
///
/// Rows are written in transactions of --chunk rows. A row that is no longer as the plan found it,
/// or that the database does not accept, is left alone and listed in the plan's refused.parquet; all
/// others are written. What was written is read again and compared with the plan.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    #[command(flatten)]
    pub carry: CarryArgs,
    /// Only steps of these actions
    #[arg(long, value_enum, value_name = "ACTION,…", value_delimiter = ',')]
    only: Vec<ActionArg>,
    /// Refuse more steps than this, or than this share of the table's rows [default: the plan's]
    #[arg(long, value_name = "N|P%", value_parser = limit)]
    max_changes: Option<Limit>,
    /// Refuse more deletes than this, or than this share of the table's rows [default: the plan's; without
    /// one, more than 10% of the rows and more than 20, or all of them]
    #[arg(long, value_name = "N|P%", value_parser = limit)]
    max_deletes: Option<Limit>,
    /// Allow deletes although the source has no rows
    #[arg(long)]
    allow_empty_source: bool,
}

fn limit(text: &str) -> Result<Limit, String> {
    text.parse().map_err(|error: NoLimit| error.to_string())
}

/// What apply and undo have in common.
#[derive(Debug, Args)]
pub struct CarryArgs {
    /// The plan's folder
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Allow deletes, and updates of referenced columns, that may change rows of other tables by their foreign keys
    #[arg(long)]
    allow_cascade: bool,
    #[command(flatten)]
    write: WriteArgs,
    /// The left table, where the plan's address does not suffice (a plan keeps no password)
    #[arg(long, value_name = "ADDRESS")]
    left: Option<String>,
    /// The right table, likewise
    #[arg(long, value_name = "ADDRESS")]
    right: Option<String>,
    /// Bound on the memory used [default: a quarter of the machine's]
    #[arg(long, value_name = "SIZE")]
    memory: Option<String>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl CarryArgs {
    /// The job, for all steps or those of some actions.
    pub fn job(&self, only: Vec<Action>) -> Result<ApplyJob, Failure> {
        let address = |text: &Option<String>| match text {
            Some(text) => Address::parse(text, &|name| std::env::var(name).ok()).map(Some).map_err(JobError::from),
            None => Ok(None),
        };
        Ok(ApplyJob {
            only,
            chunk: self.write.chunk,
            pause: self.write.pause,
            lock_timeout: self.write.lock_timeout,
            allow_cascade: self.allow_cascade,
            memory: memory(self.memory.as_deref())?,
            addresses: [address(&self.left)?, address(&self.right)?],
            ..ApplyJob::new(self.plan.clone())
        })
    }
}

/// Fails where nobody can be asked.
pub fn can_ask(plan: &std::path::Path) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::new(
        "nothing is written without a yes",
        "there is no terminal to ask on",
        &format!("look at it with `trueup show {}`, then add --yes", plan.display()),
    )
    .of(Kind::Usage))
}

/// Asks on the terminal. Where nobody can answer, that is an error.
pub fn confirm(question: &str, plan: &std::path::Path) -> Result<bool, Failure> {
    can_ask(plan)?;
    let _ = write!(std::io::stderr(), "{} [y/N] ", safe_line(question, 0));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What becomes of a run to which the person said no.
pub fn declined() -> Failure {
    Failure::new("nothing is written", "", "").of(Kind::Interrupted)
}

/// How wide a terminal is at least.
const WIDTH: usize = 80;

/// The end of a long address, which says which table it is.
fn cut(address: &str) -> String {
    let (length, room) = (address.chars().count(), WIDTH - 4);
    if length <= room {
        return address.to_owned();
    }
    std::iter::once('…').chain(address.chars().skip(length + 1 - room)).collect()
}

/// A sentence in lines that fit.
fn lines(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match out.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => out.push(format!("    {word}")),
        }
    }
    out.join("\n")
}

/// The question before rows are written: what is done to which side, and what is unusual about it; in
/// lines that fit a terminal.
fn question(file: &PlanFile, only: &[Action], beyond: Option<&str>) -> String {
    let mut out = Vec::new();
    for (side, name) in file.sides.iter().zip(["left", "right"]) {
        let wanted = |action: &Action| only.is_empty() || only.contains(action);
        let steps = |action: Action| Some((action, side.counts.of(action))).filter(|(_, steps)| *steps > 0);
        let steps = Action::ALL.into_iter().filter(wanted).filter_map(steps);
        let words: Vec<String> = steps.map(|(action, steps)| format!("{action} {}", thousands(steps))).collect();
        if !words.is_empty() {
            out.push(format!("  {name} table: {}", words.join(", ")));
            out.push(format!("    {}", cut(&side.address)));
        }
    }
    if let Some(beyond) = beyond {
        out.push(format!("  Careful:\n{}", lines(beyond)));
    }
    out.join("\n")
}

/// The same before they are put back: at most that, for a plan need not have been applied as a whole.
pub fn confirm_putting_back(plan: &Plan) -> Result<bool, Failure> {
    can_ask(&plan.folder)?;
    let mut file = plan.file.clone();
    for side in &mut file.sides {
        std::mem::swap(&mut side.counts.create, &mut side.counts.delete);
    }
    tell(&format!("What applying the plan wrote is put back; at most:\n{}", question(&file, &[], None)));
    confirm("Put it back?", &plan.folder)
}

/// Shows that, and asks.
pub fn confirm_writing(plan: &Plan, only: &[Action], beyond: Option<&str>) -> Result<bool, Failure> {
    can_ask(&plan.folder)?;
    tell(&question(&plan.file, only, beyond));
    confirm("Write this?", &plan.folder)
}

/// The first few rows that were refused. The file has all of them: if it can't be read, its name
/// is enough.
pub fn refusals(run: &ApplyRun) -> Vec<Refusal> {
    const FIRST: usize = 5;
    run.refused_file.as_ref().and_then(|path| read_refused(path, FIRST).ok()).unwrap_or_default()
}

/// Prints what was done, and says with which code to exit.
pub fn report(run: &ApplyRun, plan: &Plan, done: Carried, format: Format) -> Result<ExitCode, Failure> {
    match format {
        Format::Table => print(&apply_text(run, &plan.file, &plan.folder, &refusals(run), done, style()))?,
        Format::Json => print_json(&apply_json(run))?,
    }
    let left: u64 = run.sides.iter().map(|side| side.refused + side.unverified).sum();
    let misfits = if done == Carried::Applied { plan.file.misfits } else { 0 };
    Ok(ExitCode::from(u8::from(left + misfits > 0)))
}

/// Runs the command.
pub fn run(args: &ApplyArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let plan = Plan::open(&args.carry.plan)?;
    let only: Vec<Action> = args.only.iter().map(|action| action.action()).collect();
    let mut job = args.carry.job(only.clone())?;
    job.limits = Limits { max_changes: args.max_changes, max_deletes: args.max_deletes };
    job.allow_empty_source = args.allow_empty_source;
    let wanted = |action: &Action| only.is_empty() || only.contains(action);
    let steps: u64 = Action::ALL
        .into_iter()
        .filter(wanted)
        .flat_map(|action| plan.file.sides.iter().map(move |side| side.counts.of(action)))
        .sum();
    if steps > 0 && !args.carry.yes {
        let guarded = job.guard(&plan);
        if let Err(error) = guarded
            && (matches!(error, ApplyError::Limit { .. }) || can_ask(&plan.folder).is_err())
        {
            // A limit that somebody has set holds whatever they answer.
            return Err(error.into());
        }
        can_ask(&plan.folder)?;
        tell(&plan_text(&plan.file, None, &sample_steps(&plan)?, &Reasons::NONE, style()));
        let beyond = job.guard(&plan).err().map(|error| error.to_string());
        if !confirm_writing(&plan, &only, beyond.as_deref())? {
            return Err(declined());
        }
        job.deletes_seen = true;
    }
    watch.writing();
    let run = run_apply(&job, watch)?;
    watch.clear();
    report(&run, &plan, Carried::Applied, args.carry.format)
}
