//! What the page says is what the run says, and its tables can be searched, sorted and filtered.

use super::{Browser, airports, column, number, open, page};
use crate::support::{Workdir, count};
use serde_json::{Value, json};

/// The numbers of a line of a table of counts.
fn line(browser: &Browser, selector: &str) -> Vec<i64> {
    browser.texts(&format!("{selector} td.n:not(.soft)")).iter().map(|text| number(text)).collect()
}

#[test]
fn numbers_are_those_of_the_run() {
    let dir = Workdir::new();
    let [left, right] = airports();
    let run = dir.file("run");
    let json = dir.audit(&left, &right, &["--out", &run]).json(1);
    let browser = Browser::start();
    open(&browser, &page(&dir, &run, &[]));

    for name in ["rows", "distinct_keys", "duplicates", "null_keys"] {
        let expected = ["left", "right"].map(|side| count(&json, &format!("/{side}/{name}")));
        assert_eq!(line(&browser, &format!("[data-count={name}]")), expected, "{name}");
    }
    let only = ["only_left", "only_right"].map(|side| count(&json, &format!("/keys/{side}")));
    assert_eq!(line(&browser, "[data-count=only]"), only);
    for (name, pointer) in [
        ("equal", "/rows/equal"),
        ("changed", "/rows/changed"),
        ("ambiguous", "/keys/ambiguous"),
        ("in_both", "/keys/in_both"),
    ] {
        assert_eq!(line(&browser, &format!("[data-count={name}]")), [count(&json, pointer)], "{name}");
    }
    let bridge = |of: &str| json["bridge"].as_array().unwrap().iter().map(|term| term[of].clone()).collect::<Vec<_>>();
    assert_eq!(line(&browser, "#bridge"), bridge("rows").iter().map(|rows| rows.as_i64().unwrap()).collect::<Vec<_>>());
    assert_eq!(
        browser.texts("#bridge tbody th"),
        bridge("term").iter().map(|term| term.as_str().unwrap()).collect::<Vec<_>>()
    );
    for column in json["columns"].as_array().unwrap().iter().filter(|column| column["changed"] != 0) {
        let name = column["left"].as_str().unwrap();
        assert_eq!(
            line(&browser, &format!("[data-column='{name}']"))[0],
            column["changed"].as_i64().unwrap(),
            "{name}"
        );
    }
    reasons(&browser, &json);
    let total = |id: &str| {
        number(&browser.text(&format!("document.querySelector('nav a[href=\"#{id}\"] + .count').textContent")))
    };
    assert_eq!([total("left-only"), total("right-only")], only);
    assert_eq!(total("changed"), count(&json, "/rows/changed"));
    browser.assert_quiet();
}

/// All reasons are there, in their order, with their numbers and what to paste.
fn reasons(browser: &Browser, json: &Value) {
    let reasons = json["reasons"].as_array().unwrap();
    let texts: Vec<String> = reasons.iter().map(|reason| reason["text"].as_str().unwrap().replace('`', "")).collect();
    assert_eq!(browser.texts(".reasons .says"), texts);
    let numbers = |of: &str| reasons.iter().map(|reason| reason[of].as_i64().unwrap()).collect::<Vec<_>>();
    for (class, of) in [("some", "rows"), ("of", "of")] {
        let shown: Vec<i64> =
            browser.texts(&format!(".reasons .share .{class}")).iter().map(|text| number(text)).collect();
        assert_eq!(shown, numbers(of));
    }
}

/// Puts reasons of our own into a run that was kept.
fn plant(dir: &Workdir, run: &str, reasons: Value) {
    let path = dir.path().join(run).join("run.json");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    file["audit"]["reasons"] = reasons;
    file["reasons"] = json!(true);
    std::fs::write(path, file.to_string()).unwrap();
}

#[test]
fn reasons_of_every_kind_are_shown() {
    let dir = Workdir::new();
    let [left, right] = airports();
    dir.audit(&left, &right, &["--out", "run", "--no-reasons"]).json(1);
    let browser = Browser::start();
    open(&browser, &page(&dir, "run", &[]));
    assert!(browser.text("document.querySelector('#why').textContent").contains("not looked for"));

    let reason = |kind: &str,
                  side: &str,
                  column: &str,
                  rule: &str,
                  rows: u64,
                  of: u64,
                  text: &str,
                  fix: Option<&str>| {
        json!({"kind": kind, "side": side, "columns": [column], "rule": rule, "rows": rows, "of": of, "text": text, "fix": fix,
            "examples": [{"key": ["EDDB"], "left": "Berlin ", "right": "<i>Berlin</i>"}, {"key": ["EDDC"], "left": null, "right": ""}]})
    };
    let hostile = "all have city = '</code><script>window.hacked=1</script>'";
    let planted = json!([
        reason(
            "values",
            "both",
            "lat",
            "rounding",
            1500,
            1869,
            "1,500 of 1,869 changed cells of `lat` were rounded.",
            Some("--compare lat=tolerance:0.0001")
        ),
        reason("values", "both", "lat", "sign", 9, 1869, "9 of 1,869 changed cells of `lat` have another sign.", None),
        reason(
            "values",
            "both",
            "city",
            "accents",
            31,
            31,
            "All 31 changed cells of `city` have other accents.",
            Some("--compare city=ignore-accents")
        ),
        reason("cluster", "left", "city", "city = '</code><script>window.hacked=1</script>'", 15, 15, hostile, None),
        reason(
            "near-key",
            "left",
            "icao",
            "trim",
            3,
            15,
            "3 of 15 left-only keys match once trailing spaces are removed.",
            None
        ),
    ]);
    plant(&dir, "run", planted);
    open(&browser, &page(&dir, "run", &[]));
    assert_eq!(browser.texts(".reasons .says").len(), 5);
    assert_eq!(browser.texts(".reasons .says")[3], hostile);
    assert_eq!(browser.texts(".fix code"), ["--compare lat=tolerance:0.0001", "--compare city=ignore-accents"]);
    assert_eq!(browser.texts("#clusters tbody th"), ["city = '</code><script>window.hacked=1</script>'"]);
    assert_eq!(line(&browser, "#clusters"), [15, 15]);
    // Each changed cell is in one part of its column's bar.
    let kinds = |column: &str| browser.texts(&format!("[data-column={column}] .kinds li"));
    assert_eq!(kinds("lat"), ["rounding 1,500", "sign 9", "other 360"]);
    assert_eq!(kinds("city"), ["accents 31"]);
    assert_eq!(kinds("lon").len(), 0);
    let examples = browser.texts(".reasons li:first-child details td");
    assert_eq!(examples, ["Berlin␣", "<i>Berlin</i>", "NULL", "(empty)"]);
    assert_eq!(browser.eval("typeof window.hacked"), json!("undefined"));
    browser.assert_quiet();

    // What a masked column's values are is not said.
    let text = std::fs::read_to_string(page(&dir, "run", &["--mask", "city"])).unwrap();
    assert!(!text.contains("hacked") && text.contains("31 of 31 changed cells of"), "{}", &text[..2000]);
}

