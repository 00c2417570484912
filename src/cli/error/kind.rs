//! What sort of failure it is: scripts are told the word, and the exit code follows from it.

/// A sort of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A command line that makes no sense.
    Usage,
    /// A server can't be reached, or the connection was lost.
    Connection,
    /// An address, a file, a job or a table that can't be used as it is.
    Input,
    /// A limit stopped it: a person has to look.
    Limit,
    /// The server refused all of it.
    Refused,
    /// The person ended it.
    Interrupted,
    /// A defect of the program.
    Internal,
}

impl Kind {
    /// The word for scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Connection => "connection",
            Self::Input => "input",
            Self::Limit => "limit",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }

    /// The program's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Usage | Self::Connection | Self::Input | Self::Refused | Self::Internal => 2,
            Self::Limit => 3,
            Self::Interrupted => 130,
        }
    }
}
