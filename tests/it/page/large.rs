//! Tables of more than 50,000 rows.

use super::{Browser, column, open, page};
use crate::support::Workdir;
use std::fmt::Write;

/// Milliseconds that a search or sort may take: well above what it takes, well below a lag that hurts.
const MOST: f64 = 1000.0;

#[test]
fn more_than_50_000_rows_are_searched_and_sorted_at_once() {
    let dir = Workdir::new();
    let head = "id,name,city,amount,created\n";
    let (mut left, mut right) = (head.to_owned(), head.to_owned());
    for i in 0..60_000_u64 {
        // Scattered, and the same on every run.
        let odd = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let rest = format!("{odd},2024-03-{:02} 02:{:02}:00", i % 28 + 1, i % 60);
        writeln!(left, "{i},person {odd},city {},{rest}", odd % 500).unwrap();
        writeln!(right, "{i},person {odd}!,city {},{rest}", odd % 500).unwrap();
        writeln!(left, "{},only {odd},city {},{rest}", i + 1_000_000, odd % 500).unwrap();
    }
    let (left, right) = (dir.write("l.csv", left), dir.write("r.csv", right));
    dir.audit(&left, &right, &["--key", "id", "--out", "run", "--no-reasons"]).json(1);
    let path = page(&dir, "run", &[]);
    let browser = Browser::start();
    open(&browser, &path);
    let status = |table: &str| browser.text(&format!("document.querySelector('#{table} [role=status]').textContent"));
    let took = |what: &str, table: &str| {
        let took = browser
            .text(&format!("document.querySelector('[data-rows={table}]').dataset.took"))
            .parse::<f64>()
            .unwrap();
        println!("{what} {table}: {took:.0} ms");
        assert!(took < MOST, "{what} {table} took {took} ms");
    };

    for (table, what) in [("left-only", "rows"), ("changed", "cells")] {
        assert_eq!(status(table), format!("1–25 of 50,000 {what}"));
        let note = browser.text(&format!("document.querySelector('#{table} .left-out').textContent"));
        assert!(note.contains("the first 50,000 of 60,000") && note.contains("The other 10,000 are in run"), "{note}");
        for heading in 1..=4 {
            browser.click(&format!("#{table} th:nth-child({heading}) button"));
            took("sorting", table);
            browser.click(&format!("#{table} th:nth-child({heading}) button"));
            took("sorting", table);
        }
        browser.keys(&format!("#search-{table}"), "person 77");
        if table == "left-only" {
            browser.keys("#search-left-only", "\u{e003}".repeat(9).as_str());
            browser.keys("#search-left-only", "only 77");
        }
        browser.wait(&format!("document.querySelector('#{table} [role=status]').textContent.includes('(of 50,000)')"));
        took("searching", table);
    }
    assert!(column(&browser, "left-only", 2).iter().all(|name| name.starts_with("only 77")));
    browser.eval("(() => { const field = document.querySelector('#changed input.page'); field.value = '3'; field.dispatchEvent(new Event('change')); })()");
    assert!(status("changed").starts_with("51–75 of"), "{}", status("changed"));
    assert!(browser.eval("document.querySelectorAll('tr').length").as_i64().unwrap() < 200);
    browser.assert_quiet();

    // Everything is there if it is asked for, and little if that is.
    open(&browser, &page(&dir, "run", &["--rows", "100000"]));
    assert_eq!(status("left-only"), "1–25 of 60,000 rows");
    assert_eq!(browser.texts(".left-out").len(), 0);
    open(&browser, &page(&dir, "run", &["--rows", "10"]));
    assert_eq!(status("left-only"), "10 rows");
}
