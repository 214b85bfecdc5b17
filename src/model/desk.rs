//! The desk: departments, agents, keys and limits, as the configuration says. The rules that `decide` is told.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::address::Address;
use super::hours::Hours;
use super::ticket::Ticket;
use super::token::{Keyring, Recipient, Token, split_signed};

/// A group of agents with a system address of its own and any number of public mailboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// Key in the configuration and in commands.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// What references begin with: `SUP`.
    pub prefix: String,
    /// System address.
    pub address: Address,
    /// Public forwarding mailboxes.
    pub mailboxes: Vec<Address>,
    /// Keys of its agents.
    pub agents: Vec<String>,
    /// Who is made responsible for tickets from outside.
    pub assignee: Option<String>,
    /// Who is made responsible for tickets that members open.
    pub internal_assignee: Option<String>,
    /// Language of texts.
    pub language: String,
    /// Whether customers are written to in the language that they wrote in, where there are texts for it.
    pub detect_language: bool,
    /// When it is at work, and its time zone.
    pub hours: Hours,
    /// Expected answer time, while it is at work.
    pub answer_within: Option<Duration>,
    /// How long after closing a reply opens the ticket again.
    pub reopen_within: Duration,
    /// Whether requesters are sent an acknowledgement.
    pub acknowledge: bool,
    /// Whether requesters are told that somebody is responsible.
    pub tell_begun: bool,
    /// Whether requesters are told that their ticket is closed.
    pub tell_closed: bool,
    /// How long before a ticket is due agents are told, while it is at work.
    pub remind_before: Duration,
    /// What becomes of mail with a valid link from somebody who is not on the ticket.
    pub stranger: Stranger,
}

impl Department {
    /// A department without agents and mailboxes, and with the defaults of the configuration.
    pub fn new(key: &str, name: &str, prefix: &str, address: Address) -> Self {
        Self {
            key: key.to_owned(),
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            address,
            mailboxes: Vec::new(),
            agents: Vec::new(),
            assignee: None,
            internal_assignee: None,
            language: "en".to_owned(),
            detect_language: true,
            hours: Hours::default(),
            answer_within: None,
            reopen_within: REOPEN_WITHIN,
            acknowledge: true,
            tell_begun: false,
            tell_closed: true,
            remind_before: REMIND_BEFORE,
            stranger: Stranger::Hold,
        }
    }

    /// How long before a ticket is due agents are told, at most half of the answer time: the reminder is not to come with the request.
    pub fn reminder(&self) -> Duration {
        self.answer_within.map_or(self.remind_before, |span| self.remind_before.min(span / 2))
    }
}

/// How long after closing a reply opens the ticket again, when the department does not say.
pub const REOPEN_WITHIN: Duration = Duration::from_secs(14 * 86_400);
/// How long before a ticket is due agents are told, when the department does not say.
pub const REMIND_BEFORE: Duration = Duration::from_secs(3_600);

/// What becomes of mail with a valid link to a ticket from somebody who is not on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stranger {
    /// It is held.
    #[default]
    Hold,
    /// It opens a ticket of its own, which names the other to agents.
    NewTicket,
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    Admin,
    /// Answer and command.
    Agent,
    /// Read only.
    Viewer,
}

/// A member of the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Key in the configuration and in commands.
    pub key: String,
    /// Name, as customers see it.
    pub name: String,
    /// Address on file: where notices go.
    pub address: Address,
    /// Further addresses the agent writes from.
    pub other_addresses: Vec<Address>,
    /// What the agent may do.
    pub access: Access,
    /// Language of the notices that the agent gets; without it, the department's.
    pub language: Option<String>,
}

