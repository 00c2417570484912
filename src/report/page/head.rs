//! The head of the page: which tables, when, and the answer in one sentence.

use super::markup::Html;
use super::model::PageModel;
use crate::audit::thousands;
use crate::plan::{Direction, PlanFile};
use crate::report::sentence::sentence;

/// The page's title.
pub fn title(model: &PageModel) -> String {
    match addresses(model) {
        Some([left, right]) => format!("{} and {}", short(&left), short(&right)),
        None => "trueup".to_owned(),
    }
}

fn addresses(model: &PageModel) -> Option<[String; 2]> {
    match (&model.audit, &model.plan) {
        (Some(audit), _) => Some([0, 1].map(|side: usize| audit.sides[side].address.clone())),
        (None, Some(plan)) => Some([0, 1].map(|side: usize| plan.sides[side].address.clone())),
        (None, None) => None,
    }
}

/// The last part of an address: the table, or the file.
fn short(address: &str) -> &str {
    let place = address.trim_end_matches('/');
    place.rsplit(['#', '/']).next().filter(|name| !name.is_empty()).unwrap_or(place)
}

/// The content of the header.
pub fn header(model: &PageModel) -> Html {
    let mut html = Html::default();
    let what = if model.plan.is_some() { "plan" } else { "audit" };
    html.raw("<p class=\"kicker\">trueup ").text(what).raw("</p>\n<h1>");
    match addresses(model) {
        Some([left, right]) => {
            html.raw("<span class=\"side-left\">").text(short(&left)).raw("</span> and <span class=\"side-right\">");
            html.text(short(&right)).raw("</span>");
        }
        None => {
            html.text(&model.folder);
        }
    }
    html.raw("</h1>\n<p class=\"verdict\" id=\"verdict\">");
    html.sentence(&verdict(model)).raw("</p>\n<dl class=\"sides\">");
    if let Some([left, right]) = addresses(model) {
        let mut entry = |name: &'static str, class: &'static str, address: &str, filter: Option<&String>| {
            html.raw("<dt>").raw(name).raw("</dt><dd><code class=\"").raw(class).raw("\">").text(address);
            html.raw("</code>");
            if let Some(filter) = filter {
                html.raw(" where <code>").text(filter).raw("</code>");
            }
            html.raw("</dd>");
        };
        let filter = |side: usize| match (&model.audit, &model.plan) {
            (Some(audit), _) => audit.sides[side].filter.as_ref(),
            (None, plan) => plan.as_ref().and_then(|plan| plan.sides[side].filter.as_ref()),
        };
        entry("left", "side-left", &left, filter(0));
        entry("right", "side-right", &right, filter(1));
    }
    if let Some(audit) = &model.audit {
        let name = super::super::values::key_name(&audit.key.columns, audit.key.chosen);
        html.raw("<dt>key</dt><dd><code>").text(&name).raw("</code> (");
        html.text(&audit.key.chosen.to_string()).raw(": ").text(&audit.key.why).raw(")</dd>");
    }
    if let Some(at) = made_at(model) {
        html.raw("<dt>when</dt><dd><time datetime=\"").attribute(at).raw("\">").text(&moment(at));
        html.raw("</time></dd>");
    }
    html.raw("</dl>");
    if !model.masked.is_empty() {
        html.raw("<p class=\"note masked\" id=\"masked\">Masked on this page: ");
        for (at, name) in model.masked.iter().enumerate() {
            html.raw(if at > 0 { ", " } else { "" }).raw("<code>").text(name).raw("</code>");
        }
        html.raw(". Their values are not in this file; ••• stands for any of them.</p>");
    }
    for note in &model.notes {
        html.raw("<p class=\"note\">").text(note).raw("</p>");
    }
    html
}

fn made_at(model: &PageModel) -> Option<&str> {
    match (&model.run, &model.plan) {
        (Some(run), _) => Some(&run.finished_at),
        (None, Some(plan)) => Some(&plan.made_at),
        (None, None) => None,
    }
}

/// A moment of RFC 3339 as a person reads it.
pub fn moment(text: &str) -> String {
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(time) => time.to_utc().format("%-d %B %Y, %H:%M:%S UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// The answer in one sentence, or two for a plan.
pub fn verdict(model: &PageModel) -> String {
    let compared = model.audit.as_ref().map(|audit| sentence(&audit.summary()));
    match (&model.plan, compared) {
        (Some(plan), Some(compared)) => format!("{} {compared}", planned(plan)),
        (Some(plan), None) => planned(plan),
        (None, compared) => compared.unwrap_or_default(),
    }
}

fn planned(plan: &PlanFile) -> String {
    let total: u64 = plan.sides.iter().map(|side| side.counts.total()).sum();
    let goal = match plan.direction {
        Direction::LeftToRight => "to make the right table agree with the left one",
        Direction::RightToLeft => "to make the left table agree with the right one",
        Direction::Both => "to carry each table's changes to the other",
    };
    let steps = match total {
        0 => "There is nothing to write".to_owned(),
        1 => format!("1 step {goal}"),
        _ => format!("{} steps {goal}", thousands(total)),
    };
    match plan.conflicts {
        0 => format!("{steps}."),
        1 => format!("{steps}; 1 conflict is left to be decided."),
        conflicts => format!("{steps}; {} conflicts are left to be decided.", thousands(conflicts)),
    }
}
