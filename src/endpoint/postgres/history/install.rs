//! Making the triggers of a history, and taking them away. All in one transaction: nothing is left
//! half-installed.

use super::super::attributes::version;
use super::super::connect::Session;
use super::super::quote::{identifier, literal, qualified};
use super::super::target::OLDEST;
use super::bases::forget_all;
use super::body::{body, statements};
use super::state::State;
use super::tables::{ENTRY_COLUMNS, TABLE_COLUMNS, TABLES, create_table, installations};
use super::{ALL_TRIGGER, Place, ROW_TRIGGER, function_name};
use crate::endpoint::{EndpointError, HISTORY_TABLE, Installed};
use crate::table::nearest;

const INSTALLING: &str = "installing the history";
const REMOVING: &str = "removing the history";

/// See [`History::install`](crate::endpoint::History::install).
pub(super) fn install(place: &Place<'_>, session: &Session, key: &[String]) -> Result<Installed, EndpointError> {
    alone(place, session)?;
    let before = State::read(place, session)?;
    may_install(place, session, &before, key)?;
    if before.fitting().is_some_and(|row| row.key == key) {
        return Ok(Installed::Already);
    }
    // Whoever writes the table is waited for, and others wait: from here on, every change is seen.
    let mode = if before.is_installed() { "ACCESS EXCLUSIVE" } else { "SHARE ROW EXCLUSIVE" };
    session.execute("locking the table", &format!("LOCK TABLE {} IN {mode} MODE", place.table()))?;
    let state = State::read(place, session)?;
    may_install(place, session, &state, key)?;
    let Some(columns) = state.key(key) else {
        return Err(place.error(INSTALLING, "the table changed its shape"));
    };

    if state.tables.is_none() {
        let entries = create_table(&place.entries(), &ENTRY_COLUMNS);
        let tables = create_table(&place.tables(), &TABLE_COLUMNS);
        session.execute("making the tables of the history", &format!("{entries}; {tables}"))?;
    }
    take_away(place, session, &state)?;
    if state.triggers_of.is_none() {
        // A table without triggers is new, also if it has the name of one that is gone.
        forget_all(place, session)?;
    }

    let id = new_id(place, session)?;
    let name = &place.address.table;
    let function = qualified(place.schema, &function_name(name, &id));
    let body = body(&place.entries(), &columns);
    let mut sql = statements(&function, &place.table(), &body, [&id, name]);
    for (schema, partition) in &state.partitions {
        let partition = qualified(schema, partition);
        sql.push_str(&format!("; ALTER TABLE {partition} ENABLE ALWAYS TRIGGER {}", identifier(ROW_TRIGGER)));
    }
    session.execute("making the triggers", &sql)?;
    let types: Vec<&str> = columns.iter().map(|column| column.base.as_str()).collect();
    let sql = format!(
        "INSERT INTO {} (installed, table_name, key_columns, key_types, covers_from)
        VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp())",
        place.tables()
    );
    session.query("writing down what was installed", &sql, &[&id, name, &key, &types])?;
    drop_functions(place, session)?;
    Ok(if state.is_installed() { Installed::Renewed } else { Installed::New })
}

/// See [`History::remove`](crate::endpoint::History::remove).
pub(super) fn remove(place: &Place<'_>, session: &Session) -> Result<bool, EndpointError> {
    alone(place, session)?;
    let state = match State::read(place, session) {
        Ok(state) => state,
        // Its triggers went with it.
        Err(EndpointError::NoTable { address, table, suggestion }) => {
            return match forget_dropped(place, session)? {
                true => Ok(true),
                false => Err(EndpointError::NoTable { address, table, suggestion }),
            };
        }
        Err(error) => return Err(error),
    };
    state.may_read(place)?;
    if !state.is_installed() {
        return Ok(false);
    }
    may_write(place, session, &state, REMOVING)?;
    take_away(place, session, &state)?;
    forget_all(place, session)?;
    drop_functions(place, session)?;
    drop_tables(place, session)?;
    Ok(true)
}

