//! The temporary table that steps are loaded into, and the statements that write from it.
//!
//! `w` is the temporary table, `t` the one that is written. `w` has per step its number `n`, the
//! key `k…` in the table's own types (so that its index serves), the columns `b…` as they are to be
//! found and `a…` as they are to become, each named after the column's position. It stands once in
//! every statement: older servers can't open a temporary table twice.

use super::carry::{Carried, Form};
use super::sql::quote;
use crate::endpoint::{Action, StepBatch};

/// Beyond so many bytes of declared text, the temporary table's columns are long types, which do
/// not count towards the server's limit of 64 KiB per row.
const WIDE: u64 = 32 * 1024;

/// A column of the temporary table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name there.
    pub name: String,
    /// The position of the column that it is of.
    pub column: usize,
    /// In which form it carries values.
    pub form: Form,
    /// Whether they come from the rows as they are to become.
    pub after: bool,
}

/// What the steps of a batch have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    action: Action,
    key: Vec<usize>,
    guard: Vec<usize>,
    set: Vec<usize>,
    park: Vec<usize>,
    /// The columns of the temporary table after `n`.
    pub slots: Vec<Slot>,
}

/// The table that is written, as statements need it.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its qualified name.
    pub table: String,
    /// The temporary table's qualified name.
    pub steps: String,
    /// All of its columns.
    pub columns: Vec<Carried>,
    /// Whether an index finds rows by the key.
    pub indexed: bool,
    /// Whether nothing identifies a row, and the key is all that is known of it: NULL is a value in it
    /// then.
    pub whole: bool,
}

impl Shape {
    /// Of a batch.
    pub fn new(place: &Place, key: &[usize], steps: &StepBatch) -> Self {
        let rest = |columns: &[usize]| -> Vec<usize> {
            columns.iter().copied().filter(|column| !key.contains(column)).collect()
        };
        let guard = if steps.action == Action::Create { Vec::new() } else { rest(&steps.guard) };
        let set = if steps.action == Action::Delete { Vec::new() } else { rest(&steps.set) };
        let creates = steps.action == Action::Create;
        let slot =
            |prefix: &str, column: usize, form, after| Slot { name: format!("{prefix}{column}"), column, form, after };
        let mut slots = Vec::new();
        for &column in key {
            slots.push(slot("k", column, if creates { Form::New } else { Form::Old }, creates));
            if !place.columns[column].has_exact_equality() {
                slots.push(slot("b", column, Form::Printed, creates));
            }
        }
        for &column in &guard {
            let form = if place.columns[column].has_exact_equality() { Form::Old } else { Form::Printed };
            slots.push(slot("b", column, form, false));
        }
        slots.extend(set.iter().map(|&column| slot("a", column, Form::New, true)));
        let park = steps.park.iter().copied().filter(|column| set.contains(column)).collect();
        Self { action: steps.action, key: key.to_vec(), guard, set, park, slots }
    }

    /// What the steps do.
    pub fn action(&self) -> Action {
        self.action
    }

    /// The columns that hand values around.
    pub fn parked(&self) -> &[usize] {
        &self.park
    }

