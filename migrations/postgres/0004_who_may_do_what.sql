-- Who may do what. Same text as in the other folder.

-- What was found out about a sender, one verdict a line, kept before the decision so that nobody is asked twice. With `authenticity`.
ALTER TABLE arrival ADD COLUMN evidence TEXT;
-- The operator who says that mail which was held is to be taken, and the ticket that it is to join.
ALTER TABLE arrival ADD COLUMN released_by TEXT;
ALTER TABLE arrival ADD COLUMN released_onto BIGINT;

-- What a held mail went through before an operator released it or had it decided again: its reasons and who did it, one a line.
ALTER TABLE arrival ADD COLUMN history TEXT;
-- When a digest told the admins that it is held. NULL: none has yet.
ALTER TABLE arrival ADD COLUMN told_at BIGINT;
CREATE INDEX arrival_untold ON arrival (id) WHERE outcome = 'held' AND told_at IS NULL;

-- Who of the customer side was proven on the ticket, one address a line in the form in which two spellings are equal; and how many
-- messages of proven and unproven customers and of machines came since when, within an hour. In the row that each reply reads and writes anyway.
ALTER TABLE ticket ADD COLUMN proven TEXT;
ALTER TABLE ticket ADD COLUMN lately_since BIGINT;
ALTER TABLE ticket ADD COLUMN lately_proven BIGINT;
ALTER TABLE ticket ADD COLUMN lately_unproven BIGINT;
ALTER TABLE ticket ADD COLUMN lately_machines BIGINT;

-- Threading by a Message-ID is answered from the index alone, without touching the message.
CREATE INDEX message_thread ON message (message_id, ticket) WHERE message_id IS NOT NULL;
DROP INDEX message_message_id;

-- Agents who work along on a ticket, by their keys.
CREATE TABLE participant (
    ticket      BIGINT NOT NULL REFERENCES ticket (number),
    agent       TEXT   NOT NULL,
    PRIMARY KEY (ticket, agent)
);

-- Words that agents file a ticket under.
CREATE TABLE tag (
    ticket      BIGINT NOT NULL REFERENCES ticket (number),
    tag         TEXT   NOT NULL,
    PRIMARY KEY (ticket, tag)
);

-- Addresses that nothing ever reaches, until they write themselves.
CREATE TABLE dead_address (
    address_key TEXT   PRIMARY KEY,          -- the address in the form in which two spellings are equal
    since       BIGINT NOT NULL,
    why         TEXT   NOT NULL
);

-- `acknowledged` counts other automatic mail as well, under keys that begin with the name of its event and a space.

-- An older version would hold a released mail again as a copy of itself, and would not tell the participants.
UPDATE setting SET value = '4' WHERE name = 'needs';
