//! Both themes, wide and narrow, by keyboard, and on paper.

use super::{Browser, airports, open, page};
use crate::support::Workdir;
use serde_json::{Value, json};

/// Texts whose contrast with what is behind them is below 4.5, as (text, ratio).
const PALE: &str = "(() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const found = colour(getComputedStyle(element).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const out = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('script, style, noscript, :disabled') || !element.getClientRects().length) continue;
    const pair = [light(colour(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) out.push([element.textContent.slice(0, 40), ratio]);
  }
  return out;
})()";

/// What a person who can't see needs: names of regions and fields, headings of tables.
const NAMELESS: &str = "[
  ...[...document.querySelectorAll('input, select')].filter((e) => !e.labels.length && !e.getAttribute('aria-label')),
  ...[...document.querySelectorAll('button')].filter((e) => !e.textContent.trim() && !e.getAttribute('aria-label')),
  ...[...document.querySelectorAll('main table')].filter((e) => !e.caption && !e.closest('details')),
  ...[...document.querySelectorAll('section, nav, [role=region]')].filter((e) => !e.getAttribute('aria-label') && !document.getElementById(e.getAttribute('aria-labelledby'))),
  ...[...document.querySelectorAll('svg')].filter((e) => e.getAttribute('aria-hidden') !== 'true'),
].map((e) => e.outerHTML.slice(0, 100))";

#[test]
fn it_is_readable_in_both_themes_at_any_width() {
    let dir = Workdir::new();
    let [left, right] = airports();
    dir.audit(&left, &right, &["--out", "run"]).json(1);
    let path = page(&dir, "run", &["--mask", "iata"]);
    let browser = Browser::start();
    let mut papers = Vec::new();
    for theme in ["light", "dark"] {
        browser.theme(theme);
        for width in [390, 768, 1280] {
            browser.size(width, 844);
            open(&browser, &path);
            let width_of = |what: &str| browser.eval(&format!("document.documentElement.{what}")).as_i64().unwrap();
            assert!(width_of("scrollWidth") <= i64::from(width), "{theme} at {width} scrolls sideways");
            assert_eq!(browser.eval(PALE), json!([]), "{theme} at {width}");
        }
        papers.push(browser.text("getComputedStyle(document.body).backgroundColor"));
        // A wide table scrolls in its own box.
        browser.size(390, 844);
        let inside = "(() => { const box = document.querySelector('#left-only .rows'); return box.scrollWidth > box.clientWidth; })()";
        assert_eq!(browser.eval(inside), json!(true));
    }
    assert_ne!(papers[0], papers[1]);
    assert_eq!(browser.eval(NAMELESS), json!([]));
    let landmarks =
        "['header', 'nav', 'main', 'footer'].map((name) => document.querySelectorAll('body > ' + name).length)";
    assert_eq!(browser.eval(landmarks), json!([1, 1, 1, 1]));
    assert_eq!(browser.eval("document.querySelectorAll('h1').length"), json!(1));
    browser.assert_quiet();
}

#[test]
fn it_works_by_keyboard() {
    const TAB: char = '\u{e004}';
    const ENTER: char = '\u{e007}';
    let dir = Workdir::new();
    let (left, right) = (dir.write("l.csv", "id,v\n1,a\n2,b\n3,c\n"), dir.write("r.csv", "id,v\n3,c\n"));
    dir.audit(&left, &right, &["--out", "run"]).json(1);
    let browser = Browser::start();
    open(&browser, &page(&dir, "run", &[]));
    browser.press(TAB);
    assert_eq!(browser.text("document.activeElement.className"), "skip");
    assert!(browser.eval("document.activeElement.getBoundingClientRect().top >= 0") == json!(true), "it is seen");
    browser.press(ENTER);
    browser.wait("document.activeElement.id === 'main'");
    // On to the first heading that sorts.
    for _ in 0..50 {
        browser.press(TAB);
        if browser.eval("document.activeElement.matches('#left-only th button')") == json!(true) {
            break;
        }
    }
    assert_eq!(browser.eval("getComputedStyle(document.activeElement).outlineStyle"), json!("solid"));
    browser.press(ENTER);
    browser.press(ENTER);
    assert_eq!(browser.text("document.activeElement.closest('th').getAttribute('aria-sort')"), "descending");
    assert_eq!(super::column(&browser, "left-only", 1), ["2", "1"]);
    browser.assert_quiet();
}

#[test]
fn it_prints() {
    let dir = Workdir::new();
    let [left, right] = airports();
    dir.audit(&left, &right, &["--out", "run"]).json(1);
    let browser = Browser::start();
    browser.theme("dark");
    open(&browser, &page(&dir, "run", &[]));
    browser.devtools(
        "Emulation.setEmulatedMedia",
        json!({"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]}),
    );
    assert_eq!(browser.text("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assert_eq!(browser.text("getComputedStyle(document.querySelector('nav')).display"), "none");
    // Paper can't be scrolled: all columns of a row are on it.
    browser.size(720, 1000);
    assert!(browser.eval("document.documentElement.scrollWidth").as_i64().unwrap() <= 720);
    let printed = browser.devtools("Page.printToPDF", json!({}));
    assert!(printed["data"].as_str().is_some_and(|data| data.starts_with("JVBERi") && data.len() > 20_000));
    assert_ne!(printed, Value::Null);
}
