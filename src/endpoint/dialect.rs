//! A database's own way of writing SQL, for scripts that a person runs with its client.

use crate::table::Column;

/// How one kind of database writes names and values.
pub trait Dialect: Sync {
    /// The name of the client that runs the scripts, as in `psql`.
    fn client(&self) -> &'static str;

    /// A name as an identifier.
    fn identifier(&self, name: &str) -> String;

    /// A value of this column as a constant, given as trueup prints it ([`Cells::print`] or the
    /// text of an `Other`); `None` is NULL.
    ///
    /// [`Cells::print`]: crate::table::Cells::print
    fn literal(&self, value: Option<&str>, column: &Column) -> String;

    /// The same for a value that comes from a table of this system. `stored` is what is said beside it of
    /// how it was stored there, if that is more than the value says.
    fn stored(&self, value: Option<&str>, _stored: Option<&str>, column: &Column) -> String {
        self.literal(value, column)
    }

    /// A condition that holds exactly if the column of the table is this value, byte for byte,
    /// whatever its collation; also if both are NULL. `constant` comes from
    /// [`literal`](Self::literal).
    fn is(&self, column: &Column, constant: &str) -> String;

    /// A condition on the columns of a key, which an index can serve; `constant` is not NULL.
    fn key_is(&self, column: &Column, constant: &str) -> String;

    /// What a `SELECT` of constants with a `WHERE` needs in place of a table: ` FROM DUAL`, or
    /// nothing.
    fn no_table(&self) -> &'static str;

    /// What stands between the columns of an `INSERT` and its `SELECT`, so that columns which the
    /// database fills by itself take the values given: nothing, or words after a space.
    fn overriding(&self) -> &'static str {
        ""
    }

    /// What stands behind `INSERT` and `UPDATE`, so that a row which collides with another is refused:
    /// nothing, or words after a space.
    fn or_refuse(&self) -> &'static str {
        ""
    }

    /// A statement that moves the counter of this column of the table past the largest value that it may
    /// give, never backwards; `None` where the database does so by itself. `table` is its name as in the script.
    fn advance_counter(&self, _table: &str, _column: &Column) -> Option<String> {
        None
    }

    /// What makes the script mean the same on any server, ending in the beginning of a
    /// transaction.
    fn prologue(&self) -> String;

    /// Ends one transaction and begins the next.
    fn next_transaction(&self) -> String;

    /// Ends the last transaction.
    fn epilogue(&self) -> String;
}
