-- What is kept, and for how long. Same text as in the other folder.

-- When the original of an arrival was removed, and by what: a key of `[retention]` as it stood then. Its row in `raw` stays, without octets.
ALTER TABLE arrival ADD COLUMN original_gone_at BIGINT;
ALTER TABLE arrival ADD COLUMN original_gone_by TEXT;
-- The originals that are there, the oldest first.
CREATE INDEX arrival_original ON arrival (decided_at, id) WHERE decided_at IS NOT NULL AND original_gone_at IS NULL;
-- An original goes when none of its arrivals needs it; what belongs to a ticket goes with it.
CREATE INDEX arrival_raw ON arrival (raw_id);
CREATE INDEX arrival_ticket ON arrival (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX ticket_closed ON ticket (closed_at, number) WHERE closed_at IS NOT NULL;

-- An older version would take an original that was removed for an empty mail.
UPDATE setting SET value = '8' WHERE name = 'needs';
