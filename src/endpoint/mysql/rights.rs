//! Columns that a user may not read: the server's catalog is silent about them.

use super::describe::Found;
use super::failure::{code, words};
use super::sql::qualified;
use mysql::Conn;
use mysql::prelude::Queryable;

/// `ER_TABLEACCESS_DENIED_ERROR` and `ER_COLUMNACCESS_DENIED_ERROR`.
const DENIED: [u16; 2] = [1142, 1143];

/// Whether there are columns that this user may not read, in the server's words.
pub fn hidden_columns(conn: &mut Conn, found: &Found) -> Option<String> {
    let all = format!("SELECT * FROM {} LIMIT 0", qualified(&found.schema, &found.table));
    let error = conn.query_drop(all).err()?;
    // Whatever else is wrong will be said when it is read.
    code(&error).filter(|code| DENIED.contains(code)).map(|_| words(&error))
}
