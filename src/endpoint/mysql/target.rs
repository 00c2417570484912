//! What the table asks of those who write to it, from `information_schema` and from what the
//! server says to statements that it is only asked to explain.

use super::describe::{Found, Index, ask, indexes, is_of, text};
use super::failure::{self, words};
use super::history_trigger::PREFIX;
use super::native::NativeColumn;
use super::rights::hidden_columns;
use super::sql::{qualified, quote};
use crate::endpoint::{
    Action, Dependent, EndpointError, Lacking, OnDelete, Reference, ServerAddress, Target, TargetColumn, UniqueIndex,
};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Row};

/// `ER_TABLEACCESS_DENIED_ERROR`, `ER_COLUMNACCESS_DENIED_ERROR`, `ER_DBACCESS_DENIED_ERROR`,
/// `ER_ACCESS_DENIED_ERROR`.
const DENIED: [u16; 4] = [1142, 1143, 1044, 1045];

/// Asks for everything there is to know.
///
/// # Errors
/// If the server can't be asked.
pub fn target(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Target, EndpointError> {
    let mut target = Target {
        columns: found.columns.iter().map(column).collect(),
        unique: unique(indexes(conn, address, found)?),
        references: references(conn, address, found)?,
        dependents: dependents(conn, address, found)?,
        touched: found.columns.iter().filter(|c| c.is_touched_by_updates()).map(|c| c.name.clone()).collect(),
        triggers: triggers(conn, address, found)?,
        ..Target::default()
    };
    storage(conn, address, found, &mut target)?;
    if target.obstacles.is_empty() {
        rights(conn, address, found, &mut target)?;
    }
    if let Some(why) = hidden_columns(conn, found) {
        target.obstacles.push(format!("the user may not read all of its columns, so whole rows can't be kept: {why}"));
    }
    for column in &found.columns {
        if let Some(charset) = column.charset.as_deref().filter(|name| *name != "utf8mb4")
            && !matches!(column.data_type.as_str(), "enum" | "set")
        {
            target.warnings.push(format!(
                "column `{}` stores text as {charset}: a row with a character that {charset} lacks is refused",
                column.name
            ));
        }
    }
    Ok(target)
}

fn column(column: &NativeColumn) -> TargetColumn {
    // An enum's implicit default is its first label, also in strict mode.
    let optional = column.nullable || column.default || column.is_counter() || column.data_type == "enum";
    TargetColumn {
        name: column.name.clone(),
        nullable: column.nullable,
        optional: optional || column.generated,
        computed: column.generated,
        counter: column.is_counter() || column.next_value.is_some(),
        holds: column.holds(),
    }
}

/// The unique indexes, the primary key first.
fn unique(indexes: Vec<Index>) -> Vec<UniqueIndex> {
    let mut unique: Vec<Index> = indexes.into_iter().filter(|index| index.unique).collect();
    unique.sort_by_key(|index| !index.is_primary());
    unique
        .into_iter()
        .map(|index| UniqueIndex { name: index.name, columns: index.parts.into_iter().flatten().collect() })
        .collect()
}

/// The foreign keys of the table itself.
///
/// # Errors
/// If the server can't be asked.
pub fn references(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<Reference>, EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT table_schema, table_name, constraint_name, column_name, referenced_table_schema, \
         referenced_table_name, referenced_column_name FROM information_schema.key_column_usage \
         WHERE table_schema = ? AND table_name = ? AND referenced_table_name IS NOT NULL \
         ORDER BY constraint_name, ordinal_position",
        (&found.schema, &found.table),
    )?;
    let mut references: Vec<Reference> = Vec::new();
    for row in rows.iter().filter(|row| is_of(row, found)) {
        let cell = |at| text(row, at).unwrap_or_default();
        let name = cell(2);
        if references.last().is_none_or(|last| last.name != name) {
            let (schema, table) = (cell(4), cell(5));
            references.push(Reference {
                name,
                columns: Vec::new(),
                to: Vec::new(),
                to_itself: (&schema, &table) == (&found.schema, &found.table),
                table: qualified(&schema, &table),
            });
        }
        if let Some(reference) = references.last_mut() {
            reference.columns.push(cell(3));
            reference.to.push(cell(6));
        }
    }
    Ok(references)
}

