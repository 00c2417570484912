//! The whole page, from its template.

use super::data::table_json;
use super::markup::Html;
use super::model::{PageModel, PageTable};
use super::{columns, counts, evidence, head, plan, policy, proposals, reasons};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A section: its id, its name in the list of sections, how many things it is about, and its content.
pub struct Section {
    /// What links name.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// How many things it shows, if that is worth telling.
    pub count: Option<u64>,
    /// What stands below the heading.
    pub body: Html,
}

impl Section {
    /// A section without a count.
    pub fn new(id: &'static str, title: &str, body: Html) -> Self {
        Self { id, title: title.to_owned(), count: None, body }
    }
}

/// The page as HTML.
pub fn page_html(model: &PageModel) -> String {
    let mut sections: Vec<Section> = Vec::new();
    sections.extend(plan::section(model));
    sections.extend(reasons::section(model));
    sections.extend(counts::sections(model));
    sections.extend(columns::section(model));
    sections.extend(proposals::section(model));
    sections.extend(reasons::clusters(model));
    sections.extend(model.tables.iter().map(rows));
    sections.push(evidence::section(model));

    let mut data = String::new();
    for table in &model.tables {
        data.push_str(&format!("<script type=\"application/json\" id=\"data-{}\">", table.id));
        table_json(table, &mut data);
        data.push_str("</script>\n");
    }
    let mut title = Html::default();
    title.attribute(&head::title(model));
    let (style_hash, script_hash) = (policy::hash(STYLE), policy::hash(SCRIPT));
    fill(TEMPLATE, |name| match name {
        "title" => title.as_str().to_owned(),
        "generator" => concat!("trueup ", env!("CARGO_PKG_VERSION")).to_owned(),
        "style-hash" => style_hash.clone(),
        "script-hash" => script_hash.clone(),
        "style" => STYLE.to_owned(),
        "script" => SCRIPT.to_owned(),
        "header" => head::header(model).as_str().to_owned(),
        "nav" => nav(&sections).as_str().to_owned(),
        "main" => sections.iter().map(|one| section(one).as_str().to_owned()).collect(),
        "footer" => evidence::footer(model).as_str().to_owned(),
        "data" => std::mem::take(&mut data),
        _ => String::new(),
    })
}

/// Puts texts in the places of a template, in one pass: what is put in is not looked at again.
fn fill(template: &str, mut text: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
        out.push_str(&text(name));
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn nav(sections: &[Section]) -> Html {
    let mut html = Html::default();
    html.raw("<ul>");
    for section in sections {
        html.raw("<li><a href=\"#").attribute(section.id).raw("\">").text(&section.title).raw("</a>");
        if let Some(count) = section.count {
            html.raw("<span class=\"count\">").count(count).raw("</span>");
        }
        html.raw("</li>");
    }
    html.raw("</ul>");
    html
}

fn section(section: &Section) -> Html {
    let mut html = Html::default();
    html.raw("<section id=\"").attribute(section.id).raw("\" aria-labelledby=\"h-").attribute(section.id);
    html.raw("\">\n<h2 id=\"h-").attribute(section.id).raw("\">").text(&section.title).raw("</h2>\n");
    html.html(&section.body).raw("\n</section>\n");
    html
}

/// The section of a table of rows, which the script fills.
fn rows(table: &PageTable) -> Section {
    let mut html = Html::default();
    html.raw("<p class=\"lead\">").text(&table.lead).raw("</p>");
    if let Some(left_out) = &table.left_out {
        html.raw("<p class=\"note left-out\">").sentence(left_out).raw("</p>");
    }
    if let Some(command) = &table.command {
        reasons::command(&mut html, command);
    }
    html.raw("<div data-rows=\"").attribute(table.id).raw("\"></div>");
    Section { id: table.id, title: table.title.clone(), count: Some(table.total), body: html }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        assert_eq!(fill("a {{x}} b {{y}}", |name| format!("<{name} {{{{x}}}}>")), "a <x {{x}}> b <y {{x}}>");
    }

    #[test]
    fn style_and_script_stay_in_their_elements() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
        }
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("insertAdjacentHTML"));
    }
}
