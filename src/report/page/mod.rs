//! One page of a run or a plan: a single HTML file that needs no network, to be sent, read and printed.
//!
//! [`PageModel`] is what the page says, as data; what is masked is masked there, so that nothing behind
//! it can show it. [`page_html`] writes it down. What is read first (the verdict, reasons, counts and
//! charts) is plain HTML; the tables of rows stand in it as JSON, column by column, of which `page.js`
//! shows a page at a time.
//!
//! Values are data. In HTML they pass through [`markup::Html::text`], in JSON through
//! [`data::json_text`], and in the browser they become text nodes. The page's content policy allows its
//! own style and script, by their hashes, and nothing else: no network, no other script.

mod build;
mod chart;
mod columns;
mod conflicts;
mod counts;
mod data;
mod document;
mod evidence;
mod head;
mod markup;
mod mask;
mod model;
mod plan;
mod policy;
mod proposals;
mod reasons;
mod repeated;
mod rows;
mod steps;

pub use build::{PageError, PageOptions};
pub use document::page_html;
pub use model::PageModel;
