//! The state folder of two tables, and whether the base in it is theirs.

use crate::base::{Base, BaseColumn, BaseFile};
use crate::endpoint::Address;
use crate::job::error::RunError;
use crate::job::plan::PlanJob;
use crate::plan::SIDES;
use crate::table::fingerprint;
use std::path::{Path, PathBuf};

/// Where the state of two tables is kept: as said, or below `.trueup/state`.
pub(in crate::job) fn state_folder(job: &PlanJob) -> PathBuf {
    job.two_way.state.clone().unwrap_or_else(|| {
        let names = [&job.job.left, &job.job.right].map(table_name);
        let print = fingerprint(names.join("\n").as_bytes());
        Path::new(".trueup").join("state").join(format!("{:016x}", print.high))
    })
}

/// A table's name, the same however its address is written: without user, password and parameters,
/// and for files with the whole path.
pub(super) fn table_name(address: &Address) -> String {
    let file = |path: &Path| {
        let whole = || std::env::current_dir().map(|folder| folder.join(path)).unwrap_or_else(|_| path.to_owned());
        path.canonicalize().unwrap_or_else(|_| whole()).display().to_string()
    };
    match address {
        Address::Postgres(server) => {
            let schema = server.schema.as_deref().unwrap_or("public");
            format!(
                "postgres://{}:{}/{}#{schema}.{}",
                server.host,
                server.port.unwrap_or(5432),
                server.database,
                server.table
            )
        }
        Address::Mysql(server) => {
            format!("mysql://{}:{}/{}#{}", server.host, server.port.unwrap_or(3306), server.database, server.table)
        }
        Address::Sqlite { path, table } => format!("sqlite:{}#{table}", file(path)),
        Address::Csv(csv) => file(&csv.path),
        Address::Parquet(path) | Address::Snapshot(path) => file(path),
    }
}

/// Checks that a base is of the tables, key and mapping of the run that wants it: `wanted` is what the
/// run's own base would say.
///
/// # Errors
/// If it is of others.
pub(super) fn check(base: &Base, wanted: &BaseFile) -> Result<(), RunError> {
    let why = reason(&base.file, wanted);
    why.map_or(Ok(()), |why| Err(RunError::OtherBase { state: base.folder.display().to_string(), why }))
}

fn reason(base: &BaseFile, wanted: &BaseFile) -> Option<String> {
    for (at, (was, is)) in base.sides.iter().zip(&wanted.sides).enumerate() {
        let side = SIDES[at];
        if was.address != is.address {
            return Some(format!("its {side} table is {}, and this one is {}", was.address, is.address));
        }
        if was.filter != is.filter {
            let words = |filter: &Option<String>| filter.clone().unwrap_or_else(|| "all rows".to_owned());
            return Some(format!("its {side} rows are {}, and these are {}", words(&was.filter), words(&is.filter)));
        }
        if was.key != is.key {
            return Some(format!("its {side} key is {}, and this one is {}", was.key.join(", "), is.key.join(", ")));
        }
        if was.identity != is.identity {
            let (was, is) = (was.identity.join(", "), is.identity.join(", "));
            return Some(format!("its {side} rows are identified by {was}, and these by {is}"));
        }
    }
    for BaseColumn { left, right, .. } in &wanted.columns {
        let other = base.columns.iter().find(|own| (own.left == *left) != (own.right == *right));
        if let Some(BaseColumn { left: l, right: r, .. }) = other {
            return Some(format!("it pairs `{l}` with `{r}`, and this run pairs `{left}` with `{right}`"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::BaseSide;

    fn file() -> BaseFile {
        let side = |name: &str| BaseSide {
            address: name.to_owned(),
            key: vec!["id".into()],
            identity: vec!["id".into()],
            ..BaseSide::default()
        };
        let column =
            |left: &str, right: &str| BaseColumn { left: left.into(), right: right.into(), ..BaseColumn::default() };
        let columns = vec![column("id", "id"), column("mail", "email")];
        BaseFile { sides: [side("a"), side("b")], columns, ..BaseFile::default() }
    }

    #[test]
    fn a_base_of_something_else_is_told() {
        assert_eq!(reason(&file(), &file()), None);
        let other = |change: fn(&mut BaseFile)| {
            let mut wanted = file();
            change(&mut wanted);
            reason(&file(), &wanted)
        };
        assert!(other(|f| f.sides[1].address = "c".into()).unwrap().contains("right table is b"));
        assert!(other(|f| f.sides[0].key = vec!["mail".into()]).unwrap().contains("left key"));
        assert!(other(|f| f.sides[0].filter = Some("x > 1".into())).unwrap().contains("all rows"));
        assert!(other(|f| f.columns[1].right = "other".into()).unwrap().contains("`email`"));
        // A column more or less is no other mapping.
        assert_eq!(
            other(|f| f.columns.push(BaseColumn { left: "new".into(), right: "new".into(), ..BaseColumn::default() })),
            None
        );
        assert_eq!(other(|f| f.columns.truncate(1)), None);
    }
}
