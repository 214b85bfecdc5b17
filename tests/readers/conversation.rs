//! One ticket from the request to the delivery report, so that every event sends its notices.

use std::path::PathBuf;

use serde_json::Value;

use super::desk::{Desk, MAILBOX};

/// The events that the conversation brings about, by name: all but `overdue`, which differs from `due-soon` in its text, and `alarm`, which no
/// mail brings about.
pub(crate) const EVENTS: [&str; 14] = [
    "acknowledgement",
    "answer",
    "assigned",
    "begun",
    "closed",
    "digest",
    "due-soon",
    "held",
    "note",
    "receipt",
    "reopened",
    "reply",
    "request",
    "undelivered",
];

const MIA: &str = "mia@customer.example";
const NOAH: &str = "noah@customer.example";
const ANA: &str = "ana@staff.example";
const BORIS: &str = "boris@staff.example";

struct Play<'a> {
    desk: &'a Desk,
    known: Vec<PathBuf>,
    notices: Vec<(&'static str, PathBuf)>,
    sent: usize,
}

/// Plays it; the notices that somebody waited for, with their events.
pub(crate) fn play(desk: &Desk) -> Vec<(&'static str, PathBuf)> {
    let mut play = Play { desk, known: Vec::new(), notices: Vec::new(), sent: 0 };
    let request = format!(
        "From: Mia Berg <{MIA}>\nTo: {MAILBOX}\nCc: Noah <{NOAH}>\nSubject: Broken kettle\nMessage-ID: <kettle-1@customer.example>\n\n\
         It does not boil.\n"
    );
    desk.receive(MIA, MAILBOX, &request);
    play.wait("acknowledgement", MIA);
    let to_ana = play.wait("request", ANA);
    play.wait("request", BORIS);

    play.reply(ANA, &to_ana, "#assign boris");
    let assigned = play.wait("assigned", BORIS);
    play.wait("begun", MIA);
    play.reply(BORIS, &assigned, "Please hold the button for ten seconds.");
    let answer = play.wait("answer", MIA);
    let follower = play.wait("answer", NOAH);
    play.reply(MIA, &answer, "It blinks.");
    let reply = play.wait("reply", BORIS);
    play.wait("reply", NOAH);

    play.reply(BORIS, &reply, "#note\n\n@ana, have we one left?");
    play.wait("note", ANA);
    play.reply(BORIS, &reply, "#clsoe\n\nA new one is on its way.");
    play.wait("receipt", BORIS);
    play.reply(BORIS, &reply, "#close");
    play.wait("closed", MIA);
    play.reply(BORIS, &reply, "#open");
    play.wait("reopened", MIA);

    play.reply(BORIS, &reply, "#due tomorrow");
    play.wait("due-soon", BORIS);

    play.returned(&answer, MIA);
    play.wait("undelivered", BORIS);
    play.reply(NOAH, &follower, "Mine does the same.");
    play.wait("reply", BORIS);
    let pretended = format!(
        "From: Ana <{ANA}>\nTo: {MAILBOX}\nSubject: Re: [SUP-1] Broken kettle\nMessage-ID: <p@staff.example>\n\nI said so.\n"
    );
    desk.receive(ANA, MAILBOX, &pretended);
    play.wait("held", ANA);
    play.wait("digest", BORIS);
    play.notices
}

impl Play<'_> {
    /// Waits for a notice and reads it.
    fn wait(&mut self, event: &'static str, recipient: &str) -> Value {
        let file = self.desk.notice(event, recipient, &mut self.known);
        self.notices.push((event, file.clone()));
        self.desk.read(&[file]).remove(0)
    }

    /// Answers a notice as a mail program does, the new text alone.
    fn reply(&mut self, author: &str, notice: &Value, text: &str) {
        self.sent += 1;
        let (number, id) = (self.sent, notice["fields"]["message-id"][0].as_str().unwrap());
        let to = notice["addresses"]["reply-to"][0][1].as_str().unwrap();
        let mail = format!(
            "From: Somebody <{author}>\nTo: {to}\nSubject: {}\nIn-Reply-To: {id}\nReferences: {id}\nMessage-ID: <{number}@{author}>\n\n{text}\n",
            notice["fields"]["subject"][0].as_str().unwrap()
        );
        self.desk.receive(author, to, &mail);
    }

    /// A server reports that a notice could not be delivered (RFC 3464).
    fn returned(&self, notice: &Value, recipient: &str) {
        let to = notice["fields"]["return-path"][0].as_str().unwrap().trim_matches(['<', '>']);
        let id = notice["fields"]["message-id"][0].as_str().unwrap();
        let report = format!(
            "From: MAILER-DAEMON@mx.customer.example\nTo: {to}\nSubject: Delivery report\nMessage-ID: <dsn-1@mx.customer.example>\n\
             Auto-Submitted: auto-replied\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\nContent-Type: text/plain\n\n\
             Not delivered.\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.customer.example\n\n\
             Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
             --r\nContent-Type: message/rfc822\n\nFrom: {MAILBOX}\nTo: {recipient}\nMessage-ID: {id}\n\nDear Mia\n--r--\n"
        );
        self.desk.receive("", to, &report);
    }
}
