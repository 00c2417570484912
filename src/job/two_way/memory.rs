//! What the histories remember of bases: a first run of a job that has had one is a lost state folder.

use super::next::NextFile;
use super::servers::Servers;
use super::state::memory_name;
use crate::base::{Base, BaseFile};
use crate::endpoint::{Address, EndpointError, open};
use crate::job::error::RunError;
use crate::job::run::both;
use crate::plan::{Plan, SIDES};
use std::path::Path;

/// Asks the histories, where they might tell something new. Gives, per side, the installation that
/// knows the base; `next` is what this job's base is going to say.
///
/// # Errors
/// If one can't be asked; if there is no base, one remembers that there was, and nobody says that this
/// is a first run.
pub(super) fn ask(
    addresses: [&Address; 2],
    servers: &Servers,
    base: Option<&Base>,
    next: &BaseFile,
    first_run: bool,
    state: &Path,
) -> Result<[Option<String>; 2], RunError> {
    let name = memory_name(next);
    let known = |side: usize| -> Result<Option<String>, RunError> {
        let installation = match &servers.marks[side] {
            Some(mark) => mark.installation().to_owned(),
            // One that does not fit its table any more still knows what there was.
            None if servers.unfit[side] && base.is_none() => String::new(),
            None => return Ok(None),
        };
        if base.is_some_and(|base| base.file.sides[side].remembered.as_ref() == Some(&installation)) {
            return Ok(Some(installation));
        }
        let history = open(addresses[side]).and_then(|endpoint| endpoint.history());
        let bases = history.map_or_else(|| Ok(Vec::new()), |history| history.bases())?;
        Ok(bases.contains(&name).then_some(installation))
    };
    let known = both(|| known(0), || known(1))?;
    match known.iter().position(Option::is_some) {
        Some(side) if base.is_none() && !first_run => {
            Err(RunError::LostBase { side: SIDES[side], state: state.display().to_string() })
        }
        _ => Ok(known),
    }
}

/// Has the histories remember the base that a plan has made. Gives what a person should know.
pub(in crate::job) fn remember(plan: &Plan, addresses: [&Address; 2]) -> Vec<String> {
    let Ok(next) = NextFile::read(&plan.folder).map(|next| next.base) else { return Vec::new() };
    let mut out = Vec::new();
    for (side, own) in next.sides.iter().enumerate() {
        if own.mark.is_none() || own.remembered.is_some() {
            continue;
        }
        if let Err(error) = told(addresses[side], &next, false) {
            out.push(format!(
                "the {} history could not write down that there is a base now, by which a lost state folder would be \
                 noticed: {error}",
                SIDES[side]
            ));
        }
    }
    out
}

/// Has the histories forget the base of a first run that was undone, so that there is none.
pub(in crate::job) fn forget(plan: &Plan, addresses: [&Address; 2]) -> Vec<String> {
    let Some(two_way) = plan.file.two_way.as_ref().filter(|two_way| two_way.base.is_none()) else { return Vec::new() };
    let state = Path::new(&plan.file.made_in).join(&two_way.state);
    let Ok(next) = NextFile::read(&plan.folder).map(|next| next.base) else { return Vec::new() };
    if !matches!(Base::open(&state), Ok(None)) {
        return Vec::new();
    }
    let kept = (0..2).filter(|side| next.sides[*side].mark.is_some());
    let failed = kept.filter_map(|side| told(addresses[side], &next, true).err().map(|error| (side, error)));
    let words = |(side, error): (usize, EndpointError)| {
        format!(
            "the {} history could not forget the base that this plan has made; the next first run needs --first-run: \
             {error}",
            SIDES[side]
        )
    };
    failed.map(words).collect()
}

fn told(address: &Address, base: &BaseFile, forget: bool) -> Result<(), EndpointError> {
    let Some(history) = open(address).and_then(|endpoint| endpoint.history()) else { return Ok(()) };
    let name = memory_name(base);
    if forget { history.forget(&name) } else { history.remember(&name) }
}
