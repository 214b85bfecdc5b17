//! One ticket, given out.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, files, holds};

#[test]
fn a_ticket_comes_out_as_a_folder_with_its_originals_octet_for_octet_and_nothing_is_overwritten() {
    let desk = Desk::started();
    desk.converse();
    let said = desk.done(&["export", "SUP-1"]);
    assert!(said.starts_with("SUP-1: ") && said.contains("mails in SUP-1\n"), "{said}");
    let folder = desk.file("SUP-1");
    let json: Value = serde_json::from_slice(&fs::read(folder.join("ticket.json")).unwrap()).unwrap();
    assert_eq!(json, desk.ticket(1));
    let text = fs::read_to_string(folder.join("ticket.txt")).unwrap();
    assert!(text.contains("Broken kettle") && text.contains("canary-note"), "{text}");
    let names: Vec<String> =
        files(&folder.join("messages")).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["001-request.eml", "002-answer.eml", "003-note.eml", "004-reply.eml"]);
    for (name, message) in names.iter().zip(json["messages"].as_array().unwrap()) {
        let raw = desk.gateway.verb(&["arrival", "raw", &message["arrival"].to_string()]);
        assert!(fs::read(folder.join("messages").join(name)).unwrap() == raw, "{name} is not the original");
    }
    let acknowledgement = fs::read_to_string(folder.join("notices/001-acknowledgement.eml")).unwrap();
    assert!(desk.notice("acknowledgement", "mia@customer.example").ends_with(&acknowledgement));
    let again = desk.run(&["export", "1"]);
    assert_eq!(again.code, Some(65), "{again:?}");
    assert!(again.err.contains("SUP-1 is there already"), "{again:?}");
    assert!(fs::read_dir(desk.path()).unwrap().all(|entry| !entry.unwrap().file_name().to_str().unwrap().contains("unfinished")));
    assert_eq!(desk.run(&["export", "99"]).code, Some(65));
}

#[test]
fn an_mbox_is_taken_back_by_the_import_as_the_mails_it_was() {
    let desk = Desk::started();
    desk.converse();
    desk.done(&["export", "SUP-1", "--mbox", "one.mbox"]);
    let text = fs::read_to_string(desk.file("one.mbox")).unwrap();
    assert!(text.contains("\n>From now on canary-reply.\n>>From me\n"), "{text}");
    assert!(!text.contains('\r'));
    let other = Desk::new();
    let file = desk.file("one.mbox");
    // What left the desk is no part of it: of that the desk itself would say that it came back.
    let said = other.done(&["import", file.to_str().unwrap(), "--department", "support"]);
    assert!(said.contains("Taken: 4\n"), "{said}");
    // Where they came from they are known, by what they hold.
    let before = desk.arrivals().len();
    let said = desk.done(&["import", file.to_str().unwrap(), "--department", "support"]);
    assert!(said.contains("Taken: 0\n") || said.contains("Already there: 4"), "{said}");
    assert_eq!(desk.arrivals().len(), before);
}

#[test]
fn a_public_export_holds_no_word_of_a_note_and_nothing_of_the_agents_own_addresses() {
    let desk = Desk::started();
    desk.converse();
    // An agent whose answer quotes the note, as mail programs do.
    let to = desk.answer_address("request", "ana@private.example");
    desk.mail(
        "Ana Agent <ana@private.example>",
        &to,
        "Re: quoting",
        "",
        "It is on its way.\n\nOn Thursday you wrote:\n> canary-quoted",
    );
    desk.settle();
    desk.done(&["export", "SUP-1", "--public", "--to", "given", "--mbox", "given.mbox"]);
    let mut all = files(&desk.file("given"));
    all.push(desk.file("given.mbox"));
    let mut seen = [false; 3];
    for file in &all {
        let octets = fs::read(file).unwrap();
        for canary in ["canary-note", "be careful", "private.example", "canary-quoted", "boris"] {
            assert!(!holds(&octets, canary), "{canary} in {}", file.display());
        }
        for (seen, word) in seen.iter_mut().zip(["canary-request", "canary-answer", "canary-reply"]) {
            *seen |= holds(&octets, word);
        }
    }
    assert_eq!(seen, [true; 3], "what is public is there");
}

#[cfg(feature = "peers")]
#[test]
fn python_reads_the_mbox_as_so_many_mails_with_their_subjects() {
    let desk = Desk::started();
    desk.converse();
    desk.done(&["export", "SUP-1", "--mbox", "one.mbox"]);
    let program = "import mailbox, sys\nfor mail in mailbox.mbox(sys.argv[1]): print(mail['Subject'])";
    let read = std::process::Command::new("python3").args(["-c", program]).arg(desk.file("one.mbox")).output().unwrap();
    let subjects = String::from_utf8(read.stdout).unwrap();
    // Its reader knows no `>>From`, and so nothing but the subjects is asked of it.
    assert_eq!(subjects.lines().collect::<Vec<_>>()[..2], ["Broken kettle", "Re: Broken kettle"], "{:?}", read.stderr);
    assert_eq!(subjects.lines().count(), 4);
}
