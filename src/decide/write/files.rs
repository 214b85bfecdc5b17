//! What becomes of the files of a message in a notice: shown within the text, beside it, or left out and named.
//!
//! A notice carries files up to `limits.max_attached`. The pictures of the text come first, because the text is not whole without them; then
//! the smallest file first, so that one video does not keep ten documents away. Whatever is left out is named with its size and how
//! to get it.

use std::collections::HashMap;

use memchr::memchr2;

use super::page::foreign::pictures;
use super::page::{Inside, Picture, plain_id};
use super::phrases::Voice;
use crate::decide::parse::cut::is_picture;
use crate::model::message::{Attachment, Kind, Message};

/// Octets of the author's HTML that a notice shows; what is longer is shown as text.
const LONGEST_HTML: usize = 100 * 1024;
/// Octets of a mark for a picture, without its brackets.
const LONGEST_MARK: usize = 300;

/// Where a file stands in a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Within the text, which names it.
    Inside,
    /// Beside the text.
    Beside,
    /// Nowhere: it is too large.
    LeftOut,
}

/// A file and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Enclosed<'a> {
    pub(super) file: &'a Attachment,
    pub(super) place: Place,
}

/// The author's HTML, where an agent may be shown it: it is a customer's, and says what the text says.
pub(super) fn shown_html(message: &Message) -> Option<&str> {
    let html = message.html.as_deref()?;
    let of_customer = matches!(message.kind, Kind::Request | Kind::Reply) && message.author.agent.is_none();
    let is_whole = message.quoted.lines().all(|line| line.trim().is_empty() || is_picture(line));
    let is_own = message.remark.is_none() && message.forwarded.is_none();
    (of_customer && is_own && is_whole && html.len() <= LONGEST_HTML && !html.trim().is_empty()).then_some(html)
}

/// The files of a message within a notice that shows its HTML or its text; and the pictures in the text.
pub(super) fn placed<'a>(
    files: &'a [Attachment],
    message: &'a Message,
    shown: Option<&str>,
    text: &str,
    most: usize,
) -> (Vec<Enclosed<'a>>, Vec<Picture<'a>>) {
    let mut room = i64::try_from(most).unwrap_or(i64::MAX);
    let mut enclosed: Vec<Enclosed<'a>> = files.iter().map(|file| Enclosed { file, place: Place::LeftOut }).collect();
    let found = if files.iter().any(is_shown_inside) { found_pictures(files, message, shown, text) } else { Vec::new() };
    for (index, _) in &found {
        let fits = enclosed.get_mut(*index).filter(|enclosed| enclosed.place == Place::LeftOut && enclosed.file.size <= room);
        if let Some(enclosed) = fits {
            enclosed.place = Place::Inside;
            room -= enclosed.file.size;
        }
    }
    let mut others: Vec<usize> = (0..files.len()).filter(|index| enclosed[*index].place == Place::LeftOut).collect();
    others.sort_by_key(|index| files[*index].size);
    for index in others {
        if files[index].size <= room {
            enclosed[index].place = Place::Beside;
            room -= files[index].size;
        }
    }
    let stands = |index: usize| enclosed[index].place == Place::Inside;
    let pictures = found.into_iter().filter(|(index, _)| stands(*index)).filter_map(|(_, picture)| picture).collect();
    (enclosed, pictures)
}

fn is_shown_inside(file: &Attachment) -> bool {
    file.inline && file.content_id.is_some() && file.media_type.starts_with("image/")
}

fn content_id(file: &Attachment) -> &str {
    file.content_id.as_deref().unwrap_or_default()
}

/// The pictures that the HTML or the text names, with their places in the text.
fn found_pictures<'a>(
    files: &'a [Attachment],
    message: &'a Message,
    shown: Option<&str>,
    text: &str,
) -> Vec<(usize, Option<Picture<'a>>)> {
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (index, file) in files.iter().enumerate().filter(|(_, file)| is_shown_inside(file)) {
        by_id.entry(plain_id(content_id(file))).or_insert(index);
    }
    if let Some(html) = shown {
        return pictures(html).filter_map(|(id, _)| by_id.get(&id).map(|index| (*index, None))).collect();
    }
    let mut names: HashMap<String, Vec<usize>> = HashMap::new();
    for (id, index) in &by_id {
        names.entry(format!("cid:{id}")).or_default().push(*index);
    }
    let mut also = |name: &str, index: usize| {
        let known = names.entry(name.trim().to_lowercase()).or_default();
        if !name.trim().is_empty() && !known.contains(&index) {
            known.push(index);
        }
    };
    // In the order of the files: of two of one name the first mark means the first.
    for (index, file) in files.iter().enumerate().filter(|(_, file)| is_shown_inside(file)) {
        also(&file.name, index);
    }
    for (id, words) in pictures(message.html.as_deref().unwrap_or_default()) {
        if let Some(index) = by_id.get(&id) {
            also(&words, *index);
        }
    }
    marks(text, &names, files)
}

