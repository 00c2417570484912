//! Values that want to be more than text.

use super::{Browser, column, open, page};
use crate::support::Workdir;
use serde_json::json;

const HOSTILE: [&str; 12] = [
    "<script>window.hacked = 1</script>",
    "\"><img src=x onerror=\"window.hacked = 2\">",
    "</script><script>window.hacked = 3</script>",
    "<!--<script>",
    "]]></script><svg onload=window.hacked=4>",
    "javascript:window.hacked=5",
    "a\u{2028}b\u{2029}c",
    "\u{202e}txet desrever",
    "{{main}}{{data}}",
    "\\u003cscript\\u003e",
    "&lt;b&gt; &amp; 'quotes'",
    "𝄞 e\u{301} \u{0}",
];

/// As it is shown: what can't be seen is named.
fn shown(value: &str) -> String {
    let odd = |c: char| c == '\u{0}' || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}' | '\u{301}');
    value.chars().map(|c| if odd(c) { format!("U+{:04X}", u32::from(c)) } else { c.to_string() }).collect()
}

fn csv(rows: &[(usize, &str)], column: &str) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let rows = rows.iter().map(|(id, value)| format!("{id},{},{}\n", quote(value), quote(&format!("{value}!"))));
    std::iter::once(format!("id,{},note\n", quote(column))).chain(rows).collect()
}

#[test]
fn hostile_values_stay_text() {
    let dir = Workdir::new();
    let name = "<b onclick=\"window.hacked=6\">`x`</b>";
    let rows: Vec<(usize, &str)> = HOSTILE.iter().copied().enumerate().collect();
    let changed: Vec<(usize, &str)> = rows.iter().map(|(id, _)| (id + 100, "plain")).collect();
    let left = [rows.clone(), rows.iter().map(|(id, value)| (id + 100, *value)).collect()].concat();
    let (left, right) = (dir.write("l.csv", csv(&left, name)), dir.write("r.csv", csv(&changed, name)));
    dir.audit(&left, &right, &["--key", "id", "--out", "run"]).json(1);
    let path = page(&dir, "run", &[]);
    let browser = Browser::start();
    open(&browser, &path);

    assert_eq!(column(&browser, "left-only", 2), HOSTILE.map(shown));
    let headings = browser.texts("#left-only th");
    assert_eq!(headings[1], name);
    // Of a changed pair both are shown; marks around a part of it change nothing.
    let changed = column(&browser, "changed", 3);
    for value in HOSTILE.map(shown) {
        assert!(changed.contains(&value), "`{value}` is not in {changed:?}");
    }
    // A search finds them, and a filter's choices are text too.
    browser.keys("#search-left-only", "<script>window.hacked = 1");
    browser.wait("document.querySelector('#left-only [role=status]').textContent === '1 row (of 12)'");
    let options = browser.texts("#changed option");
    assert!(options.iter().any(|option| option.starts_with(name)), "{options:?}");

    assert_eq!(browser.eval("typeof window.hacked"), json!("undefined"));
    let made = "document.querySelectorAll('img, main script, header script, [onclick], [onerror], [onload], iframe, main a[href]:not([href^=\"#\"])').length";
    assert_eq!(browser.eval(made), json!(0));
    browser.assert_quiet();
}

#[test]
fn the_page_may_load_and_run_nothing_else() {
    let dir = Workdir::new();
    let (left, right) = (dir.write("l.csv", "id,v\n1,a\n2,b\n"), dir.write("r.csv", "id,v\n1,a\n2,c\n"));
    dir.audit(&left, &right, &["--out", "run"]).json(1);
    let browser = Browser::start();
    open(&browser, &page(&dir, "run", &[]));
    assert_eq!(browser.eval("performance.getEntriesByType('resource').length"), json!(0));
    // Even a script or picture that got into the page would not run or be fetched.
    browser.eval("(() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1'; document.body.append(s); })()");
    assert_eq!(browser.eval("typeof window.hacked"), json!("undefined"));
    browser.eval("(() => { window.refused = []; addEventListener('securitypolicyviolation', (e) => window.refused.push(e.effectiveDirective)); const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; })()");
    browser.wait("window.refused.includes('img-src')");
}
