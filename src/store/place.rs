//! Where a store is: `[store] url`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// What a URL may look like, for people.
const WANTED: &str = "takes \"sqlite:PATH\", such as \"sqlite:var/postdesk.db\", or \"postgres://USER@HOST/DATABASE\"";

/// Statements that a connection keeps. The widest take half a MiB of the server's memory each.
const STATEMENTS: usize = 64;

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of SQLite.
    File(PathBuf),
    /// A database of PostgreSQL.
    Server(Server),
}

/// A database of PostgreSQL: one host, or several of which one is the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// As it was written. Holds no password.
    url: String,
    /// A URL for each host.
    hosts: Vec<String>,
    /// File with the password in its first line, read at each connection, so that it may change.
    pub password_file: Option<PathBuf>,
}

impl Place {
    /// Reads a URL. What is wrong is said without repeating it: it may hold a password that belongs elsewhere.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Server::parse(url).map(Place::Server);
        }
        let Some(file) = url.strip_prefix("sqlite:") else { return Err(WANTED.to_owned()) };
        // `sqlite://var/x` means /var/x to one reader and var/x to another.
        if file.is_empty() || file.starts_with("//") || file.starts_with(':') || file.contains('?') {
            return Err(format!("{WANTED}; a file stands without // before it or ? after it"));
        }
        Ok(Place::File(PathBuf::from(file)))
    }
}

impl Place {
    /// Whether there is something to look at; of a server that is found out by connecting.
    pub fn is_there(&self) -> bool {
        match self {
            Place::File(_) => self.size().is_some_and(|octets| octets > 0),
            Place::Server(_) => true,
        }
    }

    /// Octets of a file that is there.
    pub fn size(&self) -> Option<u64> {
        match self {
            Place::File(file) => file.metadata().ok().map(|file| file.len()),
            Place::Server(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(file) => write!(to, "sqlite:{}", file.display()),
            Place::Server(server) => to.write_str(&server.url),
        }
    }
}

impl Server {
    fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or(WANTED)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, behind) = rest.split_at(end);
        let (user, hosts) = authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
        if user.contains(':') || behind.contains("password=") {
            return Err("holds a password; put it into a file of its own and name that in `password_file`".to_owned());
        }
        if behind.split(['?', '#']).next().is_none_or(|path| path.len() < 2) {
            return Err(format!("names no database; {WANTED}"));
        }
        let user = if user.is_empty() { String::new() } else { format!("{user}@") };
        // Without a host it is this machine, or the folder of a socket that `host=` names.
        let hosts = if hosts.is_empty() { "localhost" } else { hosts };
        let hosts: Vec<String> = hosts.split(',').map(|host| format!("{scheme}://{user}{host}{behind}")).collect();
        let server = Self { url: url.to_owned(), hosts, password_file: None };
        server.connections().map_err(|error| format!("is no address of a PostgreSQL database: {error}"))?;
        Ok(server)
    }

    /// How to connect to each host, without the password.
    pub(in crate::store) fn connections(&self) -> Result<Vec<PgConnectOptions>, sqlx::Error> {
        let connect = |url: &String| {
            let options = PgConnectOptions::from_str(url)?.application_name("postdesk").statement_cache_capacity(STATEMENTS);
            let said = url.contains("sslmode=") || url.contains("ssl-mode=");
            // What crosses a network is other people's mail: nobody may read it, and nobody may pose as the database.
            Ok(if said || is_here(&options) { options } else { options.ssl_mode(PgSslMode::VerifyFull) })
        };
        self.hosts.iter().map(connect).collect()
    }

    /// Whether something between us and the database could read what it holds, or pose as it.
    pub fn is_open_to_listeners(&self) -> bool {
        let weak = |options: &PgConnectOptions| {
            !is_here(options) && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull | PgSslMode::VerifyCa)
        };
        self.connections().is_ok_and(|connections| connections.iter().any(weak))
    }
}

/// Whether the way to a host stays on this machine.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    loopback || options.get_socket().is_some() || host.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        let Ok(Place::Server(server)) = Place::parse(url) else { panic!("{url}: {:?}", Place::parse(url)) };
        server
    }

    #[test]
    fn a_url_may_name_several_hosts_and_each_becomes_a_connection() {
        let hosts = server("postgres://postdesk@db1.example:5433,db2.example/desk").connections().unwrap();
        let seen: Vec<_> = hosts.iter().map(|host| (host.get_host().to_owned(), host.get_port())).collect();
        assert_eq!(seen, [("db1.example".to_owned(), 5433), ("db2.example".to_owned(), 5432)]);
        assert!(hosts.iter().all(|host| host.get_database() == Some("desk") && host.get_username() == "postdesk"));
    }

    #[test]
    fn what_leaves_this_machine_is_encrypted_and_checked_unless_the_url_says_otherwise() {
        let mode = |url: &str| format!("{:?}", server(url).connections().unwrap()[0].get_ssl_mode());
        assert_eq!(mode("postgres://a@db.example/desk"), "VerifyFull");
        assert_eq!(mode("postgres://a@db.example/desk?sslmode=require"), "Require");
        assert_eq!(mode("postgres://a@127.0.0.1/desk"), "Prefer");
        assert_eq!(mode("postgres://a@/desk?host=/run/postgresql"), "Prefer");
        assert!(server("postgres://a@db.example/desk?sslmode=require").is_open_to_listeners());
        assert!(!server("postgres://a@db.example/desk").is_open_to_listeners());
    }

    #[test]
    fn a_password_in_the_url_is_refused_and_not_repeated() {
        for url in ["postgres://a:sesame@db.example/desk", "postgres://a@db.example/desk?password=sesame"] {
            let refused = Place::parse(url).unwrap_err();
            assert!(refused.contains("password_file") && !refused.contains("sesame"), "{refused}");
        }
    }
}
