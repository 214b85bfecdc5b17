-- Notices people like to receive. Same text as in the other folder.

-- Whether an agent said when a ticket is due (else the department's answer time does); the due times that agents were told of as near
-- and as past, so that each is told once whatever the clock does.
ALTER TABLE ticket ADD COLUMN due_by_hand BIGINT;
ALTER TABLE ticket ADD COLUMN reminded_of BIGINT;
ALTER TABLE ticket ADD COLUMN overdue_of BIGINT;
CREATE INDEX ticket_due ON ticket (due_at, number) WHERE due_at IS NOT NULL AND status IN ('new', 'open');

-- The language that the requester wrote in, when it is sure.
ALTER TABLE ticket ADD COLUMN language TEXT;

-- The newest public messages, shortened, as JSON: what notices quote. In the row that each reply reads and writes anyway.
ALTER TABLE ticket ADD COLUMN recent TEXT;

-- Where a notice goes: the domain of its recipient. A destination that is down must not hold up the others. NULL: not known yet.
ALTER TABLE outbox ADD COLUMN destination TEXT;
CREATE INDEX outbox_destination ON outbox (destination, next_attempt_at, id) WHERE state IN ('due', 'leased');
-- 1: it says Auto-Submitted, so it is no person's mail.
ALTER TABLE outbox ADD COLUMN automatic BIGINT;
-- When agents were told that it was given up.
ALTER TABLE outbox ADD COLUMN told_at BIGINT;
CREATE INDEX outbox_untold ON outbox (id) WHERE state = 'failed' AND told_at IS NULL;

-- How many mails have left, by ten minutes: what the caps at the wire are held against.
CREATE TABLE sent (
    kind        TEXT   NOT NULL,
    slot        BIGINT NOT NULL,          -- ten minutes since 1970-01-01T00:00:00Z
    count       BIGINT NOT NULL,
    PRIMARY KEY (kind, slot)
);
