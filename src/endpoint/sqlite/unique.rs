//! Unique indexes.

use super::layout::Layout;
use crate::endpoint::UniqueIndex;
use rusqlite::{Connection, Result};

/// Unique indexes, partial ones and those over expressions too.
pub(super) fn unique(connection: &Connection, table: &str, layout: &Layout) -> Result<Vec<UniqueIndex>> {
    let mut out = Vec::new();
    if let Some(number) = layout.columns.iter().find(|column| column.row_number) {
        out.push(UniqueIndex { name: "primary key".to_owned(), columns: vec![number.name.clone()] });
    }
    let sql = "SELECT l.name, l.partial, s.sql FROM pragma_index_list(?1, 'main') AS l \
               LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name \
               WHERE l.\"unique\" = 1 ORDER BY l.origin <> 'pk', l.seq DESC";
    let mut statement = connection.prepare(sql)?;
    let indexes = statement.query_map([table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let sql = "SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno";
    let mut parts = connection.prepare(sql)?;
    for index in indexes {
        let (name, partial, sql) = index?;
        let names = parts.query_map([&name], |row| row.get(0))?.collect::<Result<Vec<Option<String>>>>()?;
        let hidden = partial || names.iter().any(Option::is_none);
        let mut columns: Vec<String> = names.into_iter().flatten().collect();
        if hidden {
            // Those that its expressions and its condition are made of are only in its text.
            let words = identifiers(sql.as_deref().unwrap_or_default());
            for column in &layout.columns {
                let meant = words.iter().any(|word| word.eq_ignore_ascii_case(&column.name));
                if meant && !columns.contains(&column.name) {
                    columns.push(column.name.clone());
                }
            }
        }
        out.push(UniqueIndex { name, columns });
    }
    Ok(out)
}

/// What may be a name behind the first parenthesis of `CREATE INDEX … (…) WHERE …`.
fn identifiers(sql: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut inside = false;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        let close = match c {
            '"' | '`' | '\'' => c,
            '[' => ']',
            _ if c.is_alphanumeric() || c == '_' || c == '$' => {
                let mut word = c.to_string();
                while let Some(next) = chars.next_if(|c| c.is_alphanumeric() || *c == '_' || *c == '$') {
                    word.push(next);
                }
                out.extend(inside.then_some(word));
                continue;
            }
            _ => {
                inside |= c == '(';
                continue;
            }
        };
        let mut word = String::new();
        while let Some(c) = chars.next() {
            if c != close {
                word.push(c);
            } else if close != ']' && chars.next_if_eq(&close).is_some() {
                word.push(close);
            } else {
                break;
            }
        }
        out.extend(inside.then_some(word));
    }
    out
}

/// The collations under which a unique index over exactly these columns, for all rows, compares
/// them; `None` if there is no such index.
pub(super) fn unique_collations(connection: &Connection, table: &str, key: &[&str]) -> Result<Option<Vec<String>>> {
    let sql = "SELECT l.name, x.name, x.coll \
               FROM pragma_index_list(?1, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x \
               WHERE l.\"unique\" = 1 AND l.partial = 0 AND x.key = 1 ORDER BY l.seq, x.seqno";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([table])?;
    let mut indexes: Vec<(String, Vec<IndexPart>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let index: String = row.get(0)?;
        if indexes.last().is_none_or(|(last, _)| *last != index) {
            indexes.push((index, Vec::new()));
        }
        if let Some((_, parts)) = indexes.last_mut() {
            parts.push(IndexPart { column: row.get(1)?, collation: row.get(2)? });
        }
    }
    Ok(indexes.into_iter().find_map(|(_, parts)| {
        let collation = |name: &&str| {
            let part = parts.iter().find(|part| part.column.as_deref() == Some(*name))?;
            Some(part.collation.clone().unwrap_or_else(|| "BINARY".to_owned()))
        };
        if parts.len() == key.len() { key.iter().map(collation).collect::<Option<Vec<_>>>() } else { None }
    }))
}

/// A part of an index.
struct IndexPart {
    /// `None` for an expression.
    column: Option<String>,
    collation: Option<String>,
}