fn dependents(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<Dependent>, EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT k.referenced_table_schema, k.referenced_table_name, k.constraint_name, k.column_name, \
         k.table_schema, k.table_name, k.referenced_column_name, r.delete_rule \
         FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r \
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
         AND r.table_name = k.table_name \
         WHERE k.referenced_table_schema = ? AND k.referenced_table_name = ? \
         ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position",
        (&found.schema, &found.table),
    )?;
    let mut dependents: Vec<Dependent> = Vec::new();
    for row in rows.iter().filter(|row| is_of(row, found)) {
        let cell = |at| text(row, at).unwrap_or_default();
        let (name, table_name) = (cell(2), (cell(4), cell(5)));
        if dependents.last().is_none_or(|last| (&last.name, &last.table_name) != (&name, &table_name)) {
            dependents.push(Dependent {
                name,
                table: qualified(&table_name.0, &table_name.1),
                is_itself: (&table_name.0, &table_name.1) == (&found.schema, &found.table),
                table_name,
                columns: Vec::new(),
                to: Vec::new(),
                on_delete: on_delete(&cell(7)),
            });
        }
        if let Some(dependent) = dependents.last_mut() {
            dependent.columns.push(cell(3));
            dependent.to.push(cell(6));
        }
    }
    Ok(dependents)
}

fn on_delete(rule: &str) -> OnDelete {
    match rule.to_ascii_uppercase().as_str() {
        "CASCADE" => OnDelete::Cascade,
        "SET NULL" => OnDelete::SetNull,
        "SET DEFAULT" => OnDelete::SetDefault,
        _ => OnDelete::Refuse,
    }
}

fn triggers(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<String>, EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT event_object_schema, event_object_table, trigger_name FROM information_schema.triggers \
         WHERE event_object_schema = ? AND event_object_table = ? ORDER BY trigger_name",
        (&found.schema, &found.table),
    )?;
    let names = rows.iter().filter(|row| is_of(row, found)).filter_map(|row| text(row, 2));
    // What a history's triggers do is no surprise.
    Ok(names.filter(|name| !name.starts_with(PREFIX)).collect())
}

/// Whether the table is stored in a way that transactions can write to.
fn storage(conn: &mut Conn, address: &ServerAddress, found: &Found, target: &mut Target) -> Result<(), EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT t.table_schema, t.table_name, t.table_type, t.engine, e.transactions \
         FROM information_schema.tables t LEFT JOIN information_schema.engines e ON e.engine = t.engine \
         WHERE t.table_schema = ? AND t.table_name = ?",
        (&found.schema, &found.table),
    )?;
    let Some(row) = rows.iter().find(|row| is_of(row, found)) else {
        return Err(failure::query(address, "describing the table", "it has gone meanwhile"));
    };
    let cell = |at| text(row, at).unwrap_or_default();
    let (kind, engine) = (cell(2), cell(3));
    if kind.to_ascii_uppercase().contains("VIEW") {
        target.obstacles.push("it is a view".to_owned());
    } else if kind.eq_ignore_ascii_case("SEQUENCE") {
        target.obstacles.push("it is a sequence".to_owned());
    } else if !cell(4).eq_ignore_ascii_case("yes") {
        target.obstacles.push(format!("its engine {engine} has no transactions"));
    }
    if kind.eq_ignore_ascii_case("SYSTEM VERSIONED") {
        target.warnings.push("the table keeps its history: every change adds a row to it".to_owned());
    }
    let rows = ask(conn, address, "SELECT @@global.read_only", ())?;
    if rows.first().and_then(|row| text(row, 0)).is_some_and(|on| on != "0") {
        target.warnings.push("the server is set to read only, as replicas are".to_owned());
    }
    Ok(())
}

