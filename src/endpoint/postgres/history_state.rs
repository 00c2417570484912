//! What there is of a table's history, and whether it still fits the table.

use super::super::{EndpointError, HISTORY_TABLE, HistoryMark, HistoryStatus, now};
use super::attributes::{Attribute, attributes, version};
use super::connect::Session;
use super::describe::Relation;
use super::history::{ENTRY_COLUMNS, Place, ROW_TRIGGER, TABLE_COLUMNS, TABLES, is_ours, micros};
use super::history_body::{SETTINGS, body};
use super::quote::literal;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

const DOING: &str = "reading the state of the history";

/// The oldest server whose partitioned tables can have triggers for rows.
const PARTITION_TRIGGERS: i32 = 110_000;

/// A table and its history, as they are in a session's snapshot.
pub(super) struct State {
    pub attributes: Vec<Attribute>,
    /// The two tables, if they are there.
    pub tables: Option<Tables>,
    /// What is written down of the installation.
    pub row: Option<Installation>,
    /// The installation that the triggers on the table belong to.
    pub triggers_of: Option<String>,
    /// Why no history can be kept of the table.
    pub obstacles: Vec<String>,
    /// Why the triggers do not fit the table.
    pub misfits: Vec<String>,
    /// Whether the triggers are those of the table that this one is a partition of.
    pub parents: bool,
    /// The table's partitions, schema and name.
    pub partitions: Vec<(String, String)>,
    pub fingerprint: String,
}

/// The tables of the history: who may do what with them.
pub(super) struct Tables {
    /// Whether the user may read both.
    pub read: bool,
    /// Whether the user may write both.
    pub write: bool,
    /// Whether the user owns both.
    pub own: bool,
    /// How far each table of the schema was cleared: the installation, and what was seen.
    pub cleared: Vec<(String, HistoryMark)>,
    /// The last number that was given out, if the user may know it.
    pub last: Option<u64>,
}

/// A row of the installations.
pub(super) struct Installation {
    pub id: String,
    pub table: String,
    pub key: Vec<String>,
    pub types: Vec<String>,
    pub covers_from: i64,
    pub cleared: Option<HistoryMark>,
}

impl State {
    /// Reads it. From here to the end of the transaction, names are printed with their schema.
    pub(super) fn read(place: &Place<'_>, session: &Session) -> Result<Self, EndpointError> {
        let relation = Relation::find(session, place.address)?;
        let version = version(session)?;
        let attributes = attributes(session, relation.oid, version)?;
        let mut out = Self {
            attributes,
            tables: None,
            row: None,
            triggers_of: None,
            obstacles: Vec::new(),
            misfits: Vec::new(),
            parents: false,
            partitions: Vec::new(),
            fingerprint: String::new(),
        };
        let members = out.members(session, relation.oid, version)?;
        let triggers = triggers(session, relation.oid)?;
        let own = triggers.iter().find(|trigger| trigger.table == relation.oid && trigger.row);
        out.triggers_of = own.map(|trigger| trigger.installation.clone());
        out.tables = tables(place, session)?;
        if let Some(tables) = out.tables.as_mut().filter(|tables| tables.read) {
            let rows = installations(place, session)?;
            let mark = |row: &Installation| Some((row.id.clone(), row.cleared.clone()?));
            tables.cleared = rows.iter().filter_map(mark).collect();
            let (mut by_id, mut by_name) = (None, None);
            for row in rows {
                if out.triggers_of.as_ref() == Some(&row.id) {
                    by_id = Some(row);
                } else if row.table == place.address.table {
                    by_name = Some(row);
                }
            }
            out.row = by_id.or(by_name);
        }
        out.parents = own.is_some_and(|trigger| trigger.cloned);
        out.fingerprint = fingerprint(session, &members, &triggers)?;
        if out.is_installed() && !out.parents {
            out.misfits.clone_from(&out.obstacles);
            out.judge(place, relation.oid, &members, &triggers);
        }
        Ok(out)
    }

    /// Whether there is anything of it on this table.
    pub(super) fn is_installed(&self) -> bool {
        !self.parents && (self.row.is_some() || self.triggers_of.is_some())
    }

    /// The installation, if it fits the table.
    pub(super) fn fitting(&self) -> Option<&Installation> {
        self.row.as_ref().filter(|_| !self.parents && self.misfits.is_empty())
    }

    /// The key columns of an installation; `None` if one is gone.
    pub(super) fn key(&self, names: &[String]) -> Option<Vec<&Attribute>> {
        names.iter().map(|name| self.attributes.iter().find(|column| column.name == *name)).collect()
    }

