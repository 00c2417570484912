//! The triggers of a history: their names and what they do. Each body is one statement, whose
//! meaning is fixed when it is created: in a session whose `sql_mode` is empty and whose text is
//! UTF-8. Only the zone is that of whoever writes, so instants are taken from their number.

use super::carry::Carried;
use super::native::NativeColumn;
use super::sql::quote;
use crate::endpoint::HISTORY_TABLE;
use crate::table::PortableType;
use twox_hash::XxHash3_128;

/// How the names of all of them begin.
pub const PREFIX: &str = "trueup_history_";

/// A trigger as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What sets it off: `INSERT`.
    pub event: &'static str,
    /// What it does.
    pub body: String,
}

impl Trigger {
    /// The statement that makes it.
    pub fn create(&self, schema: &str, table: &str) -> String {
        let Self { name, event, body } = self;
        let name = super::sql::qualified(schema, name);
        let table = super::sql::qualified(schema, table);
        format!("CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {body}")
    }
}

/// The events and the triggers' names. Those have no room for the longest names of tables, and ignore
/// case where tables may not, so that a hash stands for the table.
pub fn names(table: &str) -> [(&'static str, String); 3] {
    let hash = hash(table);
    ["INSERT", "UPDATE", "DELETE"].map(|event| (event, format!("{PREFIX}{}_{hash}", event.to_ascii_lowercase())))
}

/// Sixteen digits that stand for a name.
pub fn hash(name: &str) -> String {
    format!("{:016x}", XxHash3_128::oneshot(name.as_bytes()) as u64)
}

/// The triggers of a table with these columns whose rows are known by these; `None` if it lacks one
/// of those.
pub fn triggers(table: &str, columns: &[NativeColumn], key: &[String]) -> Option<[Trigger; 3]> {
    let of_key = |name: &String| columns.iter().find(|column| column.name == *name);
    let key: Vec<&NativeColumn> = key.iter().map(of_key).collect::<Option<_>>()?;
    let values = |action: &str, row: &str| {
        let elements: Vec<String> = key.iter().map(|column| element(column, &at(row, column))).collect();
        format!(
            "({}, '{action}', JSON_ARRAY({}), UTC_TIMESTAMP(6), COALESCE(CAST(@trueup_origin AS BINARY) = '1', 0))",
            constant(table),
            elements.join(", ")
        )
    };
    // The name alone means the database that the trigger is in, also once a copy of it is.
    let into = format!("INSERT INTO {} (table_name, action, row_key, changed_at, own) VALUES ", quote(HISTORY_TABLE));
    let all_same =
        |columns: &mut dyn Iterator<Item = &NativeColumn>| columns.map(same).collect::<Vec<_>>().join(" AND ");
    let update = format!(
        "IF NOT ({}) THEN IF {} THEN {into}{}; ELSE {into}{}, {}; END IF; END IF",
        // What is computed changes only with what it is computed from.
        all_same(&mut columns.iter().filter(|column| !column.generated || key.contains(column))),
        all_same(&mut key.iter().copied()),
        values("update", "NEW"),
        values("delete", "OLD"),
        values("create", "NEW"),
    );
    let bodies = [format!("{into}{}", values("create", "NEW")), update, format!("{into}{}", values("delete", "OLD"))];
    let [insert, update, delete] = names(table);
    let [on_insert, on_update, on_delete] = bodies;
    Some([(insert, on_insert), (update, on_update), (delete, on_delete)].map(|((event, name), body)| Trigger {
        name,
        event,
        body,
    }))
}

fn at(row: &str, column: &NativeColumn) -> String {
    format!("{row}.{}", quote(&column.name))
}

/// Whether the column's value is what it was, byte for byte, or NULL both times.
fn same(column: &NativeColumn) -> String {
    let (old, new) = (at("OLD", column), at("NEW", column));
    let carried = Carried::new(column.clone());
    match column.data_type.as_str() {
        // The local times of two instants may be the same.
        "timestamp" => format!("{} <=> {}", instant(&old), instant(&new)),
        _ if is_text(column) => format!("CAST({old} AS BINARY) <=> CAST({new} AS BINARY)"),
        _ if carried.has_exact_equality() => format!("{old} <=> {new}"),
        _ => format!("{} <=> {}", carried.printed(&old), carried.printed(&new)),
    }
}

/// A key's value as text.
fn element(column: &NativeColumn, at: &str) -> String {
    let text = match column.data_type.as_str() {
        _ if is_hex(column) => format!("HEX({})", if is_text(column) { column.projected(at) } else { at.to_owned() }),
        _ if is_text(column) => at.to_owned(),
        "timestamp" => instant(at),
        // With a scale, or as a float, it would have fewer digits.
        "float" | "double" | "real" => format!("{at} + 0e0"),
        _ => column.projected(at),
    };
    format!("CAST({text} AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin")
}

/// A `timestamp` in UTC. `0000-00-00`, which has no number, is the same in every zone.
fn instant(at: &str) -> String {
    format!(
        "IF(COALESCE(UNIX_TIMESTAMP({at}), 0) = 0, CAST({at} AS CHAR), \
         CAST('1970-01-01 00:00:00' + INTERVAL UNIX_TIMESTAMP({at}) SECOND AS CHAR))"
    )
}

/// Whether a key has the column's values as hexadecimal digits of the bytes that an export reads:
/// bytes, and text in an encoding whose bytes need not be characters.
pub fn is_hex(column: &NativeColumn) -> bool {
    let converts = matches!(
        column.charset.as_deref(),
        None | Some("utf8mb4" | "utf8mb3" | "utf8" | "latin1" | "ascii" | "binary")
    );
    column.portable() == PortableType::Bytes || is_text(column) && !converts
}

fn is_text(column: &NativeColumn) -> bool {
    matches!(
        column.data_type.as_str(),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set"
    )
}

/// A name as a constant that the server shows again as it was written: it escapes in its own way.
fn constant(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | '$')) {
        return format!("'{name}'");
    }
    let digits: String = name.bytes().map(|byte| format!("{byte:02X}")).collect();
    format!("CONVERT(X'{digits}' USING utf8mb4)")
}