/// What the user may do. The server checks rights when it explains a statement, too.
fn rights(conn: &mut Conn, address: &ServerAddress, found: &Found, target: &mut Target) -> Result<(), EndpointError> {
    let failed = |error: Error| failure::query(address, "asking for the user's rights", words(&error));
    let table = qualified(&found.schema, &found.table);
    let Some(first) = found.columns.iter().find(|column| !column.generated).map(|column| quote(&column.name)) else {
        target.obstacles.push("the server computes all of its columns".to_owned());
        return Ok(());
    };
    // A session that reads is not even let as far as the rights.
    conn.query_drop("SET SESSION TRANSACTION READ WRITE").map_err(failed)?;
    let mut missing = Vec::new();
    for (action, right, statement) in [
        (
            Action::Create,
            "INSERT",
            format!("EXPLAIN INSERT INTO {table} ({first}) SELECT {first} FROM {table} WHERE FALSE"),
        ),
        (Action::Update, "UPDATE", format!("EXPLAIN UPDATE {table} SET {first} = {first} WHERE FALSE")),
        (Action::Delete, "DELETE", format!("EXPLAIN DELETE FROM {table} WHERE FALSE")),
    ] {
        match conn.query::<Row, _>(statement) {
            Err(error) if failure::code(&error).is_some_and(|code| DENIED.contains(&code)) => {
                let words = words(&error);
                // A default may ask a sequence, to which the user needs a right as well.
                let of =
                    if words.contains(&format!("`{}`", found.table)) { String::new() } else { format!(": {words}") };
                missing.push(Lacking { action, why: format!("the user has no right to {right} on it{of}") });
            }
            // Whatever else it may say, it says of its own kind of explaining.
            Err(error) => tracing::debug!("{}: {right} could not be explained: {}", address.shown, words(&error)),
            Ok(_) => {}
        }
    }
    match missing.len() {
        3 => target.obstacles.push("the user has no right to write to it".to_owned()),
        _ => target.lacking = missing,
    }
    let probe = qualified(&found.schema, &format!("trueup_{}", conn.connection_id()));
    match conn.query_drop(format!("CREATE TEMPORARY TABLE {probe} (n INT)")) {
        Err(error) if failure::code(&error).is_some_and(|code| DENIED.contains(&code)) => {
            target.obstacles.push(format!(
                "the user has no right to CREATE TEMPORARY TABLES in {}, which writing begins with",
                quote(&found.schema)
            ))
        }
        Err(error) => return Err(failed(error)),
        Ok(()) => conn.query_drop(format!("DROP TEMPORARY TABLE {probe}")).map_err(failed)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_itself_may_be_left_out() {
        let of = |data_type: &str, extra: &str, default| {
            column(&NativeColumn {
                data_type: data_type.into(),
                extra: extra.into(),
                default,
                generated: extra.contains("generated"),
                ..NativeColumn::default()
            })
        };
        assert!(!of("int", "", false).optional);
        assert!(of("int", "", true).optional);
        assert!(of("int", "auto_increment", false).counter);
        assert!(of("int", "auto_increment", false).optional);
        assert!(of("enum", "", false).optional);
        let computed = of("int", "virtual generated", false);
        assert!(computed.computed && computed.optional);
    }

    #[test]
    fn the_primary_key_comes_first() {
        let index = |name: &str, unique| Index {
            name: name.into(),
            parts: vec![Some("a".into()), None],
            prefix: false,
            unique,
        };
        let names: Vec<String> = unique(vec![index("A", true), index("B", false), index("PRIMARY", true)])
            .into_iter()
            .map(|u| u.name)
            .collect();
        assert_eq!(names, ["PRIMARY", "A"]);
    }

    #[test]
    fn rules_in_the_servers_words() {
        assert_eq!(on_delete("NO ACTION"), OnDelete::Refuse);
        assert_eq!(on_delete("SET NULL"), OnDelete::SetNull);
        assert_eq!(on_delete("CASCADE"), OnDelete::Cascade);
    }
}
