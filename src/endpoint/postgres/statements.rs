//! The statements that write what a stage holds. The table is `t`; the stage's rows are `s`, and
//! `u` where a second table holds them after the step.

use super::super::Action;
use super::attributes::{Attribute, Exact};
use super::quote::{identifier, qualified};
use super::stage::Stage;

/// The table that is written.
pub(super) struct Table {
    /// Qualified and quoted.
    pub name: String,
    pub columns: Vec<Attribute>,
    /// Positions of the unique key's columns.
    pub key: Vec<usize>,
    /// The columns of unique indexes that hold for all rows.
    pub unique: Vec<Vec<String>>,
    /// Whether nothing identifies a row, and the key is all that is known of it.
    pub whole: bool,
}

impl Table {
    /// Whether at most one row has a key, so says an index.
    pub(super) fn key_is_unique(&self) -> bool {
        self.unique.iter().any(|columns| columns.iter().all(|name| self.key_has(name)))
    }

    /// Whether the key is exactly these columns.
    pub(super) fn is_key(&self, columns: &[String]) -> bool {
        columns.len() == self.key.len() && columns.iter().all(|name| self.key_has(name))
    }

    fn key_has(&self, name: &str) -> bool {
        self.key.iter().any(|at| self.columns[*at].name == name)
    }

    /// Whether an index finds the same keys equal as we do.
    pub(super) fn key_is_exact(&self) -> bool {
        self.key.iter().all(|at| {
            let column = &self.columns[*at];
            column.exact() == Exact::Own || column.exact() == Exact::Bytes && column.deterministic
        })
    }

    /// A column of the table.
    pub(super) fn column(&self, at: usize) -> String {
        format!("t.{}", self.quoted(at))
    }

    pub(super) fn quoted(&self, at: usize) -> String {
        identifier(&self.columns[at].name)
    }

    /// The row of the table that a row of the stage means. An index serves it: what the index
    /// finds equal that is not is sorted out after.
    pub(super) fn key_matches(&self, stage: &Stage, action: Action) -> String {
        let one = |at: &usize| {
            let (column, attribute) = (self.column(*at), &self.columns[*at]);
            let staged = if action == Action::Create { stage.after(*at) } else { stage.before(*at) };
            if self.whole {
                return hashed(attribute, &column, &staged) + &same(attribute, &column, &staged);
            }
            let equal = format!("{column} = {staged}");
            let same = same(attribute, &column, &staged);
            let indexed = || self.unique.iter().flatten().any(|name| *name == attribute.name);
            match attribute.exact() {
                Exact::Own => equal,
                Exact::Bytes if attribute.deterministic => equal,
                Exact::Bytes => format!("{equal} AND {same}"),
                // Some types have no equality at all; those that are indexed have.
                Exact::Printed if indexed() => format!("{equal} AND {same}"),
                Exact::Printed => same,
            }
        };
        self.key.iter().map(one).collect::<Vec<_>>().join(" AND ")
    }

    /// That the guarded columns are as they were before.
    fn unmoved(&self, stage: &Stage, guard: &[usize]) -> String {
        guard
            .iter()
            .filter(|at| !self.key.contains(at))
            .map(|at| format!(" AND {}", same(&self.columns[*at], &self.column(*at), &stage.before(*at))))
            .collect()
    }

    /// Adds the rows whose key is not there.
    pub(super) fn create(&self, stage: &Stage, set: &[usize]) -> String {
        let columns: Vec<usize> = (0..self.columns.len())
            .filter(|at| (set.contains(at) || self.key.contains(at)) && !self.columns[*at].computed)
            .collect();
        let list = |of: &dyn Fn(usize) -> String| columns.iter().map(|at| of(*at)).collect::<Vec<_>>().join(", ");
        format!(
            "INSERT INTO {name} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} WHERE NOT EXISTS \
             (SELECT FROM {name} AS t WHERE {})",
            list(&|at| self.quoted(at)),
            list(&|at| stage.after(at)),
            stage.rows(Action::Create),
            self.key_matches(stage, Action::Create),
            name = self.name,
        )
    }

    /// Sets columns of the rows that have not moved.
    pub(super) fn update(&self, stage: &Stage, values: &[(usize, String)], guard: &[usize]) -> String {
        let set: Vec<String> = values.iter().map(|(at, value)| format!("{} = {value}", self.quoted(*at))).collect();
        self.counted(&format!(
            "UPDATE {} AS t SET {} FROM {} WHERE {}{}",
            self.name,
            set.join(", "),
            stage.rows(Action::Update),
            self.key_matches(stage, Action::Update),
            self.unmoved(stage, guard)
        ))
    }

    /// Deletes the rows that have not moved.
    pub(super) fn delete(&self, stage: &Stage, guard: &[usize]) -> String {
        self.counted(&format!(
            "DELETE FROM {} AS t USING {} WHERE {}{}",
            self.name,
            stage.rows(Action::Delete),
            self.key_matches(stage, Action::Delete),
            self.unmoved(stage, guard)
        ))
    }

    /// Where no index says that a key is unique, a step that met two rows must not make up for
    /// one that met none: only steps that met one row each count.
    fn counted(&self, statement: &str) -> String {
        // Whole rows are told apart before: each step is to meet all copies of its row.
        if self.whole || self.key_is_unique() {
            return statement.to_owned();
        }
        format!(
            "WITH written AS ({statement} RETURNING s.n) SELECT pg_catalog.count(*) FROM \
             (SELECT FROM written GROUP BY n HAVING pg_catalog.count(*) = 1) AS once"
        )
    }

    /// Keeps others from writing to the table, where its rows can't be locked.
    pub(super) fn lock_all(&self) -> String {
        format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", self.name)
    }

