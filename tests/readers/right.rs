//! What holds for every mail that we send.

use std::time::{SystemTime, UNIX_EPOCH};

use mail_parser::{MessageParser, MimeHeaders};
use postdesk::model::encoding::hex;
use postdesk::model::seal::sha256;
use serde_json::Value;

/// Seconds within which everything in a test happens.
const LATELY: f64 = 600.0;

/// No fault that the reader knows, and no form that a server on the way may change.
pub(crate) fn is_right(what: &str, read: &Value) {
    assert_eq!(read["defects"], Value::Array(Vec::new()), "{what}");
    let fields = read["fields"].as_object().unwrap();
    for once in ["from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "x-loop"] {
        let count = fields.get(once).map_or(0, |values| values.as_array().unwrap().len());
        // What answers nobody's mail has no Reply-To of its own.
        let wanted = if once == "reply-to" { count.min(1) } else { 1 };
        assert_eq!(count, wanted, "{what}: {once} in {fields:?}");
    }
    for (field, values) in fields {
        let often = values.as_array().unwrap().len();
        assert!(often == 1 || field == "dkim-signature", "{what}: {field} stands there {often} times");
    }
    for never in ["precedence", "bcc", "cc", "sender", "received"] {
        assert!(!fields.contains_key(never), "{what}: {never}");
    }
    let longest = [&read["longest_line"], &read["longest_field_line"]].map(|length| length.as_u64().unwrap());
    assert!(longest[0] <= 998 && longest[1] <= 998, "{what}: lines of {longest:?}");
    assert_eq!((&read["bare_line_ends"], &read["nul"]), (&0.into(), &0.into()), "{what}");
    assert_eq!((&read["header_is_ascii"], &read["body_is_ascii"]), (&true.into(), &true.into()), "{what}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let date = read["date"].as_f64().unwrap();
    assert!((now - date).abs() < LATELY, "{what}: Date is {date}, and it is {now}");
    assert_eq!(read["date_form"], read["date_written"], "{what}");
    says_the_same_twice(what, read);
    let id = fields["message-id"][0].as_str().unwrap();
    assert!(id.starts_with('<') && id.ends_with("@desk.example.org>"), "{what}: {id}");
}

/// The HTML says what the text says, in its order, is closed as it was opened, and fetches nothing.
fn says_the_same_twice(what: &str, read: &Value) {
    let structure: Vec<&str> = read["structure"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(structure.contains(&"multipart/alternative"), "{what}: {structure:?}");
    let html = &read["html"];
    let letters = |text: &Value| text.as_str().unwrap().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    assert_eq!(letters(&html["words"]), letters(&read["text"]), "{what}");
    assert_eq!(html["unclosed"], Value::Array(Vec::new()), "{what}");
    let begins = |value: &Value, schemes: &[&str]| schemes.iter().any(|scheme| value.as_str().unwrap().starts_with(scheme));
    assert!(html["sources"].as_array().unwrap().iter().all(|source| begins(source, &["cid:"])), "{what}: {}", html["sources"]);
    let links = html["links"].as_array().unwrap();
    assert!(links.iter().all(|link| begins(link, &["http://", "https://", "mailto:"])), "{what}: {}", html["links"]);
}

/// The kinds of the signatures from the top down, and whether they hold.
pub(crate) fn signature_of(read: &Value) -> Vec<(String, bool)> {
    let signatures = read["signatures"].as_array().unwrap().iter();
    signatures.map(|signature| (signature["a"].as_str().unwrap().to_owned(), signature["holds"] == true)).collect()
}

/// Both signatures hold, by the domain that stands in From.
pub(crate) fn signatures_hold(what: &str, read: &Value) {
    let (rsa, ed25519) = ("rsa-sha256".to_owned(), "ed25519-sha256".to_owned());
    assert_eq!(signature_of(read), [(rsa, true), (ed25519, true)], "{what}: {}", read["signatures"]);
    let author = read["addresses"]["from"][0][1].as_str().unwrap();
    for signature in read["signatures"].as_array().unwrap() {
        assert_eq!(author.rsplit('@').next(), signature["d"].as_str(), "{what}");
        assert_eq!((&signature["c"], &signature["x"], &signature["l"]), (&"relaxed/relaxed".into(), &Value::Null, &Value::Null));
    }
}

/// A second reader finds the same.
pub(crate) fn agrees_with_mail_parser(what: &str, read: &Value) {
    let raw = std::fs::read(read["file"].as_str().unwrap()).unwrap();
    let mail = MessageParser::default().parse(&raw).unwrap();
    // Python before 3.12 leaves the white space that folding puts between two encoded words of a name (RFC 2047 section 6.2).
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let subject = read["fields"]["subject"][0].as_str().unwrap();
    assert_eq!(squeezed(mail.subject().unwrap_or_default()), squeezed(subject), "{what}");
    let from = mail.from().and_then(|from| from.first()).unwrap();
    let (name, address) = (from.name().unwrap_or_default(), from.address().unwrap());
    let found = [read["addresses"]["from"][0][0].as_str().unwrap(), read["addresses"]["from"][0][1].as_str().unwrap()];
    assert_eq!((squeezed(name), address), (squeezed(found[0]), found[1]), "{what}");
    let text = mail.body_text(0).unwrap_or_default();
    let wanted = read["text"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(text.replace("\r\n", "\n").trim_end(), wanted.trim_end(), "{what}");
    let files: Vec<_> = mail.attachments().filter(|part| part.attachment_name().is_some()).collect();
    let wanted = read["files"].as_array().unwrap();
    assert_eq!(files.len(), wanted.len(), "{what}");
    for (file, wanted) in files.iter().zip(wanted) {
        assert_eq!(file.attachment_name(), wanted["name"].as_str(), "{what}");
        // It follows an attached mail instead of handing over its octets.
        if file.message().is_none() {
            assert_eq!(hex(&sha256(file.contents())), wanted["sha256"], "{what}");
        }
    }
}
