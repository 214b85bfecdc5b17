//! Mails as programs write them.

use crate::octets::{base64, quoted_printable};

/// A mail before it is octets.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) cc: String,
    pub(crate) subject: String,
    pub(crate) id: String,
    /// In-Reply-To, and the rest of References before it.
    pub(crate) answers: Option<String>,
    pub(crate) older: Vec<String>,
    pub(crate) text: String,
    pub(crate) is_html: bool,
    /// Parts with their headers.
    pub(crate) files: Vec<Vec<u8>>,
}

/// How the octets of a file are written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    Plain,
    Base64,
    QuotedPrintable,
}

/// A file as a part of a mail.
pub(crate) fn file(media_type: &str, name: &str, content: &[u8], encoding: Encoding) -> Vec<u8> {
    let (word, body) = match encoding {
        Encoding::Plain => ("8bit", content.to_vec()),
        Encoding::Base64 => ("base64", base64(content).into_bytes()),
        Encoding::QuotedPrintable => ("quoted-printable", quoted_printable(&String::from_utf8_lossy(content)).into_bytes()),
    };
    let header = format!(
        "Content-Type: {media_type}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: {word}\r\n\r\n"
    );
    [header.as_bytes(), &body].concat()
}

impl Draft {
    /// The octets; UTF-8 throughout.
    pub(crate) fn finish(&self) -> String {
        let mut mail = format!("From: {}\nTo: {}\nSubject: {}\nMessage-ID: <{}>\n", self.from, self.to, self.subject, self.id);
        if !self.cc.is_empty() {
            mail += &format!("Cc: {}\n", self.cc);
        }
        if let Some(answered) = &self.answers {
            let older: String = self.older.iter().map(|id| format!("<{id}> ")).collect();
            mail += &format!("In-Reply-To: <{answered}>\nReferences: {older}<{answered}>\n");
        }
        mail += "Date: Thu, 12 Nov 2026 17:10:00 +0100\nMIME-Version: 1.0\n";
        let kind = if self.is_html { "html" } else { "plain" };
        let text = format!("Content-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{}\n", self.text);
        if self.files.is_empty() {
            return (mail + &text).replace('\n', "\r\n");
        }
        let boundary = format!("=_{}", self.id.replace('@', "_"));
        mail += &format!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\n\n--{boundary}\n{text}");
        let mut mail = mail.replace('\n', "\r\n");
        for file in &self.files {
            mail += &format!("\r\n--{boundary}\r\n{}", String::from_utf8_lossy(file));
        }
        mail + &format!("\r\n--{boundary}--\r\n")
    }
}