/// Limits on what one mail may hold, each a key of `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of header that are read.
    pub header_size: usize,
    /// Fields of the header that are read.
    pub header_fields: usize,
    /// Depth of nested parts.
    pub nesting: usize,
    /// Number of parts.
    pub parts: usize,
    /// Ids looked at in In-Reply-To and References.
    pub references: usize,
    /// Received fields from which a mail is taken to go in circles.
    pub received: usize,
    /// Octets of text kept for display; the original always stays whole.
    pub text_size: usize,
    /// Followers of one ticket.
    pub followers: usize,
    /// Octets of the files that come along with one notice, decoded. Larger ones are named.
    pub attached: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_size: 256 * 1024,
            header_fields: 1_000,
            nesting: 50,
            parts: 1_000,
            references: 50,
            received: 100,
            text_size: 1024 * 1024,
            followers: 50,
            attached: 10 * 1024 * 1024,
        }
    }
}

/// How many acknowledgements may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcknowledgementCaps {
    /// To one address within an hour.
    pub per_hour: i64,
    /// To one address within 24 hours.
    pub per_day: i64,
    /// To everybody within 24 hours.
    pub total_per_day: i64,
}

/// What machines may bring about, each a key of `[automatic_mail]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutomaticMail {
    /// Senders whose mail counts as a person's although it is marked as automatic.
    pub human_senders: Vec<SenderPattern>,
    /// Replies to one ticket within an hour that are passed on to the other customers on it.
    pub passed_on_per_hour: i64,
    /// Replies to one ticket within an hour that agents are told of.
    pub told_per_hour: i64,
    /// Automatic mails within an hour that become entries of one ticket.
    pub shown_per_hour: i64,
}

impl Default for AutomaticMail {
    fn default() -> Self {
        Self { human_senders: Vec::new(), passed_on_per_hour: 20, told_per_hour: 60, shown_per_hour: 60 }
    }
}

/// An address, or every address of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderPattern {
    /// `desk@vendor.example`.
    Address(Address),
    /// `@vendor.example`: the domain in lower case, without those below it.
    Domain(String),
}

impl SenderPattern {
    /// Whether an address is meant.
    pub fn matches(&self, address: &Address) -> bool {
        match self {
            SenderPattern::Address(known) => known == address,
            SenderPattern::Domain(domain) => domain == address.domain(),
        }
    }
}

impl fmt::Display for SenderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SenderPattern::Address(address) => write!(f, "{address}"),
            SenderPattern::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

/// What an envelope recipient means to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Ours: the key of the department.
    Department(String),
    /// A signed bounce address of the department: for delivery reports only.
    Bounce(String),
    /// One of our domains, but nobody there.
    Unknown,
    /// Not our domain.
    Foreign,
}

/// For how long the links in a notice are good, unless the configuration says otherwise.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(2 * 365 * 86_400);

/// Everything the configuration says about the desk.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Name in HELO, Message-IDs and signatures.
    pub hostname: String,
    /// The departments, in the order of the configuration.
    pub departments: Vec<Department>,
    /// The agents, in the order of the configuration.
    pub agents: Vec<Agent>,
    /// What tokens are sealed with.
    pub keys: Keyring,
    /// Limits on one mail.
    pub limits: Limits,
    /// Caps on acknowledgements.
    pub caps: AcknowledgementCaps,
    /// For how long the links in a notice are good.
    pub token_lifetime: Duration,
    /// What machines may bring about.
    pub automatic_mail: AutomaticMail,
    /// What links to us begin with, without a slash at the end: `https://desk.example.org`. Without it, there are none.
    pub public_url: Option<String>,
    department_of: HashMap<Address, usize>,
    agent_of: HashMap<Address, usize>,
    agent_of_token: HashMap<Recipient, usize>,
    domains: Vec<String>,
}

