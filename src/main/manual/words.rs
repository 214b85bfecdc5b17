//! What manual pages say beside the definitions of clap. An example of a verb that is not there, or that cannot be read, fails a test.

/// The exit codes, after `sysexits.h`.
pub(super) const EXIT_CODES: [(u8, &str); 9] = [
    (0, "It is done."),
    (64, "The command line, or a value in it, is wrong."),
    (65, "There is no such ticket, arrival or notice; or what was handed in cannot be read or is too large."),
    (67, "The address is not one of ours (pipe)."),
    (69, "Something that is needed is not there or not running, or somebody has to look at it."),
    (70, "Our own fault. What is in custody is safe."),
    (74, "Reading or writing failed; the disk did not keep what it was given."),
    (75, "Try again later: the store is locked or away, or the disk is full."),
    (78, "The configuration, a text, a certificate or the key file is wrong, or not the store's."),
];

/// Files, and what they are.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "/etc/postdesk/postdesk.toml",
        "The configuration, unless --config names another, or config/postdesk.toml is below the working directory.",
    ),
    ("/usr/share/postdesk/postdesk.toml", "The manual of every key, to begin a configuration with; see postdesk.toml(5)."),
    ("/var/lib/postdesk", "Database, key file and outgoing files, where the unit of systemd runs it."),
];

/// Variables of the environment.
pub(super) const ENVIRONMENT: &[(&str, &str)] = &[
    ("RUST_LOG", "What is logged, such as info or debug."),
    ("NO_COLOR", "Without colours, when it is set and not empty."),
    ("TZ", "The zone that times are shown in to people."),
];

/// Where to read on.
pub(super) const DOCS: &str = "/usr/share/doc/postdesk/README.md";

/// Examples: the verb, a line of a shell, what it does.
pub(super) const EXAMPLES: &[(&str, &str, &str)] = &[
    ("serve", "postdesk --config /etc/postdesk/postdesk.toml serve", "Run the gateway in the foreground:"),
    ("status", "postdesk status", "Whether mail flows, and what stands in its way:"),
    ("probe", "postdesk probe --to help@shop.example", "Send a mail through the whole path, and wait for its ticket:"),
    ("reload", "postdesk reload", "Take the configuration over without dropping a connection:"),
    ("backup", "postdesk backup /var/backups/desk.backup", "Back the desk up into one file while it runs:"),
    ("restore", "postdesk restore /var/backups/desk.backup", "Put a backup back, with the gateway stopped:"),
    ("export", "postdesk export SUP-1 --public --to mia-1", "One ticket with its originals, for the customer:"),
    ("forget", "postdesk forget mia@customer.example --dry-run", "What there is of a person:"),
    ("check", "postdesk check", "Look the configuration over and print what it came to:"),
    (
        "pipe",
        "postdesk pipe --from mia@customer.example --to help@shop.example < mail.eml",
        "Take one mail, as a mail server would hand it over:",
    ),
    ("import", "postdesk import old-mail/ --department support", "Take an archive; nobody is written to:"),
    ("try", "postdesk try mail.eml --to help@shop.example", "Say what would become of a mail:"),
    ("ticket list", "postdesk ticket list --department support --status open", "The open tickets of a department:"),
    ("ticket show", "postdesk ticket show SUP-1", "One ticket, with its messages and what happened to it:"),
    ("arrival list", "postdesk arrival list --outcome held", "What waits for a decision of an operator:"),
    ("arrival show", "postdesk arrival show 1", "What became of a mail, and why:"),
    ("arrival raw", "postdesk arrival raw 1 > original.eml", "The original, octet for octet:"),
    ("arrival file", "postdesk arrival file 1 1 > picture.png", "The first file of a mail, decoded:"),
    ("arrival release", "postdesk arrival release 17 18 --onto SUP-1", "Take two held mails onto a ticket:"),
    ("arrival retry", "postdesk arrival retry 17", "Decide a held mail again:"),
    ("arrival discard", "postdesk arrival discard 17", "Let nothing become of a held mail:"),
    ("outbox list", "postdesk outbox list --state failed", "What could not be delivered:"),
    ("outbox show", "postdesk outbox show 1", "One notice, with what the other side said:"),
    ("outbox retry", "postdesk outbox retry 1", "Try one now:"),
    ("outbox hold", "postdesk outbox hold 1", "Keep one back:"),
    ("outbox drop", "postdesk outbox drop 1", "Never send one:"),
    ("imap status", "postdesk imap status", "How each mailbox is; 69 when one needs somebody:"),
    ("texts check", "postdesk texts check", "Look over texts of one's own:"),
    ("texts show", "postdesk texts show answer --language hu", "A notice with sample data, as its reader gets it:"),
    ("key list", "postdesk key list", "The keys by number and state:"),
    ("key rotate", "postdesk key rotate", "Seal with a new key from now on:"),
    ("key revoke", "postdesk key revoke 1", "Let nothing more be verified by a key:"),
    (
        "dkim key",
        "postdesk dkim key --domain shop.example --selector pd2026 --out dkim.pem",
        "Make a key, and print its DNS record:",
    ),
    ("dkim record", "postdesk dkim record", "The DNS records for the keys of the configuration:"),
    (
        "move-store",
        "postdesk move-store --from sqlite:/var/lib/postdesk/postdesk.db --to postgres://postdesk@db.example/desk",
        "From SQLite to PostgreSQL:",
    ),
    ("demo", "postdesk demo", "See a whole conversation; nothing is left behind:"),
];
