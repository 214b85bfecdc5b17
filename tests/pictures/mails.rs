//! The mails of the conversation.

use crate::octets::base64;

pub(crate) const MIA: &str = "mia@customer.example";

/// An answer of an agent, as plain text.
pub(crate) const ANSWER: &str = "Hello Mia,

thank you for the picture. The lid is cracked, and that is covered by the warranty:

- a new lid leaves today,
- the old one can be thrown away.

You wrote:

> Do I have to send it back?

No. How to change it is shown at https://shop.example/manuals/kettles/2026/changing-the-lid-of-an-electric-kettle-step-by-step?language=en&model=K-1042#lid.

Best regards
Ana";

/// A note.
pub(crate) const NOTE: &str =
    "The supplier has no lids left until Monday. Tell her nothing of that before we know whether the grey ones fit.

    K-1042  white   0
    K-1042  grey   14";

const REQUEST: &str = "Hello,

my kettle does not close any more, and when it boils the water runs over the table. This is what the lid looks like: [cid:lid.bmp@01DC5B44]

I bought it in March. Do I have to send it back?

-- 
Mia Berg, Kitchen Street 7";

/// As Outlook writes it, with colours of its own, a table, and a picture within the text.
const REPLY: &str = "<html><body><p style=\"color:#1f497d;font-size:11pt\">Thank you! Which of these fits mine?</p>\
<table style=\"background-color:#ffffff;color:black\"><tr><td><b>Lid</b></td><td><b>Colour</b></td><td><b>What is written under the kettle</b></td></tr>\
<tr><td>L-7</td><td>white</td><td>K-1042-1998-EXPORT-LIMITED-EDITION-230V-50HZ-1800W</td></tr>\
<tr><td>L-9</td><td>grey</td><td>K-1043</td></tr></table>\
<p><img src=\"cid:under.bmp@01DC5B44\" alt=\"the plate\"><img src=\"http://tracker.example/pixel.png\" alt=\"\"></p>\
<p dir=\"rtl\">שלום, תודה רבה</p><ul><li>the first is <i>cheaper</i>,</li><li>the second is <a href=\"https://shop.example/lids/9\">here</a>.</li></ul></body></html>";

/// A picture of so many pixels, as a bitmap: a slope from one colour to another.
fn bitmap(width: u32, height: u32) -> Vec<u8> {
    let row = (width * 3).next_multiple_of(4);
    let size = 54 + row * height;
    let mut octets = b"BM".to_vec();
    for number in [size, 0, 54, 40, width, height, 1 | 24 << 16, 0, row * height, 2_835, 2_835, 0, 0] {
        octets.extend_from_slice(&number.to_le_bytes());
    }
    for _ in 0..height {
        let start = octets.len();
        for x in 0..width {
            let share = (x * 255 / width) as u8;
            octets.extend_from_slice(&[200, share, 255 - share]);
        }
        octets.resize(start + row as usize, 0);
    }
    octets
}

fn head(from: &str, to: &str, id: &str) -> String {
    format!("From: {from}\r\nTo: <{to}>\r\nSubject: Broken kettle\r\nMessage-ID: <{id}>\r\nMIME-Version: 1.0\r\n")
}

fn file(media_type: &str, name: &str, content_id: Option<&str>, content: &[u8]) -> String {
    let id = content_id.map(|id| format!("Content-ID: <{id}>\r\n")).unwrap_or_default();
    let disposition = if content_id.is_some() { "inline" } else { "attachment" };
    format!(
        "\r\n--b\r\nContent-Type: {media_type}\r\nContent-Disposition: {disposition}; filename=\"{name}\"\r\n{id}\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        base64(content)
    )
}

/// Text with a mark for its picture, as Outlook sends it beside its HTML, and a signature, so that the text is shown; a file, and one that is too large.
pub(crate) fn request() -> String {
    let html = "<p>… <img src=\"cid:lid.bmp@01DC5B44\"></p>";
    let text = REQUEST.replace('\n', "\r\n");
    let alternative = format!(
        "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--a--\r\n"
    );
    head("Mia Berg <mia@customer.example>", "help@shop.example", "mia.1@customer.example")
        + "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
        + &alternative
        + &file("image/bmp", "lid.bmp", Some("lid.bmp@01DC5B44"), &bitmap(700, 160))
        + &file("application/pdf", "invoice of the ninth of March with a rather long name.pdf", None, &[b'x'; 48_000])
        + &file("video/mp4", "boiling.mp4", None, &[b'y'; 1_200_000])
        + "\r\n--b--\r\n"
}

/// HTML alone.
pub(crate) fn reply(to: &str) -> String {
    head("Mia Berg <mia@customer.example>", to, "mia.2@customer.example")
        + "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        + REPLY
        + "\r\n"
        + &file("image/bmp", "under.bmp", Some("under.bmp@01DC5B44"), &bitmap(900, 120))
        + &file("text/plain", "serial.txt", None, b"K-1042-1998")
        + "\r\n--b--\r\n"
}

/// Of an agent, plain text.
pub(crate) fn answer(from: &str, to: &str, text: &str) -> String {
    let name = if from.starts_with("ana") { "Ana Kovac" } else { "Boris Ilic" };
    let id = format!("{}.{from}", text.len());
    head(&format!("{name} <{from}>"), to, &id)
        + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + &text.replace('\n', "\r\n")
        + "\r\n"
}
