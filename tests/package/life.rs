//! The life of the package: nothing is started before it is configured, an upgrade refuses no mail, a removal leaves the mail.

use std::process::Command;

use super::PACKAGES;
use super::machine::Machine;

#[test]
fn the_package_is_installed_configured_used_upgraded_removed_and_purged() {
    let machine = Machine::start(&PACKAGES[..]);
    let said = machine.say("dpkg --no-triggers -i postdesk_0.1.0-1_*.deb");
    assert!(said.contains("not started") && said.contains("first-hour.md"), "{said}");
    machine.say("! systemctl is-active -q postdesk.service && ! systemctl is-active -q postdesk.socket");
    machine.say("! systemctl is-enabled -q postdesk.service && ! systemctl is-enabled -q postdesk.socket");
    machine.say("test -r /usr/share/postdesk/postdesk.toml && test -d /usr/share/postdesk/monitoring && test ! -e /etc/postdesk/postdesk.toml");

    machine.say("dpkg --no-triggers --purge postdesk && /srv/prepare desk");
    machine.say(&send("first"));
    machine.say(&until_ticket("first"));
    assert!(machine.say("systemctl show -p Type -p NotifyAccess -p WatchdogUSec postdesk.service").contains("Type=notify"));
    machine.say("systemctl status --no-pager postdesk.service | grep -q 'Status: '");

    // Mail is sent from before the upgrade until after it. Nobody is refused, and every mail has its 250 in the end.
    let before = machine.say("systemctl show -p MainPID --value postdesk.service");
    machine.say("systemd-run --quiet --unit=senders /srv/senders 300 /srv/counts; /srv/until 'postdesk ticket list --json | grep -q upgrade-'");
    machine.say("dpkg --no-triggers -i postdesk_0.1.1-1_*.deb");
    let after = machine.say("systemctl show -p MainPID --value postdesk.service");
    assert!(before != after && after.trim() != "0", "the gateway was not started anew: {before} {after}");
    let counts = machine.say("/srv/until 'test -s /srv/counts'; cat /srv/counts");
    assert!(counts.starts_with("sent=300 ") && counts.ends_with(" refused=0\n"), "{counts}");
    let tickets = "/srv/until '[ \"$(postdesk ticket list --all --json | grep -c upgrade-)\" -ge 300 ]'; postdesk ticket list --all --json | grep -c upgrade-";
    assert_eq!(machine.say(tickets).trim(), "300", "a mail was doubled");
    println!("upgrade: {}", counts.trim());

    machine.say("dpkg --no-triggers --remove postdesk");
    machine.say("! pgrep -x postdesk && test -s /var/lib/private/postdesk/postdesk.db && test -e /etc/postdesk/postdesk.toml");
    machine.say("dpkg --no-triggers -i postdesk_0.1.1-1_*.deb && systemctl is-enabled -q postdesk.socket && systemctl start postdesk.service");
    machine.say(&send("again"));
    machine.say(&until_ticket("again"));
    let said = machine.say("dpkg --no-triggers --purge postdesk 2>&1");
    assert!(said.contains("/var/lib/private/postdesk is left"), "{said}");
    machine.say(
        "test -s /var/lib/private/postdesk/postdesk.db && test -e /etc/postdesk/postdesk.toml && test ! -e /usr/bin/postdesk",
    );
    machine.say("test -z \"$(find /etc/systemd /var/lib/systemd/deb-systemd-helper* -name '*postdesk*' 2>/dev/null)\"");
}

/// Sends a mail with this subject by swaks, as a customer.
fn send(subject: &str) -> String {
    format!(
        "swaks --silent 3 --server 127.0.0.1:25 --local-interface 127.0.0.2 --from mia@customer.example --to help@shop.example \
         --h-Subject {subject} --body hello"
    )
}

fn until_ticket(subject: &str) -> String {
    format!("/srv/until 'postdesk ticket list --json | grep -q {subject}'")
}

#[test]
fn manual_pages_are_set_without_a_warning_and_completions_complete() {
    let machine = Machine::start(&PACKAGES[..1]);
    machine.say("dpkg -i postdesk_0.1.0-1_*.deb");
    let told = machine.say(
        "pages=0; for page in /usr/share/man/man[15]/postdesk*; do pages=$((pages + 1)); \
         MANWIDTH=80 man --warnings --local-file \"$page\" 2>&1 >/dev/null | sed \"s|^|$page: |\"; done; echo pages=$pages",
    );
    let pages: usize =
        told.trim().strip_prefix("pages=").and_then(|pages| pages.parse().ok()).unwrap_or_else(|| panic!("{told}"));
    assert!(pages > 30, "only {pages} manual pages");
    machine.say("man --pager=cat postdesk-ticket-list | grep -q -- --overdue && man --pager=cat 5 postdesk.toml | grep -q max_message_size");
    let completed = machine.say(
        "source /usr/share/bash-completion/completions/postdesk; COMP_WORDS=(postdesk ticket l); COMP_CWORD=2; \
         _postdesk postdesk l ticket; echo \"${COMPREPLY[@]}\"",
    );
    assert_eq!(completed.trim(), "list");
}

#[test]
fn lintian_finds_no_error_in_the_package() {
    let output = Command::new("lintian").args(["--fail-on", "error"]).arg(&PACKAGES[0]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