#[test]
fn tables_are_searched_sorted_and_filtered() {
    let dir = Workdir::new();
    let left: String = (1..=300).map(|i| format!("{i},name {i},{}\n", i % 7)).collect();
    let right: String = (201..=400).map(|i| format!("{i},Name {i},{}\n", i % 7 + i64::from(i % 10 == 0))).collect();
    let (left, right) =
        (dir.write("l.csv", format!("id,name,size\n{left}")), dir.write("r.csv", format!("id,name,size\n{right}")));
    dir.audit(&left, &right, &["--key", "id", "--out", "run"]).json(1);
    let browser = Browser::start();
    open(&browser, &page(&dir, "run", &[]));
    let status = |table: &str| browser.text(&format!("document.querySelector('#{table} [role=status]').textContent"));

    // Rows on the left only: 1 to 200, the first 25 of them.
    assert_eq!(status("left-only"), "1–25 of 200 rows");
    assert_eq!(column(&browser, "left-only", 1).len(), 25);
    let sort = "#left-only th:nth-child(1) button";
    browser.click(sort);
    assert_eq!(column(&browser, "left-only", 1)[..3], ["1", "2", "3"]);
    browser.click(sort);
    assert_eq!(column(&browser, "left-only", 1)[..3], ["200", "199", "198"]);
    assert_eq!(browser.text("document.querySelector('#left-only th').getAttribute('aria-sort')"), "descending");
    browser.click("#left-only .pager button[aria-label='Last page']");
    assert_eq!(status("left-only"), "176–200 of 200 rows");
    assert_eq!(column(&browser, "left-only", 1).last().unwrap(), "1");
    browser.click(sort);
    assert!(browser.eval("document.querySelector('#left-only th').getAttribute('aria-sort')").is_null());

    browser.keys("#search-left-only", "NAME 19");
    browser.wait("document.querySelector('#left-only [role=status]').textContent === '11 rows (of 200)'");
    assert_eq!(column(&browser, "left-only", 2)[..2], ["name 19", "name 190"]);
    browser.keys("#search-left-only", " is not there");
    browser.wait("document.querySelector('#left-only [role=status]').textContent === '0 rows (of 200)'");
    assert_eq!(browser.texts("#left-only .rows tbody td"), ["Nothing is like that."]);

    // Changed: every name, and the size of every tenth row.
    assert_eq!(status("changed"), "1–25 of 110 cells");
    browser.choose("#changed .tools select", "size");
    browser.wait("document.querySelector('#changed [role=status]').textContent === '10 cells (of 110)'");
    assert!(column(&browser, "changed", 2).iter().all(|name| name == "size"));
    assert_eq!(browser.texts("#changed mark.l").len(), 10);
    browser.assert_quiet();
}

#[test]
fn steps_and_conflicts_of_a_plan() {
    let dir = Workdir::new();
    let left = dir.write("l.csv", "id,name,note\n1,a,x\n2,b,left\n3,c,x\n5,left only,\n");
    let right = dir.write("r.csv", "id,name,note\n1,a,x\n2,b,right\n3,c,x\n6,right only,\n");
    let browser = Browser::start();

    let json = dir.plan(&left, &right, "one", &["--key", "id"]).json(1);
    open(&browser, &page(&dir, "one", &[]));
    for action in ["create", "update", "delete"] {
        let expected = ["left", "right"].map(|side| count(&json, &format!("/{side}/{action}")));
        assert_eq!(line(&browser, &format!("[data-action={action}]")), expected, "{action}");
    }
    assert_eq!(browser.text("document.querySelector('#steps [role=status]').textContent"), "3 steps");
    browser.choose("#steps .tools select", "update");
    browser.wait("document.querySelector('#steps [role=status]').textContent === '1 step (of 3)'");
    assert_eq!(browser.texts("#steps .changes li"), ["noteright→ becomes left"]);
    browser.assert_quiet();

    dir.plan(&left, &right, "both", &["--key", "id", "--direction", "both"]).json(1);
    open(&browser, &page(&dir, "both", &[]));
    assert_eq!(browser.text("document.querySelector('#conflicts [role=status]').textContent"), "1 conflict");
    let said = browser.texts("#conflicts .changes li");
    assert_eq!(said, ["noteleft left · right right · base no row"]);
    browser.assert_quiet();
}