impl Desk {
    /// Puts a desk together and indexes its addresses.
    pub fn new(
        hostname: String,
        departments: Vec<Department>,
        agents: Vec<Agent>,
        keys: Keyring,
        limits: Limits,
        caps: AcknowledgementCaps,
    ) -> Self {
        let mut department_of = HashMap::new();
        let mut domains = vec![hostname.to_lowercase()];
        for (index, department) in departments.iter().enumerate() {
            for address in std::iter::once(&department.address).chain(&department.mailboxes) {
                department_of.insert(address.clone(), index);
                domains.push(address.domain().to_owned());
            }
        }
        let mut agent_of = HashMap::new();
        let mut agent_of_token = HashMap::new();
        for (index, agent) in agents.iter().enumerate() {
            for address in std::iter::once(&agent.address).chain(&agent.other_addresses) {
                agent_of.insert(address.clone(), index);
                agent_of_token.insert(keys.recipient(address), index);
            }
        }
        domains.sort();
        domains.dedup();
        Self {
            hostname,
            departments,
            agents,
            keys,
            limits,
            caps,
            token_lifetime: TOKEN_LIFETIME,
            automatic_mail: AutomaticMail::default(),
            public_url: None,
            department_of,
            agent_of,
            agent_of_token,
            domains,
        }
    }

    /// The department with this key.
    pub fn department(&self, key: &str) -> Option<&Department> {
        self.departments.iter().find(|department| department.key == key)
    }

    /// The reference of a ticket as people write it: `SUP-1042`.
    pub fn reference(&self, ticket: &Ticket) -> String {
        match self.department(&ticket.department) {
            Some(department) => format!("{}-{}", department.prefix, ticket.number),
            None => ticket.number.to_string(),
        }
    }

    /// The agent with this key.
    pub fn agent(&self, key: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.key == key)
    }

    /// The agent who writes from this address.
    pub fn agent_by_address(&self, address: &Address) -> Option<&Agent> {
        self.agent_of.get(address).map(|index| &self.agents[*index])
    }

    /// The agent whom a token was made for.
    pub fn agent_by_token(&self, recipient: Recipient) -> Option<&Agent> {
        self.agent_of_token.get(&recipient).map(|index| &self.agents[*index])
    }

    /// The department whose system address or mailbox this is; signed addresses are not looked into.
    pub fn department_by_address(&self, address: &Address) -> Option<&Department> {
        self.department_of.get(address).map(|index| &self.departments[*index])
    }

    /// What the token in an address of a department says, when the seal is ours.
    pub fn token_in(&self, address: &Address) -> Option<Token> {
        let (base, text) = split_signed(address)?;
        self.department_by_address(&base).and_then(|_| self.keys.read(text))
    }

    /// What the token in a Message-ID (without angle brackets) says, when the seal is ours.
    pub fn token_in_message_id(&self, id: &str) -> Option<Token> {
        let (token, domain) = id.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(&self.hostname) {
            return None;
        }
        self.keys.read(token).filter(|token| matches!(token, Token::Message { .. }))
    }

    /// Whether mail to this address comes to us: such an address is never a requester, follower or agent.
    pub fn is_ours(&self, address: &Address) -> bool {
        self.department_by_address(address).is_some()
            || split_signed(address).is_some_and(|(base, _)| self.department_by_address(&base).is_some())
    }

    /// What an envelope recipient means to us.
    pub fn admit(&self, recipient: &Address) -> Admission {
        if let Some(department) = self.department_by_address(recipient) {
            return Admission::Department(department.key.clone());
        }
        if let Some((base, text)) = split_signed(recipient)
            && let Some(department) = self.department_by_address(&base)
        {
            return match self.keys.read(text) {
                Some(Token::Reply { .. }) => Admission::Department(department.key.clone()),
                // A probe is sent from such an address, so that a report of its failure comes back.
                Some(Token::Bounce { .. } | Token::Probe { .. }) => Admission::Bounce(department.key.clone()),
                Some(Token::Message { .. }) | None => Admission::Unknown,
            };
        }
        if self.domains.iter().any(|domain| domain == recipient.domain()) { Admission::Unknown } else { Admission::Foreign }
    }
}