/// One at a time makes and drops the tables of a schema's history.
fn alone(place: &Place<'_>, session: &Session) -> Result<(), EndpointError> {
    let sql = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext($1), pg_catalog.hashtext($2))";
    session.query("waiting for another trueup", sql, &[&HISTORY_TABLE, &place.schema]).map(drop)
}

/// Whether it can be done at all, and by this user.
fn may_install(place: &Place<'_>, session: &Session, state: &State, key: &[String]) -> Result<(), EndpointError> {
    let refuse = |why: String| Err(place.error(INSTALLING, why));
    if version(session)? < OLDEST {
        return refuse("its server is older than PostgreSQL 10".to_owned());
    }
    if let Some(obstacle) = state.obstacles.first() {
        return refuse(obstacle.clone());
    }
    if state.parents {
        return refuse("the table that it is a partition of keeps a history already".to_owned());
    }
    if [HISTORY_TABLE, TABLES].contains(&place.address.table.as_str()) {
        return refuse("this is a table of the history itself".to_owned());
    }
    let names: Vec<String> = state.attributes.iter().map(|column| column.name.clone()).collect();
    for (at, name) in key.iter().enumerate() {
        if !names.contains(name) {
            let hint = nearest(name, &names).map(|near| format!("; there is `{near}`")).unwrap_or_default();
            return refuse(format!("it has no column `{name}`{hint}"));
        }
        if key[..at].contains(name) {
            return refuse(format!("column `{name}` is twice in the key"));
        }
    }
    if key.is_empty() {
        return refuse("no column says which row is which".to_owned());
    }
    may_write(place, session, state, INSTALLING)
}

/// Whether the user has the rights, with the first that is missing in the error.
fn may_write(place: &Place<'_>, session: &Session, state: &State, doing: &str) -> Result<(), EndpointError> {
    let sql = "SELECT current_user::text, pg_is_in_recovery(), pg_has_role(c.relowner, 'USAGE'),
            pg_get_userbyid(c.relowner)::text, has_schema_privilege(n.oid, 'CREATE')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2";
    let rows = session.query(doing, sql, &[&place.schema, &place.address.table])?;
    let read = |e| session.query_error(doing, &e);
    let Some(row) = rows.first() else { return Err(place.error(doing, "the table is gone")) };
    let user: String = row.try_get(0).map_err(read)?;
    let owner: String = row.try_get(3).map_err(read)?;
    if row.try_get(1).map_err(read)? {
        return Err(place.error(doing, "its server is a stand-by, which can only be read"));
    }
    if !row.try_get::<_, bool>(2).map_err(read)? {
        let why = format!(
            "user `{user}` does not own table {}: triggers that see all changes are made and dropped by its owner, \
             `{owner}`, or by a member of that role",
            place.spoken(&place.address.table)
        );
        return Err(place.error(doing, why));
    }
    if doing == INSTALLING && !row.try_get::<_, bool>(4).map_err(read)? {
        let why = format!(
            "user `{user}` has no right to create the history's table and function in schema `{}` (CREATE)",
            place.schema
        );
        return Err(place.error(doing, why));
    }
    if state.tables.as_ref().is_some_and(|tables| !tables.read || !tables.write) {
        let why = format!(
            "user `{user}` has no right to SELECT, INSERT, UPDATE and DELETE in {} and {}, which another user made",
            place.spoken(HISTORY_TABLE),
            place.spoken(TABLES)
        );
        return Err(place.error(doing, why));
    }
    Ok(())
}

