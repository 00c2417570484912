//! The triggers of one table, as SQL.

use super::connect::quoted;
use super::history_collisions::Collision;
use super::history_keys::{kinds, values};
use super::layout::Layout;

/// What the names of all of them begin with.
pub(super) const PREFIX: &str = "trueup_history_";

/// The time by this machine's clock, UTC.
pub(super) const NOW: &str = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) name: String,
    /// As it is in the schema.
    pub(super) sql: String,
}

/// The triggers that a table needs.
pub(super) fn triggers(table: &str, key: &[String], layout: &Layout, collisions: &[Collision]) -> Vec<Trigger> {
    let all = Triggers { table, key, layout, collisions };
    let mut out = Vec::new();
    if !collisions.is_empty() {
        out.push(all.trigger("before_insert", "BEFORE INSERT", "", &all.before("insert")));
        out.push(all.trigger("before_update", "BEFORE UPDATE", &all.when_changed(), &all.before("update")));
    }
    out.push(all.trigger("insert", "AFTER INSERT", "", &all.after_insert()));
    out.push(all.trigger("update", "AFTER UPDATE", &all.when_changed(), &all.after_update()));
    out.push(all.trigger("delete", "AFTER DELETE", "", &all.after_delete()));
    out
}

/// A text in SQL.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

struct Triggers<'a> {
    table: &'a str,
    key: &'a [String],
    layout: &'a Layout,
    collisions: &'a [Collision],
}

impl Triggers<'_> {
    fn trigger(&self, name: &str, event: &str, when: &str, body: &[String]) -> Trigger {
        let name = format!("{PREFIX}{name}_{}", self.table);
        let sql = format!(
            "CREATE TRIGGER {} {event} ON {} FOR EACH ROW{when}\nBEGIN\n{}END",
            quoted(&name),
            quoted(self.table),
            body.iter().map(|statement| format!("  {statement};\n")).collect::<String>()
        );
        Trigger { name, sql }
    }

    /// An entry about a row; `action` and `condition` are SQL.
    fn entry(&self, action: &str, row: &str, condition: &str) -> String {
        format!(
            "INSERT INTO trueup_history (table_name, action, row_key, kinds, changed_at, own) \
             SELECT {}, {action}, {}, {}, {NOW}, EXISTS (SELECT 1 FROM trueup_writing){condition}",
            literal(self.table),
            values(row, self.key),
            kinds(row, self.key)
        )
    }

    /// Notes the rows that the new one may take the place of.
    fn before(&self, event: &str) -> Vec<String> {
        let mut out = vec![self.forget(&format!("event = '{event}'"))];
        for collision in self.collisions {
            let mut condition = collision.condition.clone();
            if event == "update" {
                let itself =
                    self.layout.identity.iter().map(|part| format!("t.{0} IS OLD.{0} COLLATE BINARY", part.sql));
                condition += &format!(" AND NOT ({})", itself.collect::<Vec<_>>().join(" AND "));
            }
            let [own, own_kinds] = self.written("t");
            // A row of the same key has an entry anyway. Before an insert the number may not be known yet.
            let number_in_key = self.layout.columns.iter().any(|c| c.row_number && self.key.contains(&c.name));
            if event == "update" || !number_in_key {
                let [new, new_kinds] = self.written("NEW");
                condition += &format!(" AND ({own} <> {new} OR {own_kinds} <> {new_kinds})");
            }
            let number = collision.number.as_ref().map_or("NULL".to_owned(), |name| format!("t.{}", quoted(name)));
            out.push(format!(
                "INSERT INTO trueup_replaced (table_name, event, row_key, kinds, number) \
                 SELECT {}, '{event}', {own}, {own_kinds}, {number} FROM {} AS t \
                 WHERE {condition}",
                literal(self.table),
                quoted(self.table)
            ));
        }
        out
    }

    /// Writes down that those rows are gone: the new one is there now.
    fn replaced(&self, event: &str) -> Vec<String> {
        if self.collisions.is_empty() {
            return Vec::new();
        }
        let number = self.layout.columns.iter().find(|column| column.row_number);
        let number = number.map_or(String::new(), |column| format!(" OR number = NEW.{}", quoted(&column.name)));
        let [new, new_kinds] = self.written("NEW");
        let which = format!("table_name = {} AND event = '{event}'", literal(self.table));
        vec![
            format!(
                "INSERT INTO trueup_history (table_name, action, row_key, kinds, changed_at, own) \
                 SELECT DISTINCT table_name, 'delete', row_key, kinds, {NOW}, EXISTS (SELECT 1 FROM trueup_writing) \
                 FROM trueup_replaced WHERE {which} AND (number IS NULL{number}) \
                 AND (row_key <> {new} OR kinds <> {new_kinds})"
            ),
            self.forget(&format!("event = '{event}'")),
        ]
    }

    /// A row that has its own entry is not replaced any more.
    fn not_replaced(&self) -> Vec<String> {
        if self.collisions.is_empty() {
            return Vec::new();
        }
        let [old, old_kinds] = self.written("OLD");
        vec![self.forget(&format!("row_key = {old} AND kinds = {old_kinds}"))]
    }

    fn forget(&self, which: &str) -> String {
        format!("DELETE FROM trueup_replaced WHERE table_name = {} AND {which}", literal(self.table))
    }

    fn after_insert(&self) -> Vec<String> {
        let mut out = self.replaced("insert");
        out.push(self.entry("'create'", "NEW", ""));
        out
    }

    fn after_update(&self) -> Vec<String> {
        let moved = any(&self.key.iter().map(|name| differs(name)).collect::<Vec<_>>());
        let mut out = self.replaced("update");
        out.extend(self.not_replaced());
        out.push(self.entry("'delete'", "OLD", &format!(" WHERE {moved}")));
        out.push(self.entry(&format!("CASE WHEN {moved} THEN 'create' ELSE 'update' END"), "NEW", ""));
        out
    }

    fn after_delete(&self) -> Vec<String> {
        let mut out = self.not_replaced();
        out.push(self.entry("'delete'", "OLD", ""));
        out
    }

    fn when_changed(&self) -> String {
        let columns: Vec<String> = self.layout.columns.iter().map(|column| differs(&column.name)).collect();
        format!(" WHEN {}", any(&columns))
    }

    fn written(&self, row: &str) -> [String; 2] {
        [format!("({})", values(row, self.key)), format!("({})", kinds(row, self.key))]
    }
}

/// Whether a column's value changed: whatever its collation takes for equal, and whatever its kind.
fn differs(name: &str) -> String {
    let name = quoted(name);
    format!("(OLD.{name} IS NOT NEW.{name} COLLATE BINARY OR typeof(OLD.{name}) <> typeof(NEW.{name}))")
}

/// Whether any of these hold. Nested in halves, for SQLite reads expressions up to a depth of 1,000.
fn any(parts: &[String]) -> String {
    match parts {
        [] => "0".to_owned(),
        [only] => only.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} OR {})", any(left), any(right))
        }
    }
}
