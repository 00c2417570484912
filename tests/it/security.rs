//! Nobody gets in, and nothing leaks: by addresses, by names, by files that others can read.

use crate::support::Workdir;
use std::path::Path;

/// Two tables whose names try to draw: escape sequences, marks that turn the line, a line of its own.
fn hostile(dir: &Workdir) -> [String; 2] {
    let name = "\"v\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\u{200b}\u{9b}8m\nerror: nothing is wrong\r\"";
    let row = |id: i32, text: &str| format!("{id},\"{text}\u{1b}[31m\u{202d}\u{8}\n\"\n");
    let rows = |range: std::ops::Range<i32>, text: &str| range.map(|id| row(id, text)).collect::<String>();
    let left = dir.write("left\u{1b}[8m.csv", format!("id,{name}\n{}", rows(0..30, "a")));
    let right = dir.write("right\u{202e}.csv", format!("id,{name}\n{}", rows(3..30, "a") + &rows(40..45, "b")));
    [left, right]
}

/// That nothing in a text moves what is seen.
#[track_caller]
fn is_still(text: &str, what: &str) {
    let odd = |c: &char| c.is_control() && *c != '\n' || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}');
    assert_eq!(text.chars().find(odd), None, "{what}: {text:?}");
    assert!(!text.lines().any(|line| line == "error: nothing is wrong"), "{what}: {text}");
}

#[test]
fn names_and_values_never_draw() {
    let dir = Workdir::new();
    let [left, right] = hostile(&dir);
    let plan = dir.file("plan");
    let runs: Vec<Vec<&str>> = vec![
        vec!["audit", &left, &right, "-vv"],
        vec!["audit", &left, &right, "--format", "json"],
        vec!["audit", &left, &right, "--ignore", "x\u{1b}[2Jy"],
        vec!["audit", &left, "no\u{1b}[2J.csv"],
        vec!["plan", &left, &right, "--out", &plan],
        vec!["show", &plan],
        vec!["show", &plan, "--summary"],
        vec!["show", &plan, "--format", "json"],
        vec!["show", &plan, "--key", "a\u{202e}"],
        vec!["keys", &left],
        vec!["init", &left, &right],
        vec!["sync", &left, &right],
        vec!["apply", &plan, "--yes"],
        vec!["apply", "\u{1b}[2J"],
        vec!["aud\u{1b}[2Jit"],
        vec!["audit", &left, &right, "--memory", "\u{1b}[2J"],
    ];
    for args in runs {
        let run = dir.trueup(&args);
        let said = format!("{}{}", run.stdout, run.stderr);
        is_still(&said, &format!("{args:?}"));
    }
    assert!(dir.trueup(["report", &plan, "--out", &dir.file("page.html")]).code == Some(0));
    let page = std::fs::read_to_string(dir.file("page.html")).unwrap();
    assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{202d}', '\u{200b}', '\u{9b}', '\u{8}']));
}

#[test]
fn a_header_is_no_setting() {
    let dir = Workdir::new();
    let header = "id,name,\"note\nmax-deletes = \"\"100%\"\"\ndirection = \"\"right-to-left\"\"\nfull = true #\"";
    let left = dir.write("left.csv", format!("{header}\n1,a,\n2,b,\n"));
    let right = dir.write("right.csv", "id,name\n1,b\n");
    assert_eq!(dir.trueup(["init", &left, &right, "-f", "job.toml"]).code, Some(0));
    let job: toml::Table = std::fs::read_to_string(dir.file("job.toml")).unwrap().parse().unwrap();
    let mut names: Vec<&str> = job.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["columns", "compare", "ignore", "left", "map", "right"]);
    dir.trueup(["sync", "job.toml", "-q"]);
    assert_eq!(std::fs::read_to_string(&left).unwrap(), format!("{header}\n1,a,\n2,b,\n"), "the left file was written");
}

#[test]
fn no_spelling_of_a_password_is_told_or_kept() {
    let dir = Workdir::new();
    let csv = dir.write("a.csv", "id,v\n1,x\n");
    for address in [
        "postgres://127.0.0.1:1/d?p%61ssword=5ecret#t",
        "postgres://u:5ecret@127.0.0.1:1/d?password=5ecret&password=x#t",
        "postgres://127.0.0.1:1/d?sslpassword=5ecret&password=5ecret#t",
        "postgres://127.0.0.1:1/d?Password=5ecret#t",
        "postgres:/u:5ecret@127.0.0.1:1/d#t",
        "postgres://u:x@5ecret@127.0.0.1:1/d#t",
        "postgres://u:x/5ecret@127.0.0.1:1/d#t",
        "postgres://u:x#5ecret@127.0.0.1:1/d#t",
        "postgres://u:1/2#5ecret@127.0.0.1:1/d#t",
        "mysql://u:5ecret@127.0.0.1:1/d#t",
        "mysql://127.0.0.1:1/d?user=u&password=5ecret#t",
        "sqlite:f.db?key=5ecret#t",
        "u:5ecret@127.0.0.1/d#t",
        "https://u:5ecret@127.0.0.1:1/x.csv",
        "host=127.0.0.1 password=5ecret",
    ] {
        let job = dir.write("job.toml", format!("left = '{csv}'\nright = '{address}'\n"));
        let broken = dir.write("broken.toml", format!("left = '{csv}'\nright = ['{address}']\n"));
        let typo = dir.write("typo.toml", format!("left = '{csv}'\nright = '{address}\n"));
        let option = format!("--memory={address}");
        let runs: Vec<Vec<&str>> = vec![
            vec!["audit", &csv, address, "-vv"],
            vec!["audit", &csv, address, "--format", "json"],
            vec!["sync", &csv, address, "--direction", "both"],
            vec!["plan", &job],
            vec!["plan", &broken],
            vec!["plan", &typo],
            vec!["keys", address],
            vec!["init", &csv, address],
            vec!["history", "status", address],
            vec!["snapshot", address, "--out", "s"],
            vec!["audit", &csv, &csv, address],
            vec!["audit", &csv, &csv, &option],
            vec!["show", address],
            vec![address],
        ];
        for args in runs {
            let run = dir.trueup(&args);
            assert_ne!(run.code, Some(0), "{run}");
            assert!(!run.stdout.contains("5ecret") && !run.stderr.contains("5ecret"), "{args:?}: {run}");
        }
    }
}