/// Text as a constant, in a session where a backslash escapes.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, data_type: &str) -> NativeColumn {
        NativeColumn { name: name.into(), data_type: data_type.into(), ..NativeColumn::default() }
    }

    #[test]
    fn names_fit_and_differ() {
        let long = "x".repeat(64);
        let all: Vec<String> =
            ["t", "T", &long, &"x".repeat(63)].iter().flat_map(|t| names(t)).map(|(_, name)| name).collect();
        assert!(all.iter().all(|name| name.len() <= 64 && name.starts_with(PREFIX)), "{all:?}");
        let distinct: std::collections::BTreeSet<String> = all.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(distinct.len(), 12);
        // Names are looked for on servers where an older version made them.
        assert_eq!(names("t")[0], ("INSERT", format!("trueup_history_insert_{}", hash("t"))));
        assert_eq!(hash("t").len(), 16);
    }

    #[test]
    fn an_update_looks_at_every_column_and_a_key_change_is_two_entries() {
        let generated = NativeColumn { generated: true, ..column("g", "int") };
        let columns = [column("i`d", "int"), column("s", "varchar"), column("ts", "timestamp"), generated];
        let [insert, update, delete] = triggers("it's\0é", &columns, &["i`d".into()]).unwrap();
        assert!(insert.body.starts_with(
            "INSERT INTO `trueup_history` (table_name, action, row_key, changed_at, own) VALUES (CONVERT(X'6974277300C3A9' USING utf8mb4), 'create', \
             JSON_ARRAY(CAST(NEW.`i``d` AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin), "
        ));
        assert!(update.body.starts_with(
            "IF NOT (OLD.`i``d` <=> NEW.`i``d` AND CAST(OLD.`s` AS BINARY) <=> CAST(NEW.`s` AS BINARY) AND "
        ));
        assert!(!update.body.contains("`g`"));
        assert!(update.body.contains("THEN IF OLD.`i``d` <=> NEW.`i``d` THEN INSERT"));
        assert!(delete.body.contains("'delete', JSON_ARRAY(CAST(OLD.`i``d`"));
        assert_eq!(triggers("t", &columns, &["gone".into()]), None);
    }

    #[test]
    fn bytes_that_may_be_no_text_are_written_as_digits() {
        let text = |charset: &str| NativeColumn { charset: Some(charset.into()), ..column("a", "varchar") };
        assert!(is_hex(&column("a", "varbinary")) && is_hex(&text("cp1250")));
        assert!(!is_hex(&text("utf8mb4")) && !is_hex(&text("latin1")) && !is_hex(&column("a", "int")));
        assert!(element(&column("a", "binary"), "NEW.`a`").starts_with("CAST(HEX(NEW.`a`) AS CHAR"));
        assert!(element(&text("cp1250"), "NEW.`a`").contains("HEX(IF(CAST(CONVERT("));
    }
}