    /// Makes the temporary table. Its columns come from an outer join, which makes them nullable
    /// and leaves the rest of their types alone.
    pub fn create(&self, place: &Place, engine: &str) -> String {
        let declared: u64 = self
            .slots
            .iter()
            .filter(|slot| slot.form != Form::Printed)
            .filter_map(|slot| place.columns[slot.column].native.octets)
            .filter(|octets| *octets < 65_536)
            .sum();
        let mut own = vec!["n INT UNSIGNED NOT NULL DEFAULT 0 PRIMARY KEY".to_owned()];
        own.push("level INT UNSIGNED NOT NULL DEFAULT 0".to_owned());
        own.push("marked TINYINT NOT NULL DEFAULT 0".to_owned());
        let mut like = Vec::new();
        for slot in &self.slots {
            let name = quote(&slot.name);
            // What is indexed stays as it is, but where a part of it is enough.
            let indexed =
                slot.name.starts_with('k') && !(place.whole && place.columns[slot.column].index_prefix().is_some());
            match definition(place, slot, declared > WIDE && !indexed) {
                Some(definition) => own.push(format!("{name} {definition}")),
                None => like.push(format!("{} AS {name}", at("t", &place.columns[slot.column].native.name))),
            }
        }
        if !place.indexed {
            // Then this table is the one to be searched.
            let part = |slot: &Slot| {
                let prefix =
                    place.columns[slot.column].index_prefix().map_or_else(String::new, |most| format!("({most})"));
                format!("{}{prefix}", quote(&slot.name))
            };
            let key = self.slots.iter().filter(|slot| slot.name.starts_with('k'));
            let mut key: Vec<&Slot> = key.filter(|slot| place.columns[slot.column].can_be_indexed()).collect();
            if place.whole {
                // Those first that tell most rows apart: times and numbers of many digits, then text.
                key.sort_by_key(|slot| place.columns[slot.column].sameness());
            }
            let parts: Vec<String> = key.into_iter().take(4).map(part).collect();
            if !parts.is_empty() {
                own.push(format!("INDEX ({})", parts.join(", ")));
            }
        }
        if like.is_empty() {
            // Without a name of its own it would be a column more, which nothing fills.
            like.push("0 AS marked".to_owned());
        }
        format!(
            "CREATE TEMPORARY TABLE {} ({}) ENGINE = {engine} \
             SELECT {} FROM (SELECT 1 AS one) AS d LEFT JOIN {} AS t ON FALSE WHERE FALSE",
            place.steps,
            own.join(", "),
            like.join(", "),
            place.table
        )
    }

    /// The row of the table that a step means: by the key's index, and byte for byte.
    fn on(&self, place: &Place) -> String {
        let mut on: Vec<String> = Vec::new();
        for &column in &self.key {
            let equals = if place.whole { "<=>" } else { "=" };
            on.push(format!("{} {equals} {}", at("t", &place.columns[column].native.name), own("k", column)));
        }
        on.extend(self.same(place, self.key.iter().filter(|key| !place.columns[**key].has_exact_equality())));
        on.join(" AND ")
    }