#[cfg(unix)]
#[test]
fn files_with_rows_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Workdir::new();
    let left = dir.write("left.csv", "id,v\n1,x\n2,y\n3,z\n");
    let right = dir.write("right.csv", "id,v\n1,x\n3,w\n");
    let mode = |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(&right, std::fs::Permissions::from_mode(0o664)).unwrap();
    let before = dir.tree("");
    // As careless a umask as there is.
    let careless = |args: &[&str]| {
        let program = dir.command(args);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
        for (name, value) in program.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        dir.start(shell.current_dir(dir.path())).wait()
    };
    careless(&["audit", &left, &right]);
    careless(&["plan", &left, &right, "--out", "plan"]);
    careless(&["apply", "plan", "--yes"]);
    careless(&["sync", &left, &right, "--direction", "both", "--state", "state"]);
    careless(&["snapshot", &left, "--out", "s"]);
    careless(&["report", "plan", "--out", "page.html"]);
    assert!(std::fs::read_to_string(&right).unwrap().contains("2,y"));
    let made: Vec<_> = dir.tree("").into_iter().filter(|path| !before.contains(path)).collect();
    assert!(made.len() > 20, "{made:#?}");
    for path in made {
        let path = dir.path().join(path);
        let wanted = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), wanted, "{}", path.display());
    }
    // What was there stays as open as it was.
    assert_eq!(mode(Path::new(&right)), 0o664);
    assert_eq!(std::fs::read_to_string(dir.path().join(".trueup/.gitignore")).unwrap(), "*\n");
}

/// A plan takes from the environment what its maker meant, and nothing of a person who did not make it.
#[test]
fn the_environment_is_for_ones_own_plans() {
    let dir = Workdir::new();
    let left = dir.write("left.csv", "id,v\n1,x\n2,y\n");
    let right = dir.write("right.csv", "id,v\n1,x\n");
    let here = dir.path().to_str().unwrap().to_owned();
    let run = |args: &[&str], home: &str| {
        let mut command = dir.command(args);
        command.env("WHERE", &here).env("PGPASSWORD", "5ecret").env("XDG_STATE_HOME", dir.file(home));
        dir.start(&mut command).wait()
    };
    assert_eq!(run(&["plan", &left, "${WHERE}/right.csv", "--out", "plan"], "me").code, Some(1));
    let plan = std::fs::read_to_string(dir.file("plan/plan.json")).unwrap();
    assert!(plan.contains("${WHERE}/right.csv"), "{plan}");
    // Another person, or another machine.
    let words = ["not made by you", "WHERE", "--right"];
    run(&["apply", "plan", "--yes"], "you").fails_with(&words);
    assert_eq!(std::fs::read_to_string(&right).unwrap(), "id,v\n1,x\n");
    assert_eq!(run(&["apply", "plan", "--yes", "--right", "${WHERE}/right.csv"], "you").code, Some(0));
    run(&["undo", "plan", "--yes"], "you").fails_with(&words);
    assert_eq!(run(&["undo", "plan", "--yes"], "me").code, Some(0));
    // One's own that was changed since is nobody's own.
    let mark = std::fs::read_to_string(dir.file("plan/mark.json")).unwrap();
    assert_eq!(run(&["plan", "${WHERE}/left.csv", &right, "--out", "other"], "me").code, Some(1));
    std::fs::write(dir.file("other/mark.json"), &mark).unwrap();
    assert_eq!(run(&["plan", &left, "${WHERE}/right.csv", "--out", "third"], "me").code, Some(1));
    std::fs::copy(dir.file("other/mark.json"), dir.file("third/mark.json")).unwrap();
    run(&["apply", "third", "--yes"], "me").fails_with(&words);

    // A password goes to no server that a stranger has named.
    let plan = std::fs::read_to_string(dir.file("third/plan.json")).unwrap();
    assert!(!plan.contains("5ecret"));
}

#[cfg(unix)]
#[test]
fn links_among_files_of_ours_are_refused() {
    let dir = Workdir::new();
    let left = dir.write("left.csv", "id,v\n1,x\n2,y\n");
    let right = dir.write("right.csv", "id,v\n1,x\n");
    let state = ["sync", &left, &right, "--direction", "both", "--key", "id", "--state", "state"];
    assert_eq!(dir.trueup(state).code, Some(0));
    dir.write("right.csv", "id,v\n1,z\n2,y\n");
    assert_eq!(dir.trueup(["plan", &left, &right, "--out", "plan"]).code, Some(1));
    for (name, command) in [("plan/steps.parquet", vec!["apply", "plan", "--yes"]), ("state/base.json", state.to_vec())]
    {
        std::fs::rename(dir.file(name), dir.file("elsewhere")).unwrap();
        std::os::unix::fs::symlink(dir.file("elsewhere"), dir.file(name)).unwrap();
        dir.trueup(&command).fails_with(&["symbolic link"]);
        std::fs::remove_file(dir.file(name)).unwrap();
        std::fs::rename(dir.file("elsewhere"), dir.file(name)).unwrap();
    }
    assert_eq!(dir.trueup(state).code, Some(0));
}
