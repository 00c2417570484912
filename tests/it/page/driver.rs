//! A browser, driven by WebDriver: Debian's chromium and chromium-driver.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than any of this takes.
const TIMEOUT: Duration = Duration::from_secs(60);
/// What WebDriver calls the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window; closed at the end.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts the driver and the browser. That they are missing is a failure: `scripts/test` installs
    /// them.
    pub fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("no chromedriver ({e}): install chromium and chromium-driver"));
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .expect("chromedriver tells its port");
        // Nobody may have to wait for a reader of the rest.
        std::thread::spawn(move || lines.count());
        let mut browser = Self { driver, port, session: String::new() };
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"];
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments, "binary": "/usr/bin/chromium"},
        }}});
        let session = browser.request("POST", "/session", &capabilities);
        browser.session = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}")).to_owned();
        browser
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let body = if method == "GET" || method == "DELETE" { String::new() } else { body.to_string() };
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
            self.port
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let value = answer["value"].clone();
        assert!(value["error"].is_null(), "{method} {path} {body}: {value:#}");
        value
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.request("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// Opens a file and waits until its script is done.
    pub fn open(&self, path: &str) {
        self.post("url", &json!({"url": format!("file://{path}")}));
        self.wait("document.documentElement.dataset.ready === ''");
    }

    /// The value of a JavaScript expression.
    #[track_caller]
    pub fn eval(&self, expression: &str) -> Value {
        self.post("execute/sync", &json!({"script": format!("return ({expression});"), "args": []}))
    }

    /// The same of a text.
    #[track_caller]
    pub fn text(&self, expression: &str) -> String {
        let value = self.eval(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression} is {value}")).to_owned()
    }

    /// The texts of all elements that a selector finds.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let list = self.eval(&format!("[...document.querySelectorAll({})].map((e) => e.textContent)", json!(selector)));
        list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let start = Instant::now();
        while self.eval(expression) != json!(true) {
            assert!(start.elapsed() < TIMEOUT, "{expression} does not become true");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn find(&self, selector: &str) -> String {
        let found = self.post("element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// Clicks on an element, as a person does.
    pub fn click(&self, selector: &str) {
        // Not where the list of sections lies over it.
        self.eval(&format!("document.querySelector({}).scrollIntoView({{block: 'center'}})", json!(selector)));
        let element = self.find(selector);
        self.post(&format!("element/{element}/click"), &json!({}));
    }

    /// Types into an element.
    pub fn keys(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.post(&format!("element/{element}/value"), &json!({"text": text}));
    }

    /// Chooses the option of a list whose text begins so. The list itself is the browser's, and opens
    /// outside of the page.
    pub fn choose(&self, selector: &str, text: &str) {
        let chosen = self.eval(&format!(
            "(() => {{ const list = document.querySelector({}); \
             const option = [...list.options].find((o) => o.textContent.startsWith({})); \
             list.value = option.value; list.dispatchEvent(new Event('change', {{bubbles: true}})); return true; }})()",
            json!(selector),
            json!(text)
        ));
        assert_eq!(chosen, json!(true));
    }

    /// Presses a key, wherever the focus is.
    pub fn press(&self, key: char) {
        let actions = json!([{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]);
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
    }

    /// A command of the browser's own protocol.
    pub fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Whether the person likes the dark.
    pub fn theme(&self, theme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": theme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// The size of the window, in the page's pixels.
    pub fn size(&self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", size);
    }

    /// Fails if anything was written to the console, be it by the page or by the browser.
    #[track_caller]
    pub fn assert_quiet(&self) {
        let log = self.post("se/log", &json!({"type": "browser"}));
        assert_eq!(log, json!([]), "the console is not empty");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.request("DELETE", &format!("/session/{}", self.session), &Value::Null);
        } else if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            // The driver closes its browsers when it is told to end.
            let _ = write!(stream, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read(&mut [0; 64]);
            std::thread::sleep(Duration::from_millis(300));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
