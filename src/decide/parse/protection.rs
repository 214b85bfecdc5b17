//! How a mail is signed or encrypted: by S/MIME (RFC 8551), by PGP/MIME (RFC 3156), or by OpenPGP within its text (RFC 9580 section 7).
//!
//! Nothing is verified or decrypted here. What is signed is read, the armour around it goes to what was cut; where nothing can be
//! read, the mail says so in one line.

mod cms;

use mail_parser::{Message, MessagePart, MimeHeaders, PartType};

use super::attachments::{decoded, media_type};
use super::{defect, filename};
use crate::model::mail::{Mail, Protection};

/// What is read instead of a mail that is encrypted, before the name of the file and after it. The lines begin with a bracket, so that
/// no rule of cutting and no command applies.
const ENCRYPTED: [(&str, &str); 2] = [
    ("[This mail is encrypted with S/MIME and cannot be read here; the encrypted content is in the file ", ".]"),
    ("[This mail is encrypted with OpenPGP and cannot be read here; the encrypted content is in the file ", ".]"),
];
/// The same where the encrypted content stood in the text.
const ENCRYPTED_TEXT: &str = "[This text is encrypted with OpenPGP and cannot be read here; it is kept with what was cut.]";

/// Octets of a file by which it is told whether it is armoured.
const MESSAGE: &[u8] = b"-----BEGIN PGP MESSAGE";

const BEGIN_SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const BEGIN_SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END_SIGNATURE: &str = "-----END PGP SIGNATURE-----";
const BEGIN_MESSAGE: &str = "-----BEGIN PGP MESSAGE-----";
const END_MESSAGE: &str = "-----END PGP MESSAGE-----";

/// What the structure of a mail tells. A nested mail is not its own.
pub(super) fn of_parts(message: &Message<'_>, raw: &[u8]) -> Option<Protection> {
    let found = message.parts.iter().filter_map(|part| of_part(part, raw));
    // What is encrypted may be signed as well, but nobody can see that.
    found.reduce(|first, other| {
        if is_encrypted(first) {
            first
        } else if is_encrypted(other) {
            other
        } else {
            first
        }
    })
}

fn is_encrypted(protection: Protection) -> bool {
    matches!(protection, Protection::EncryptedPgp | Protection::EncryptedSmime)
}

fn of_part(part: &MessagePart<'_>, raw: &[u8]) -> Option<Protection> {
    let parameter = |name: &str| {
        let value = part.content_type().and_then(|content_type| content_type.attribute(name)).unwrap_or_default();
        value.trim().to_ascii_lowercase()
    };
    match media_type(part).as_str() {
        "multipart/signed" if parameter("protocol").contains("pgp") => Some(Protection::SignedPgp),
        "multipart/signed" if parameter("protocol").contains("pkcs7") => Some(Protection::SignedSmime),
        "application/pgp-signature" => Some(Protection::SignedPgp),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => Some(Protection::SignedSmime),
        "multipart/encrypted" | "application/pgp-encrypted" => Some(Protection::EncryptedPgp),
        media_type if is_cms(media_type, filename::of(part, raw).as_deref()) => of_cms(part, raw, &parameter("smime-type")),
        "application/octet-stream" if matches!(part.body, PartType::Binary(_)) && part.contents().starts_with(MESSAGE) => {
            Some(Protection::EncryptedPgp)
        }
        _ => None,
    }
}

/// Whether a part is an S/MIME file: servers that do not know the media type write another.
fn is_cms(media_type: &str, name: Option<&str>) -> bool {
    match media_type {
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => true,
        "application/octet-stream" => name.is_some_and(|name| name.eq_ignore_ascii_case("smime.p7m")),
        _ => false,
    }
}

/// `smime-type` (RFC 8551 section 3.2.2), or what the octets say where it is missing.
fn of_cms(part: &MessagePart<'_>, raw: &[u8], kind: &str) -> Option<Protection> {
    match (kind, cms::kind(&decoded(part, raw, &mut Vec::new()))) {
        ("certs-only" | "compressed-data", _) => None,
        (_, Some(cms::Kind::Enveloped)) | ("enveloped-data" | "authenveloped-data", _) => Some(Protection::EncryptedSmime),
        (_, Some(cms::Kind::Signed)) | ("signed-data", _) => Some(Protection::SignedSmime),
        _ => None,
    }
}

/// What was signed, where it lies within the signature's file: a MIME entity.
pub(super) fn signed_entity(media_type: &str, name: Option<&str>, content: &[u8]) -> Option<Vec<u8>> {
    let is_signed = is_cms(media_type, name) && cms::kind(content) == Some(cms::Kind::Signed);
    if is_signed { cms::signed_content(content) } else { None }
}

/// Takes OpenPGP's armour out of a text: what is left of the text, the armour, and what it tells. `None` where there is none.
pub(super) fn without_armour(text: &str) -> Option<(String, String, Protection)> {
    if !text.contains("-----BEGIN PGP ") {
        return None;
    }
    let mut reader = Armour::default();
    // An encrypted block is taken out only where its end is.
    let mut ends = text.matches(END_MESSAGE).count();
    for line in text.split('\n') {
        ends -= usize::from(line.trim_end() == END_MESSAGE).min(ends);
        reader.line(line, ends > 0);
    }
    let protection = reader.protection?;
    Some((reader.text.trim_matches('\n').to_owned(), reader.aside.trim_matches('\n').to_owned(), protection))
}