    fn same<'a>(&self, place: &Place, columns: impl Iterator<Item = &'a usize>) -> Vec<String> {
        columns
            .map(|&column| {
                let carried = &place.columns[column];
                carried.same(&at("t", &carried.native.name), &own("b", column))
            })
            .collect()
    }

    /// Both tables, joined, the one first that is to be read through.
    fn joined(&self, place: &Place) -> String {
        let (w, t) = (format!("{} AS w", place.steps), format!("{} AS t", place.table));
        let (first, second) = if place.indexed { (w, t) } else { (t, w) };
        format!("{first} STRAIGHT_JOIN {second} ON {}", self.on(place))
    }

    fn guards(&self, place: &Place) -> Vec<String> {
        self.same(place, self.guard.iter())
    }

    /// Marks the steps whose key is there.
    pub fn mark(&self, place: &Place) -> String {
        format!("UPDATE {} SET w.marked = 1", self.joined(place))
    }

    /// Adds the rows of the steps that are not marked, in their order. The table is not searched
    /// here: the server would first put all rows into a table of its own.
    pub fn insert(&self, place: &Place) -> String {
        let named = |prefix, &column: &usize| (quote(&place.columns[column].native.name), own(prefix, column));
        let (columns, values): (Vec<String>, Vec<String>) = self
            .key
            .iter()
            .map(|column| named("k", column))
            .chain(self.set.iter().map(|column| named("a", column)))
            .unzip();
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {} AS w WHERE w.marked = 0 ORDER BY w.n",
            place.table,
            columns.join(", "),
            values.join(", "),
            place.steps
        )
    }

    /// Changes the rows that are as they are to be found; if some columns were parked before,
    /// those rows where they were.
    pub fn update(&self, place: &Place) -> String {
        let mut sets: Vec<String> = self
            .set
            .iter()
            .map(|&column| format!("{} = {}", at("t", &place.columns[column].native.name), own("a", column)))
            .collect();
        sets.extend(self.untouched(place, &self.set));
        let conditions = if self.park.is_empty() { self.guards(place) } else { vec!["w.marked = 1".to_owned()] };
        format!("UPDATE {} SET {}{}", self.joined(place), sets.join(", "), condition(&conditions))
    }

    /// Gives the parked columns of those rows values that nobody has, and marks the steps.
    pub fn park(&self, place: &Place, values: &[String]) -> String {
        let mut sets: Vec<String> = self
            .park
            .iter()
            .zip(values)
            .map(|(&column, value)| format!("{} = {value}", at("t", &place.columns[column].native.name)))
            .collect();
        sets.extend(self.untouched(place, &self.park));
        sets.push("w.marked = 1".to_owned());
        format!("UPDATE {} SET {}{}", self.joined(place), sets.join(", "), condition(&self.guards(place)))
    }

    /// Columns that every update would set to the current time keep what they have.
    fn untouched(&self, place: &Place, set: &[usize]) -> Vec<String> {
        let columns = place.columns.iter().enumerate();
        columns
            .filter(|(column, carried)| carried.native.is_touched_by_updates() && !set.contains(column))
            .map(|(_, carried)| at("t", &carried.native.name))
            .map(|name| format!("{name} = {name}"))
            .collect()
    }

    /// Removes the rows that are as they are to be found; of a level, if there are several.
    pub fn delete(&self, place: &Place, level: Option<u32>) -> String {
        let mut conditions = self.guards(place);
        conditions.extend(level.map(|level| format!("w.level = {level}")));
        format!("DELETE t FROM {}{}", self.joined(place), condition(&conditions))
    }

    /// Reads the rows that the steps mean.
    pub fn select(&self, place: &Place, what: &str, lock: bool) -> String {
        format!("SELECT {what} FROM {}{}", self.joined(place), if lock { " FOR UPDATE" } else { "" })
    }

    /// Counts the rows of another table that point to the rows that the steps mean.
    pub fn count_dependents(&self, place: &Place, table: &str, pairs: &[(String, String)]) -> String {
        let on: Vec<String> =
            pairs.iter().map(|(theirs, ours)| format!("{} = {}", at("d", theirs), at("t", ours))).collect();
        format!("SELECT COUNT(*) FROM {} STRAIGHT_JOIN {table} AS d ON {}", self.joined(place), on.join(" AND "))
    }

    /// A step whose key the table has in other bytes.
    pub fn alike(&self, place: &Place) -> String {
        let key = |&column: &usize| format!("{} = {}", at("t", &place.columns[column].native.name), own("k", column));
        let on: Vec<String> = self.key.iter().map(key).collect();
        format!(
            "SELECT 1 FROM {} AS w STRAIGHT_JOIN {} AS t ON {} WHERE NOT ({}) LIMIT 1",
            place.steps,
            place.table,
            on.join(" AND "),
            self.on(place)
        )
    }

    /// Two steps whose keys the server takes for one.
    pub fn alike_among_themselves(&self, place: &Place) -> String {
        let key: Vec<String> = self.key.iter().map(|column| own("k", *column)).collect();
        format!("SELECT 1 FROM {} AS w GROUP BY {} HAVING COUNT(*) > 1 LIMIT 1", place.steps, key.join(", "))
    }

    /// The numbers of the steps whose key the table has in other bytes, and the key as the table has it.
    pub fn all_alike(&self, place: &Place) -> String {
        let name = |column: &usize| at("t", &place.columns[*column].native.name);
        let key: Vec<String> = self.key.iter().map(|at| format!("CAST({} AS CHAR)", name(at))).collect();
        let on: Vec<String> = self.key.iter().map(|at| format!("{} = {}", name(at), own("k", *at))).collect();
        format!(
            "SELECT w.n, {} FROM {} AS w STRAIGHT_JOIN {} AS t ON {} WHERE NOT ({})",
            key.join(", "),
            place.steps,
            place.table,
            on.join(" AND "),
            self.on(place)
        )
    }

    /// The numbers of steps whose keys the server takes for one, a list for each key.
    pub fn all_alike_among_themselves(&self, place: &Place) -> String {
        let key: Vec<String> = self.key.iter().map(|column| own("k", *column)).collect();
        format!(
            "SELECT GROUP_CONCAT(w.n ORDER BY w.n SEPARATOR ' ') FROM {} AS w GROUP BY {} HAVING COUNT(*) > 1",
            place.steps,
            key.join(", ")
        )
    }

    /// The numbers of the creates that refer to rows of another table that are not there. Per column that
    /// refers, the one that it refers to.
    pub fn orphans(&self, place: &Place, parent: &str, pairs: &[(usize, String)]) -> String {
        let value = |column: usize| own(if self.key.contains(&column) { "k" } else { "a" }, column);
        let is: Vec<String> = pairs.iter().map(|(column, _)| format!("{} IS NOT NULL", value(*column))).collect();
        let on: Vec<String> =
            pairs.iter().map(|(column, to)| format!("{} = {}", at("p", to), value(*column))).collect();
        format!(
            "SELECT w.n FROM {} AS w WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {})",
            place.steps,
            is.join(" AND "),
            on.join(" AND ")
        )
    }

    /// The server's words about the temporary table in those of the table itself.
    pub fn in_words(&self, place: &Place, words: &str) -> String {
        let mut words = words.to_owned();
        for slot in &self.slots {
            let name = &place.columns[slot.column].native.name;
            for (open, close) in [("'", "'"), ("`", "`"), ("'w.", "'")] {
                words = words.replace(&format!("{open}{}{close}", slot.name), &format!("`{name}`"));
            }
        }
        words.replace(&place.steps, &place.table)
    }
}