/// `[cid:image001.png@01DAC5F2.8F3B1C20]` of Outlook, `[image: kettle.png]` of Gmail in any language, `<kettle.png>` of Apple Mail, and
/// `[the words]` that stand for a picture where the text was made from HTML.
fn marks<'a>(text: &str, names: &HashMap<String, Vec<usize>>, files: &'a [Attachment]) -> Vec<(usize, Option<Picture<'a>>)> {
    let mut found: Vec<(usize, Option<Picture<'a>>)> = Vec::new();
    let mut used = vec![false; files.len()];
    let mut from = 0;
    while let Some(start) = memchr2(b'[', b'<', &text.as_bytes()[from..]).map(|at| from + at) {
        from = start + 1;
        let close = if text.as_bytes()[start] == b'[' { b']' } else { b'>' };
        let inner = &text.as_bytes()[from..text.len().min(from + LONGEST_MARK)];
        let Some(length) = inner.iter().position(|octet| *octet == close || *octet == b'\n') else { continue };
        let Some(inner) = text.get(from..from + length).filter(|_| inner[length] == close) else { continue };
        let Some(index) =
            named(inner, names).and_then(|known| known.iter().find(|index| !used[**index]).or(known.last()).copied())
        else {
            continue;
        };
        used[index] = true;
        from += length + 1;
        let file = &files[index];
        found.push((index, Some(Picture { start, end: from, content_id: content_id(file), name: &file.name })));
    }
    found
}

fn named<'n>(inner: &str, names: &'n HashMap<String, Vec<usize>>) -> Option<&'n Vec<usize>> {
    let whole = inner.trim().to_lowercase();
    let id = |id: &str| names.get(&format!("cid:{}", plain_id(id)));
    let after_word = || whole.split_once(':').and_then(|(_, name)| names.get(name.trim()));
    whole.strip_prefix("cid:").and_then(id).or_else(|| names.get(&whole)).or_else(after_word)
}

/// What a notice says of the files: of those beside the text or left out, and of those within it.
pub(super) fn lines(
    enclosed: &[Enclosed<'_>],
    message: &Message,
    to_agent: bool,
    voice: Voice<'_>,
) -> (Vec<String>, Vec<String>) {
    let (mut beside, mut inside) = (Vec::new(), Vec::new());
    for (number, Enclosed { file, place }) in (1..).zip(enclosed) {
        let (size, arrival, number) = (size(file.size), message.arrival.to_string(), i64::to_string(&number));
        let values = [("name", file.name.as_str()), ("size", &size), ("arrival", &arrival), ("number", &number)];
        match place {
            Place::Inside => inside.push(voice.say("file.attached", &values)),
            Place::Beside => beside.push(voice.say("file.attached", &values)),
            Place::LeftOut if to_agent => beside.push(voice.say("file.too-large.agent", &values)),
            Place::LeftOut => beside.push(voice.say("file.too-large.customer", &values)),
        }
    }
    (beside, inside)
}

/// The pictures within the text.
pub(super) fn inside<'a>(enclosed: &[Enclosed<'a>]) -> Vec<Inside<'a>> {
    let inside = enclosed.iter().filter(|enclosed| enclosed.place == Place::Inside);
    inside.map(|Enclosed { file, .. }| Inside { content_id: content_id(file), name: &file.name }).collect()
}

