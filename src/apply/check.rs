//! Before the first write: is the table still the one that the plan was made for, and may it be
//! written?

use super::error::ApplyError;
use super::outcome::side_word;
use crate::endpoint::{Action, Address, Endpoint, OnDelete, Target};
use crate::plan::{PlanFile, PlanSide};
use crate::table::TableInfo;

/// A table that may be written.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it asks of those who write to it, now.
    pub target: Target,
    /// Whether the table itself sees to it that the plan's key is unique.
    pub unique: bool,
    /// The positions of the columns that can be given a value.
    pub writable: Vec<usize>,
}

/// Compares a table with what the plan says of it; `None` where only a new file can be written. `needed`
/// are the actions that are to be written.
///
/// # Errors
/// If it is another table now, or can't be written to.
pub fn check(
    endpoint: &dyn Endpoint,
    address: &str,
    side: &PlanSide,
    needed: impl Fn(Action) -> bool,
) -> Result<Option<Checked>, ApplyError> {
    endpoint.recover()?;
    let Some(target) = endpoint.target()? else { return Ok(None) };
    let info = endpoint.describe()?;
    if let Some(why) = target.obstacles_to(needed).next() {
        return Err(ApplyError::Obstacle { address: address.to_owned(), why: why.clone() });
    }
    let differences = differences(side, &info, &target);
    if !differences.is_empty() {
        return Err(ApplyError::Changed { address: address.to_owned(), differences });
    }
    let key: Vec<&str> = side
        .writes
        .iter()
        .flat_map(|writes| &writes.key)
        .filter_map(|at| info.columns.get(*at))
        .map(|column| column.name.as_str())
        .collect();
    let computed = |name: &str| target.column(name).is_some_and(|column| column.computed);
    let writable = (0..info.columns.len()).filter(|at| !computed(&info.columns[*at].name)).collect();
    Ok(Some(Checked { unique: is_unique(&info, &key), writable, target }))
}

/// Whether a primary key or unique index makes sure that these columns are unique.
fn is_unique(info: &TableInfo, key: &[&str]) -> bool {
    let within = |columns: &Vec<String>| !columns.is_empty() && columns.iter().all(|name| key.contains(&name.as_str()));
    std::iter::once(&info.primary_key).chain(&info.unique).any(within)
}

/// What of a table is not as the plan says, one sentence each.
fn differences(planned: &PlanSide, now: &TableInfo, target: &Target) -> Vec<String> {
    let mut out = Vec::new();
    let columns = &planned.table.columns;
    for column in columns {
        let name = &column.name;
        let Some(other) = now.columns.iter().find(|other| other.name == *name) else {
            out.push(format!("column `{name}` is gone"));
            continue;
        };
        if other.native != column.native {
            out.push(format!("column `{name}` was {} and is {}", column.native, other.native));
        }
        if other.nullable != column.nullable {
            let words = |nullable| if nullable { "NULL" } else { "NOT NULL" };
            out.push(format!("column `{name}` was {} and is {}", words(column.nullable), words(other.nullable)));
        }
        let was = planned.target.as_ref().and_then(|target| target.column(name)).is_some_and(|column| column.computed);
        let is = target.column(name).is_some_and(|column| column.computed);
        if was != is || other.generated != column.generated {
            let words = |computed| if computed { "computed by the database" } else { "given a value" };
            out.push(format!("column `{name}` was {} and is {}", words(was), words(is)));
        }
    }
    for other in &now.columns {
        if !columns.iter().any(|column| column.name == other.name) {
            out.push(format!("column `{}` is new", other.name));
        }
    }
    if out.is_empty() && columns.iter().zip(&now.columns).any(|(column, other)| column.name != other.name) {
        out.push("its columns have another order".to_owned());
    }
    if planned.table.primary_key != now.primary_key {
        let words = |key: &[String]| if key.is_empty() { "none".to_owned() } else { format!("({})", key.join(", ")) };
        out.push(format!(
            "its primary key was {} and is {}",
            words(&planned.table.primary_key),
            words(&now.primary_key)
        ));
    }
    out
}

/// Refuses a plan whose deletes would touch rows of other tables.
///
/// # Errors
/// If there are any.
pub fn allows_deletes(file: &PlanFile, side: usize, address: &str, only: &[Action]) -> Result<(), ApplyError> {
    if !only.is_empty() && !only.contains(&Action::Delete) {
        return Ok(());
    }
    let touches = |cascade: &&crate::plan::Cascade| {
        cascade.side == side_word(side) && cascade.on_delete != OnDelete::Refuse && cascade.rows > 0
    };
    match file.cascades.iter().find(touches) {
        Some(cascade) => Err(ApplyError::Cascade {
            address: address.to_owned(),
            table: cascade.table.clone(),
            name: cascade.name.clone(),
            on_delete: cascade.on_delete,
            rows: cascade.rows,
        }),
        None => Ok(()),
    }
}

