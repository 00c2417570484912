//! Keeping a table's history: installing it, what there is, forgetting what has been seen, and taking
//! it away.

use super::states::{BEFORE, NoHome, state_folders, states, states_root};
use crate::apply::same_table;
use crate::base::{Base, BaseFile};
use crate::endpoint::{
    Address, AddressError, Endpoint, EndpointError, History, HistoryMark, HistoryStatus, Installed, open,
};
use crate::job::error::RunError;
use crate::job::side::Watch;
use crate::job::two_way::settle_state;
use crate::snapshot::SnapshotError;
use crate::table::nearest;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// What can go wrong with a history.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The table's address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The database.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// A base.
    #[error(transparent)]
    Base(#[from] SnapshotError),
    /// Nobody says where bases are kept.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// A run that broke off may need what is to be forgotten, and can't be settled.
    #[error(transparent)]
    Settle(Box<RunError>),
    /// Files have no triggers.
    #[error("{0} can't keep a history")]
    NoHistory(String),
    /// No primary key, and none was named.
    #[error("{0} has no primary key")]
    NoKey(String),
    /// A key column that the table does not have.
    #[error("{address} has no column `{name}`")]
    NoColumn {
        /// The table.
        address: String,
        /// The column.
        name: String,
        /// One that it has.
        suggestion: Option<String>,
    },
    /// A key column that was named twice.
    #[error("the key of {address} has `{name}` twice")]
    KeyTwice {
        /// The table.
        address: String,
        /// The column.
        name: String,
    },
    /// There is nothing that could be cleared.
    #[error("{0} has no history")]
    NotInstalled(String),
    /// It does not fit the table, so that no mark is of it.
    #[error("the history of {address} does not fit the table any more")]
    Misfit {
        /// The table.
        address: String,
        /// Why.
        why: String,
    },
    /// No base says how far the history has been seen.
    #[error("no base says how far the history of {address} has been seen")]
    NoMark {
        /// The table.
        address: String,
        /// Where was looked.
        looked: String,
    },
}

/// What installing came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledHistory {
    /// The columns that say which row it was.
    pub key: Vec<String>,
    /// What was done.
    pub installed: Installed,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forget {
    /// What every base that uses the table has seen: that of this state folder, or those in the default
    /// place.
    Seen(Option<PathBuf>),
    /// All of it.
    All,
}

/// Installs the history of a table. The key is the one given, else the one it was installed with,
/// else the primary key.
///
/// # Errors
/// If the table can't keep one, nothing identifies its rows, or a right is missing.
pub fn install_history(address: &Address, key: &[String]) -> Result<InstalledHistory, HistoryError> {
    let Opened { endpoint, history } = opened(address)?;
    endpoint.recover()?;
    let table = endpoint.describe()?;
    let missing = |name: &&String| table.position(name).is_none();
    let key = if !key.is_empty() {
        if let Some(name) = key.iter().find(missing) {
            let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
            let suggestion = nearest(name, &names);
            return Err(HistoryError::NoColumn { address: address.to_string(), name: name.clone(), suggestion });
        }
        if let Some((_, name)) = key.iter().enumerate().find(|(at, name)| key[..*at].contains(name)) {
            return Err(HistoryError::KeyTwice { address: address.to_string(), name: name.clone() });
        }
        key.to_vec()
    } else {
        let before = history.status()?.map(|status| status.key);
        match before.filter(|key| !key.is_empty() && !key.iter().any(|name| missing(&name))) {
            Some(before) => before,
            None => table.primary_key.clone(),
        }
    };
    if key.is_empty() {
        return Err(HistoryError::NoKey(address.to_string()));
    }
    let installed = history.install(&key)?;
    Ok(InstalledHistory { key, installed })
}

/// What there is of a table's history; `None` if it is not installed.
///
/// # Errors
/// If the table can't keep one, or can't be reached.
pub fn history_status(address: &Address) -> Result<Option<HistoryStatus>, HistoryError> {
    Ok(opened(address)?.history.status()?)
}

