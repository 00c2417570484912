//! Whether the triggers that are there are those that should be, and whether rows may have changed
//! without setting them off.

use super::describe::{Found, ask, is_of, text};
use super::history_book::{Install, Name};
use super::history_trigger::{PREFIX, names, triggers};
use super::sql::quote;
use crate::endpoint::{EndpointError, ServerAddress};
use mysql::prelude::Queryable;
use mysql::{Conn, Row};
use std::fmt;

/// A trigger of trueup's that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct There {
    /// Its name.
    pub name: String,
    event: String,
    body: String,
    mode: String,
    /// When the server made it.
    pub made: String,
}

/// The triggers of this table whose names are trueup's. Who lacks the right TRIGGER sees none.
///
/// # Errors
/// If the server can't be asked.
pub fn there(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<There>, EndpointError> {
    let rows = ask(
        conn,
        address,
        "SELECT event_object_schema, event_object_table, trigger_name, \
         CONCAT(action_timing, ' ', event_manipulation), action_statement, sql_mode, CAST(created AS CHAR) \
         FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ? ORDER BY 3",
        (&found.schema, &found.table),
    )?;
    let cell = |row: &Row, at| text(row, at).unwrap_or_default();
    let triggers = rows.iter().filter(|row| is_of(row, found)).map(|row| There {
        name: cell(row, 2),
        event: cell(row, 3),
        body: cell(row, 4),
        mode: cell(row, 5),
        made: cell(row, 6),
    });
    Ok(triggers.filter(|trigger| trigger.name.starts_with(PREFIX)).collect())
}

/// When the server made each of the triggers that belong to the table; `None` if one is not there.
pub fn made(there: &[There], table: &str) -> Option<Vec<String>> {
    let of = |name: &String| there.iter().find(|trigger| trigger.name == *name).map(|trigger| trigger.made.clone());
    names(table).iter().map(|(_, name)| of(name)).collect()
}

/// Why the installation does not fit the table any more.
///
/// # Errors
/// If the server can't be asked.
pub fn misfits(
    conn: &mut Conn,
    address: &ServerAddress,
    found: &Found,
    install: &Install,
    there: &[There],
) -> Result<Vec<String>, EndpointError> {
    let mut misfits = obstacles(conn, address, found)?;
    misfits.extend(differences(found, install, there));
    Ok(misfits)
}

/// The same, as far as it is about the triggers.
fn differences(found: &Found, install: &Install, there: &[There]) -> Vec<String> {
    let Some(made) = &install.made else { return vec!["its installation was not finished".to_owned()] };
    let Some(wanted) = triggers(&found.table, &found.columns, &install.key) else {
        let has = |name: &&String| found.columns.iter().any(|column| column.name == **name);
        let gone: Vec<String> = install.key.iter().filter(|name| !has(name)).map(|name| quote(name)).collect();
        return vec![format!("the table has no column {} any more", gone.join(", "))];
    };
    let mut misfits = Vec::new();
    for (at, trigger) in wanted.iter().enumerate() {
        let name = &trigger.name;
        match there.iter().find(|other| other.name == *name) {
            None => misfits.push(format!(
                "its trigger {name} is gone, or the user lacks the right TRIGGER on {} to see it",
                quote(&found.table)
            )),
            Some(is) if is.body != trigger.body || is.event != format!("AFTER {}", trigger.event) => {
                misfits.push(format!("its trigger {name} does not fit the table's columns"));
            }
            Some(is) if !is.mode.is_empty() => {
                misfits.push(format!("its trigger {name} has the SQL mode {}", is.mode));
            }
            Some(is) if made.get(at) != Some(&is.made) => {
                misfits.push(format!("its trigger {name} was made anew by someone else"));
            }
            Some(_) => {}
        }
    }
    let extra = there.iter().filter(|is| wanted.iter().all(|trigger| trigger.name != is.name));
    misfits.extend(extra.map(|is| format!("there is a trigger {} of another table's history", is.name)));
    misfits
}

/// Why the table can't have a history: entries must come and go with the rows' own transactions, and
/// a foreign key's cascade sets off no trigger.
///
/// # Errors
/// If the server can't be asked.
pub fn obstacles(conn: &mut Conn, address: &ServerAddress, found: &Found) -> Result<Vec<String>, EndpointError> {
    let mut obstacles = Vec::new();
    match found.engine.as_deref() {
        None => obstacles.push("it is a view".to_owned()),
        Some(engine) if !engine.eq_ignore_ascii_case("innodb") => {
            obstacles
                .push(format!("its engine is {engine}, and changes are written down within transactions of InnoDB"));
        }
        Some(_) => {}
    }
    // A trigger that calls what the server does not know would break everybody's writes.
    if conn.query_drop("SELECT JSON_ARRAY(1)").is_err() {
        obstacles.push("its server has no JSON functions: MySQL 5.7 or MariaDB 10.2.3 is needed".to_owned());
    }
    let rows = ask(
        conn,
        address,
        "SELECT constraint_schema, table_name, constraint_name, update_rule, delete_rule \
         FROM information_schema.referential_constraints WHERE constraint_schema = ? AND table_name = ? ORDER BY 3",
        (&found.schema, &found.table),
    )?;
    for row in rows.iter().filter(|row| is_of(row, found)) {
        let cell = |at| text(row, at).unwrap_or_default();
        for (rule, on) in [(cell(3), "UPDATE"), (cell(4), "DELETE")] {
            if rule.eq_ignore_ascii_case("CASCADE") || rule.to_ascii_uppercase().starts_with("SET") {
                obstacles.push(format!(
                    "its foreign key {} is ON {on} {rule}, which changes rows without setting off a trigger",
                    quote(&cell(2))
                ));
            }
        }
    }
    Ok(obstacles)
}

/// What tells that a table was emptied or rebuilt, which sets off no trigger: InnoDB's own numbers of
/// it, which are new then. Without the right PROCESS to see them, its rows are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// The numbers, of all partitions.
    Numbers(String),
    /// How many rows there are, and when the table was created or altered.
    Rows(u64, String),
}

