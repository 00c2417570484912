//! The counts of both sides, and the bridge between them as a waterfall in a table.

use super::chart::{Bar, BarKind, waterfall};
use super::document::Section;
use super::markup::Html;
use super::model::PageModel;
use crate::audit::Audit;
use crate::report::values::percent;

/// The counts and the bridge, if there was a comparison.
pub fn sections(model: &PageModel) -> Vec<Section> {
    let Some(audit) = &model.audit else { return Vec::new() };
    vec![Section::new("counts", "Counts", counts(audit)), Section::new("bridge", "From left to right", bridge(audit))]
}

fn counts(audit: &Audit) -> Html {
    let mut html = Html::default();
    html.raw(
        "<div class=\"facts\"><div><h3>Rows and keys</h3><div class=\"box\"><table><caption class=\"unseen\">Rows and keys of both sides</caption><thead><tr><td></td>",
    );
    html.raw("<th scope=\"col\" class=\"n side-left\">left</th><th scope=\"col\" class=\"n side-right\">right</th></tr></thead><tbody>");
    let [left, right] = [0, 1].map(|side: usize| audit.sides[side].counts);
    let lines: [(&'static str, &'static str, [u64; 2]); 5] = [
        ("rows", "rows", [left.rows, right.rows]),
        ("distinct_keys", "distinct keys", [left.distinct_keys, right.distinct_keys]),
        ("duplicates", "duplicates", [left.duplicates, right.duplicates]),
        ("null_keys", "NULL keys", [left.null_keys, right.null_keys]),
        ("only", "keys only here", audit.only),
    ];
    for (id, name, counts) in lines {
        html.raw("<tr data-count=\"").raw(id).raw("\"><th scope=\"row\">").raw(name).raw("</th><td class=\"n\">");
        html.count(counts[0]).raw("</td><td class=\"n\">").count(counts[1]).raw("</td></tr>");
    }
    html.raw("</tbody></table></div></div>");
    html.raw("<div><h3>Keys on both sides</h3><div class=\"box\"><table><caption class=\"unseen\">Keys on both sides</caption><tbody>");
    let shares: [(&'static str, &'static str, u64); 4] = [
        ("equal", "equal", audit.equal),
        ("changed", "changed", audit.changed),
        ("ambiguous", "ambiguous: not unique, and they differ", audit.ambiguous),
        ("in_both", "on both sides", audit.in_both),
    ];
    for (id, name, count) in shares {
        html.raw(if id == "in_both" { "<tr class=\"sum\" data-count=\"" } else { "<tr data-count=\"" }).raw(id);
        html.raw("\"><th scope=\"row\">").raw(name).raw("</th><td class=\"n\">").count(count);
        html.raw("</td><td class=\"n soft\">").text(&percent(count, audit.in_both)).raw("</td></tr>");
    }
    html.raw("</tbody></table></div></div></div>");
    html
}

fn bridge(audit: &Audit) -> Html {
    let (bars, cut) = waterfall(&audit.bridge);
    let mut html = Html::default();
    html.raw("<div class=\"box chart\"><table><caption>How the left row count becomes the right one.");
    if cut {
        html.raw(" The two outer bars are cut: at full length the steps between them would be too small to see.");
    }
    html.raw("</caption><thead class=\"unseen\"><tr><th scope=\"col\">term</th><th scope=\"col\">rows</th><th scope=\"col\">bar</th></tr></thead><tbody>");
    for (term, bar) in audit.bridge.iter().zip(&bars) {
        let total = bar.kind == BarKind::Total;
        html.raw(if total { "<tr class=\"sum\"><th scope=\"row\">" } else { "<tr><th scope=\"row\">" })
            .text(&term.term);
        html.raw("</th><td class=\"n\">");
        if !total {
            html.raw(match term.rows {
                0 => "",
                rows if rows > 0 => "+",
                _ => "−",
            });
        }
        html.count(term.rows.unsigned_abs()).raw("</td><td class=\"bar\">");
        draw(bar, total && cut, &mut html);
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
    html
}

fn draw(bar: &Bar, cut: bool, html: &mut Html) {
    html.raw("<svg viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let width = bar.to - bar.from;
    if let Some(joint) = bar.joint {
        // Past a step of no rows the line goes on.
        html.raw("<line class=\"joint\" y1=\"-17\" y2=\"")
            .length(if width > 0.0 { 1.0 } else { 20.0 })
            .raw("\" x1=\"")
            .length(joint)
            .raw("\" x2=\"")
            .length(joint)
            .raw("\"/>");
    }
    if width > 0.0 || bar.kind == BarKind::Total {
        html.raw("<rect height=\"20\" class=\"").raw(match bar.kind {
            BarKind::Total => "total",
            BarKind::Up => "up",
            BarKind::Down => "down",
        });
        // However small it is, a step can be seen.
        let from = if width < 3.0 { (bar.from - 1.5).max(0.0) } else { bar.from };
        html.raw("\" x=\"").length(from).raw("\" width=\"").length(width.max(3.0)).raw("\"/>");
    }
    if cut {
        html.raw("<path class=\"cut\" d=\"M40 -2 L52 -2 L44 22 L32 22 Z\"/>");
    }
    html.raw("</svg>");
}
