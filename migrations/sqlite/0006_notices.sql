-- Notices people like to receive. Same text as in the other folder.

-- Whether an agent said when a ticket is due (else the department's answer time does); the due times that agents were told of as near
-- and as past, so that each is told once whatever the clock does.
ALTER TABLE ticket ADD COLUMN due_by_hand BIGINT;
ALTER TABLE ticket ADD COLUMN reminded_of BIGINT;
ALTER TABLE ticket ADD COLUMN overdue_of BIGINT;
-- What the clock looks for, and the list of what is overdue, which goes by number. It is our turn by what the status is not, since for what it
-- is SQLite would take the index of all statuses.
CREATE INDEX ticket_untold ON ticket (due_at, number)
    WHERE due_at IS NOT NULL AND status <> 'awaiting-customer' AND status <> 'closed' AND (overdue_of IS NULL OR overdue_of <> due_at);
CREATE INDEX ticket_due ON ticket (number, due_at) WHERE due_at IS NOT NULL AND status <> 'awaiting-customer' AND status <> 'closed';

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
-- Nobody is told of what was given up before.
UPDATE outbox SET told_at = COALESCE(settled_at, created_at) WHERE state = 'failed';
CREATE INDEX outbox_untold ON outbox (told_at, id) WHERE state = 'failed' AND told_at IS NULL;

-- How many mails have left, by ten minutes: what the caps at the wire are held against.
CREATE TABLE sent (
    kind        TEXT   NOT NULL,
    slot        BIGINT NOT NULL,          -- ten minutes since 1970-01-01T00:00:00Z
    count       BIGINT NOT NULL,
    PRIMARY KEY (kind, slot)
);
