//! `trueup resolve PLAN`

use super::args::Format;
use super::error::Failure;
use super::output::{print, print_json, style};
use super::plan::is_done;
use super::show::keys;
use super::watch::TerminalWatch;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;
use trueup::job::{Resolve, run_resolve};
use trueup::plan::{Plan, Take};
use trueup::report::{Reasons, plan_json, plan_text, resolved_json, resolved_text, sample_steps};

/// Decide conflicts: whose version is taken.
///
/// The decision becomes steps of the plan; nothing is written to the tables before `trueup apply`.
/// What is not decided is left alone, and is a conflict again next time.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// The plan's folder
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// The conflict with this key, one value per key column (with a comma in it: in "…"); repeat for
    /// more keys
    #[arg(long, value_name = "VALUE[,VALUE…]")]
    key: Vec<String>,
    /// All conflicts that are not decided yet
    #[arg(long)]
    all: bool,
    /// Whose version is taken, or that of the side that was changed later
    #[arg(long, value_enum)]
    take: Option<TakeArg>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Whose version is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TakeArg {
    Left,
    Right,
    Newest,
}

impl TakeArg {
    fn take(self) -> Take {
        match self {
            Self::Left => Take::Left,
            Self::Right => Take::Right,
            Self::Newest => Take::Newest,
        }
    }
}

/// Runs the command.
pub fn run(args: &ResolveArgs, watch: &TerminalWatch) -> Result<ExitCode, Failure> {
    let Some(take) = args.take else {
        return Err(Failure::new(
            "nothing says whose version is taken",
            "a conflict has two versions, and no rule picked one of them",
            "add --take left, --take right or --take newest",
        ));
    };
    match (args.key.is_empty(), args.all) {
        (true, true) | (false, false) => {}
        (true, false) => {
            return Err(Failure::new(
                "nothing says which conflicts are decided",
                "neither --key nor --all is given",
                &format!("see them with `trueup show {} --conflicts`, then name one with --key", args.plan.display()),
            ));
        }
        (false, true) => {
            return Err(Failure::new(
                "--key and --all don't go together",
                "one decides a single conflict, the other all that are not decided yet",
                "use --key first, and --all for the rest",
            ));
        }
    }
    let plan = Plan::open(&args.plan)?;
    if plan.file.two_way.is_none() {
        return Err(Failure::new(
            &format!("{} has no conflicts", args.plan.display()),
            &format!("it writes one side only ({}): the other one always wins", plan.file.direction),
            &format!("carry it out with `trueup apply {}`", args.plan.display()),
        ));
    }
    let keys = keys(&args.key, &plan.file)?;
    let resolve = Resolve { folder: args.plan.clone(), keys, take: take.take() };
    let resolution = run_resolve(&resolve, watch)?;
    let run = &resolution.run;
    watch.clear();
    let (file, folder) = (&run.plan.file, &run.plan.folder);
    match args.format {
        Format::Table => {
            let plan = plan_text(file, Some(folder), &sample_steps(&run.plan)?, &Reasons::NONE, style());
            print(&format!("{}\n{plan}", resolved_text(&resolution, style())))?;
        }
        Format::Json => {
            let mut out = plan_json(file, folder);
            out["resolved"] = resolved_json(&resolution);
            print_json(&out)?;
        }
    }
    Ok(ExitCode::from(u8::from(!is_done(file))))
}
