//! The question before rows are written, at a real terminal of 80 columns.

use crate::support::Workdir;
use std::process::Command;

/// Runs a program in a terminal of its own, answers the question, and prints its exit code and what was on
/// the screen.
const DRIVER: &str = r#"
import fcntl, os, pty, select, struct, sys, termios, time
answer, args = sys.argv[1].encode().decode('unicode_escape').encode(), sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    os.execvp(args[0], args)
screen, asked, end = b'', False, time.time() + 60
while time.time() < end:
    if not select.select([terminal], [], [], 0.1)[0]:
        continue
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    screen += piece
    if not asked and b'[y/N]' in screen:
        asked = True
        if answer == b'close':
            os.close(terminal)
            break
        os.write(terminal, answer)
status = os.waitpid(pid, 0)[1]
print(os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status))
print(screen.decode(errors='replace'))
"#;

/// Two tables: the right one is to get a row, two values, and to lose 40 of its 100 rows.
fn tables() -> (Workdir, [String; 2]) {
    let dir = Workdir::new();
    let addresses = ["left", "right"].map(|side| {
        let connection = rusqlite::Connection::open(dir.file(&format!("{side}.db"))).unwrap();
        let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)";
        let create =
            format!("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t {rows} SELECT i, 'v' FROM n");
        connection.execute_batch(&create).unwrap();
        if side == "left" {
            let change = "DELETE FROM t WHERE id <= 40; UPDATE t SET v = 'new' WHERE id IN (50, 51); \
                          INSERT INTO t VALUES (1000, 'more')";
            connection.execute_batch(change).unwrap();
        }
        format!("sqlite:{side}.db#t")
    });
    (dir, addresses)
}

fn right(dir: &Workdir) -> (i64, i64) {
    let connection = rusqlite::Connection::open(dir.file("right.db")).unwrap();
    let sql = "SELECT count(*), count(*) FILTER (WHERE v = 'new') FROM t";
    connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// Answers a command; its exit code, and what was on the screen.
fn answered(dir: &Workdir, answer: &str, args: &[&str]) -> (i32, String) {
    let program = dir.command(args.iter().copied());
    let mut driver = Command::new("python3");
    driver.args(["-c", DRIVER, answer]).arg(program.get_program()).args(program.get_args()).current_dir(dir.path());
    driver.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let out = driver.output().expect("python3 runs programs in a terminal of their own");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let (code, screen) = text.split_once('\n').unwrap_or_else(|| panic!("{out:?}"));
    (code.parse().unwrap(), screen.to_owned())
}

#[test]
fn only_a_yes_writes() {
    for command in ["sync", "apply", "undo"] {
        let (dir, [left, target]) = tables();
        let planned = dir.trueup(["plan", &left, &target, "--out", "plan"]);
        assert_eq!(planned.code, Some(1), "{planned}");
        if command == "undo" {
            assert_eq!(dir.trueup(["apply", "plan", "--yes", "--max-deletes", "100%"]).code, Some(0));
        }
        let args = if command == "sync" { vec!["sync", &left, &target] } else { vec![command, "plan"] };
        let before = right(&dir);
        for answer in ["no\\n", "\\n", "\\x04", "\\x03", "maybe\\n", "close"] {
            let (code, screen) = answered(&dir, answer, &args);
            assert_eq!((code, right(&dir)), (130, before), "{command} {answer}: {screen}");
            let steps =
                if command == "undo" { "create 40, update 2, delete 1" } else { "create 1, update 2, delete 40" };
            let asked: Vec<&str> = screen.lines().skip_while(|line| !line.contains("right table: ")).collect();
            assert!(asked.first().is_some_and(|line| line.contains(steps)), "{command}: {screen}");
            assert!(asked.iter().all(|line| line.chars().count() <= 80), "{command}: {screen}");
            let limit = "40 of the 100 rows of the right table would be deleted";
            assert_eq!(asked.join(" ").contains(limit), command != "undo", "{command}: {screen}");
        }
        // Without a terminal nobody can be asked.
        let alone = dir.trueup(&args);
        assert_eq!((alone.code, right(&dir)), (Some(if command == "undo" { 2 } else { 3 }), before), "{alone}");
        let (code, screen) = answered(&dir, "yes\\n", &args);
        assert_eq!(code, 0, "{command}: {screen}");
        assert_eq!(right(&dir), if command == "undo" { (100, 0) } else { (61, 2) }, "{command}: {screen}");
    }
}