/// Where in the armour a line stands.
#[derive(Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    /// The lines `Hash: …` to the empty one.
    Header,
    Signed,
    Signature,
    Encrypted,
}

#[derive(Debug, Default)]
struct Armour {
    place: Place,
    text: String,
    aside: String,
    protection: Option<Protection>,
}

impl Armour {
    fn line(&mut self, line: &str, ends: bool) {
        let bare = line.trim_end();
        match self.place {
            Place::Outside if bare == BEGIN_SIGNED => {
                self.place = Place::Header;
                self.protection = self.protection.or(Some(Protection::SignedPgp));
            }
            Place::Outside if bare == BEGIN_MESSAGE && ends => {
                self.place = Place::Encrypted;
                self.protection = Some(Protection::EncryptedPgp);
                self.text.push_str(ENCRYPTED_TEXT);
                self.text.push('\n');
            }
            Place::Outside | Place::Signed if bare == BEGIN_SIGNATURE => self.place = Place::Signature,
            Place::Signature if bare == END_SIGNATURE => {
                self.set_aside(line);
                self.place = Place::Outside;
                return;
            }
            Place::Encrypted if bare == END_MESSAGE => {
                self.set_aside(line);
                self.place = Place::Outside;
                return;
            }
            Place::Header if bare.is_empty() || !bare.contains(": ") => {
                self.place = Place::Signed;
                if !bare.is_empty() {
                    self.keep(line);
                }
                return;
            }
            // The space behind two dashes is lost where the armour put a dash and a space before them.
            Place::Signed if bare == "- --" => return self.keep("-- "),
            Place::Signed => return self.keep(line.strip_prefix("- ").unwrap_or(line)),
            Place::Outside => return self.keep(line),
            Place::Header | Place::Signature | Place::Encrypted => {}
        }
        self.set_aside(line);
    }

    fn keep(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn set_aside(&mut self, line: &str) {
        self.aside.push_str(line);
        self.aside.push('\n');
    }
}

/// Says what cannot be read, where nothing else is there to read.
pub(super) fn tell(mail: &mut Mail) {
    let (Some(Protection::EncryptedSmime | Protection::EncryptedPgp), true) = (mail.protection, mail.text.trim().is_empty())
    else {
        return;
    };
    let is_smime = mail.protection == Some(Protection::EncryptedSmime);
    let [smime, pgp] = ENCRYPTED;
    let (before, after) = if is_smime { smime } else { pgp };
    // The content is the largest file: beside it there is a line with a version, or a signature.
    let file = mail.attachments.iter().max_by_key(|file| file.size).map_or("", |file| file.name.as_str());
    mail.text = format!("{before}{file}{after}");
    mail.defects.push(defect("encrypted", "the mail is encrypted and cannot be read"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_signed_text_is_read_without_its_armour() {
        let text =
            format!("{BEGIN_SIGNED}\nHash: SHA512\n\nHello,\n- --\nMia\n{BEGIN_SIGNATURE}\n\niQ==\n{END_SIGNATURE}\nfooter");
        let (read, aside, protection) = without_armour(&text).unwrap_or((String::new(), String::new(), Protection::EncryptedPgp));
        assert_eq!(read, "Hello,\n-- \nMia\nfooter");
        assert_eq!(aside, format!("{BEGIN_SIGNED}\nHash: SHA512\n{BEGIN_SIGNATURE}\n\niQ==\n{END_SIGNATURE}"));
        assert_eq!(protection, Protection::SignedPgp);
    }

    #[test]
    fn an_encrypted_text_is_set_aside_where_it_ends() {
        let text = format!("Hi,\n{BEGIN_MESSAGE}\n\nhQ==\n{END_MESSAGE}\nbye");
        let (read, aside, protection) = without_armour(&text).unwrap_or((String::new(), String::new(), Protection::SignedPgp));
        assert_eq!(read, format!("Hi,\n{ENCRYPTED_TEXT}\nbye"));
        assert!(aside.contains("hQ=="));
        assert_eq!(protection, Protection::EncryptedPgp);
        assert_eq!(without_armour(&text.replace("-----END", "-----")), None);
        assert_eq!(without_armour("It begins with -----BEGIN PGP MESSAGE----- they say"), None);
    }

    proptest! {
        #[test]
        fn no_line_is_lost(lines in prop::collection::vec(prop_oneof![
            prop::sample::select(vec![BEGIN_SIGNED, BEGIN_SIGNATURE, END_SIGNATURE, BEGIN_MESSAGE, END_MESSAGE, "Hash: x", "", "- a"]).prop_map(str::to_owned),
            "[a-z]{1,5}",
        ], 0..20)) {
            if let Some((text, aside, _)) = without_armour(&lines.join("\n")) {
                for line in &lines {
                    let line = line.as_str();
                    let bare = line.strip_prefix("- ").unwrap_or(line);
                    let is_in = |text: &str| text.split('\n').any(|kept| kept == line || kept == bare);
                    prop_assert!(line.is_empty() || is_in(&text) || is_in(&aside), "{line}");
                }
            }
        }
    }
}
