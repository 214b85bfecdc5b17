-- Mail as it is. Same text as in the other folder.

-- The HTML of a message, sanitised; and how it was protected on its way.
ALTER TABLE message ADD COLUMN html TEXT;
ALTER TABLE message ADD COLUMN protection TEXT;

-- The mail that it passed on: who wrote it, when (as it stood), and what about.
ALTER TABLE message ADD COLUMN forwarded_name TEXT;
ALTER TABLE message ADD COLUMN forwarded_address TEXT;
ALTER TABLE message ADD COLUMN forwarded_date TEXT;
ALTER TABLE message ADD COLUMN forwarded_subject TEXT;

-- What an agent wrote above a customer's mail that the agent passed on: a note, though the message is public.
ALTER TABLE message ADD COLUMN remark TEXT;
ALTER TABLE message ADD COLUMN remark_name TEXT;
ALTER TABLE message ADD COLUMN remark_address TEXT;
ALTER TABLE message ADD COLUMN remark_agent TEXT;

-- A file within a file: its range in the decoded octets of the part, and whether it is uuencoded there.
ALTER TABLE attachment ADD COLUMN inner_start BIGINT;
ALTER TABLE attachment ADD COLUMN inner_end BIGINT;
ALTER TABLE attachment ADD COLUMN inner_uuencoded BIGINT;

-- An older version would not know a remark for a note, and would send a container in the place of the file in it.
UPDATE setting SET value = '5' WHERE name = 'needs';
