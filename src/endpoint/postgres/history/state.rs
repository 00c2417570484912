//! What there is of a table's history, and whether it still fits the table.

use super::super::attributes::{Attribute, attributes, version};
use super::super::connect::Session;
use super::super::describe::Relation;
use super::body::{SETTINGS, body};
use super::tables::{Installation, TABLES, Tables, covers_from, installations, tables};
use super::triggers::{TREE, Trigger, fingerprint, get, triggers};
use super::{ALL_TRIGGER, Place, ROW_TRIGGER, micros};
use crate::endpoint::carried::CARRIED;
use crate::endpoint::{EndpointError, HISTORY_TABLE, HistoryStatus, now};

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
            tables.cleared = rows.iter().filter_map(|row| row.cleared.clone()).collect();
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
            "SELECT pg_catalog.count(*), {}, {} FROM {} WHERE installed = $1 AND action <> '{CARRIED}'",
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
                if trigger.row { ROW_TRIGGER } else { ALL_TRIGGER }
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

/// The table or one of its partitions.
pub(super) struct Member {
    pub oid: u32,
    pub file: u32,
    /// Whether rows are in it itself.
    pub stored: bool,
}
