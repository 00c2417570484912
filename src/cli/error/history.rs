//! The words for what goes wrong with a history.

use super::Failure;
use trueup::endpoint::EndpointError;
use trueup::job::{HistoryError, JobError};

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let what = error.to_string();
        match error {
            HistoryError::Address(error) => JobError::from(error).into(),
            HistoryError::Endpoint(error) => {
                let is_query = matches!(error, EndpointError::Query { .. });
                let failure = Self::from(error);
                if is_query { failure.with_hint("correct that and run it again; nothing is changed") } else { failure }
            }
            HistoryError::Base(error) => error.into(),
            HistoryError::NoHome(error) => Self::no_home(error),
            HistoryError::Settle(error) => Self::from(*error),
            HistoryError::NoHistory(_) => Self::new(
                &what,
                "it is kept by triggers, which files and views of them don't have",
                "name a table of PostgreSQL, MySQL, MariaDB or SQLite",
            ),
            HistoryError::NoKey(_) => Self::new(
                &what,
                "a history says which row was changed by the columns of a key",
                "name the columns that identify a row with --key A[,B]",
            ),
            HistoryError::NoColumn { suggestion, .. } => Self::new(
                &what,
                "",
                &match suggestion {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => "check the name; upper and lower case count".to_owned(),
                },
            ),
            HistoryError::KeyTwice { .. } => {
                Self::new(&what, "a column says no more about a row the second time", "name each column once in --key")
            }
            HistoryError::NotInstalled(_) => {
                Self::new(&what, "there is nothing to forget", "`trueup history install TABLE` begins one")
            }
            HistoryError::Misfit { why, .. } => Self::new(
                &what,
                &why,
                "make the triggers anew with `trueup history install TABLE`, or forget everything with --all",
            ),
            HistoryError::NoMark { looked, .. } => Self::new(
                &what,
                &format!("there is none of this table and this installation of its history in {looked}"),
                "name the state folder of the sync with --state DIR, or forget everything with --all",
            ),
        }
    }
}
