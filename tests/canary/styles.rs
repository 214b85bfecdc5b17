//! How people and programs quote, forward and paste.

use crate::chance::Chance;
use crate::world::Seen;

/// Sentences that say nothing secret.
const HONEST: [&str; 24] = [
    "A new kettle is on its way.",
    "It should arrive on Monday.",
    "Please tell us whether it works again.",
    "Thank you very much.",
    "Sorry for the delay.",
    "Could you send us a photo of the plug?",
    "The manual is on our page.",
    "We have ordered the part, it takes three days.",
    "Your order 4711-2026 was shipped this morning.",
    "ok thanks",
    "Yes.",
    "Which colour would you like?",
    "You may keep the old one.",
    "Das Ersatzteil ist unterwegs.",
    "Nous avons remplacé la pièce.",
    "Привет, новый чайник уже в пути.",
    "新しいやかんを送りました。",
    "Let me know if you have any questions.",
    "Switch it off before you open it.",
    "The warranty covers this.",
    "That depends on the model: the one with the red switch has another base.",
    "I have asked the workshop.",
    "There is nothing to pay.",
    "We will call you tomorrow at ten.",
];
/// What stands in notes as well as in answers.
const SHARED: [&str; 8] = ["ok thanks", "Yes.", "Order 4711-2026", "Thank you very much.", "Hello,", "Monday", "kettle?", "4711"];

/// A few sentences of an answer, perhaps with a signature that no line marks off.
pub(crate) fn honest(chance: &mut Chance, name: &str) -> String {
    let mut lines: Vec<&str> = (0..1 + chance.below(4)).map(|_| *chance.pick(&HONEST)).collect();
    if chance.once_in(3) {
        lines.insert(0, *chance.pick::<&str>(&SHARED));
    }
    let glue = if chance.once_in(2) { "\n" } else { "\n\n" };
    let mut text = lines.join(glue);
    if chance.once_in(3) {
        text += &signature(name);
    }
    text
}

/// What nobody would call a secret, although it is a note.
pub(crate) fn shared(chance: &mut Chance) -> String {
    (*chance.pick::<&str>(&SHARED)).to_owned()
}

/// A signature as it stands below notes and answers alike.
fn signature(name: &str) -> String {
    format!("\n\nBest regards\n{name}\nExample Support for Kitchen Appliances\nTelephone 030 1234567, Monday to Friday\n")
}

/// An internal note; what it alone says is put with the canaries.
pub(crate) fn note(chance: &mut Chance, name: &str, canaries: &mut Vec<String>) -> String {
    let mut lines: Vec<String> = (0..1 + chance.below(3)).map(|_| chance.secret(canaries)).collect();
    if chance.once_in(3) {
        lines.insert(chance.below(lines.len() + 1), (*chance.pick(&SHARED)).to_owned());
    }
    let glue = *chance.pick(&["\n", "\n\n"]);
    let mut text = lines.join(glue);
    if chance.once_in(4) {
        text += &signature(name);
    }
    text
}

fn prefixed(text: &str, prefix: &str) -> String {
    text.lines().map(|line| format!("{prefix}{line}\n")).collect()
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>\n")
}

/// Lines of at most so many characters, broken at spaces.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut column = 0;
        for word in line.split(' ') {
            if column > 0 && column + word.chars().count() > width {
                out.push('\n');
                column = 0;
            }
            if column > 0 {
                out.push(' ');
            }
            out.push_str(word);
            column += word.chars().count() + 1;
        }
        out.push('\n');
    }
    out
}

