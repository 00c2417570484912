//! Rows that another one may take the place of.
//!
//! `REPLACE` deletes the rows that collide with a new one by any unique index, and tells no delete
//! trigger of it (but with `PRAGMA recursive_triggers`). So the rows that are about to collide are
//! looked for before each insert and update, by the same indexes. That is not needed for an index that
//! holds the whole key: it can only replace a row by one of the same key.

use super::affinity::Affinity;
use super::connect::quoted;
use super::layout::Layout;
use rusqlite::{Connection, Result};

/// By what a row, named `t`, may collide with `NEW`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Collision {
    /// The condition.
    pub(super) condition: String,
    /// The column of the row's number, if it is that. Before an insert nobody knows which one a row
    /// will get: it looks as if it were -1.
    pub(super) number: Option<String>,
}

/// All that may delete rows with other keys; `None` if an index is not understood.
pub(super) fn collisions(
    connection: &Connection,
    table: &str,
    layout: &Layout,
    key: &[String],
) -> Result<Option<Vec<Collision>>> {
    let mut out = Vec::new();
    if let Some(number) = layout.columns.iter().find(|column| column.row_number)
        && *key != [number.name.as_str()]
    {
        let name = quoted(&number.name);
        out.push(Collision { condition: format!("t.{name} = NEW.{name}"), number: Some(number.name.clone()) });
    }
    let sql = "SELECT l.name, l.partial, s.sql FROM pragma_index_list(?1, 'main') AS l \
               LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name \
               WHERE l.\"unique\" = 1 ORDER BY l.name";
    let mut statement = connection.prepare(sql)?;
    let indexes = statement.query_map([table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let sql = "SELECT name, coll FROM pragma_index_xinfo(?1, 'main') WHERE key = 1 ORDER BY seqno";
    let mut parts = connection.prepare(sql)?;
    for index in indexes {
        let (name, partial, sql) = index?;
        let part = |row: &rusqlite::Row<'_>| Ok(Part { column: row.get(0)?, collation: row.get(1)? });
        let parts = parts.query_map([&name], part)?.collect::<Result<Vec<Part>>>()?;
        if holds(&parts, layout, key) {
            continue;
        }
        let computed = parts.iter().any(|part| part.column.is_none());
        let text = if partial || computed { sql.as_deref().and_then(IndexText::read) } else { None };
        let Some(condition) = condition(&parts, partial, text.as_ref(), layout) else { return Ok(None) };
        out.push(Collision { condition, number: None });
    }
    Ok(Some(out))
}

/// A part of an index.
struct Part {
    /// `None` for an expression.
    column: Option<String>,
    collation: String,
}

/// Whether rows that collide by an index always have the same key.
fn holds(parts: &[Part], layout: &Layout, key: &[String]) -> bool {
    key.iter().all(|name| {
        let exact = |part: &Part| part.column.as_ref() == Some(name) && part.collation.eq_ignore_ascii_case("BINARY");
        // Without an affinity 1 and 1.0 are two values that are equal to an index.
        let one = layout.column(name).is_some_and(|column| column.affinity != Affinity::Blob);
        one && parts.iter().any(exact)
    })
}

fn condition(parts: &[Part], partial: bool, text: Option<&IndexText>, layout: &Layout) -> Option<String> {
    let columns: Vec<String> =
        layout.columns.iter().map(|column| quoted(&column.name)).map(|name| format!("NEW.{name} AS {name}")).collect();
    let mut out = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let collation = quoted(&part.collation);
        out.push(match &part.column {
            Some(name) => {
                let name = quoted(name);
                format!("t.{name} COLLATE {collation} = NEW.{name}")
            }
            // On lines of their own, for there may be comments in them.
            None => {
                let expression = text?.parts.get(at)?;
                format!(
                    "(\n{expression}\n) COLLATE {collation} = (SELECT\n{expression}\nFROM (SELECT {}))",
                    columns.join(", ")
                )
            }
        });
    }
    if partial {
        // Both rows have to be in the index.
        let condition = text?.condition.as_ref()?;
        out.push(format!("(\n{condition}\n) AND (SELECT\n{condition}\nFROM (SELECT {}))", columns.join(", ")));
    }
    Some(out.join(" AND "))
}

/// The text of `CREATE INDEX … ON table (part, …) WHERE condition`.
#[derive(Debug, PartialEq, Eq)]
struct IndexText {
    /// Without `ASC` and `DESC`.
    parts: Vec<String>,
    condition: Option<String>,
}

impl IndexText {
    fn read(sql: &str) -> Option<Self> {
        let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
        for (at, c) in bare(sql) {
            match c {
                '(' => {
                    depth += 1;
                    if depth == 1 {
                        from = at + 1;
                    }
                }
                ',' if depth == 1 => {
                    parts.push(part(&sql[from..at]));
                    from = at + 1;
                }
                ')' if depth == 1 => {
                    parts.push(part(&sql[from..at]));
                    return Some(Self { parts, condition: condition_behind(&sql[at + 1..])? });
                }
                ')' => depth -= 1,
                _ => {}
            }
        }
        None
    }
}

/// The characters that are in no quotes and no comment, and where they are.
fn bare(sql: &str) -> impl Iterator<Item = (usize, char)> {
    let mut chars = sql.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (at, c) = chars.next()?;
            let end = match (c, chars.peek().map(|(_, next)| *next)) {
                ('"' | '\'' | '`', _) => c.to_string(),
                ('[', _) => "]".to_owned(),
                ('-', Some('-')) => "\n".to_owned(),
                ('/', Some('*')) => "*/".to_owned(),
                _ => return Some((at, c)),
            };
            // A doubled quote ends it and begins it anew, which comes to the same.
            let from = if end == "*/" { at + 2 } else { at + 1 };
            let behind = sql[from..].find(&end).map_or(sql.len(), |found| from + found + end.len());
            while chars.next_if(|(at, _)| *at < behind).is_some() {}
        }
    })
}

