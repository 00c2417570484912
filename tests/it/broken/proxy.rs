//! Between the program and a server: it passes everything on until it is told to cut.
//!
//! It understands nothing of what it passes on, but it sees which connections write, and finds the word
//! COMMIT in what the program sends by them. So a connection can be lost right before a COMMIT, while it is under way, and after
//! it went through but before the program has heard of it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How long somebody may take to throw a session out.
const PATIENCE: Duration = Duration::from_secs(3);

/// When a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The COMMIT with this number never reaches the server.
    BeforeCommit(usize),
    /// The COMMIT goes out, and the connection is gone at once.
    InCommit(usize),
    /// The server has answered, and the answer is lost.
    AfterCommit(usize),
    /// The program has the answer.
    Answered(usize),
    /// So many bytes went to the server.
    Bytes(usize),
}

/// How it is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// This connection is closed.
    Closed,
    /// All are closed, and none is let in any more: as if the server were stopped.
    Stopped,
    /// An administrator ends the session.
    Ended,
}

#[derive(Debug, Default)]
struct State {
    cut: Option<(When, How)>,
    commits: usize,
    bytes: usize,
    /// Whether the cut was made.
    done: bool,
    /// The port that the server sees, of the session that an administrator is to end.
    ending: Option<u16>,
    open: BTreeMap<u16, [TcpStream; 2]>,
}

/// The proxy; it listens as long as it is there.
pub struct Proxy {
    pub port: u16,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl Proxy {
    /// Listens for a server on this port.
    pub fn new(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, stop) = (Arc::new(Mutex::new(State::default())), Arc::new(AtomicBool::new(false)));
        let (of, until) = (state.clone(), stop.clone());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if until.load(Ordering::Relaxed) {
                    break;
                }
                let refused = {
                    let state = of.lock().unwrap();
                    state.done && matches!(state.cut, Some((_, How::Stopped)))
                };
                if !refused {
                    connect(client, server, &of);
                }
            }
        });
        Self { port, state, stop }
    }

    /// Says when the next connection is to be lost, or that none is.
    pub fn cut(&self, cut: Option<(When, How)>) {
        let mut state = self.state.lock().unwrap();
        let open = std::mem::take(&mut state.open);
        *state = State { cut, open, ..State::default() };
    }

    /// Whether the cut was made.
    pub fn is_done(&self) -> bool {
        self.state.lock().unwrap().done
    }

    /// The port that the server sees, of the session that is to be ended now.
    pub fn to_end(&self) -> Option<u16> {
        self.state.lock().unwrap().ending
    }

    /// The session was ended.
    pub fn ended(&self) {
        self.state.lock().unwrap().ending = None;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.state.lock().unwrap().open.values().for_each(close);
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn close(ends: &[TcpStream; 2]) {
    for end in ends {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// What becomes of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Pass,
    /// Neither these bytes nor any after them.
    Lose,
    /// These, and then no more.
    PassAndClose,
    /// These; the answer is lost.
    PassAndLoseAnswer,
    /// These; the answer is the last thing.
    PassAndCloseAfterAnswer,
}

fn connect(client: TcpStream, server: u16, state: &Arc<Mutex<State>>) {
    let Ok(upstream) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)) else { return };
    let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
    let port = upstream.local_addr().unwrap().port();
    let ends = || [client.try_clone().unwrap(), upstream.try_clone().unwrap()];
    state.lock().unwrap().open.insert(port, ends());
    let answer = Arc::new(Mutex::new(Fate::Pass));
    let ([mut from, mut to], of, fate) = (ends(), state.clone(), answer.clone());
    thread::spawn(move || {
        let (mut buffer, mut writes) = ([0; 65_536], false);
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let has = |word: &[u8]| buffer[..length].windows(word.len()).any(|window| window == word);
            writes |= has(b"INSERT ") || has(b"UPDATE ") || has(b"DELETE ");
            let (what, end) = look(&of, &buffer[..length], writes);
            if let Some(How::Ended) = end.filter(|_| what == Fate::Lose || what == Fate::PassAndClose) {
                await_end(&of, port);
                // The server itself says now that the session is over.
                if to.write_all(&buffer[..length]).is_err() {
                    break;
                }
                continue;
            }
            if matches!(what, Fate::PassAndLoseAnswer | Fate::PassAndCloseAfterAnswer) {
                *fate.lock().unwrap() = what;
            }
            let passed = what == Fate::Lose || to.write_all(&buffer[..length]).is_ok();
            if !passed || what == Fate::Lose || what == Fate::PassAndClose {
                break;
            }
        }
        end(&of, port, &[from, to]);
    });
    let ([mut to, mut from], of) = (ends(), state.clone());
    thread::spawn(move || {
        let mut buffer = [0; 65_536];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let fate = *answer.lock().unwrap();
            if fate == Fate::PassAndLoseAnswer || to.write_all(&buffer[..length]).is_err() {
                break;
            }
            if fate == Fate::PassAndCloseAfterAnswer {
                break;
            }
        }
        end(&of, port, &[to, from]);
    });
}

/// Ends a connection, and all others if the server is to be gone.
fn end(state: &Mutex<State>, port: u16, ends: &[TcpStream; 2]) {
    close(ends);
    let mut state = state.lock().unwrap();
    state.open.remove(&port);
    if state.done && matches!(state.cut, Some((_, How::Stopped))) {
        state.open.values().for_each(close);
    }
}

/// Waits until somebody has ended a session.
fn await_end(state: &Mutex<State>, port: u16) {
    state.lock().unwrap().ending = Some(port);
    let start = Instant::now();
    while state.lock().unwrap().ending.is_some() && start.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
}

/// What becomes of bytes that the program sends.
fn look(state: &Mutex<State>, bytes: &[u8], writes: bool) -> (Fate, Option<How>) {
    let mut state = state.lock().unwrap();
    let ends = bytes.ends_with(b"COMMIT") || bytes.windows(7).any(|window| window == b"COMMIT\0");
    let commit = writes && ends;
    state.commits += usize::from(commit);
    state.bytes += bytes.len();
    let Some((when, how)) = state.cut.filter(|_| !state.done) else { return (Fate::Pass, None) };
    let at = |number: usize| commit && state.commits == number;
    let fate = match when {
        When::BeforeCommit(number) if at(number) => Fate::Lose,
        When::InCommit(number) if at(number) => Fate::PassAndClose,
        When::AfterCommit(number) if at(number) => Fate::PassAndLoseAnswer,
        When::Answered(number) if at(number) => Fate::PassAndCloseAfterAnswer,
        When::Bytes(number) if state.bytes >= number => Fate::Lose,
        _ => return (Fate::Pass, None),
    };
    state.done = true;
    (fate, Some(how))
}
