//! The command's own manners.

use super::{page, report};
use crate::support::{Kind, Place, Table, Type, Workdir, passwords};

fn audited(dir: &Workdir) {
    let (left, right) = (dir.write("l.csv", "id,email\n1,a\n2,b\n"), dir.write("r.csv", "id,email\n1,a\n2,c\n"));
    dir.audit(&left, &right, &["--out", "run"]).json(1);
}

#[test]
fn nothing_is_overwritten_unasked() {
    let dir = Workdir::new();
    audited(&dir);
    let out = dir.write("page.html", "mine");
    report(&dir, "run", &out, &[]).fails_with(&["page.html exists already", "--force"]);
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
    let run = report(&dir, "run", &out, &["--force"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(std::fs::read_to_string(&out).unwrap().starts_with("<!doctype html>"));
    report(&dir, "run", &dir.file("no/such/page.html"), &[]).fails_with(&["can't write", "--out"]);
    report(&dir, "run", &dir.file("run"), &["--force"]).fails_with(&["is a folder"]);
    dir.assert_nothing_half_done();
}

#[test]
fn a_column_to_mask_must_be_there() {
    let dir = Workdir::new();
    audited(&dir);
    let out = dir.file("page.html");
    report(&dir, "run", &out, &["--mask", "emial"])
        .fails_with(&["no table has a column `emial`", "did you mean `email`?"]);
    assert!(!std::path::Path::new(&out).exists());
}

#[test]
fn only_runs_and_plans_have_pages() {
    let dir = Workdir::new();
    audited(&dir);
    std::fs::create_dir(dir.file("empty")).unwrap();
    for folder in ["empty", "missing"] {
        report(&dir, folder, &dir.file("page.html"), &[]).fails_with(&["is no run"]);
    }
    std::fs::write(dir.path().join("run/run.json"), "{").unwrap();
    report(&dir, "run", &dir.file("page.html"), &[]).fails_with(&["damaged"]);
}

#[test]
fn tables_that_agree_have_a_page_too() {
    let dir = Workdir::new();
    let (left, right) = (dir.write("l.csv", "id,v\n1,a\n"), dir.write("r.csv", "id,v\n1,a\n"));
    dir.audit(&left, &right, &["--out", "run"]).json(0);
    let text = std::fs::read_to_string(page(&dir, "run", &[])).unwrap();
    assert!(text.contains("The tables agree: 1 key is equal in both columns."), "{text}");
}

#[test]
fn no_password_is_on_the_page() {
    let mut place = Place::new();
    let table = Table { columns: vec![("id", Type::Integer)], primary_key: 1, rows: vec![vec![Some("2".to_owned())]] };
    let left = place.store(Kind::Postgres, &table);
    let right = place.dir.write("r.csv", "id\n1\n");
    place.dir.audit(&left, &right, &["--key", "id", "--out", "run"]).json(1);
    place.dir.plan(&left, &right, "plan", &["--key", "id", "--direction", "both"]).json(1);
    for folder in ["run", "plan"] {
        let text = std::fs::read_to_string(page(&place.dir, folder, &[])).unwrap();
        for secret in passwords() {
            assert!(!text.contains(&secret), "the password is in the page of a {folder}");
        }
    }
}