impl Witness {
    /// InnoDB's numbers of the table, if the user may see them.
    pub fn numbers(conn: &mut Conn, name: &Name) -> Option<String> {
        let encoded =
            |name: &str| format!("CAST(CONVERT({} USING filename) AS BINARY)", super::history_trigger::literal(name));
        let whole = format!("CONCAT({}, '/', {})", encoded(&name.schema), encoded(&name.table));
        ["innodb_sys_tables", "innodb_tables"].iter().find_map(|tables| {
            let sql = format!(
                "SELECT table_id FROM information_schema.{tables} \
                 WHERE CAST(name AS BINARY) = {whole} \
                 OR LEFT(CAST(name AS BINARY), LENGTH({whole}) + 1) = CONCAT({whole}, '#') ORDER BY table_id"
            );
            let rows: Vec<Row> = conn.query(sql).ok()?;
            let numbers: Vec<String> = rows.iter().filter_map(|row| text(row, 0)).collect();
            (!numbers.is_empty()).then(|| numbers.join(","))
        })
    }

    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(' ')? {
            ("table", numbers) => Some(Self::Numbers(numbers.to_owned())),
            ("rows", rest) => {
                let (rows, made) = rest.split_once(' ')?;
                Some(Self::Rows(rows.parse().ok()?, made.to_owned()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbers(numbers) => write!(f, "table {numbers}"),
            Self::Rows(rows, made) => write!(f, "rows {rows} {made}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::mysql::native::NativeColumn;

    #[test]
    fn triggers_that_differ_are_named() {
        let column =
            |name: &str| NativeColumn { name: name.into(), data_type: "int".into(), ..NativeColumn::default() };
        let found = |columns: &[&str]| Found {
            schema: "d".into(),
            table: "t".into(),
            engine: Some("InnoDB".into()),
            columns: columns.iter().map(|name| column(name)).collect(),
            primary_key: vec!["id".into()],
            estimated_rows: None,
        };
        let made: Vec<String> = (0..3).map(|at| format!("time {at}")).collect();
        let install =
            Install { table: "t".into(), version: 1, id: "x".into(), key: vec!["id".into()], made: Some(made.clone()) };
        let wanted = triggers("t", &found(&["id", "a"]).columns, &install.key).unwrap();
        let there: Vec<There> = wanted
            .iter()
            .zip(&made)
            .map(|(trigger, made)| There {
                name: trigger.name.clone(),
                event: format!("AFTER {}", trigger.event),
                body: trigger.body.clone(),
                mode: String::new(),
                made: made.clone(),
            })
            .collect();
        let said = |columns: &[&str], there: &[There]| differences(&found(columns), &install, there);
        assert!(said(&["id", "a"], &there).is_empty());
        assert_eq!(super::made(&there, "t"), Some(made));
        // Only the trigger on updates looks at other columns than the key's.
        let misfits = said(&["id", "a", "b"], &there);
        assert!(misfits.len() == 1 && misfits[0].contains("_update_"), "{misfits:?}");
        assert!(said(&["a"], &there)[0].contains("no column `id`"));
        assert!(said(&["id", "a"], &there[1..])[0].contains("gone"));
        let mut other = there.clone();
        other[2].made = "later".into();
        assert!(said(&["id", "a"], &other)[0].contains("anew"));
        other[0].mode = "ANSI_QUOTES".into();
        assert_eq!(said(&["id", "a"], &other).len(), 2);
    }

    #[test]
    fn witnesses_can_be_read_back() {
        for witness in [Witness::Numbers("20,21".into()), Witness::Rows(5, "2024-01-02 03:04:05".into())] {
            assert_eq!(Witness::parse(&witness.to_string()), Some(witness));
        }
        assert_eq!(Witness::parse("rows x y"), None);
        assert_eq!(Witness::parse(""), None);
    }
}
