//! A headless Chromium with a profile of its own, which reaches nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What the reader prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        }
    }

    /// As Blink counts them.
    fn setting(self) -> &'static str {
        match self {
            Scheme::Dark => "--blink-settings=preferredColorScheme=0",
            Scheme::Light => "--blink-settings=preferredColorScheme=1",
        }
    }
}

pub(crate) struct Browser {
    folder: TempDir,
}

impl Browser {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder for the browser") }
    }

    /// Shows a sheet, leaves its picture, and gives what its script found, a verdict for each frame.
    pub(crate) fn judge(&self, sheet: &str, scheme: Scheme, picture: &Path) -> Vec<Value> {
        let file = self.folder.path().join("sheet.html");
        std::fs::write(&file, sheet).expect("the sheet is written");
        let output = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1160,2200", "--dump-dom", scheme.setting()])
            .arg(format!("--user-data-dir={}", self.folder.path().join("profile").display()))
            .arg(format!("--screenshot={}", picture.display()))
            .arg(format!("file://{}", file.display()))
            .stdin(Stdio::null())
            .output()
            .expect("the Debian package chromium is installed");
        let dom = String::from_utf8_lossy(&output.stdout);
        let found = dom.split_once("<pre id=\"verdicts\" hidden=\"\">").and_then(|(_, rest)| rest.split_once("</pre>"));
        let said = || String::from_utf8_lossy(&output.stderr).into_owned();
        let (found, _) = found.unwrap_or_else(|| panic!("the browser showed no sheet: {}", said()));
        let found = found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found} {}", said()))
    }
}