    /// What a person is told.
    pub(super) fn status(&self, place: &Place<'_>, session: &Session) -> Result<Option<HistoryStatus>, EndpointError> {
        if !self.is_installed() {
            return Ok(None);
        }
        let Some(row) = &self.row else {
            self.may_read(place)?;
            let misfits = self.misfits.clone();
            let (rows, covers_from) = (0, now());
            return Ok(Some(HistoryStatus { key: vec![], rows, oldest: None, newest: None, covers_from, misfits }));
        };
        let sql = format!(
            "SELECT pg_catalog.count(*), {}, {} FROM {} WHERE installed = $1",
            micros("pg_catalog.min(changed_at)"),
            micros("pg_catalog.max(changed_at)"),
            place.entries()
        );
        let doing = "counting the entries of the history";
        let rows = session.query(doing, &sql, &[&row.id])?;
        let read = |e| session.query_error(doing, &e);
        let Some(counted) = rows.first() else { return Err(place.error(doing, "the server gives no count")) };
        let count: i64 = counted.try_get(0).map_err(read)?;
        Ok(Some(HistoryStatus {
            key: row.key.clone(),
            rows: u64::try_from(count).unwrap_or(0),
            oldest: counted.try_get(1).map_err(read)?,
            newest: counted.try_get(2).map_err(read)?,
            covers_from: covers_from(place, session, row)?,
            misfits: self.misfits.clone(),
        }))
    }

    /// An error if there are tables that this user may not read.
    pub(super) fn may_read(&self, place: &Place<'_>) -> Result<(), EndpointError> {
        if self.tables.as_ref().is_some_and(|tables| !tables.read) {
            let why = format!(
                "this user has no right to read (SELECT) {} and {}, or to use (USAGE) schema `{}`",
                place.spoken(HISTORY_TABLE),
                place.spoken(TABLES),
                place.schema
            );
            return Err(place.error("reading the history", why));
        }
        Ok(())
    }

    /// The table, its partitions or children, and what they are.
    fn members(&mut self, session: &Session, oid: u32, version: i32) -> Result<Vec<Member>, EndpointError> {
        let sql = format!(
            "{TREE} SELECT c.oid, c.relkind::text, c.relpersistence = 'p', c.relfilenode, n.nspname::text,
                c.relname::text
            FROM tree JOIN pg_class c ON c.oid = tree.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid"
        );
        let mut members = Vec::new();
        let mut obstacles = Vec::new();
        for row in session.query(DOING, &sql, &[&oid])? {
            let kind: String = get(session, &row, 1)?;
            let logged: bool = get(session, &row, 2)?;
            let member = Member { oid: get(session, &row, 0)?, file: get(session, &row, 3)?, stored: kind == "r" };
            let name: (String, String) = (get(session, &row, 4)?, get(session, &row, 5)?);
            let spoken = format!("`{}.{}`", name.0, name.1);
            match kind.as_str() {
                "v" => obstacles.push("it is a view: keep the history of its tables".to_owned()),
                "m" => obstacles.push("it is a materialized view, which has no triggers".to_owned()),
                "f" if member.oid == oid => {
                    obstacles.push("it is a foreign table: keep the history on the server that has it".to_owned());
                }
                "f" => obstacles.push(format!("its partition {spoken} is on another server")),
                "p" if version < PARTITION_TRIGGERS => {
                    obstacles.push(
                        "its server's partitioned tables have no triggers for rows (PostgreSQL 11 has)".to_owned(),
                    );
                }
                _ if !logged => {
                    obstacles
                        .push(format!("{spoken} is not logged: it is empty after a crash, and nothing tells of it"));
                }
                "r" if member.oid == oid => members.push(member),
                _ => {
                    if member.oid != oid {
                        self.partitions.push(name);
                    }
                    members.push(member);
                }
            }
        }
        if members.iter().any(|member| member.oid == oid && member.stored) && members.len() > 1 {
            obstacles.push("other tables inherit from it, and their rows have no triggers of its own".to_owned());
        }
        self.obstacles = obstacles;
        Ok(members)
    }

