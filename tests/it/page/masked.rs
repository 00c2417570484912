//! Masked values are nowhere in the file.

use super::{Browser, open, page};
use crate::support::Workdir;

const SECRETS: [&str; 4] = ["ann@secret.example", "bob@secret.example", "BOB@secret.example", "eve@secret.example"];

fn assert_masked(path: &str, column: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    for secret in SECRETS.iter().chain(&["secret"]) {
        assert!(!text.contains(secret), "`{secret}` is in {path}");
    }
    assert!(text.contains("•••") && text.contains(column), "{path}");
}

fn tables(dir: &Workdir) -> [String; 2] {
    let [ann, bob, loud_bob, eve] = SECRETS;
    let rest: String = (10..40).map(|i| format!("{i},p{i}@secret.example,x\n")).collect();
    let left = format!("id,email,note\n1,{ann},x\n2,{bob},old\n3,{eve},x\n3,{eve},y\n,{eve},z\n{rest}");
    let loud: String = (10..40).map(|i| format!("{i},P{i}@secret.example,x\n")).collect();
    let right = format!("id,mail,note\n2,{loud_bob},new\n4,{eve},x\n{loud}");
    [dir.write("l.csv", left), dir.write("r.csv", right)]
}

#[test]
fn a_masked_column_leaves_no_trace() {
    let dir = Workdir::new();
    let [left, right] = tables(&dir);
    let filter = "email <> 'secret' or email is null";
    let job = ["--key", "id", "--map", "email=mail", "--where-left", filter];
    dir.audit(&left, &right, &[&job[..], &["--out", "run"]].concat()).json(1);
    let plain = std::fs::read_to_string(page(&dir, "run", &[])).unwrap();
    assert!(SECRETS.iter().all(|secret| plain.contains(secret)));
    // By either side's name.
    for name in ["email", "mail"] {
        assert_masked(&page(&dir, "run", &["--mask", name]), "email = mail");
    }
    dir.plan(&left, &right, "plan", &job).json(1);
    assert_masked(&page(&dir, "plan", &["--mask", "email"]), "email = mail");

    let browser = Browser::start();
    open(&browser, &page(&dir, "run", &["--mask", "email", "--mask", "note"]));
    let said = browser.text("document.querySelector('#masked').textContent");
    assert!(said.contains("email = mail, note"), "{said}");
    assert!(super::column(&browser, "left-only", 2).iter().all(|value| value == "•••"));
    browser.assert_quiet();
}

#[test]
fn a_masked_key_leaves_no_trace() {
    let dir = Workdir::new();
    let [ann, bob, _, eve] = SECRETS;
    let left = dir.write("l.csv", format!("email,note\n{ann},x\n{bob},old\n{eve},x\n{eve},y\n"));
    let right =
        dir.write("r.csv", format!("email,note\n{},x\n{bob},new\n", ann.to_uppercase().replace("SECRET", "secret")));
    dir.audit(&left, &right, &["--key", "email", "--out", "run"]).json(1);
    assert_masked(&page(&dir, "run", &["--mask", "email"]), "email");
    dir.plan(&left, &right, "both", &["--key", "email", "--direction", "both"]).json(1);
    assert_masked(&page(&dir, "both", &["--mask", "email"]), "email");
    dir.plan(&left, &right, "one", &["--key", "email"]).json(1);
    assert_masked(&page(&dir, "one", &["--mask", "email"]), "email");
}
