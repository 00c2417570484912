//! A bar per column: its changed cells by how they differ.

use super::document::Section;
use super::markup::Html;
use super::model::PageModel;
use crate::audit::{Audit, AuditedColumn, Kind};
use crate::report::values::{pair_name, percent};

/// Colours there are for kinds.
const COLOURS: [&str; 8] = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"];
const REST: &str = "rest";

/// The columns with changed cells; `None` if there are none.
pub fn section(model: &PageModel) -> Option<Section> {
    let audit = model.audit.as_ref()?;
    let mut changed: Vec<&AuditedColumn> = audit.columns.iter().filter(|column| column.changed > 0).collect();
    if changed.is_empty() {
        return None;
    }
    changed.sort_by_key(|column| std::cmp::Reverse(column.changed));
    let most = changed[0].changed;
    let rules = rules(audit);
    let mut html = Html::default();
    html.raw("<div class=\"box columns\"><table><caption>Changed cells by column and by how they differ, with the share of the changed rows.</caption>");
    html.raw("<thead><tr><th scope=\"col\">column</th><th scope=\"col\" class=\"n\">cells</th><th scope=\"col\" class=\"n\">share</th>");
    html.raw("<th scope=\"col\">how they differ</th></tr></thead><tbody>");
    for column in &changed {
        let kinds = kinds(audit, column);
        html.raw("<tr data-column=\"").attribute(&column.left).raw("\"><th scope=\"row\">");
        html.text(&pair_name(&column.left, &column.right)).raw("</th><td class=\"n\">").count(column.changed);
        html.raw("</td><td class=\"n soft\">")
            .text(&percent(column.changed, audit.changed))
            .raw("</td><td class=\"bar\">");
        html.raw("<svg viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
        let mut at = 0.0;
        for (rule, cells) in &kinds {
            let width = *cells as f64 / most.max(1) as f64 * 1000.0;
            html.raw("<rect height=\"20\" class=\"").raw(colour(&rules, rule)).raw("\" x=\"").length(at);
            html.raw("\" width=\"").length(width.max(1.0)).raw("\"/>");
            at += width;
        }
        html.raw("</svg>");
        // The rest alone needs no legend.
        if kinds.iter().any(|(rule, _)| rule.is_some()) {
            html.raw("<ul class=\"kinds\">");
            for (rule, cells) in &kinds {
                html.raw("<li data-rule=\"").attribute(rule.unwrap_or("other")).raw(
                    "\"><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect width=\"10\" height=\"10\" class=\"",
                );
                html.raw(colour(&rules, rule)).raw("\"/></svg>").text(&rule.map_or("other".to_owned(), spoken));
                html.raw(" <b>").count(*cells).raw("</b></li>");
            }
            html.raw("</ul>");
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
    let count = Some(changed.len() as u64);
    Some(Section { id: "columns", title: "Changed columns".to_owned(), count, body: html })
}

/// A rule as a person says it.
fn spoken(rule: &str) -> String {
    match rule {
        "null-or-empty" => "NULL or empty".to_owned(),
        "scale" => "factor of ten".to_owned(),
        "json" => "JSON form".to_owned(),
        other => other.replace('-', " "),
    }
}

/// All rules, in the order in which they get colours: by the cells that they explain.
fn rules(audit: &Audit) -> Vec<&str> {
    let mut out: Vec<(&str, u64)> = Vec::new();
    for reason in audit.reasons.iter().filter(|reason| reason.kind == Kind::Values && reason.columns.len() == 1) {
        match out.iter_mut().find(|(rule, _)| *rule == reason.rule) {
            Some((_, rows)) => *rows += reason.rows,
            None => out.push((&reason.rule, reason.rows)),
        }
    }
    out.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    out.into_iter().map(|(rule, _)| rule).collect()
}

fn colour(rules: &[&str], rule: &Option<&str>) -> &'static str {
    let place = rule.and_then(|rule| rules.iter().position(|other| *other == rule));
    place.and_then(|place| COLOURS.get(place)).copied().unwrap_or(REST)
}

/// A column's changed cells by rule; what no rule explains comes last.
fn kinds<'a>(audit: &'a Audit, column: &AuditedColumn) -> Vec<(Option<&'a str>, u64)> {
    let mut left = column.changed;
    let mut out: Vec<(Option<&str>, u64)> = Vec::new();
    let own = audit.reasons.iter().filter(|reason| {
        reason.kind == Kind::Values && matches!(reason.columns.as_slice(), [only] if *only == column.left)
    });
    for reason in own {
        // No cell is drawn twice, should two rules explain it.
        let cells = reason.rows.min(left);
        left -= cells;
        if cells > 0 {
            out.push((Some(&reason.rule), cells));
        }
    }
    out.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    if left > 0 {
        out.push((None, left));
    }
    out
}
