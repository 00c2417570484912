//! Key candidates, as a table and as JSON.

use super::style::Style;
use crate::audit::{Candidate, thousands};
use crate::table::Alignment;
use comfy_table::{Attribute, Cell, CellAlignment, Color, Table};
use serde_json::{Value, json};

/// The left names of a candidate's columns, or both names where they differ.
fn names(candidate: &Candidate, alignment: &Alignment) -> String {
    let name = |i: &usize| {
        let pair = &alignment.pairs[*i];
        if pair.left.name == pair.right.name {
            pair.left.name.clone()
        } else {
            format!("{} = {}", pair.left.name, pair.right.name)
        }
    };
    candidate.pairs.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Candidates with their counts. With `two` tables both sides are shown, and how many values meet.
pub fn keys_table(candidates: &[Candidate], alignment: &Alignment, two: bool, style: Style) -> Table {
    let mut table = style.table();
    let head = |text: &str| Cell::new(text).add_attribute(Attribute::Bold);
    table.set_header(if two {
        vec![head("columns"), head("distinct left"), head("distinct right"), head("NULL"), head("meet"), head("")]
    } else {
        vec![head("columns"), head("distinct"), head("rows"), head("NULL"), head("")]
    });
    let number = |count: u64| Cell::new(thousands(count)).set_alignment(CellAlignment::Right);
    let of = |c: &Candidate, side: usize| {
        Cell::new(format!("{} of {}", thousands(c.distinct[side]), thousands(c.rows[side])))
            .set_alignment(CellAlignment::Right)
    };
    for candidate in candidates {
        let verdict = match (candidate.identifies(), candidate.declared) {
            (true, true) => Cell::new("unique, declared").fg(Color::Green),
            (true, false) => Cell::new("unique").fg(Color::Green),
            (false, true) => Cell::new("declared"),
            (false, false) => Cell::new(""),
        };
        let name = Cell::new(names(candidate, alignment));
        table.add_row(if two {
            let nulls = candidate.nulls[0] + candidate.nulls[1];
            vec![name, of(candidate, 0), of(candidate, 1), number(nulls), number(candidate.meets), verdict]
        } else {
            let nulls = number(candidate.nulls[0]);
            vec![name, number(candidate.distinct[0]), number(candidate.rows[0]), nulls, verdict]
        });
    }
    table
}

/// Candidates as JSON.
pub fn keys_json(candidates: &[Candidate], alignment: &Alignment, best: Option<&Candidate>) -> Value {
    let one = |candidate: &Candidate| {
        json!({
            "columns": candidate.pairs.iter().map(|i| {
                let pair = &alignment.pairs[*i];
                json!({"left": pair.left.name, "right": pair.right.name})
            }).collect::<Vec<_>>(),
            "distinct": {"left": candidate.distinct[0], "right": candidate.distinct[1]},
            "rows": {"left": candidate.rows[0], "right": candidate.rows[1]},
            "null_keys": {"left": candidate.nulls[0], "right": candidate.nulls[1]},
            "in_both": candidate.meets,
            "unique": candidate.identifies(),
            "declared": candidate.declared,
        })
    };
    json!({
        "version": 1,
        "candidates": candidates.iter().map(one).collect::<Vec<_>>(),
        "best": best.map(one),
    })
}
