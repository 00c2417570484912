//! Where all of it comes from: the job, the snapshots, the pairing of columns, the plan's files.

use super::document::Section;
use super::head::moment;
use super::markup::Html;
use super::model::{PageModel, PageSnapshot};
use crate::audit::{Audit, thousands};
use crate::plan::PlanFile;
use crate::report::sentence::how;
use crate::report::values::pair_name;
use crate::table::{Alignment, softened_by};

/// The last section.
pub fn section(model: &PageModel) -> Section {
    let mut html = Html::default();
    html.raw("<h3>The job</h3><dl class=\"list\">");
    entry("folder", &model.folder, true, &mut html);
    if let Some(run) = &model.run {
        entry("started", &moment(&run.started_at), false, &mut html);
        entry("finished", &moment(&run.finished_at), false, &mut html);
        entry("options", if run.options.is_empty() { "none" } else { "" }, false, &mut html);
        for option in &run.options {
            entry("", option, true, &mut html);
        }
        entry("made by", &run.written_by, false, &mut html);
    }
    if let Some(plan) = &model.plan {
        entry("planned", &moment(&plan.made_at), false, &mut html);
        entry("planned by", &plan.written_by, false, &mut html);
    }
    html.raw("</dl>");
    if !model.snapshots.is_empty() {
        html.raw("<div class=\"facts\">");
        model.snapshots.iter().for_each(|snapshot| show(snapshot, &mut html));
        html.raw("</div>");
    } else if let Some(plan) = &model.plan {
        sides(plan, &mut html);
    }
    if let Some(audit) = &model.audit {
        notes(audit, &mut html);
    }
    let alignment = match (&model.audit, &model.plan) {
        (Some(audit), _) => Some(audit.alignment()),
        (None, plan) => plan.as_ref().map(|plan| &plan.alignment),
    };
    if let Some(alignment) = alignment {
        pairing(alignment, &mut html);
    }
    if let Some(plan) = &model.plan {
        files(plan, &mut html);
    }
    Section::new("evidence", "Evidence", html)
}

/// The last line.
pub fn footer(model: &PageModel) -> Html {
    let mut html = Html::default();
    html.raw("<p>Made by ").raw(concat!("trueup ", env!("CARGO_PKG_VERSION"))).raw(" from <code>").text(&model.folder);
    html.raw("</code>. This file is complete by itself: it loads nothing and sends nothing.</p>");
    html
}

fn entry(name: &'static str, text: &str, code: bool, html: &mut Html) {
    html.raw("<dt>").raw(name).raw("</dt><dd>").raw(if code { "<code>" } else { "" }).text(text);
    html.raw(if code { "</code></dd>" } else { "</dd>" });
}

fn show(snapshot: &PageSnapshot, html: &mut Html) {
    html.raw("<div><h3>Snapshot ")
        .raw(snapshot.side)
        .raw("</h3><dl class=\"list\" data-snapshot=\"")
        .raw(snapshot.side);
    html.raw("\">");
    entry("address", &snapshot.address, true, html);
    if let Some(filter) = &snapshot.filter {
        entry("where", filter, true, html);
    }
    entry("exported", &moment(&snapshot.exported_at), false, html);
    entry("rows", &thousands(snapshot.rows), false, html);
    match snapshot.counted {
        Some(counted) if counted == snapshot.rows => {
            entry(
                "counted",
                &format!("{} by the database itself, in the same transaction", thousands(counted)),
                false,
                html,
            );
        }
        Some(counted) => entry("counted", &format!("{} by the database itself", thousands(counted)), false, html),
        None => {}
    }
    entry("columns", &thousands(snapshot.columns as u64), false, html);
    entry("of one moment", &snapshot.consistency, false, html);
    for (column, values) in &snapshot.others {
        entry("not held", &format!("{} values of {column} that its type cannot hold", thousands(*values)), false, html);
    }
    for file in &snapshot.files {
        html.raw("<dt>file</dt><dd><code>").text(&file.path).raw("</code>, ").count(file.bytes).raw(" bytes");
        if let Some(modified) = &file.modified {
            html.raw(", last written ").text(&moment(modified));
        }
        html.raw("</dd>");
    }
    entry("made by", &snapshot.written_by, false, html);
    html.raw("</dl></div>");
}

