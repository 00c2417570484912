//! What a plan says beside its steps: their counts, limits, what is left alone, what hangs on it.

use super::document::Section;
use super::markup::Html;
use super::model::PageModel;
use crate::endpoint::Action;
use crate::plan::{Direction, Limit, PlanFile};
use crate::report::values::percent;

/// The summary of a plan; `None` of an audit.
pub fn section(model: &PageModel) -> Option<Section> {
    let plan = model.plan.as_ref()?;
    let mut html = Html::default();
    steps(plan, &mut html);
    html.raw("<dl class=\"list\">");
    let mut entry = |name: &'static str, text: &str| {
        html.raw("<dt>").raw(name).raw("</dt><dd>").text(text).raw("</dd>");
    };
    entry("state", model.plan_state.as_deref().unwrap_or("planned: nothing of it is written"));
    entry(
        "direction",
        match plan.direction {
            Direction::LeftToRight => "left to right: only the right table is written",
            Direction::RightToLeft => "right to left: only the left table is written",
            Direction::Both => "both: each side takes over the other's changes",
        },
    );
    if let Some(two_way) = &plan.two_way {
        entry("winner", &two_way.rules.winner.to_string());
        entry("base", two_way.base_at.as_deref().unwrap_or("none: this is a first run"));
        if let Some(note) = &two_way.note {
            entry("note", note);
        }
    }
    if let Some(limit) = plan.limits.max_changes {
        entry("limit on changes", &spoken(limit));
    }
    if let Some(limit) = plan.limits.max_deletes {
        entry("limit on deletes", &spoken(limit));
    }
    html.raw("</dl>");
    alone(plan, &mut html);
    if !plan.cascades.is_empty() {
        html.raw("<h3>Rows that hang on those to be deleted</h3><ul class=\"plain\">");
        for cascade in &plan.cascades {
            html.raw("<li>")
                .count(cascade.rows)
                .raw(if cascade.rows == 1 { " row" } else { " rows" })
                .raw(" of <code>")
                .text(&cascade.table)
                .raw("</code> on the ");
            html.text(&cascade.side).raw(", through <code>").text(&cascade.name).raw("</code></li>");
        }
        html.raw("</ul>");
    }
    if !plan.warnings.is_empty() {
        html.raw("<h3>To know before it is applied</h3><ul class=\"plain\">");
        for warning in &plan.warnings {
            html.raw("<li>").sentence(warning).raw("</li>");
        }
        html.raw("</ul>");
    }
    Some(Section::new("plan", "The plan", html))
}

fn spoken(limit: Limit) -> String {
    match limit {
        Limit::Rows(rows) => format!("{} rows", crate::audit::thousands(rows)),
        Limit::Percent(percent) => format!("{percent}% of the rows of the table"),
    }
}

fn steps(plan: &PlanFile, html: &mut Html) {
    html.raw(
        "<div class=\"box\"><table><caption class=\"unseen\">Steps by action and side</caption><thead><tr><td></td>",
    );
    html.raw("<th scope=\"col\" class=\"n side-left\">left</th><td></td><th scope=\"col\" class=\"n side-right\">right</th><td></td></tr></thead><tbody>");
    let mut line = |name: &str, sum: bool, counts: [u64; 2]| {
        html.raw(if sum { "<tr class=\"sum\" data-action=\"" } else { "<tr data-action=\"" }).attribute(name);
        html.raw("\"><th scope=\"row\">").text(name).raw("</th>");
        for (side, count) in counts.into_iter().enumerate() {
            html.raw("<td class=\"n\">").count(count).raw("</td><td class=\"n soft\">");
            if count > 0 {
                html.text(&percent(count, plan.sides[side].rows));
            }
            html.raw("</td>");
        }
        html.raw("</tr>");
    };
    for action in [Action::Create, Action::Update, Action::Delete] {
        line(action.word(), false, [0, 1].map(|side: usize| plan.sides[side].counts.of(action)));
    }
    line("steps", true, [0, 1].map(|side: usize| plan.sides[side].counts.total()));
    html.raw("</tbody></table></div><p class=\"small soft\">Shares are of the rows of the table that is written.</p>");
}

/// What the plan leaves as it is.
fn alone(plan: &PlanFile, html: &mut Html) {
    let counts: [(&'static str, u64); 5] = [
        ("conflicts, where both sides changed the row", plan.conflicts),
        ("undecided, since nothing proves whether the row was created or deleted", plan.undecided),
        ("ambiguous keys, which are not unique and differ", plan.ambiguous),
        ("rows with NULL in the key", plan.null_keys),
        ("rows with a value that does not fit", plan.misfits),
    ];
    if counts.iter().all(|(_, count)| *count == 0) && plan.left_out.is_empty() {
        return;
    }
    html.raw("<h3>Left alone</h3><ul class=\"plain\">");
    for (name, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
        html.raw("<li>").raw(name).raw(": ").count(count).raw("</li>");
    }
    for left_out in &plan.left_out {
        html.raw("<li>").sentence(&left_out.what).raw(" (").text(&left_out.side);
        if let Some(rows) = left_out.rows {
            html.raw(", ").count(rows).raw(if rows == 1 { " row" } else { " rows" });
        }
        html.raw("): ").sentence(&left_out.why);
        if !left_out.samples.is_empty() {
            let keys: Vec<String> = left_out.samples.iter().map(|key| key.join(", ")).collect();
            html.raw("; for example <code>").text(&keys.join(" · ")).raw("</code>");
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
}