fn part(text: &str) -> String {
    // What is behind the last bare character is a comment at most.
    let end = bare(text).filter(|(_, c)| !c.is_whitespace()).last();
    let quoted_end = text.trim_end().len();
    let Some((at, c)) = end else { return text.trim().to_owned() };
    let last = at + c.len_utf8();
    let word_from = text[..last].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let word = &text[word_from..last];
    let is_order = word.eq_ignore_ascii_case("asc") || word.eq_ignore_ascii_case("desc");
    let tail = text[last..quoted_end].trim_start();
    // A name in quotes behind it: then it is no order but, say, the word COLLATE.
    let ends_it = tail.is_empty() || tail.starts_with("--") || tail.starts_with("/*");
    if is_order && ends_it && word_from > 0 { text[..word_from].trim().to_owned() } else { text.trim().to_owned() }
}

/// The condition behind the list; the outer `None` if there is something else.
fn condition_behind(rest: &str) -> Option<Option<String>> {
    let Some((at, _)) = bare(rest).find(|(_, c)| !c.is_whitespace()) else { return Some(None) };
    let word = rest.get(at..at + 5)?;
    word.eq_ignore_ascii_case("where").then(|| Some(rest[at + 5..].trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(create: &str, key: &[&str]) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(create).unwrap();
        let layout = Layout::read(&connection, "t").unwrap().unwrap();
        let key: Vec<String> = key.iter().map(|name| (*name).to_owned()).collect();
        let all = collisions(&connection, "t", &layout, &key).unwrap().unwrap();
        all.into_iter().map(|collision| collision.condition).collect()
    }

    #[test]
    fn an_index_over_the_key_replaces_nothing_else() {
        assert!(found("CREATE TABLE t (id INTEGER PRIMARY KEY, a)", &["id"]).is_empty());
        assert!(found("CREATE TABLE t (a TEXT, b INT, PRIMARY KEY (a, b)) WITHOUT ROWID", &["b", "a"]).is_empty());
        assert!(found("CREATE TABLE t (a TEXT PRIMARY KEY, b INT, UNIQUE (b, a))", &["a"]).is_empty());
        assert_eq!(found("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", &["a"]), ["t.\"id\" = NEW.\"id\""]);
        assert_eq!(
            found("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE)", &["id"]),
            ["t.\"a\" COLLATE \"BINARY\" = NEW.\"a\""]
        );
        // Other texts may be equal to it, or other numbers.
        assert_eq!(found("CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY)", &["a"]).len(), 1);
        assert_eq!(found("CREATE TABLE t (a PRIMARY KEY)", &["a"]).len(), 1);
        assert_eq!(found("CREATE TABLE t (a TEXT, b INT, UNIQUE (a))", &["a", "b"]).len(), 1);
    }

    #[test]
    fn the_text_of_an_index_is_understood() {
        let read = |sql: &str| {
            let text = IndexText::read(sql).unwrap();
            (text.parts, text.condition)
        };
        let text = |text: &str| text.to_owned();
        assert_eq!(
            read(
                "CREATE UNIQUE INDEX \"i(\" ON [t)](lower(a) DESC, \"b,\" asc, c COLLATE nocase /* ) */ desc) WHERE d > ')'"
            ),
            (vec![text("lower(a)"), text("\"b,\""), text("c COLLATE nocase /* ) */")], Some(text("d > ')'")))
        );
        assert_eq!(
            read("CREATE UNIQUE INDEX i ON t(f(a, 'it''s') -- first,\n, b /* x */) -- no WHERE"),
            (vec![text("f(a, 'it''s') -- first,"), text("b /* x */")], None)
        );
        assert_eq!(read("CREATE UNIQUE INDEX i ON t(a COLLATE \"desc\")").0, ["a COLLATE \"desc\""]);
        assert_eq!(read("CREATE UNIQUE INDEX i ON t(a desc -- down\n)").0, ["a"]);
        assert_eq!(IndexText::read("CREATE UNIQUE INDEX i ON t"), None);
    }
}