/// Whether two addresses are of one table. Hosts have many names, and a file may be elsewhere; what
/// is compared is what is left: the kind of system, the database, and the table.
///
/// # Errors
/// If they are not.
pub fn same_table(planned: &Address, given: &Address) -> Result<(), ApplyError> {
    let same = match (planned, given) {
        (Address::Postgres(a), Address::Postgres(b)) => {
            let schema = |schema: &Option<String>| schema.clone().unwrap_or_else(|| "public".to_owned());
            a.database == b.database && a.table == b.table && schema(&a.schema) == schema(&b.schema)
        }
        (Address::Mysql(a), Address::Mysql(b)) => a.database == b.database && a.table == b.table,
        (Address::Sqlite { table: a, .. }, Address::Sqlite { table: b, .. }) => a == b,
        (Address::Csv(_), Address::Csv(_)) | (Address::Parquet(_), Address::Parquet(_)) => true,
        _ => false,
    };
    if same { Ok(()) } else { Err(ApplyError::OtherTable { given: given.to_string(), planned: planned.to_string() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::TargetColumn;
    use crate::plan::{ActionCounts, SideWrites};
    use crate::table::{Column, PortableType};

    fn side() -> PlanSide {
        let mut id = Column::new("id", PortableType::Integer, "integer");
        id.nullable = false;
        let columns = vec![id, Column::new("a", PortableType::Text, "text")];
        PlanSide {
            address: "sqlite:x.db#t".into(),
            filter: None,
            exported_at: String::new(),
            rows: 1,
            table: TableInfo { columns, primary_key: vec!["id".into()], ..TableInfo::default() },
            target: Some(target(false)),
            writes: Some(SideWrites { key: vec![0], guard: vec![0, 1], create: vec![0, 1], identity: Vec::new() }),
            counts: ActionCounts::default(),
        }
    }

    fn target(computed: bool) -> Target {
        let column = |name: &str, computed| TargetColumn { name: name.into(), computed, ..TargetColumn::default() };
        Target { columns: vec![column("id", false), column("a", computed)], ..Target::default() }
    }

    #[test]
    fn whatever_is_another_table_now_is_named() {
        let side = side();
        let said = |change: fn(&mut TableInfo)| {
            let mut now = side.table.clone();
            change(&mut now);
            differences(&side, &now, &target(false)).join("; ")
        };
        assert_eq!(said(|_| ()), "");
        assert_eq!(said(|t| t.estimated_rows = Some(9)), "");
        assert_eq!(said(|t| t.columns[1].name = "b".into()), "column `a` is gone; column `b` is new");
        assert_eq!(said(|t| t.columns[1].native = "date".into()), "column `a` was text and is date");
        assert_eq!(said(|t| t.columns[1].nullable = false), "column `a` was NULL and is NOT NULL");
        assert_eq!(said(|t| t.columns.reverse()), "its columns have another order");
        assert_eq!(said(|t| t.primary_key.clear()), "its primary key was (id) and is none");
        let computed = differences(&side, &side.table, &target(true)).join("; ");
        assert_eq!(computed, "column `a` was given a value and is computed by the database");
    }

    #[test]
    fn a_key_is_unique_if_part_of_it_is() {
        let mut info = TableInfo { primary_key: vec!["id".into()], ..TableInfo::default() };
        assert!(is_unique(&info, &["id"]) && is_unique(&info, &["a", "id"]) && !is_unique(&info, &["a"]));
        info.primary_key.push("a".into());
        assert!(!is_unique(&info, &["id"]));
        info.unique.push(vec!["id".into()]);
        assert!(is_unique(&info, &["id"]));
    }

    #[test]
    fn another_host_is_the_same_table_and_another_name_is_not() {
        let parse = |text: &str| Address::parse(text, &|_| None).unwrap();
        let same = |a: &str, b: &str| same_table(&parse(a), &parse(b)).is_ok();
        assert!(same("postgres://u@a/d#t", "postgres://u:pw@b:99/d#public.t"));
        assert!(!same("postgres://a/d#t", "postgres://a/d#s.t") && !same("postgres://a/d#t", "postgres://a/e#t"));
        assert!(!same("postgres://a/d#t", "mysql://a/d#t") && !same("mysql://a/d#t", "mysql://a/d#u"));
        assert!(same("sqlite:a.db#t", "sqlite:b.db#t") && !same("sqlite:a.db#t", "sqlite:a.db#u"));
    }
}
