//! How long we wait for a server.

use std::time::Duration;

/// Times after which a server that says nothing is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until TLS has begun.
    pub tls: Duration,
    /// Until it has greeted.
    pub greeting: Duration,
    /// Until it has said yes or no to a login, and to what is asked before.
    pub login: Duration,
    /// Without an octet while it answers a command; also for one part of a message as a whole.
    pub silence: Duration,
    /// For the whole of an answer that comes drop by drop.
    pub answer: Duration,
    /// How long it may be silent while it waits for mail with us, before it is asked for a sign of life.
    pub probe: Duration,
    /// Until that sign: with `probe` below 60 s, the time within which a dead connection is noticed.
    pub sign: Duration,
    /// Until it has said goodbye.
    pub leave: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(20),
            tls: seconds(30),
            greeting: seconds(30),
            login: seconds(30),
            silence: seconds(45),
            answer: seconds(600),
            probe: seconds(40),
            sign: seconds(15),
            leave: seconds(3),
        }
    }
}