/// A size for people.
fn size(octets: i64) -> String {
    match octets {
        ..1024 => format!("{octets} B"),
        1024..1_048_576 => format!("{} KiB", octets / 1024),
        _ => format!("{:.1} MiB", octets as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::message::{Author, TransferEncoding};
    use crate::model::time::Time;

    fn file(name: &str, content_id: Option<&str>, size: i64) -> Attachment {
        Attachment {
            name: name.to_owned(),
            media_type: if name.ends_with("png") { "image/png" } else { "application/pdf" }.to_owned(),
            size,
            sha256: [0; 32],
            inline: content_id.is_some(),
            content_id: content_id.map(str::to_owned),
            encoding: TransferEncoding::Base64,
            start: 0,
            end: 0,
            inner: None,
        }
    }

    fn message(text: &str, html: &str) -> Message {
        Message {
            arrival: 17,
            ticket: 1,
            kind: Kind::Reply,
            author: Author { name: String::new(), address: None, agent: None },
            at: Time(0),
            message_id: None,
            subject: String::new(),
            text: text.to_owned(),
            quoted: String::new(),
            html: Some(html.to_owned()).filter(|html| !html.is_empty()),
            forwarded: None,
            protection: None,
            remark: None,
            attachments: Vec::new(),
            authenticated: false,
        }
    }

    /// Names of the pictures in the text with what their marks were, and places of all files.
    fn seen(text: &str, html: &str, files: &[Attachment]) -> (Vec<(String, String)>, Vec<Place>) {
        let message = message(text, html);
        let (enclosed, pictures) = placed(files, &message, None, text, 1_000);
        let marked = |picture: &Picture<'_>| (text[picture.start..picture.end].to_owned(), picture.content_id.to_owned());
        (pictures.iter().map(marked).collect(), enclosed.iter().map(|enclosed| enclosed.place).collect())
    }

    #[test]
    fn a_picture_is_found_by_the_mark_that_each_program_leaves_for_it() {
        let files = [file("lid.png", Some("ii_1@X"), 10), file("lid.png", Some("b@x"), 10), file("a.pdf", None, 10)];
        let html = "<p><img src=\"cid:b%40x\" alt=\"the plate\"></p>";
        for mark in ["[cid:II_1@x]", "[image: lid.png]", "[Bild: lid.png]", "<lid.png>", "[lid.png]"] {
            let (pictures, places) = seen(&format!("See {mark} [a] <b> [cid:other]"), html, &files);
            assert_eq!(pictures, [(mark.to_owned(), "ii_1@X".to_owned())], "{mark}");
            assert_eq!(places, [Place::Inside, Place::Beside, Place::Beside]);
        }
        let (pictures, _) = seen("[image: lid.png] and [image: lid.png], [the plate]", html, &files);
        let ids: Vec<&str> = pictures.iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(ids, ["ii_1@X", "b@x", "b@x"], "two of one name are taken in turn, and words of the HTML name one");
        assert_eq!(seen("no mark [", html, &files).1, [Place::Beside; 3]);
    }

    #[test]
    fn pictures_of_the_text_come_first_and_then_the_smallest() {
        let files = [file("a.pdf", None, 600), file("b.pdf", None, 500), file("c.pdf", None, 100), file("d.png", Some("d"), 350)];
        assert_eq!(seen("[cid:d]", "", &files).1, [Place::LeftOut, Place::Beside, Place::Beside, Place::Inside]);
        let (pictures, places) = seen("[cid:d]", "", &[file("d.png", Some("d"), 1_001), file("c.pdf", None, 1_000)]);
        assert!(pictures.is_empty(), "its mark stays where it cannot come along");
        assert_eq!(places, [Place::LeftOut, Place::Beside]);
    }

    #[test]
    fn only_the_html_of_a_customer_of_which_nothing_was_cut_is_shown() {
        let whole = message("a", "<p>a</p>");
        assert_eq!(shown_html(&whole), Some("<p>a</p>"));
        assert!(shown_html(&Message { quoted: "[cid:logo@x]\n".to_owned(), ..whole.clone() }).is_some());
        assert_eq!(shown_html(&Message { quoted: "-- \nMia".to_owned(), ..whole.clone() }), None);
        assert_eq!(shown_html(&Message { kind: Kind::Answer, ..whole.clone() }), None);
        let by_agent = Author { agent: Some("ana".to_owned()), ..whole.author.clone() };
        assert_eq!(shown_html(&Message { author: by_agent, ..whole.clone() }), None);
        assert_eq!(shown_html(&Message { html: Some("a".repeat(LONGEST_HTML + 1)), ..whole }), None);
    }
}