/// The answer with the notice that it answers quoted; true when it is HTML.
pub(crate) fn quoted(chance: &mut Chance, own: &str, notice: &Seen) -> (String, bool) {
    let Seen { from, subject, text, .. } = notice;
    let attribution = format!("On Thu, Nov 12, 2026 at 11:12 AM {from} wrote:");
    let head = format!("From: {from}\nSent: Thursday, November 12, 2026 11:12\nTo: Ana\nSubject: {subject}");
    let body = if chance.once_in(3) { wrapped(text, 40 + chance.below(40)) } else { text.clone() };
    let plain = |text: String| (text, false);
    match chance.below(19) {
        13.. => (quoted_page(chance, own, notice, &attribution, &head), true),
        0 => plain(format!("{own}\n\n{attribution}\n\n{}", prefixed(&body, "> "))),
        1 => plain(format!("{own}\n\n________________________________\n{head}\n\n{body}")),
        2 => plain(format!("{own}\n\n-----Original Message-----\n{head}\n\n{body}")),
        3 => plain(format!("{attribution}\n{}\n{own}", prefixed(&body, "> "))),
        4 => {
            let lines: Vec<&str> = body.lines().collect();
            let (first, second) = lines.split_at(chance.below(lines.len() + 1));
            let (first, second) = (prefixed(&first.join("\n"), "> "), prefixed(&second.join("\n"), "> "));
            plain(format!("{attribution}\n{first}\n{own}\n\n{second}\nThat is all.\n"))
        }
        5 => plain(format!("{own}\n\n{}", prefixed(&body, "| "))),
        6 => plain(format!("{own}\n\n{body}")),
        7 => (
            format!(
                "<div dir=\"ltr\">{}</div><br><div class=\"gmail_quote\">{}<br><blockquote class=\"gmail_quote\">{}</blockquote></div>",
                html(own),
                html(&attribution),
                html(&body)
            ),
            true,
        ),
        8 => (
            format!("<p class=MsoNormal>{}</p><div id=\"divRplyFwdMsg\">{}</div><p>{}</p>", html(own), html(&head), html(&body)),
            true,
        ),
        9 => plain(format!("{own}\n\n---------- Forwarded message ---------\n{head}\n\n{body}")),
        10 => (format!("<html><body><p>{}</p><hr><p>{}</p></body></html>", html(own), html(&body)), true),
        11 => plain(format!("{own}\n\nBegin forwarded message:\n\n{}", prefixed(&format!("{head}\n\n{body}"), "> "))),
        _ => plain(own.to_owned()),
    }
}

/// The answer with the HTML of the notice quoted, as programs quote HTML.
fn quoted_page(chance: &mut Chance, own: &str, notice: &Seen, attribution: &str, head: &str) -> String {
    let (own, attribution, page) = (html(own), html(attribution), &notice.html);
    let head: String =
        head.lines().map(|line| format!("{}<br>", html(line).replacen(':', ":</b>", 1).replacen("", "<b>", 1))).collect();
    match chance.below(6) {
        // Gmail
        0 => format!(
            "<div dir=\"ltr\">{own}</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=\"ltr\" class=\"gmail_attr\">\
             {attribution}<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex;border-left:1px solid \
             rgb(204,204,204);padding-left:1ex\"><u></u>{page}</blockquote></div>"
        ),
        // Outlook on a desk
        1 => format!(
            "<html><body lang=EN-US><div class=WordSection1><p class=MsoNormal>{own}<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>\
             <div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal>{head}<o:p></o:p>\
             </p></div></div><p class=MsoNormal><o:p>&nbsp;</o:p></p>{page}</div></body></html>"
        ),
        // Outlook in a browser and on a telephone
        2 => format!(
            "<html><body dir=\"ltr\"><div>{own}</div><div id=\"appendonsend\"></div><hr style=\"display:inline-block;width:98%\" \
             tabindex=\"-1\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri, sans-serif\" color=\"#000000\">{head}</font>\
             <div>&nbsp;</div></div>{page}</body></html>"
        ),
        // Apple Mail
        3 => format!(
            "<html><body style=\"overflow-wrap: break-word;\">{own}<br id=\"lineBreakAtBeginningOfMessage\"><div><br><blockquote \
             type=\"cite\"><div>{attribution}</div><br class=\"Apple-interchange-newline\"><div>{page}</div></blockquote></div></body></html>"
        ),
        // Thunderbird
        4 => format!(
            "<!DOCTYPE html><html><body><p>{own}</p><div class=\"moz-cite-prefix\">{attribution}<br></div><blockquote type=\"cite\" \
             cite=\"mid:{}\">{page}</blockquote></body></html>",
            notice.message_id
        ),
        // A program that marks nothing
        _ => format!("<div>{own}</div><div><br></div>{page}"),
    }
}

/// The answer with words of a note pasted in, in one of the ways in which words change when they are pasted.
pub(crate) fn pasted(chance: &mut Chance, own: &str, note: &str) -> (String, bool) {
    let note = match chance.below(8) {
        0 => note.replace(' ', "\u{a0}"),
        1 => note.replace('"', "“").replace('\'', "’"),
        2 => wrapped(note, 20 + chance.below(60)),
        3 => prefixed(&wrapped(note, 60), "> "),
        4 => prefixed(note, "| "),
        5 => note.to_uppercase(),
        6 => prefixed(note, "    * "),
        _ => note.to_owned(),
    };
    match chance.below(5) {
        0 => (format!("{note}\n\n{own}"), false),
        1 => (format!("{own}\n\n{note}"), false),
        2 => (format!("{own}\n{note}\n{own}"), false),
        3 => (format!("<div>{}<blockquote>{}</blockquote>{}</div>", html(own), html(&note), html(own)), true),
        _ => (format!("<div>{}</div><div>&nbsp;</div><div>{}</div>", html(own), html(&note)), true),
    }
}
