//! A person who asks to be forgotten, and whoever looks for traces afterwards: in the answers of the verbs, and in the octets of the files.

use std::fs;

use serde_json::Value;

use crate::desk::{Desk, files, holds};

const MIA: &str = "mia@customer.example";

/// Looks through every file of the store for words that must not be there.
fn assert_no_trace(desk: &Desk, words: &[&str]) {
    for file in files(&desk.file("data")) {
        let octets = fs::read(&file).unwrap();
        for word in words {
            assert!(!holds(&octets, word), "{word} is still in {}", file.display());
        }
    }
    if desk.file("objects").exists() {
        assert!(files(&desk.file("objects")).iter().all(|file| file.file_name().unwrap() == "postdesk"), "no object is left");
    }
}

fn forget(desk: &Desk, arguments: &[&str]) -> Value {
    let mut all = vec!["forget", "--json", "--yes"];
    all.extend(arguments);
    serde_json::from_str(&desk.done(&all)).unwrap()
}

#[test]
fn whoever_was_alone_on_a_ticket_leaves_its_number_and_times_and_no_octet_in_the_store() {
    let mut desk = Desk::new().with_objects();
    desk.gateway.start();
    desk.converse();
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Second", "", &"canary-large ".repeat(4_000));
    desk.settle();
    // Held: an agent's name without a proof; it is Mia's, who wrote it.
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Copy", "", "canary-copy");
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Copy", "", "canary-copy");
    desk.settle();
    let words = [MIA, "Mia Berg", "canary-"];
    assert!(
        files(&desk.file("data")).iter().any(|file| holds(&fs::read(file).unwrap(), "canary-request")),
        "there is something to find"
    );

    let open = desk.run(&["forget", "--yes", MIA]);
    assert_eq!(open.code, Some(64), "{open:?}");
    assert!(open.err.contains("SUP-1") && open.err.contains("--even-open"), "{open:?}");
    let looked: Value = serde_json::from_str(&desk.done(&["forget", "--dry-run", "--json", "MIA@Customer.Example"])).unwrap();
    assert_eq!((looked["done"].as_bool(), looked["tickets"].as_array().unwrap().len()), (Some(false), 3), "{looked}");
    assert!(looked["tickets"][0]["whole"].as_bool().unwrap(), "{looked}");
    let asked = desk.run(&["forget", "--even-open", MIA]);
    assert_eq!((asked.code, asked.err.contains("--yes")), (Some(64), true), "nobody is there to say yes: {asked:?}");

    let before = desk.ticket(1);
    let report = forget(&desk, &["--even-open", MIA]);
    assert_eq!((report["done"].as_bool(), report["scrubbed"].as_str()), (Some(true), Some("clean")), "{report}");
    println!("{report}");
    assert_no_trace(&desk, &words);
    let after = desk.ticket(1);
    for kept in ["number", "department", "created_at", "reference"] {
        assert_eq!(after[kept], before[kept]);
    }
    assert_eq!((after["status"].as_str(), after["subject"].as_str()), (Some("closed"), Some("forgotten")));
    assert_eq!(after["messages"].as_array().unwrap().len(), 4);
    assert!(after["messages"][1]["author"]["agent"] == "ana", "what agents did stays: {after}");
    assert!(after["events"].as_array().unwrap().iter().any(|event| event["kind"] == "forgotten"));

    let again = desk.done(&["forget", "--yes", MIA]);
    assert!(again.contains("There is nothing of"), "{again}");
    // The gateway goes on, and the files stay clean when it ends.
    desk.mail("Noah <noah@customer.example>", "help@shop.example", "New", "", "Hello.");
    desk.settle();
    assert!(desk.gateway.stop().success());
    assert_no_trace(&desk, &words);
}

#[test]
fn mail_that_comes_a_second_time_after_its_sender_was_forgotten_opens_no_ticket() {
    let desk = Desk::started();
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Once", "", "canary");
    desk.settle();
    forget(&desk, &["--even-open", MIA]);
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Once", "", "canary");
    desk.settle();
    assert_eq!(desk.arrivals()[0]["outcome"], "duplicate");
    assert_eq!(desk.gateway.json(&["ticket", "list", "--json"]).len(), 1);
    // The copy is forgotten like the mail.
    let report = forget(&desk, &[MIA]);
    assert_eq!(report["arrivals"].as_array().unwrap().len(), 1, "{report}");
    assert_no_trace(&desk, &[MIA, "canary"]);
}

#[test]
fn on_a_ticket_of_several_only_the_persons_own_part_is_forgotten() {
    let desk = Desk::started();
    let copy = "Cc: Noah Vrba <noah@customer.example>\n";
    desk.mail("Mia Berg <mia@customer.example>", "help@shop.example", "Shared", copy, "canary-mia");
    desk.settle();
    let to = desk.answer_address("request", "ana@private.example");
    desk.mail("Ana Agent <ana@private.example>", &to, "Re: Shared", "", &format!("Dear Mia Berg <{MIA}>, kept-answer."));
    desk.settle();
    let to = desk.answer_address("answer", "noah@customer.example");
    desk.mail("Noah Vrba <noah@customer.example>", &to, "Re: Re: Shared", &format!("Cc: {MIA}\n"), "kept-noah\n\n> canary-mia");
    desk.settle();
    desk.close("request");
    let report = forget(&desk, &[MIA]);
    assert_eq!(report["tickets"][0]["whole"], false, "{report}");
    assert_no_trace(&desk, &[MIA, "Mia Berg"]);
    let ticket = desk.ticket(1);
    assert_eq!(ticket["followers"][0]["address"], "noah@customer.example", "{ticket}");
    let text = ticket["messages"].to_string();
    assert!(text.contains("kept-answer") && text.contains("kept-noah") && !text.contains("canary-mia"), "{text}");
    assert!(!ticket["requester"].to_string().contains("mia"), "{ticket}");
    // Whoever is left writes on. The ticket is closed and its subject another one now, so it is a ticket that names the old one.
    desk.mail("Noah Vrba <noah@customer.example>", &to, "Re: Shared", "", "And now?");
    desk.settle();
    let newest = &desk.arrivals()[0];
    assert_eq!(newest["outcome"], "request", "{newest}");
    assert!(newest["reasons"].to_string().contains("joined SUP-1"), "{newest}");
    let sent_to_nobody =
        fs::read_dir(desk.file("out")).unwrap().any(|entry| entry.unwrap().file_name().to_str().unwrap().contains("forgotten"));
    assert!(!sent_to_nobody);
    assert!(desk.done(&["forget", "--yes", MIA]).contains("There is nothing of"));
}

#[test]
fn agents_and_the_desk_itself_are_not_forgotten() {
    let desk = Desk::started();
    desk.converse();
    for (address, words) in
        [("ana@private.example", "agent ana"), ("help@shop.example", "of this desk"), ("mia", "no mail address")]
    {
        let refused = desk.run(&["forget", "--yes", address]);
        assert_eq!((refused.code, refused.err.contains(words)), (Some(65), true), "{refused:?}");
    }
    assert!(desk.done(&["forget", "--yes", "nobody@customer.example"]).contains("There is nothing of"));
}