    fn judge(&mut self, place: &Place<'_>, oid: u32, members: &[Member], triggers: &[Trigger]) {
        let mut misfits = Vec::new();
        let Some(row) = &self.row else {
            let why = format!("{} knows nothing of its triggers, or this user may not read it", place.spoken(TABLES));
            return self.misfits.push(why);
        };
        let own: Vec<&Trigger> = triggers.iter().filter(|trigger| trigger.table == oid).collect();
        if own.len() != 2 {
            misfits.push("triggers are missing: they were dropped, or the table was made anew".to_owned());
        }
        if own.iter().any(|trigger| trigger.installation != row.id) {
            misfits.push("its triggers are of another installation".to_owned());
        }
        if row.table != place.address.table {
            misfits.push(format!("its name was `{}` when the triggers were made", row.table));
        }
        for trigger in triggers.iter().filter(|trigger| !trigger.always) {
            misfits.push(format!(
                "trigger `{}` was disabled, or does not fire always any more",
                if trigger.row { ROW_TRIGGER } else { super::history::ALL_TRIGGER }
            ));
        }
        let all = members.iter().filter(|member| member.stored);
        if all.clone().any(|member| !triggers.iter().any(|trigger| trigger.row && trigger.table == member.oid)) {
            misfits.push("a partition has no trigger".to_owned());
        }
        for (name, ty) in row.key.iter().zip(&row.types) {
            match self.attributes.iter().find(|column| column.name == *name) {
                None => misfits.push(format!("it has no column `{name}` any more")),
                Some(column) if column.base != *ty => {
                    misfits.push(format!("column `{name}` is {} now, and was {ty}", column.base));
                }
                Some(_) => {}
            }
        }
        if let Some(key) = self.key(&row.key).filter(|_| misfits.is_empty()) {
            let body = body(&place.entries(), &key);
            let fits =
                |trigger: &Trigger| trigger.plain && trigger.source == body && trigger.settings == SETTINGS.len();
            if !triggers.iter().all(fits) {
                misfits.push("its triggers are of another version of trueup, or were changed".to_owned());
            }
        }
        misfits.dedup();
        self.misfits.extend(misfits);
    }
}

/// From when on an installation tells of every change: not before the last time that many went at
/// once.
pub(super) fn covers_from(place: &Place<'_>, session: &Session, row: &Installation) -> Result<i64, EndpointError> {
    let sql = format!(
        "SELECT {} FROM {} WHERE installed = $1 AND action = 'all'",
        micros("pg_catalog.max(changed_at)"),
        place.entries()
    );
    let last: Option<i64> = match session.query(DOING, &sql, &[&row.id])?.first() {
        Some(found) => get(session, found, 0)?,
        None => None,
    };
    Ok(last.map_or(row.covers_from, |last| row.covers_from.max(last.saturating_add(1))))
}

const TREE: &str = "WITH RECURSIVE tree AS (
        SELECT $1::pg_catalog.oid AS oid
      UNION
        SELECT h.inhrelid FROM pg_catalog.pg_inherits h JOIN tree ON h.inhparent = tree.oid
    )";

/// The table or one of its partitions.
struct Member {
    oid: u32,
    file: u32,
    /// Whether rows are in it itself.
    stored: bool,
}

/// A trigger of a history.
struct Trigger {
    table: u32,
    row: bool,
    always: bool,
    cloned: bool,
    /// Whether it fires for everything that it should.
    plain: bool,
    installation: String,
    source: String,
    settings: usize,
    version: String,
}

fn triggers(session: &Session, oid: u32) -> Result<Vec<Trigger>, EndpointError> {
    // What is copied to a partition has the same name there; what tells it from a partition's own
    // is not the same in all versions, but that is not the same function either.
    let sql = format!(
        "{TREE} SELECT t.tgrelid, t.tgname = {}, t.tgenabled = 'A', t.tgargs, t.oid::text || '.' || t.xmin::text,
            p.prosrc, COALESCE(array_length(p.proconfig, 1), 0), p.prosecdef AND t.tgqual IS NULL
                AND t.tgattr::text = '' AND t.tgtype = CASE WHEN t.tgname = {} THEN 29 ELSE 32 END,
            EXISTS (SELECT FROM pg_inherits h JOIN pg_class parent ON parent.oid = h.inhparent AND parent.relkind = 'p'
                JOIN pg_trigger up ON up.tgrelid = h.inhparent AND up.tgfoid = t.tgfoid AND up.tgname = t.tgname
                WHERE h.inhrelid = t.tgrelid)
        FROM tree JOIN pg_trigger t ON t.tgrelid = tree.oid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE {} ORDER BY t.oid",
        literal(ROW_TRIGGER),
        literal(ROW_TRIGGER),
        is_ours("t.tgname")
    );
    let mut out = Vec::new();
    for row in session.query(DOING, &sql, &[&oid])? {
        let arguments: Vec<u8> = get(session, &row, 3)?;
        let first = arguments.split(|byte| *byte == 0).next().unwrap_or_default();
        let settings: i32 = get(session, &row, 6)?;
        out.push(Trigger {
            table: get(session, &row, 0)?,
            row: get(session, &row, 1)?,
            always: get(session, &row, 2)?,
            installation: String::from_utf8_lossy(first).into_owned(),
            version: get(session, &row, 4)?,
            source: get(session, &row, 5)?,
            settings: usize::try_from(settings).unwrap_or(0),
            plain: get(session, &row, 7)?,
            cloned: get(session, &row, 8)?,
        });
    }
    Ok(out)
}