/// Forgets changes. How many. What broke off is settled before.
///
/// # Errors
/// If nothing says what has been seen, what broke off can't be settled, or a right is missing.
pub fn clear_history(address: &Address, forget: &Forget, watch: &dyn Watch) -> Result<u64, HistoryError> {
    let history = opened(address)?.history;
    let shown = || address.to_string();
    let status = history.status()?.ok_or_else(|| HistoryError::NotInstalled(shown()))?;
    let kept = match forget {
        Forget::Seen(Some(state)) => vec![state.clone()],
        Forget::Seen(None) | Forget::All => {
            state_folders(&states_root()?)?.into_iter().chain(state_folders(Path::new(BEFORE))?).collect::<Vec<_>>()
        }
    };
    for state in &kept {
        let settled = settle_state(state, [None, None], watch);
        settled.map_err(|error| HistoryError::Settle(Box::new(error)))?.iter().for_each(|note| watch.note(note));
    }
    let Forget::Seen(state) = forget else { return Ok(history.clear(None)?) };
    let Some(now) = history.mark()? else {
        return Err(HistoryError::Misfit { address: shown(), why: status.misfits.join("; ") });
    };
    let (looked, bases) = match state {
        Some(state) => (state.clone(), Base::open(state)?.map(|base| base.file).into_iter().collect()),
        None => {
            let root = states_root()?;
            let all = states(&root)?.into_iter().chain(states(Path::new(BEFORE))?);
            (root, all.map(|state| state.base).collect::<Result<Vec<BaseFile>, _>>()?)
        }
    };
    let Some(seen) = seen_by_all(&bases, address, &now) else {
        let looked = looked.display().to_string();
        return Err(HistoryError::NoMark { address: shown(), looked });
    };
    Ok(history.clear(Some(&seen))?)
}

/// Takes a history away. False if there was none.
///
/// # Errors
/// If the table can't keep one, or a right is missing.
pub fn remove_history(address: &Address) -> Result<bool, HistoryError> {
    Ok(opened(address)?.history.remove()?)
}

/// A table that can keep a history.
struct Opened {
    endpoint: Box<dyn Endpoint>,
    history: Box<dyn History>,
}

fn opened(address: &Address) -> Result<Opened, HistoryError> {
    let endpoint = open(address).ok_or_else(|| HistoryError::NoHistory(address.to_string()))?;
    let history = endpoint.history().ok_or_else(|| HistoryError::NoHistory(address.to_string()))?;
    Ok(Opened { endpoint, history })
}

/// What every base of this table has seen of the installation that is there `now`: `None` if there is
/// no such base. Marks of other installations are worth nothing any more.
fn seen_by_all(bases: &[BaseFile], address: &Address, now: &HistoryMark) -> Option<HistoryMark> {
    let sides = bases.iter().flat_map(|base| &base.sides);
    let marks = sides.filter_map(|side| {
        let mark = side.mark.as_ref().filter(|mark| mark.is_of_same(now))?;
        let own = Address::parse(&side.address, &|_| None).ok()?;
        same_table(&own, address).is_ok().then_some(mark)
    });
    marks.cloned().reduce(|mut least, mark| {
        if mark.seq < least.seq {
            (least.seq, least.last) = (mark.seq, mark.last);
        }
        least.gaps.extend(mark.gaps);
        least
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::BaseSide;

    fn base(left: &str, right: &str, marks: [Option<(u64, &str)>; 2]) -> BaseFile {
        let side = |address: &str, mark: Option<(u64, &str)>| BaseSide {
            address: address.to_owned(),
            mark: mark.map(|(seq, installed)| HistoryMark {
                seq,
                gaps: vec![(seq - 1, seq - 1, 0)],
                installed: installed.to_owned(),
                last: Some(format!("the entry {seq}")),
            }),
            ..BaseSide::default()
        };
        BaseFile { sides: [side(left, marks[0]), side(right, marks[1])], ..BaseFile::default() }
    }

    #[test]
    fn the_oldest_mark_of_the_installation_counts() {
        let address = |text: &str| Address::parse(text, &|_| None).unwrap();
        let (a, b) = ("sqlite:/x/a.db#t", "mysql://me:***@host/shop#u");
        let bases = [
            base(a, b, [Some((20, "now")), Some((5, "there"))]),
            base(b, a, [None, Some((10, "now"))]),
            base(a, b, [Some((3, "before")), None]),
            base(a, "sqlite:/x/a.db#other", [None, Some((2, "now"))]),
        ];
        let seen = |text: &str, installed: &str| {
            let now = HistoryMark { installed: format!("{installed} and more"), ..HistoryMark::default() };
            seen_by_all(&bases, &address(text), &now)
        };
        let mark = seen("sqlite:a.db#t", "now").unwrap();
        assert_eq!((mark.seq, mark.gaps), (10, vec![(19, 19, 0), (9, 9, 0)]));
        assert_eq!(mark.last.as_deref(), Some("the entry 10"));
        assert_eq!(seen("mysql://host:3306/shop#u", "there").map(|mark| mark.seq), Some(5));
        assert_eq!(seen("sqlite:a.db#t", "later"), None);
        assert_eq!(seen("sqlite:a.db#v", "now"), None);
    }
}
