-- The whole desk. Same tables, columns and names as ../postgres/0001_the_desk.sql; only the types of ids and octets differ.
-- Times are microseconds since 1970-01-01T00:00:00Z, flags are 0 or 1, lists are one entry a line.

-- The original octets of a mail, stored once however many departments it is for. Never changed.
CREATE TABLE raw (
    id          INTEGER PRIMARY KEY,
    sha256      BLOB    NOT NULL,
    octets      BLOB    NOT NULL
);

-- One mail for one department, as it was accepted; the lower half is written once, by the decision.
CREATE TABLE arrival (
    id            INTEGER PRIMARY KEY,
    raw_id        BIGINT NOT NULL REFERENCES raw (id),
    department    TEXT   NOT NULL,
    sender        TEXT,                       -- NULL: the null sender <>
    recipients    TEXT   NOT NULL,            -- envelope recipients, one a line
    source        TEXT   NOT NULL,
    peer_ip       TEXT,
    peer_helo     TEXT,
    peer_tls      BIGINT NOT NULL,
    size          BIGINT NOT NULL,
    received_at   BIGINT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,  -- counted before the work, so that a mail that kills the process is found out
    last_error    TEXT,
    outcome       TEXT,                       -- NULL: pending
    cause         TEXT,                       -- why it is held
    ticket        BIGINT,
    authenticity  TEXT,
    message_id    TEXT,
    subject       TEXT,
    content_key   BLOB,                       -- NULL while pending, and for copies, so that the first keeps the key
    reasons       TEXT,                       -- the trace, one reason a line
    defects       TEXT,
    decided_at    BIGINT
);
CREATE INDEX arrival_pending ON arrival (id) WHERE outcome IS NULL;
CREATE INDEX arrival_outcome ON arrival (outcome, id);
-- Exactly one message for each mail and department, whatever runs side by side.
CREATE UNIQUE INDEX arrival_content_key ON arrival (content_key, department) WHERE content_key IS NOT NULL;

-- One row for each sequence that must have no gaps.
CREATE TABLE counter (
    name        TEXT   PRIMARY KEY,
    next        BIGINT NOT NULL
);
INSERT INTO counter (name, next) VALUES ('ticket', 1), ('outbox', 1);

CREATE TABLE ticket (
    number            BIGINT PRIMARY KEY,
    department        TEXT   NOT NULL,
    subject           TEXT   NOT NULL,
    status            TEXT   NOT NULL,
    priority          TEXT   NOT NULL,
    origin            TEXT   NOT NULL,
    visibility        TEXT   NOT NULL,
    requester_name    TEXT   NOT NULL,
    requester_address TEXT   NOT NULL,
    assignee          TEXT,
    mailbox           TEXT   NOT NULL,        -- the public address answers leave from
    first_message_id  TEXT,
    last_message_id   TEXT,
    due_at            BIGINT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    closed_at         BIGINT
);
CREATE INDEX ticket_status ON ticket (status, number);
CREATE INDEX ticket_department ON ticket (department, number);
CREATE INDEX ticket_assignee ON ticket (assignee, number);

CREATE TABLE follower (
    ticket      BIGINT NOT NULL REFERENCES ticket (number),
    address     TEXT   NOT NULL,
    name        TEXT   NOT NULL,
    since       BIGINT NOT NULL,
    PRIMARY KEY (ticket, address)
);

-- A ticket that continues another: kind `follow-up`, from the new ticket to the old one.
CREATE TABLE relation (
    ticket      BIGINT NOT NULL REFERENCES ticket (number),
    other       BIGINT NOT NULL REFERENCES ticket (number),
    kind        TEXT   NOT NULL,
    PRIMARY KEY (ticket, other, kind)
);
CREATE INDEX relation_other ON relation (other);

-- Numbered as its arrival: an arrival makes one message at most.
CREATE TABLE message (
    arrival        BIGINT PRIMARY KEY REFERENCES arrival (id),
    ticket         BIGINT NOT NULL REFERENCES ticket (number),
    kind           TEXT   NOT NULL,
    public         BIGINT NOT NULL,
    author_name    TEXT   NOT NULL,
    author_address TEXT,
    author_agent   TEXT,
    at             BIGINT NOT NULL,
    message_id     TEXT,
    subject        TEXT   NOT NULL,
    text           TEXT   NOT NULL,
    quoted         TEXT   NOT NULL,
    authenticated  BIGINT NOT NULL
);
CREATE INDEX message_ticket ON message (ticket, arrival);
CREATE INDEX message_message_id ON message (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE attachment (
    message     BIGINT NOT NULL REFERENCES message (arrival),
    position    BIGINT NOT NULL,
    name        TEXT   NOT NULL,
    media_type  TEXT   NOT NULL,
    size        BIGINT NOT NULL,              -- after decoding
    sha256      BLOB   NOT NULL,              -- after decoding
    inline      BIGINT NOT NULL,
    content_id  TEXT,
    encoding    TEXT   NOT NULL,
    raw_start   BIGINT NOT NULL,              -- range of the part's body in the raw mail
    raw_end     BIGINT NOT NULL,
    PRIMARY KEY (message, position)
);

CREATE TABLE event (
    id          INTEGER PRIMARY KEY,
    ticket      BIGINT NOT NULL REFERENCES ticket (number),
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    old         TEXT,
    new         TEXT
);
CREATE INDEX event_ticket ON event (ticket, id);

-- One notice for one person, and how far it has come.
CREATE TABLE outbox (
    id              BIGINT PRIMARY KEY,
    ticket          BIGINT,
    arrival         BIGINT NOT NULL REFERENCES arrival (id),
    event           TEXT   NOT NULL,
    recipient       TEXT   NOT NULL,
    recipient_key   TEXT   NOT NULL,          -- the address in the form in which two spellings are equal
    sender          TEXT   NOT NULL,
    message_id      TEXT   NOT NULL,
    state           TEXT   NOT NULL,          -- due, leased, sent, failed, dropped
    attempts        BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT NOT NULL,
    lease           BIGINT NOT NULL DEFAULT 0, -- goes up with every lease: who settles must name the last one
    last_error      TEXT,
    created_at      BIGINT NOT NULL,
    settled_at      BIGINT
);
-- `next_attempt_at` of a leased row is the end of the lease: one index finds both what is due and what was left behind.
CREATE INDEX outbox_waiting ON outbox (next_attempt_at, id) WHERE state IN ('due', 'leased');
CREATE INDEX outbox_state ON outbox (state, id);
-- The mail of a notice: head, then each part with its range of a raw mail, then tail. Apart from the outbox, because that row changes at
-- every step and these octets never do.
CREATE TABLE letter (
    outbox          BIGINT PRIMARY KEY REFERENCES outbox (id),
    head            TEXT   NOT NULL,
    parts           TEXT   NOT NULL,          -- JSON
    tail            TEXT   NOT NULL
);
CREATE UNIQUE INDEX outbox_once ON outbox (arrival, event, recipient_key);

-- How many acknowledgements left, by ten minutes: what the caps are held against costs the same however many there were.
CREATE TABLE acknowledged (
    recipient_key   TEXT   NOT NULL,          -- '' for everybody together
    slot            BIGINT NOT NULL,          -- ten minutes since 1970-01-01T00:00:00Z
    sent            BIGINT NOT NULL,
    PRIMARY KEY (recipient_key, slot)
);