/// Changes with whatever changes rows and sets off no trigger.
fn fingerprint(session: &Session, members: &[Member], triggers: &[Trigger]) -> Result<String, EndpointError> {
    let files = members.iter().map(|member| format!("{}.{}", member.oid, member.file));
    let parts: Vec<String> = files.chain(triggers.iter().map(|trigger| trigger.version.clone())).collect();
    // Which server, and how often it has forked from its past.
    let sql = "SELECT pg_catalog.md5($1 ||
            CASE WHEN has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
                THEN (SELECT ' ' || system_identifier::text FROM pg_catalog.pg_control_system()) ELSE '' END ||
            CASE WHEN has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE')
                THEN (SELECT ' ' || timeline_id::text FROM pg_catalog.pg_control_checkpoint()) ELSE '' END)";
    match session.query(DOING, sql, &[&parts.join(" ")])?.first() {
        Some(row) => get(session, row, 0),
        None => Ok(String::new()),
    }
}

/// The tables of the history in the place's schema; an error if others have their names.
fn tables(place: &Place<'_>, session: &Session) -> Result<Option<Tables>, EndpointError> {
    let sql = "SELECT c.relname::text, c.relkind = 'r',
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
            has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE'),
            has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'DELETE')
                AND has_table_privilege(c.oid, 'UPDATE') AND has_schema_privilege(n.oid, 'USAGE'),
            pg_has_role(c.relowner, 'USAGE'),
            (SELECT CASE WHEN has_sequence_privilege(s.seqrelid, 'SELECT') THEN pg_sequence_last_value(s.seqrelid) END
                FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
                WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
                    AND d.refobjid = c.oid AND d.deptype = 'i' LIMIT 1)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname IN ($2, $3) ORDER BY 1";
    let found = session.query(DOING, sql, &[&place.schema, &HISTORY_TABLE, &TABLES])?;
    if found.is_empty() {
        return Ok(None);
    }
    let names = |columns: &[(&str, &str)]| columns.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    let mut out = Tables { read: true, write: true, own: true, cleared: Vec::new(), last: None };
    for row in &found {
        let name: String = get(session, row, 0)?;
        let columns: Vec<String> = get(session, row, 2)?;
        let expected = if name == TABLES { names(&TABLE_COLUMNS) } else { names(&ENTRY_COLUMNS) };
        if !get::<bool>(session, row, 1)? || columns != expected || found.len() != 2 {
            let why = format!("{} is there, but is not as trueup makes it", place.spoken(&name));
            return Err(place.error(DOING, why));
        }
        out.read &= get::<bool>(session, row, 3)?;
        out.write &= get::<bool>(session, row, 4)?;
        out.own &= get::<bool>(session, row, 5)?;
        if name == HISTORY_TABLE {
            let last: Option<i64> = get(session, row, 6)?;
            out.last = last.and_then(|last| u64::try_from(last).ok());
        }
    }
    Ok(Some(out))
}

/// What is written down of all installations in the schema.
pub(super) fn installations(place: &Place<'_>, session: &Session) -> Result<Vec<Installation>, EndpointError> {
    let sql = format!(
        "SELECT installed, table_name, key_columns, key_types, {}, cleared FROM {} ORDER BY covers_from, installed",
        micros("covers_from"),
        place.tables()
    );
    let mut out = Vec::new();
    for row in session.query(DOING, &sql, &[])? {
        let cleared: Option<String> = get(session, &row, 5)?;
        let cleared = cleared.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| {
            place.error(DOING, format!("column `cleared` of {} is not as trueup writes it", place.spoken(TABLES)))
        })?;
        out.push(Installation {
            id: get(session, &row, 0)?,
            table: get(session, &row, 1)?,
            key: get(session, &row, 2)?,
            types: get(session, &row, 3)?,
            covers_from: get(session, &row, 4)?,
            cleared,
        });
    }
    Ok(out)
}

fn get<'a, T: FromSql<'a>>(session: &Session, row: &'a Row, at: usize) -> Result<T, EndpointError> {
    row.try_get(at).map_err(|e| session.query_error(DOING, &e))
}
