//! What `serve` says when it takes mail: a first mail to copy, and where to look.

use crate::deliver::Relay;
use crate::run::Gateway;
use crate::settings::Settings;

/// The words, with the end of the last line; nothing for a gateway that listens nowhere. curl speaks SMTP and is on most machines.
pub fn greeting(settings: &Settings, gateway: &Gateway) -> String {
    let Some(address) = gateway.addresses.first() else { return String::new() };
    let department = settings.departments.first();
    let mailbox = department.map(|department| department.mailboxes.first().unwrap_or(&department.address).to_string());
    let to = mailbox.unwrap_or_default();
    let from = if gateway.handed { ", a socket that the service manager handed over" } else { "" };
    format!(
        "postdesk takes mail on {address}{from}. Send it a first one:\n\n\
         printf \"From: Mia Berg <mia@customer.example>\\r\\nTo: {to}\\r\\nDate: $(date -R)\\r\\nSubject: Broken kettle\\r\\n\\r\\nIt does not boil any more.\\r\\n\" \
         | curl -sS smtp://{address} --mail-from mia@customer.example --mail-rcpt {to} -T -\n\n\
         Then look: `postdesk ticket list`, `postdesk ticket show 1`, {}. Ctrl-C stops.\n",
        outgoing(settings)
    )
}

fn outgoing(settings: &Settings) -> String {
    match &settings.delivery.relay {
        Relay::File(folder) => format!("and what went out in {}", folder.display()),
        Relay::Smtp { host, port, .. } => format!("and what {host}:{port} received"),
        Relay::Direct { .. } => "and what the recipients received".to_owned(),
        Relay::Discard => "but nothing goes out (relay = \"discard:\")".to_owned(),
    }
}
