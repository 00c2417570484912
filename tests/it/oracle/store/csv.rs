//! A table as CSV: NULL is an empty field, an empty text a quoted one.

use crate::oracle::case::Side;
use crate::oracle::random::Random;
use crate::oracle::value::{Value, spell};

pub fn text(side: &Side) -> String {
    // How a value is spelled was decided when it was drawn; the rest is spelled in one way.
    let random = &mut Random::new(1);
    let mut lines = vec![side.columns.iter().map(|column| field(&column.name)).collect::<Vec<_>>().join(",")];
    for row in &side.rows {
        let fields = row.iter().map(|value| match value {
            Value::Null => String::new(),
            value => field(&spell(value, random)),
        });
        lines.push(fields.collect::<Vec<_>>().join(","));
    }
    lines.join("\n") + "\n"
}

fn field(text: &str) -> String {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
