//! What notices look like, as a browser sees them: light and dark, on a telephone and on a wide screen.
//!
//! The pictures are left below `target/pictures`, to be looked at by people. What a machine can see is asserted: nothing has to be scrolled
//! sideways at 320 pixels, nothing is fetched from anywhere, and every word stands out from what is behind it.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may end in a panic, also in what its functions share")]

#[path = "pictures/browser.rs"]
mod browser;
#[path = "pictures/mails.rs"]
mod mails;
#[path = "canary/octets.rs"]
#[expect(dead_code, reason = "the canary reads more of a mail than this needs")]
mod octets;
#[path = "pictures/scene.rs"]
mod scene;
#[path = "pictures/sheet.rs"]
mod sheet;
#[path = "pictures/whole.rs"]
mod whole;

use std::path::Path;

use browser::{Browser, Scheme};
use scene::Shown;
use serde_json::Value;
use sheet::WIDTHS;

/// The contrast that words need (WCAG 2.2, success criterion 1.4.3).
const CONTRAST: f64 = 4.5;

#[test]
fn notices_are_readable_light_and_dark_narrow_and_wide_and_fetch_nothing() {
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pictures");
    std::fs::create_dir_all(&pictures).expect("a folder for the pictures");
    let browser = Browser::new();
    let shown = scene::shown();
    assert_eq!(shown.len(), scene::KINDS, "every kind of notice that looks different");
    let sheets = ["customer", "agent", "internal", "clock", "held"];
    for sheet in sheets {
        let notices: Vec<&Shown> = shown.iter().filter(|notice| notice.sheet == sheet).collect();
        assert!(!notices.is_empty(), "{sheet}");
        let page = sheet::page(notices.iter().map(|notice| notice.html.as_str()));
        for scheme in [Scheme::Light, Scheme::Dark] {
            let verdicts = browser.judge(&page, scheme, &pictures.join(format!("{sheet}-{}.png", scheme.name())));
            assert_eq!(verdicts.len(), notices.len() * WIDTHS.len(), "{sheet}");
            let frames = notices.iter().flat_map(|notice| WIDTHS.map(|width| (*notice, width)));
            for (verdict, (notice, width)) in verdicts.iter().zip(frames) {
                is_readable(verdict, notice, width, scheme);
            }
        }
    }
}

fn is_readable(verdict: &Value, notice: &Shown, width: u64, scheme: Scheme) {
    let name = format!("{} {} at {width}", notice.name, scheme.name());
    assert_eq!(verdict["dark"], scheme == Scheme::Dark, "{name}: the browser has the other scheme");
    assert_eq!(verdict["width"].as_u64(), Some(width), "{name}");
    assert_eq!(verdict["scrolls"], false, "{name}: {verdict:#}");
    for none in ["wide", "fetched", "backgrounds"] {
        assert_eq!(verdict[none].as_array().map(Vec::len), Some(0), "{name}: {verdict:#}");
    }
    assert_eq!(verdict["pictures"].as_u64(), Some(notice.pictures), "{name}: {verdict:#}");
    assert!(verdict["words"].as_u64().is_some_and(|words| words > 3), "{name}: {verdict:#}");
    let contrast = verdict["contrast"].as_f64().expect("a contrast");
    assert!(contrast >= CONTRAST, "{name}: {verdict:#}");
}

#[test]
fn a_mail_is_as_deep_as_it_must_be_and_its_lines_are_short_and_plain() {
    for notice in scene::shown() {
        let wanted = match notice.name {
            "request" => "mixed( related( alternative( plain, html ), bmp inline ), pdf attachment )",
            "reply" => "mixed( related( alternative( plain, html ), bmp inline ), plain attachment )",
            _ => "alternative( plain, html )",
        };
        assert_eq!(whole::outline(&notice.octets), wanted, "{}", notice.name);
        let mail = String::from_utf8(notice.octets).expect("a mail is ASCII");
        assert!(
            mail.is_ascii() && mail.split("\r\n").all(|line| line.len() <= 998 && !line.contains(['\r', '\n'])),
            "{}",
            notice.name
        );
        assert!(mail.ends_with("--\r\n"), "{}", notice.name);
    }
}

#[test]
fn a_page_that_is_too_wide_too_pale_or_fetches_something_is_found_out() {
    let page = "<!doctype html><html><head><meta name=\"color-scheme\" content=\"light dark\"></head><body><p style=\"color:#999\">pale</p>\
                <div style=\"width:500px;background:#eee\">wide</div><img src=\"http://127.0.0.1:9/pixel.png\"></body></html>";
    let folder = tempfile::tempdir().expect("a folder");
    let verdicts = Browser::new().judge(&sheet::page([page].into_iter()), Scheme::Light, &folder.path().join("bad.png"));
    let narrow = &verdicts[0];
    assert_eq!(narrow["scrolls"], true, "{narrow:#}");
    assert!(narrow["contrast"].as_f64().is_some_and(|contrast| contrast < CONTRAST), "{narrow:#}");
    for found in ["wide", "fetched", "backgrounds"] {
        assert_eq!(narrow[found].as_array().map(Vec::len), Some(1), "{narrow:#}");
    }
}
