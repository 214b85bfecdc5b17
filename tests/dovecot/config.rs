//! What the private Dovecot is told: no root, no user of its own, nothing outside its folder.

use std::path::Path;

/// Users, and the password of all of them.
pub(crate) const USERS: [&str; 4] = ["desk", "sales", "tidy", "gone"];
/// A password that has to be quoted everywhere.
pub(crate) const PASSWORD: &str = "correct \"horse\" b\\ttery";
/// How many connections one user may have; further ones are refused, as providers do.
pub(crate) const CONNECTIONS: u32 = 6;

/// Where the server listens on 127.0.0.1.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    /// Plain, and STARTTLS.
    pub(crate) plain: u16,
    /// TLS from the first octet.
    pub(crate) tls: u16,
}

/// `dovecot.conf`. The folder holds `server.pem` and `server.key`, `users` and `oauth2.conf`. Mail to the folders below `Small.` is over
/// the quota from the second message on.
pub(crate) fn main(folder: &Path, ports: Ports, (user, group): (&str, &str), (uid, gid): (u32, u32)) -> String {
    let folder = folder.display();
    format!(
        r#"base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = {CONNECTIONS}
mail_plugins = $mail_plugins quota
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
"#
    ) + &services(ports)
        + &boxes(&folder.to_string(), uid, gid)
}

/// Who listens where. Without root nobody can change the root of its file system.
fn services(Ports { plain, tls }: Ports) -> String {
    format!(
        r#"service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service ipc {{
  chroot =
}}
"#
    )
}

/// Where users and their mail are, and how much there may be of it.
fn boxes(folder: &str, uid: u32, gid: u32) -> String {
    format!(
        r#"protocol imap {{
  mail_plugins = $mail_plugins quota imap_quota
}}
plugin {{
  quota = maildir:User quota:ns=
  quota2 = maildir:Small quota:ns=Small.
  quota2_rule = *:messages=1
  quota_grace = 0
}}
namespace inbox {{
  inbox = yes
  prefix =
  separator = .
}}
namespace small {{
  prefix = Small.
  separator = .
  location = maildir:~/Small
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = scheme=PLAIN {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"#
    )
}

/// The file of the users, each with this password.
pub(crate) fn users(password: &str) -> String {
    USERS.iter().map(|user| format!("{user}:{{PLAIN}}{password}::::::\n")).collect()
}

/// Where the server asks whether an access token is good.
pub(crate) fn oauth2(introspection: &str) -> String {
    format!(
        "introspection_url = {introspection}\nintrospection_mode = get\nusername_attribute = username\n\
         active_attribute = active\nactive_value = true\n"
    )
}