/// The type of a column of the temporary table where it is not just that of its original.
fn definition(place: &Place, slot: &Slot, wide: bool) -> Option<String> {
    if slot.form == Form::Printed {
        return Some("LONGBLOB".to_owned());
    }
    let native = &place.columns[slot.column].native;
    match native.data_type.as_str() {
        // It would bring its default and its `ON UPDATE` along.
        "timestamp" => Some(format!("TIMESTAMP({}) NULL DEFAULT NULL", native.fraction.unwrap_or(0))),
        "char" | "varchar" if wide => {
            Some(format!("LONGTEXT CHARACTER SET {}", quote(native.charset.as_deref().unwrap_or("utf8mb4"))))
        }
        "binary" | "varbinary" if wide => Some("LONGBLOB".to_owned()),
        _ => None,
    }
}

/// A column of the table that stands under this letter.
fn at(letter: &str, name: &str) -> String {
    format!("{letter}.{}", quote(name))
}

/// A column of the temporary table.
fn own(prefix: &str, column: usize) -> String {
    format!("w.`{prefix}{column}`")
}

fn condition(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ExportBatch;
    use crate::endpoint::mysql::native::NativeColumn;
    use arrow::array::RecordBatch;
    use arrow::datatypes::Schema;
    use std::sync::Arc;

    fn place(indexed: bool) -> Place {
        let column = |name: &str, data_type: &str, extra: &str| {
            Carried::new(NativeColumn {
                name: name.into(),
                data_type: data_type.into(),
                extra: extra.into(),
                ..NativeColumn::default()
            })
        };
        Place {
            table: "`d`.`t`".into(),
            steps: "`d`.`s`".into(),
            columns: vec![
                column("id", "int", ""),
                column("na`me", "varchar", ""),
                column("at", "timestamp", "on update current_timestamp()"),
            ],
            indexed,
            whole: false,
        }
    }

    fn shape(place: &Place, action: Action, key: &[usize], guard: &[usize], set: &[usize], park: &[usize]) -> Shape {
        let rows = ExportBatch { rows: RecordBatch::new_empty(Arc::new(Schema::empty())), others: Vec::new() };
        let steps = StepBatch {
            action,
            before: (action != Action::Create).then(|| rows.clone()),
            after: (action != Action::Delete).then_some(rows),
            guard: guard.to_vec(),
            set: set.to_vec(),
            park: park.to_vec(),
        };
        Shape::new(place, key, &steps)
    }

    #[test]
    fn an_update_touches_nothing_but_what_is_set() {
        let place = place(true);
        assert_eq!(
            shape(&place, Action::Update, &[0], &[0, 1], &[1], &[]).update(&place),
            "UPDATE `d`.`s` AS w STRAIGHT_JOIN `d`.`t` AS t ON t.`id` = w.`k0` \
             SET t.`na``me` = w.`a1`, t.`at` = t.`at` WHERE CAST(t.`na``me` AS BINARY) <=> w.`b1`"
        );
    }

    #[test]
    fn a_key_of_text_is_found_by_its_index_and_known_by_its_bytes() {
        let place = place(true);
        let shape = shape(&place, Action::Create, &[1], &[], &[0, 1], &[]);
        assert_eq!(
            shape.mark(&place),
            "UPDATE `d`.`s` AS w STRAIGHT_JOIN `d`.`t` AS t ON t.`na``me` = w.`k1` \
             AND CAST(t.`na``me` AS BINARY) <=> w.`b1` SET w.marked = 1"
        );
        assert_eq!(
            shape.insert(&place),
            "INSERT INTO `d`.`t` (`na``me`, `id`) SELECT w.`k1`, w.`a0` FROM `d`.`s` AS w \
             WHERE w.marked = 0 ORDER BY w.n"
        );
    }

    #[test]
    fn what_was_parked_is_known_by_its_mark() {
        let place = place(true);
        let shape = shape(&place, Action::Update, &[0], &[2], &[1, 2], &[1]);
        assert_eq!(
            shape.park(&place, &["NULL".to_owned()]),
            "UPDATE `d`.`s` AS w STRAIGHT_JOIN `d`.`t` AS t ON t.`id` = w.`k0` \
             SET t.`na``me` = NULL, t.`at` = t.`at`, w.marked = 1 WHERE t.`at` <=> w.`b2`"
        );
        assert!(shape.update(&place).ends_with("SET t.`na``me` = w.`a1`, t.`at` = w.`a2` WHERE w.marked = 1"));
    }

    #[test]
    fn without_an_index_the_table_is_read_once() {
        let place = place(false);
        let shape = shape(&place, Action::Delete, &[0], &[0, 2], &[], &[]);
        assert_eq!(
            shape.delete(&place, Some(2)),
            "DELETE t FROM `d`.`t` AS t STRAIGHT_JOIN `d`.`s` AS w ON t.`id` = w.`k0` \
             WHERE t.`at` <=> w.`b2` AND w.level = 2"
        );
        assert!(shape.create(&place, "InnoDB").contains("INDEX (`k0`)"));
    }

    #[test]
    fn null_is_a_value_of_whole_rows() {
        let place = Place { whole: true, ..place(false) };
        let shape = shape(&place, Action::Delete, &[0, 1], &[0, 1, 2], &[], &[]);
        assert_eq!(
            shape.delete(&place, None),
            "DELETE t FROM `d`.`t` AS t STRAIGHT_JOIN `d`.`s` AS w ON t.`id` <=> w.`k0` AND t.`na``me` <=> w.`k1` \
             AND CAST(t.`na``me` AS BINARY) <=> w.`b1` WHERE t.`at` <=> w.`b2`"
        );
    }

    #[test]
    fn a_timestamp_loses_what_it_does_by_itself() {
        let place = place(true);
        let create = shape(&place, Action::Delete, &[0], &[0, 1, 2], &[], &[]).create(&place, "InnoDB");
        assert!(create.contains("`b2` TIMESTAMP(0) NULL DEFAULT NULL"), "{create}");
        assert!(create.contains("`b1` LONGBLOB"), "{create}");
        assert!(create.contains("SELECT t.`id` AS `k0` FROM"), "{create}");
    }

    #[test]
    fn the_servers_words_are_about_the_table() {
        let place = place(true);
        let shape = shape(&place, Action::Update, &[0], &[0], &[1], &[]);
        let words = shape.in_words(&place, "Data too long for column 'a1' at row 1");
        assert_eq!(words, "Data too long for column `na`me` at row 1");
    }
}
