//! `trueup show PLAN`

use super::args::{ActionArg, Format, SideArg};
use super::error::Failure;
use super::output::{print, print_json, style, timed};
use super::pager::{Content, Pages};
use super::watch::TerminalWatch;
use clap::Args;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use trueup::audit::thousands;
use trueup::job::{KeptError, RunFile};
use trueup::plan::{Conflict, Plan, PlanError, PlanFile, SCRIPTS, Selection, means};
use trueup::report::{
    ConflictTable, Reasons, ShownStep, StepTable, conflict_json, how_to_resolve, key_names, plan_json, plan_text,
    sample_steps, shown_step, step_json,
};
use trueup::snapshot::SnapshotError;

/// Steps that are read and printed at once.
const ROWS: usize = 1000;

/// Read a plan: its steps, its conflicts, its summary, or its SQL.
///
/// Of an update only the cells that change are shown; of a create or delete, its values. On a
/// terminal the result goes through $PAGER.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The plan's folder
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Only steps of these actions
    #[arg(long, value_enum, value_name = "ACTION,…", value_delimiter = ',')]
    action: Vec<ActionArg>,
    /// Only steps for this side
    #[arg(long, value_enum)]
    side: Option<SideArg>,
    /// Only the step or conflict with this key, one value per key column; repeat for more keys
    #[arg(long, value_name = "VALUE[,VALUE…]")]
    key: Vec<String>,
    /// Only steps that satisfy this condition, as in "before.city <> after.city" or "key.id > 7"
    #[arg(long = "where", value_name = "SQL")]
    filter: Option<String>,
    /// At most so many steps or conflicts
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// What both sides changed, with no rule that picks a winner
    #[arg(long, conflicts_with_all = ["summary", "sql", "action", "side", "filter"])]
    conflicts: bool,
    /// The summary that `trueup plan` printed
    #[arg(long, conflicts_with_all = ["sql", "action", "key", "filter", "limit"])]
    summary: bool,
    /// The script that a database's own client can run
    #[arg(long, conflicts_with_all = ["action", "key", "filter", "limit", "format"])]
    sql: bool,
    /// Print straight to the terminal, however long it is
    #[arg(long)]
    no_pager: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub fn run(args: &ShowArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let plan = Plan::open(&args.plan)?;
    if args.summary {
        match args.format {
            Format::Table => {
                let run = kept(&plan.folder)?;
                let found = run.as_ref().map_or(&[][..], |run| &run.audit.reasons);
                let reasons = Reasons { found, folder: Some(&plan.folder), all: watch.verbose() };
                print(&plan_text(&plan.file, Some(&plan.folder), &sample_steps(&plan)?, &reasons, style()))?;
            }
            Format::Json => print_json(&plan_json(&plan.file, &plan.folder))?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    // What is asked for is understood before a pager takes the screen.
    let selection = selection(args, &plan)?;
    let content = match (args.sql, args.format) {
        (true, _) => Content::Script,
        (false, Format::Table) => Content::Text,
        (false, Format::Json) => Content::Json,
    };
    let mut pages = Pages::open(!args.no_pager && args.format == Format::Table, content);
    if pages.has_pager() {
        watch.leave_interrupts_to_the_pager();
    }
    match (args.sql, args.conflicts, args.format) {
        (true, ..) => sql(args, &plan, &mut pages)?,
        (false, true, Format::Table) => conflict_table(args, &plan, &mut pages)?,
        (false, true, Format::Json) => conflict_list(args, &plan, &mut pages)?,
        (false, false, Format::Table) => table(args, &plan, &selection, &mut pages)?,
        (false, false, Format::Json) => json(args, &plan, &selection, &mut pages)?,
    }
    pages.close()?;
    Ok(ExitCode::SUCCESS)
}

/// What was found when the plan was made; `None` if changed rows only were looked at.
fn kept(folder: &Path) -> Result<Option<RunFile>, Failure> {
    match RunFile::read(folder) {
        Ok(run) => Ok(Some(run)),
        Err(KeptError::NoRun(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Keys as typed, one value per key column.
pub fn keys(texts: &[String], file: &PlanFile) -> Result<Vec<Vec<String>>, Failure> {
    let names = key_names(file, 0);
    let key = |text: &String| {
        // A lone key column may have commas in its values.
        let values: Vec<String> = match names.len() {
            1 => vec![text.clone()],
            _ => values(text),
        };
        match values.len() == names.len() {
            true => Ok(values),
            false => Err(Failure::new(
                &format!("`{text}` is no key of this plan"),
                &format!("the key is {}", names.join(" and ")),
                &format!(
                    "give {} values with commas between them; a value with a comma in it goes in \"…\"",
                    names.len()
                ),
            )),
        }
    };
    texts.iter().map(key).collect()
}

/// Values with commas between them, as in a line of CSV: one in `"…"` may have commas, and `""` in it
/// stands for `"`.
fn values(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let (mut quoted, mut rest) = (false, text.chars().peekable());
    while let Some(c) = rest.next() {
        let value = out.last_mut().filter(|_| c != ',' || quoted);
        match (c, value) {
            (_, None) => out.push(String::new()),
            ('"', Some(value)) if quoted && rest.next_if_eq(&'"').is_some() => value.push('"'),
            ('"', Some(value)) if quoted || value.is_empty() => quoted = !quoted,
            (_, Some(value)) => value.push(c),
        }
    }
    out
}

fn selection(args: &ShowArgs, plan: &Plan) -> Result<Selection, Failure> {
    let selection = Selection::new(
        args.action.iter().map(|action| action.action()).collect(),
        args.side.map(SideArg::at),
        keys(&args.key, &plan.file)?,
    );
    match &args.filter {
        Some(sql) => selection.with_condition(sql, plan).map_err(|error| match error {
            PlanError::Snapshot(SnapshotError::Filter { .. }) => Failure::from(error).with_hint(
                "the columns are action, side, reason, and key.NAME, before.NAME and after.NAME for each column",
            ),
            _ => error.into(),
        }),
        None => Ok(selection),
    }
}

/// Hands the steps that are asked for to `take`, some at a time, until it has had enough. How many
/// there were.
fn steps(
    args: &ShowArgs,
    plan: &Plan,
    selection: &Selection,
    take: &mut dyn FnMut(&[ShownStep]) -> Result<bool, Failure>,
) -> Result<usize, Failure> {
    let (mut shown, most) = (0, args.limit.unwrap_or(usize::MAX));
    for (side, plan_side) in plan.file.sides.iter().enumerate() {
        let Some(writes) = &plan_side.writes else { continue };
        for chunk in plan.chunks(side, ROWS)? {
            let chunk = chunk?;
            let mut rows = selection.rows(side, &chunk, &plan_side.table.columns, &writes.key);
            rows.truncate(most - shown);
            shown += rows.len();
            let steps: Vec<ShownStep> = rows.into_iter().map(|row| shown_step(&plan.file, side, &chunk, row)).collect();
            if !steps.is_empty() && !take(&steps)? || shown == most {
                return Ok(shown);
            }
        }
    }
    Ok(shown)
}

fn table(args: &ShowArgs, plan: &Plan, selection: &Selection, pages: &mut Pages) -> Result<(), Failure> {
    let both = plan.file.sides.iter().filter(|side| side.counts.total() > 0).count() == 2;
    let mut table: Option<StepTable> = None;
    let shown = steps(args, plan, selection, &mut |steps| {
        if table.is_none() {
            let new = StepTable::new(steps, both, usize::MAX, style());
            pages.write(new.header().as_bytes())?;
            table = Some(new);
        }
        if let Some(table) = &table {
            pages.write(table.lines(steps).as_bytes())?;
        }
        Ok(pages.is_open())
    })?;
    let total: u64 = plan.file.sides.iter().map(|side| side.counts.total()).sum();
    let count = match (shown as u64 == total, total) {
        (true, 0) => "The plan has no steps.\n".to_owned(),
        (true, 1) => "\n1 step\n".to_owned(),
        (true, _) => format!("\n{} steps\n", thousands(total)),
        (false, _) if shown == 0 => format!("None of the {} steps is like that.\n", thousands(total)),
        (false, _) => format!("\n{} of {} steps\n", thousands(shown as u64), thousands(total)),
    };
    pages.write(count.as_bytes())
}

fn json(args: &ShowArgs, plan: &Plan, selection: &Selection, pages: &mut Pages) -> Result<(), Failure> {
    let names = [key_names(&plan.file, 0), key_names(&plan.file, 1)];
    // The plan's own object, with the steps put in as they come: there may be very many.
    let mut head = timed(plan_json(&plan.file, &plan.folder)).to_string();
    head.pop();
    pages.write(format!("{head},\"steps\":[").as_bytes())?;
    let mut first = true;
    let shown = steps(args, plan, selection, &mut |steps| {
        for step in steps {
            let comma = if std::mem::take(&mut first) { "\n" } else { ",\n" };
            pages.write(format!("{comma}{}", step_json(step, &names[step.side])).as_bytes())?;
        }
        Ok(pages.is_open())
    })?;
    pages.write(format!("\n],\"shown\":{shown}}}\n").as_bytes())
}

/// Hands the conflicts that are asked for to `take`, some at a time, until it has had enough. How
/// many there were.
fn conflicts(
    args: &ShowArgs,
    plan: &Plan,
    take: &mut dyn FnMut(&[Conflict]) -> Result<bool, Failure>,
) -> Result<usize, Failure> {
    let keys = keys(&args.key, &plan.file)?;
    let (mut shown, most) = (0, args.limit.unwrap_or(usize::MAX));
    let mut some = Vec::new();
    let mut all = plan.conflicts()?;
    loop {
        let next = if shown < most { all.next().transpose()? } else { None };
        let last = next.is_none();
        if let Some(conflict) =
            next.filter(|c| keys.is_empty() || keys.iter().any(|key| means(&plan.file, key, &c.key)))
        {
            some.push(conflict);
            shown += 1;
        }
        if last || some.len() == ROWS {
            if !some.is_empty() && !take(&some)? || last {
                return Ok(shown);
            }
            some.clear();
        }
    }
}

fn conflict_table(args: &ShowArgs, plan: &Plan, pages: &mut Pages) -> Result<(), Failure> {
    let mut table: Option<ConflictTable> = None;
    let shown = conflicts(args, plan, &mut |conflicts| {
        if table.is_none() {
            let new = ConflictTable::new(conflicts, &plan.file, style());
            pages.write(new.header().as_bytes())?;
            table = Some(new);
        }
        if let Some(table) = &table {
            pages.write(table.lines(conflicts).as_bytes())?;
        }
        Ok(pages.is_open())
    })?;
    let total = plan.file.conflicts;
    let count = match (shown as u64 == total, total) {
        (true, 0) => "The plan has no conflicts.\n".to_owned(),
        (true, 1) => "\n1 conflict\n".to_owned(),
        (true, _) => format!("\n{} conflicts\n", thousands(total)),
        (false, _) if shown == 0 => format!("None of the {} conflicts is like that.\n", thousands(total)),
        (false, _) => format!("\n{} of {} conflicts\n", thousands(shown as u64), thousands(total)),
    };
    pages.write(count.as_bytes())?;
    if shown > 0 {
        pages.write(format!("\n{}", how_to_resolve(&plan.folder)).as_bytes())?;
    }
    Ok(())
}

fn conflict_list(args: &ShowArgs, plan: &Plan, pages: &mut Pages) -> Result<(), Failure> {
    let mut head = timed(plan_json(&plan.file, &plan.folder)).to_string();
    head.pop();
    pages.write(format!("{head},\"conflicts_list\":[").as_bytes())?;
    let mut first = true;
    let shown = conflicts(args, plan, &mut |conflicts| {
        for conflict in conflicts {
            let comma = if std::mem::take(&mut first) { "\n" } else { ",\n" };
            pages.write(format!("{comma}{}", conflict_json(conflict, &plan.file)).as_bytes())?;
        }
        Ok(pages.is_open())
    })?;
    pages.write(format!("\n],\"shown\":{shown}}}\n").as_bytes())
}

fn sql(args: &ShowArgs, plan: &Plan, pages: &mut Pages) -> Result<(), Failure> {
    for (side, plan_side) in plan.file.sides.iter().enumerate() {
        let asked = args.side.map_or(plan_side.writes.is_some(), |only| only.at() == side);
        if !asked {
            continue;
        }
        let path = plan.folder.join(SCRIPTS[side]);
        let failed = |e: std::io::Error| {
            Failure::new(&format!("can't read {}", path.display()), &e.to_string(), "make the plan again")
        };
        let mut file = BufReader::new(File::open(&path).map_err(failed)?);
        // Whole lines: a character is never torn.
        let mut line = Vec::new();
        while pages.is_open() && file.read_until(b'\n', &mut line).map_err(failed)? > 0 {
            pages.write(&line)?;
            line.clear();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_are_split_at_commas_that_are_not_quoted() {
        assert_eq!(values("a,b"), ["a", "b"]);
        assert_eq!(values(r#""Oslo, Norway",7"#), ["Oslo, Norway", "7"]);
        assert_eq!(values(r#""say ""hi""",,it's "x""#), ["say \"hi\"", "", "it's \"x\""]);
        assert_eq!(values(""), [""]);
    }
}
