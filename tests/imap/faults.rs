//! Every command with every fault: NO, BAD, another one's tag, BYE, an end before and in the middle of the reply, silence.

use super::scripts::play;

/// A server that lets us in and selects a folder.
const SELECTED: &str = "S: * OK [CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS] ready\n\
    C: *tag* LOGIN \"desk\" \"secret\"\nS: *tag* OK [CAPABILITY IMAP4rev1 IDLE MOVE UIDPLUS] in\ndo: open\nis: in\n\
    C: *tag* SELECT \"INBOX\"\nS: * 3 EXISTS\nS: * OK [UIDVALIDITY 7] valid\nS: *tag* OK selected\n\
    do: select INBOX\nis: validity 7 next - exists 3\n";
/// The same, without MOVE.
const WITHOUT_MOVE: &str = "S: * OK [CAPABILITY IMAP4rev1 UIDPLUS] ready\n\
    C: *tag* LOGIN \"desk\" \"secret\"\nS: *tag* OK [CAPABILITY IMAP4rev1 UIDPLUS] in\ndo: open\nis: in\n";

/// What follows selecting, where a message is being removed.
const FLAGGED: &str = "C: *tag* UID STORE 5 +FLAGS.SILENT (\\Deleted)\nS: *tag* OK done\n";

/// What comes before, the command, half of its answer, and what we do for it.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str);

const COMMANDS: [Case<'_>; 14] = [
    ("S: * OK ready", "CAPABILITY", "* CAPABILITY IMAP4rev1", "open"),
    ("S: * OK [CAPABILITY IMAP4rev1] ready", "LOGIN \"desk\" \"secret\"", "* CAPABILITY IMAP4rev1", "open"),
    ("S: * OK [CAPABILITY AUTH=PLAIN SASL-IR] ready", "AUTHENTICATE PLAIN AGRlc2sAc2VjcmV0", "* CAPABILITY IMAP4rev1", "open"),
    (SELECTED, "SELECT \"A\"", "* OK [UIDVALIDITY 7] valid", "select A"),
    (SELECTED, "UID SEARCH UID 1:*", "* SEARCH 1 2 3", "uids 1"),
    (SELECTED, "UID FETCH 5 (UID RFC822.SIZE INTERNALDATE)", "* 1 FETCH (UID 5 RFC822.SIZE 7)", "about 5"),
    (SELECTED, "UID FETCH 5 (UID BODY.PEEK[]<0.262144>)", "* 1 FETCH (UID 5 BODY[]<0> \"1234567\")", "octets 5 7"),
    (SELECTED, "UID STORE 5 +FLAGS.SILENT (\\Seen)", "* 1 FETCH (FLAGS (\\Seen))", "seen 5"),
    (SELECTED, "UID MOVE 5 \"Done\"", "* 1 EXPUNGE", "move 5 Done"),
    (WITHOUT_MOVE, "UID COPY 5 \"Done\"", "* OK one moment", "move 5 Done"),
    (SELECTED, "UID STORE 5 +FLAGS.SILENT (\\Deleted)", "* 1 FETCH (FLAGS (\\Deleted))", "delete 5"),
    (FLAGGED, "UID EXPUNGE 5", "* 1 EXPUNGE", "delete 5"),
    (SELECTED, "NOOP", "* 4 EXISTS", "noop"),
    (SELECTED, "IDLE", "* OK one moment", "wait 20000"),
];

/// The fault, and of what kind it is.
fn faults(half: &str) -> Vec<(String, &'static str)> {
    vec![
        ("S: *tag* NO not today".to_owned(), "refused"),
        (format!("S: {half}\nS: *tag* NO not today"), "refused"),
        (format!("S: {half}\nS: *tag* BAD what"), "refused"),
        (format!("S: {half}\nS: *tag* NO [LIMIT] slowly"), "throttled"),
        (format!("S: {half}\nS: P0 OK done"), "nonsense"),
        (format!("S: {half}\nS: * BYE so long"), "goodbye"),
        ("close\nsilence".to_owned(), "unreachable"),
        (format!("S: {half}\nclose\nsilence"), "unreachable"),
        (format!("S: {half}\nraw: *tag* OK do\nclose\nsilence"), "unreachable"),
        (format!("raw: {}\nclose\nsilence", &half[..half.len() - 1].replace('\\', "\\\\")), "unreachable"),
        (format!("S: {half}\nsilence"), "late"),
    ]
}

/// NO to a login is about the password, and IDLE that is refused is done without: these have dialogs of their own.
fn is_another_matter(command: &str, fault: &str) -> bool {
    let refused = fault.contains("*tag* NO") || fault.contains("*tag* BAD");
    (command.contains("LOGIN") || command.contains("AUTHENTICATE")) && fault.contains("*tag* NO not")
        || command == "IDLE" && refused
}

fn script(case: Case<'_>, fault: &str, kind: &str) -> String {
    let (before, command, _, what) = case;
    let selected = if before == FLAGGED { SELECTED } else { "" };
    let late = if kind == "late" { "patience: silence=150 sign=150 login=150\n" } else { "" };
    // A folder that is refused without a reason is looked for.
    let list = command.starts_with("SELECT") && fault.contains("*tag* NO not");
    let list = if list { "\nC: *tag* LIST \"\" \"A\"\nS: * LIST () \"/\" A\nS: *tag* OK done" } else { "" };
    let goes_on = matches!(kind, "refused" | "throttled") && what != "open";
    let after = if goes_on { "C: *tag* NOOP\nS: *tag* OK done\ndo: noop\nis: done\n" } else { "" };
    let before = before.trim_end();
    format!("{late}{selected}{before}\nC: *tag* {command}\n{fault}{list}\ndo: {what}\nis: {kind}: …\n{after}")
}

#[tokio::test]
async fn every_command_tells_of_every_fault_and_goes_on_after_no_and_bad() {
    let (mut played, mut wrong) = (0, Vec::new());
    for case in COMMANDS {
        for (fault, kind) in faults(case.2) {
            if is_another_matter(case.1, &fault) {
                continue;
            }
            let script = script(case, &fault, kind);
            played += 1;
            if let Err(why) = play(&script, played % 2 == 0).await {
                wrong.push(format!("{why}\n{script}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(played > 130, "{played} faults were played");
}
