//! The scene of LMTP and the pipe: a gateway that Postfix hands mail over to, in the ways that its manual shows, with two departments.
//!
//! It stands in a folder that everybody can get into, since Postfix runs commands as a user of their own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::gateway::{DEADLINE, Gateway, free_port, wait_for};
use super::postfix::{Postfix, owner, privileged};

pub(crate) const SALES: &str = "sales@desk.example.org";
pub(crate) const UNKNOWN: &str = "nobody@desk.example.org";

/// A Postfix that delivers mail for the desk to a gateway.
pub(crate) struct Front {
    // Dropped in this order.
    pub(crate) gateway: Gateway,
    pub(crate) postfix: Postfix,
}

/// What every Postfix in front needs: the desk's domains go to `way`, and nothing is put off for longer than a test waits.
fn transports(way: &str) -> String {
    format!("desk.example.org {way}\nshop.example {way}\n")
}

const PATIENCE: &str = "minimal_backoff_time = 1s\nmaximal_backoff_time = 2s\nqueue_run_delay = 300s\n\
                        transport_retry_time = 1s\ndelay_warning_time = 0\n";

/// Ports of Postfix's own clients of SMTP and LMTP need a service each.
const LMTP_CLIENT: &str = "lmtp unix - - n - - lmtp\n";

impl Front {
    /// Postfix that speaks LMTP over TCP to this port, and a gateway that listens on one.
    pub(crate) fn over_tcp(to: impl FnOnce(u16) -> u16) -> Self {
        let port = free_port();
        let way = transports(&format!("lmtp:inet:127.0.0.1:{}", to(port)));
        Self::open(Postfix::with(&way, PATIENCE, LMTP_CLIENT), |_| format!("lmtp = [\"127.0.0.1:{port}\"]\n"))
    }

    /// The same on a socket, in a folder whose setgid bit lends it Postfix's group, as the manual has it.
    pub(crate) fn on_a_socket() -> Self {
        let postfix = Postfix::with(&transports("lmtp:unix:FOLDER/desk/lmtp"), PATIENCE, LMTP_CLIENT);
        let folder = postfix.folder().join("desk");
        fs::create_dir(&folder).unwrap();
        run(privileged("chgrp").arg("postfix").arg(&folder));
        run(privileged("chmod").arg("2750").arg(&folder));
        Self::open(postfix, |_| format!("lmtp = [\"unix:{}\"]\n", folder.join("lmtp").display()))
    }

    /// Postfix that runs the pipe of `master.cf`, as another user than its own.
    pub(crate) fn by_pipe(smtp: &str) -> Self {
        let main = format!("{PATIENCE}postdesk_destination_recipient_limit = 1\n");
        let master = format!(
            "postdesk unix - n n - - pipe\n flags=O user={} argv=FOLDER/postdesk --config=FOLDER/desk/postdesk.toml pipe\n \
             --from=${{sender}} --to=${{recipient}}\n",
            name_of(owner())
        );
        Self::open(Postfix::with(&transports("postdesk:"), &main, &master), |_| smtp.to_owned())
    }

    /// Postfix that delivers to a user of this machine, whose `.forward` runs the pipe.
    pub(crate) fn by_forward() -> Self {
        let user = name_of(owner());
        let main = format!(
            "{PATIENCE}virtual_alias_maps = inline:{{{{help@shop.example = {user}@local.example}}}}\n\
             virtual_alias_domains =\nforward_path = FOLDER/forward\nrecipient_delimiter = +\n\
             mailbox_command =\nmailbox_size_limit = 0\n"
        );
        let master = "local unix - n n - - local\n";
        let postfix = Postfix::with("local.example local:\n", &main, master);
        let folder = postfix.folder().display().to_string();
        let forward = format!(
            "\"|{folder}/postdesk --config={folder}/desk/postdesk.toml pipe --from=\\\"$SENDER\\\" --to=help@shop.example\"\n"
        );
        fs::write(postfix.folder().join("forward"), forward).unwrap();
        Self::open(postfix, |_| String::new())
    }

    fn open(postfix: Postfix, smtp: impl FnOnce(&Path) -> String) -> Self {
        let folder = postfix.folder().join("desk");
        let gateway = Gateway::new(&folder, &postfix.address());
        let file = folder.join("postdesk.toml");
        let text = fs::read_to_string(&file).unwrap().replace("[smtp]\n", &format!("[smtp]\n{}", smtp(&folder)));
        let sales = "\n[[department]]\nkey = \"sales\"\nname = \"Sales\"\nprefix = \"SAL\"\n\
                     address = \"sales@desk.example.org\"\nagents = [\"ana\"]\n";
        fs::write(&file, text + sales).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_postdesk"), postfix.folder().join("postdesk")).unwrap();
        Self { gateway, postfix }
    }

    /// Starts the gateway. What it keeps belongs to the user of the pipe, as where both are the same one.
    pub(crate) fn started(mut self) -> Self {
        self.gateway.start();
        self.give_to_the_pipe();
        self
    }

    /// Lets the user of the pipe have what the gateway keeps, before or after its first start.
    pub(crate) fn give_to_the_pipe(&self) {
        run(privileged("chown").arg("-R").arg(owner().to_string()).arg(self.folder().join("data")));
    }

    /// The gateway's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.postfix.folder().join("desk")
    }

    /// Changes the configuration.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let file = self.folder().join("postdesk.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from} in\n{text}");
        fs::write(&file, text.replace(from, to)).unwrap();
    }

    /// Waits until so many mails have come in and been decided: their outcomes with their sources, in the order of their numbers.
    pub(crate) fn outcomes(&self, number: usize) -> Vec<(String, String)> {
        wait_for(&format!("{number} arrivals with their outcomes"), DEADLINE, || {
            let mut arrivals = self.gateway.json(&["arrival", "list", "--json", "--all"]);
            arrivals.sort_by_key(|arrival| arrival["id"].as_i64());
            let decided = arrivals.len() >= number && arrivals.iter().all(|arrival| !arrival["outcome"].is_null());
            let text = |arrival: &Value, name: &str| arrival[name].as_str().unwrap().to_owned();
            decided.then(|| arrivals.iter().map(|arrival| (text(arrival, "source"), text(arrival, "outcome"))).collect())
        })
    }

    /// The subjects of all tickets by department, and how many messages each has.
    pub(crate) fn tickets(&self) -> Vec<(String, String, usize)> {
        let tickets = self.gateway.json(&["ticket", "list", "--json", "--all"]);
        let mut tickets: Vec<_> = tickets
            .iter()
            .map(|ticket| {
                let shown = self.gateway.json(&["ticket", "show", ticket["reference"].as_str().unwrap(), "--json"]).remove(0);
                let text = |name: &str| ticket[name].as_str().unwrap().to_owned();
                (text("department"), text("subject"), shown["messages"].as_array().unwrap().len())
            })
            .collect();
        tickets.sort();
        tickets
    }
}

fn run(command: &mut std::process::Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// The name of a user, as Postfix asks for it.
pub(crate) fn name_of(user: u32) -> String {
    let output = std::process::Command::new("id").arg("-un").arg(user.to_string()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