/// Drops the triggers, and what was written down by them and under the table's name.
fn take_away(place: &Place<'_>, session: &Session, state: &State) -> Result<(), EndpointError> {
    let sql = format!(
        "SET LOCAL client_min_messages = warning; DROP TRIGGER IF EXISTS {ROW_TRIGGER} ON {table};
         DROP TRIGGER IF EXISTS {ALL_TRIGGER} ON {table}",
        table = place.table()
    );
    session.execute("dropping the triggers", &sql)?;
    let known = state.row.as_ref().map(|row| row.id.clone());
    for id in known.iter().chain(state.triggers_of.iter().filter(|id| Some(*id) != known.as_ref())) {
        forget(place, session, id)?;
    }
    Ok(())
}

/// Forgets an installation.
fn forget(place: &Place<'_>, session: &Session, id: &str) -> Result<(), EndpointError> {
    let doing = "deleting the entries of the history";
    session.query(doing, &format!("DELETE FROM {} WHERE installed = $1", place.entries()), &[&id])?;
    session.query(doing, &format!("DELETE FROM {} WHERE installed = $1", place.tables()), &[&id]).map(drop)
}

/// Forgets the table of this name, which is dropped. False if nothing is known of it.
fn forget_dropped(place: &Place<'_>, session: &Session) -> Result<bool, EndpointError> {
    let there = "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2";
    if session.query(REMOVING, there, &[&place.schema, &TABLES])?.is_empty() {
        return Ok(false);
    }
    let rows = installations(place, session)?;
    let ours: Vec<_> = rows.iter().filter(|row| row.table == place.address.table).collect();
    for row in &ours {
        forget(place, session, &row.id)?;
    }
    if ours.is_empty() {
        return Ok(false);
    }
    forget_all(place, session)?;
    drop_functions(place, session)?;
    drop_tables(place, session)?;
    Ok(true)
}

/// Drops the functions that no trigger uses any more, where this user may.
fn drop_functions(place: &Place<'_>, session: &Session) -> Result<(), EndpointError> {
    let doing = "dropping the triggers' functions";
    let sql = "SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = $1 AND p.proname ~ $2 AND p.prorettype = 'trigger'::regtype AND p.pronargs = 0
            AND pg_has_role(p.proowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgfoid = p.oid)";
    let pattern = format!("^{HISTORY_TABLE}_.*_[0-9a-f]{{16}}$");
    for row in session.query(doing, sql, &[&place.schema, &pattern])? {
        let name: String = row.try_get(0).map_err(|e| session.query_error(doing, &e))?;
        session.execute(doing, &format!("DROP FUNCTION {}()", qualified(place.schema, &name)))?;
    }
    Ok(())
}

/// Drops the tables of the history with the last installation, unless they are another user's.
fn drop_tables(place: &Place<'_>, session: &Session) -> Result<(), EndpointError> {
    let doing = "dropping the tables of the history";
    let owned = "SELECT bool_and(pg_has_role(c.relowner, 'USAGE')) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname IN ($2, $3)";
    let left = session.query(doing, &format!("SELECT FROM {} LIMIT 1", place.tables()), &[])?;
    let rows = session.query(doing, owned, &[&place.schema, &HISTORY_TABLE, &TABLES])?;
    let owned = rows.first().and_then(|row| row.try_get::<_, Option<bool>>(0).ok().flatten()).unwrap_or(false);
    if left.is_empty() && owned {
        session.execute(doing, &format!("DROP TABLE {}; DROP TABLE {}", place.entries(), place.tables()))?;
    }
    Ok(())
}

/// A name for an installation that no other has.
fn new_id(place: &Place<'_>, session: &Session) -> Result<String, EndpointError> {
    let seed = format!("{}.{}", literal(place.schema), literal(&place.address.table));
    let sql = "SELECT substr(md5($1 || random()::text || clock_timestamp()::text || txid_current()::text), 1, 16)";
    match session.query(INSTALLING, sql, &[&seed])?.first() {
        Some(row) => row.try_get(0).map_err(|e| session.query_error(INSTALLING, &e)),
        None => Err(place.error(INSTALLING, "the server gives no name for it")),
    }
}