    /// Locks the rows of the loaded keys.
    pub(super) fn lock(&self, stage: &Stage, action: Action) -> String {
        format!(
            "SELECT pg_catalog.count(*) FROM (SELECT FROM {} AS t JOIN {} ON {} FOR UPDATE OF t) AS locked",
            self.name,
            stage.keys(action),
            self.key_matches(stage, action)
        )
    }

    /// The rows of the loaded keys, each once.
    pub(super) fn fetch(&self, stage: &Stage, action: Action) -> String {
        let list: Vec<String> =
            (0..self.columns.len()).map(|at| self.columns[at].kind.asked.expression(&self.column(at))).collect();
        format!(
            "COPY (SELECT {} FROM {} AS t JOIN {} ON {}) TO STDOUT (FORMAT binary)",
            list.join(", "),
            self.name,
            stage.keys(action),
            self.key_matches(stage, action)
        )
    }

    /// The loaded creates whose key is that of a row by its collation only: their numbers, and the row's
    /// key.
    pub(super) fn alike(&self, stage: &Stage) -> String {
        let each =
            |of: &dyn Fn(usize) -> String, by: &str| self.key.iter().map(|at| of(*at)).collect::<Vec<_>>().join(by);
        format!(
            "SELECT {}, ARRAY[{}] FROM {} AS t JOIN {} ON {} WHERE NOT ({})",
            stage.number_of_create(),
            each(&|at| format!("{}::pg_catalog.text", self.column(at)), ", "),
            self.name,
            stage.rows(Action::Create),
            each(&|at| format!("{} = {}", self.column(at), stage.after(at)), " AND "),
            each(&|at| same(&self.columns[at], &self.column(at), &stage.after(at)), " AND "),
        )
    }

    /// The numbers of the loaded creates whose key is that of one before them. An expression over the
    /// table's columns brings their collations along.
    pub(super) fn alike_among_themselves(&self, stage: &Stage) -> String {
        let key = |at: &usize| format!("coalesce({}, {})", self.column(*at), stage.after(*at));
        let (n, key) = (stage.number_of_create(), self.key.iter().map(key).collect::<Vec<_>>().join(", "));
        format!(
            "SELECT x.n FROM (SELECT {n} AS n, pg_catalog.min({n}) OVER (PARTITION BY {key}) AS first \
             FROM {} LEFT JOIN {} AS t ON false) AS x WHERE x.n <> x.first",
            stage.rows(Action::Create),
            self.name,
        )
    }

    /// The numbers of the loaded creates that refer to rows of another table that are not there.
    pub(super) fn orphans(&self, stage: &Stage, parent: &str, pairs: &[(usize, &str)]) -> String {
        let each = |of: &dyn Fn(usize, &str) -> String| {
            pairs.iter().map(|(at, name)| of(*at, name)).collect::<Vec<_>>().join(" AND ")
        };
        format!(
            "SELECT {} FROM {} WHERE {} AND NOT EXISTS (SELECT FROM {parent} AS p WHERE {})",
            stage.number_of_create(),
            stage.rows(Action::Create),
            each(&|at, _| format!("{} IS NOT NULL", stage.after(at))),
            each(&|at, name| format!("p.{} = {}", identifier(name), stage.after(at))),
        )
    }

    /// How many rows of another table point to the loaded rows: its columns, each with the one of
    /// this table that it points to.
    pub(super) fn dependents(&self, stage: &Stage, of: &(String, String), pairs: &[(&str, usize)]) -> String {
        let equal: Vec<String> =
            pairs.iter().map(|(name, at)| format!("d.{} = {}", identifier(name), stage.before(*at))).collect();
        format!(
            "SELECT pg_catalog.count(*) FROM {} AS d WHERE EXISTS (SELECT FROM {} WHERE {})",
            qualified(&of.0, &of.1),
            stage.keys(Action::Delete),
            equal.join(" AND ")
        )
    }
}

/// A condition that holds wherever [`same`] does, and by which the server can join two tables by a
/// hash: `IS NOT DISTINCT FROM` would have it compare each row with each other.
fn hashed(attribute: &Attribute, column: &str, staged: &str) -> String {
    let one = |value: &str| match (attribute.exact(), attribute.base_oid) {
        // Booleans, integers, text of one form, dates, times and UUIDs are the same if they are
        // printed so.
        (Exact::Bytes | Exact::Printed, _)
        | (Exact::Own, 16 | 17 | 20 | 21 | 23 | 26 | 1082 | 1083 | 1114 | 1184 | 2950) => {
            Some(format!("pg_catalog.hashtext(coalesce({value}::pg_catalog.text, 'NULL'))"))
        }
        (Exact::Own, 1700) => Some(format!("coalesce(pg_catalog.hash_numeric({value}), 0)")),
        (Exact::Own, 701) => Some(format!("coalesce(pg_catalog.hashfloat8({value}), 0)")),
        (Exact::Own, 700) => Some(format!("coalesce(pg_catalog.hashfloat4({value}), 0)")),
        (Exact::Own, _) => None,
    };
    match (one(column), one(staged)) {
        (Some(column), Some(staged)) => format!("{column} = {staged} AND "),
        _ => String::new(),
    }
}

/// That two values of a column are the same, byte for byte, or both NULL.
fn same(attribute: &Attribute, column: &str, staged: &str) -> String {
    match attribute.exact() {
        Exact::Own => format!("{column} IS NOT DISTINCT FROM {staged}"),
        Exact::Bytes => format!("{column} COLLATE pg_catalog.\"C\" IS NOT DISTINCT FROM {staged}"),
        Exact::Printed => {
            format!("{column}::pg_catalog.text COLLATE pg_catalog.\"C\" IS NOT DISTINCT FROM {staged}::pg_catalog.text")
        }
    }
}
