//! Why the tables differ: the reasons as sentences, and the clusters as a table.

use super::document::Section;
use super::markup::Html;
use super::model::PageModel;
use crate::audit::{Example, Kind, Reason, ReasonSide, Verdict};
use crate::report::pair::{Pair, kind as value_kind};
use crate::report::values::{percent, print_key};
use crate::table::Alignment;

/// Reasons that are shown at once; the others are folded up.
const OPEN: usize = 12;

/// All reasons, the most telling first; `None` if there is nothing to explain.
pub fn section(model: &PageModel) -> Option<Section> {
    let audit = model.audit.as_ref().filter(|audit| audit.verdict == Verdict::Differ)?;
    let mut html = Html::default();
    if audit.reasons.is_empty() {
        let searched = model.run.as_ref().is_some_and(|run| run.reasons);
        html.raw("<p>").raw(if searched {
            "Nothing was found that the rows that differ have in common, beyond what chance would explain."
        } else {
            "Reasons were not looked for in this run."
        });
        html.raw("</p>");
        return Some(Section::new("why", "Why they differ", html));
    }
    let (open, folded) = audit.reasons.split_at(audit.reasons.len().min(OPEN));
    html.raw("<ol class=\"reasons\">");
    open.iter().for_each(|reason| entry(reason, audit.alignment(), &mut html));
    html.raw("</ol>");
    if !folded.is_empty() {
        html.raw("<details><summary>").count(folded.len() as u64).raw(" more</summary><ol class=\"reasons\">");
        folded.iter().for_each(|reason| entry(reason, audit.alignment(), &mut html));
        html.raw("</ol></details>");
    }
    let count = Some(audit.reasons.len() as u64);
    Some(Section { id: "why", title: "Why they differ".to_owned(), count, body: html })
}

fn entry(reason: &Reason, alignment: &Alignment, html: &mut Html) {
    html.raw("<li data-rule=\"")
        .attribute(&reason.rule)
        .raw("\"><p class=\"says\">")
        .sentence(&reason.text)
        .raw("</p>");
    html.raw("<p class=\"share\">");
    share(reason.rows, reason.of, html);
    html.raw("<span><span class=\"some\">").count(reason.rows).raw("</span> of <span class=\"of\">").count(reason.of);
    html.raw("</span> (").text(&percent(reason.rows, reason.of)).raw(")</span><span>").raw(kind(reason.kind));
    html.raw(match reason.side {
        ReasonSide::Left => ", left",
        ReasonSide::Right => ", right",
        ReasonSide::Both => "",
    });
    html.raw("</span></p>");
    if let Some(fix) = &reason.fix {
        command(html, fix);
    }
    examples(reason, alignment, html);
    html.raw("</li>");
}

/// A command to copy.
pub fn command(html: &mut Html, command: &str) {
    html.raw("<p class=\"fix\"><code>").text(command).raw("</code>");
    html.raw("<button type=\"button\" class=\"small\" data-copy hidden>copy</button></p>");
}

fn share(rows: u64, of: u64, html: &mut Html) {
    let width = (100.0 * rows as f64 / of.max(1) as f64).clamp(0.0, 100.0);
    html.raw("<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"8\"/>");
    html.raw("<rect class=\"k0\" height=\"8\" width=\"").length(width).raw("\"/></svg>");
}

fn examples(reason: &Reason, alignment: &Alignment, html: &mut Html) {
    if reason.examples.is_empty() {
        return;
    }
    html.raw("<details><summary>Examples</summary><div class=\"box\"><table><thead><tr><th scope=\"col\">key</th>");
    html.raw("<th scope=\"col\">left</th><th scope=\"col\">right</th></tr></thead><tbody>");
    for example in &reason.examples {
        let (left, right) = (example.left.as_deref(), example.right.as_deref());
        let kinds = kinds(reason, example, alignment);
        let notes = Pair { texts: [left, right], lengths: example.lengths, kinds }.page_notes();
        let [one, other] = notes.each_ref().map(Option::as_deref);
        html.raw("<tr><th scope=\"row\">").text(&print_key(&example.key)).raw("</th><td>");
        html.value(left, right, 0).note(one).raw("</td><td>").value(right, left, 1).note(other).raw("</td></tr>");
    }
    html.raw("</tbody></table></div></details>");
}

/// What the values of an example are, where it is about a single column's.
fn kinds(reason: &Reason, example: &Example, alignment: &Alignment) -> [&'static str; 2] {
    let pair = match (reason.kind, reason.columns.as_slice()) {
        (Kind::Values, [name]) => alignment.pairs.iter().find(|pair| pair.left.name == *name),
        _ => None,
    };
    pair.map_or(["value"; 2], |pair| {
        [value_kind(&pair.left.ty, example.foreign[0]), value_kind(&pair.right.ty, example.foreign[1])]
    })
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::NearKey => "keys in another spelling",
        Kind::BetterKey => "another key",
        Kind::Cluster => "rows set apart",
        Kind::Values => "how values differ",
        Kind::Duplicates => "duplicates",
    }
}

/// What sets the rows that differ apart; `None` if nothing does.
pub fn clusters(model: &PageModel) -> Option<Section> {
    let reasons = &model.audit.as_ref()?.reasons;
    let clusters: Vec<&Reason> = reasons.iter().filter(|reason| reason.kind == Kind::Cluster).collect();
    if clusters.is_empty() {
        return None;
    }
    let mut html = Html::default();
    html.raw("<p>Conditions that hold for far more of the rows that differ than of the others, as SQL.</p>");
    html.raw("<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"Clusters\"><table><caption class=\"unseen\">Clusters");
    html.raw("</caption><thead><tr><th scope=\"col\">rows</th><th scope=\"col\">condition</th><th scope=\"col\" class=\"n\">inside</th>");
    html.raw("<th scope=\"col\" class=\"n\">of</th><th scope=\"col\" class=\"n\">share</th></tr></thead><tbody>");
    for reason in &clusters {
        html.raw("<tr><td class=\"word\">").raw(match reason.side {
            ReasonSide::Left => "left only",
            ReasonSide::Right => "right only",
            ReasonSide::Both => "changed",
        });
        html.raw("</td><th scope=\"row\"><code>")
            .text(&reason.rule)
            .raw("</code></th><td class=\"n\">")
            .count(reason.rows);
        html.raw("</td><td class=\"n\">").count(reason.of).raw("</td><td class=\"n soft\">");
        html.text(&percent(reason.rows, reason.of)).raw("</td></tr>");
    }
    html.raw("</tbody></table></div>");
    Some(Section {
        id: "clusters",
        title: "Where the gap clusters".to_owned(),
        count: Some(clusters.len() as u64),
        body: html,
    })
}
