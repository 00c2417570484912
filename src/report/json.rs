//! The JSON of an audit: the contract with scripts. Names are only ever added.

use crate::audit::{Audit, AuditedSide, Reason, Softening};
use serde_json::{Value, json};
use std::path::Path;

/// An audit as one JSON object, version 1; `folder` is where its run is kept.
pub fn audit_json(audit: &Audit, folder: &Path) -> Value {
    let [left, right] = &audit.sides;
    json!({
        "version": 1,
        "left": side(left),
        "right": side(right),
        "key": {
            "columns": audit.key.columns.iter().map(|(l, r)| json!({"left": l, "right": r})).collect::<Vec<_>>(),
            "chosen": audit.key.chosen,
            "declared": audit.key.declared,
            "why": audit.key.why,
        },
        "keys": keys(audit),
        "rows": {"equal": audit.equal, "changed": audit.changed},
        "columns": audit.columns.iter().map(|c| json!({
            "left": c.left, "right": c.right, "changed": c.changed, "compared_as": c.compared_as,
        })).collect::<Vec<_>>(),
        "bridge": audit.bridge.iter().map(|t| json!({"term": t.term, "rows": t.rows})).collect::<Vec<_>>(),
        "reasons": reasons_json(&audit.reasons),
        "proposals": audit.proposals.iter().map(|p| json!({
            "option": p.option, "rows": p.rows, "of": p.of, "text": p.text,
        })).collect::<Vec<_>>(),
        "verdict": audit.verdict,
        "exact": audit.exact,
        "agree": audit.agrees(),
        "run": folder.display().to_string(),
        "unpaired": {"left": left.alone, "right": right.alone},
        "ignored": audit.ignored,
        "softened": softened_json(&audit.softened),
        "warnings": audit.warnings,
        "samples": samples(audit),
    })
}

/// What softens the comparison, and what that made equal.
pub(super) fn softened_json(softened: &[Softening]) -> Value {
    let entries = softened.iter().map(|softening| {
        let Softening { left, right, softener, rows } = softening;
        json!({
            "column": left,
            "left": left,
            "right": right,
            "by": softener.by,
            "rule": softener.rule,
            "asked": softener.asked,
            "rows": rows,
        })
    });
    entries.collect()
}

/// Reasons, with a few examples of each and what would make its rows equal.
pub(super) fn reasons_json(reasons: &[Reason]) -> Value {
    let reasons = reasons.iter().map(|reason| {
        json!({
            "kind": reason.kind,
            "side": reason.side,
            "columns": reason.columns,
            "rule": reason.rule,
            "rows": reason.rows,
            "of": reason.of,
            "text": reason.text,
            "examples": reason.examples.iter().map(|example| json!({
                "key": example.key, "left": example.left, "right": example.right,
            })).collect::<Vec<_>>(),
            "fix": reason.fix,
        })
    });
    reasons.collect()
}

/// What is not seen is only told where rows may be hidden.
fn keys(audit: &Audit) -> Value {
    let mut keys = json!({
        "in_both": audit.in_both,
        "only_left": audit.only[0],
        "only_right": audit.only[1],
        "ambiguous": audit.ambiguous,
    });
    if audit.restricted != [false, false] {
        keys["unseen"] = audit.unseen.iter().sum::<u64>().into();
    }
    keys
}

fn side(side: &AuditedSide) -> Value {
    json!({
        "address": side.address,
        "rows": side.counts.rows,
        "distinct_keys": side.counts.distinct_keys,
        "duplicates": side.counts.duplicates,
        "null_keys": side.counts.null_keys,
        "consistency": side.consistency,
        "where": side.filter,
        "unrepresentable": side.others.iter().map(|o| json!({
            "column": o.column, "values": o.values,
        })).collect::<Vec<_>>(),
    })
}

fn samples(audit: &Audit) -> Value {
    let samples = &audit.samples;
    json!({
        "only_left": samples.only[0],
        "only_right": samples.only[1],
        "changed": samples.changed.iter().map(|row| json!({
            "key": row.key,
            "cells": row.cells.iter().map(|cell| {
                let (left, right) = audit.pair_names(cell.pair);
                json!({"left_column": left, "right_column": right, "left": cell.left, "right": cell.right})
            }).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "ambiguous": samples.ambiguous.iter().map(|a| json!({
            "key": a.key, "left_rows": a.rows[0], "right_rows": a.rows[1],
        })).collect::<Vec<_>>(),
        "duplicates_left": samples.duplicates[0].iter().map(|(key, rows)| json!({"key": key, "rows": rows})).collect::<Vec<_>>(),
        "duplicates_right": samples.duplicates[1].iter().map(|(key, rows)| json!({"key": key, "rows": rows})).collect::<Vec<_>>(),
    })
}
