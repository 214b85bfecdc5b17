-- Large mail outside the database. Same text as in the other folder.

-- The object that holds the octets of a mail; `octets` is empty then. NULL: they are in `octets`.
ALTER TABLE raw ADD COLUMN object TEXT;
-- The sweep asks which of a thousand objects are named. Small mail has no entry, so it costs nothing.
CREATE UNIQUE INDEX raw_object ON raw (object) WHERE object IS NOT NULL;

-- 1: its object could not be had when it was taken up, so later mails wait for it no more. NULL otherwise.
ALTER TABLE arrival ADD COLUMN passed_over BIGINT;

-- Who does not know objects would take a large mail for an empty one.
UPDATE setting SET value = '3' WHERE name = 'needs';