/// Both tables of a plan that was made from changed rows only.
fn sides(plan: &PlanFile, html: &mut Html) {
    html.raw("<div class=\"facts\">");
    for (side, name) in plan.sides.iter().zip(["left", "right"]) {
        html.raw("<div><h3>Table ").raw(name).raw("</h3><dl class=\"list\">");
        entry("address", &side.address, true, html);
        if let Some(filter) = &side.filter {
            entry("where", filter, true, html);
        }
        entry("read", &moment(&side.exported_at), false, html);
        entry("rows", &thousands(side.rows), false, html);
        html.raw("</dl></div>");
    }
    html.raw("</div>");
}

fn notes(audit: &Audit, html: &mut Html) {
    if audit.warnings.is_empty() && audit.softened.is_empty() {
        return;
    }
    html.raw("<h3>To know before believing the result</h3><ul class=\"plain\">");
    for warning in &audit.warnings {
        html.raw("<li>").sentence(warning).raw("</li>");
    }
    for softened in &audit.softened {
        html.raw("<li><code>").text(&pair_name(&softened.left, &softened.right));
        html.raw("</code> is compared ").text(&how(&softened.softener));
        let rows = if softened.rows == 1 { " row</li>" } else { " rows</li>" };
        html.raw(", which made it equal in ").count(softened.rows).raw(rows);
    }
    html.raw("</ul>");
}

fn pairing(alignment: &Alignment, html: &mut Html) {
    html.raw("<h3>Which column is which</h3><div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"Which column is which\"><table>");
    html.raw("<caption class=\"unseen\">Which column is which</caption><thead><tr><th scope=\"col\">left</th><th scope=\"col\">type</th>");
    html.raw(
        "<th scope=\"col\">right</th><th scope=\"col\">type</th><th scope=\"col\">compared as</th></tr></thead><tbody>",
    );
    for pair in &alignment.pairs {
        html.raw("<tr><th scope=\"row\">")
            .text(&pair.left.name)
            .raw("</th><td class=\"soft\">")
            .text(&pair.left.native);
        html.raw("</td><td>")
            .text(&pair.right.name)
            .raw("</td><td class=\"soft\">")
            .text(&pair.right.native)
            .raw("</td><td>");
        if alignment.ignored.contains(&pair.left.name) {
            html.raw("not compared");
        } else {
            html.text(&pair.family.to_string());
            if !pair.softened_by.is_empty() {
                html.raw(", softened by ").text(&softened_by(&pair.softened_by));
            }
        }
        html.raw("</td></tr>");
    }
    for (names, left) in [(&alignment.only_left, true), (&alignment.only_right, false)] {
        for name in names {
            html.raw("<tr><th scope=\"row\">").text(if left { name } else { "" }).raw("</th><td></td><td>");
            html.text(if left { "" } else { name }).raw("</td><td></td><td class=\"soft\">no partner</td></tr>");
        }
    }
    html.raw("</tbody></table></div>");
}

fn files(plan: &PlanFile, html: &mut Html) {
    html.raw("<h3>The plan's files</h3><div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"The plan's files\"><table>");
    html.raw("<caption class=\"unseen\">The plan's files</caption><thead><tr><th scope=\"col\">file</th><th scope=\"col\" class=\"n\">bytes</th>");
    html.raw("<th scope=\"col\">XXH3-128</th></tr></thead><tbody>");
    for part in &plan.parts {
        html.raw("<tr><th scope=\"row\"><code>").text(&part.name).raw("</code></th><td class=\"n\">").count(part.bytes);
        html.raw("</td><td><code>").text(&part.hash).raw("</code></td></tr>");
    }
    html.raw("<tr><th scope=\"row\"><code>plan.json</code></th><td></td><td><code>").text(&plan.checksum);
    html.raw("</code></td></tr></tbody></table></div>");
}
