//! What columns without a partner may be: found by their values, never done without being told.

use super::document::Section;
use super::markup::Html;
use super::model::PageModel;
use super::reasons::command;

/// The proposals with the options that say so; `None` if there are none.
pub fn section(model: &PageModel) -> Option<Section> {
    let proposals = &model.audit.as_ref()?.proposals;
    if proposals.is_empty() {
        return None;
    }
    let mut html = Html::default();
    html.raw("<ul class=\"reasons\">");
    for proposal in proposals {
        html.raw("<li><p class=\"says\">").sentence(&format!("{}.", proposal.text)).raw("</p>");
        command(&mut html, &proposal.option);
        html.raw("</li>");
    }
    html.raw("</ul>");
    let count = Some(proposals.len() as u64);
    Some(Section { id: "proposals", title: "Columns that may belong together".to_owned(), count, body: html })
}
