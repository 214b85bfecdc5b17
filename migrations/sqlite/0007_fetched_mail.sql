-- Mail that is fetched. Same text as in the other folder.

-- What was fetched from the folders of IMAP accounts, by UID: written in the commit that takes the mail.
CREATE TABLE fetched (
    account     TEXT   NOT NULL,
    folder      TEXT   NOT NULL,
    validity    BIGINT NOT NULL,          -- UIDVALIDITY: the numbers mean something only under it
    uid         BIGINT NOT NULL,
    arrival     BIGINT,                   -- the first of its arrivals; NULL: it was left where it is
    content     BLOB,                    -- its content key; NULL: it was not fetched
    stage       TEXT   NOT NULL,          -- taken: what is to become of it on the server is still to be done; done; left
    why         TEXT,                     -- why it was left
    at          BIGINT NOT NULL,
    gone_at     BIGINT,                   -- since when it is not there any more; such lines are removed when they are old
    PRIMARY KEY (account, folder, validity, uid)
);
CREATE INDEX fetched_taken ON fetched (account, folder, validity, uid) WHERE stage = 'taken';
CREATE INDEX fetched_gone ON fetched (gone_at) WHERE gone_at IS NOT NULL;
-- After a change of UIDVALIDITY mail is known again by what it holds.
CREATE INDEX fetched_content ON fetched (account, folder, content) WHERE content IS NOT NULL;

-- The folders, and from where on their mail is ours.
CREATE TABLE folder (
    account     TEXT   NOT NULL,
    folder      TEXT   NOT NULL,
    validity    BIGINT NOT NULL,
    first_uid   BIGINT NOT NULL,          -- lower numbers were there before us; 0: the numbers have changed since
    since       BIGINT NOT NULL,          -- when we came: under another UIDVALIDITY this tells what was there before us
    old_mail    BIGINT NOT NULL,          -- 1: what was there before us is ours too
    reconciled_at BIGINT,                 -- when all of its numbers were last held against the ledger
    PRIMARY KEY (account, folder)
);

-- How the accounts are, for whoever asks.
CREATE TABLE account (
    name            TEXT   PRIMARY KEY,
    state           TEXT   NOT NULL,      -- connecting, well, partly, waiting: as it was last reported
    last_success_at BIGINT,
    failing_since   BIGINT,               -- the first report without success since the last one with it
    last_error      TEXT,
    last_error_at   BIGINT,
    next_attempt_at BIGINT,
    behind          BIGINT,               -- mails on the server that are not ours yet; NULL: not known, here and below
    undone          BIGINT,               -- mails that are ours and still to be flagged, moved or deleted there
    left_there      BIGINT,               -- mails that stay there because they are larger than we take
    told_at         BIGINT,               -- when admins were told that it fails; NULL: they were not, since it was last well
    updated_at      BIGINT NOT NULL
);

-- What was imported: the digest of each mail and of the department it is for.
CREATE TABLE imported (
    digest      BLOB   PRIMARY KEY,
    arrival     BIGINT
);

-- 1: it is of long ago, so nobody waits for it: it is decided when nothing else is pending, and nobody is told of it.
ALTER TABLE arrival ADD COLUMN archived BIGINT NOT NULL DEFAULT 0;
CREATE INDEX arrival_waiting ON arrival (archived, id) WHERE outcome IS NULL;
DROP INDEX arrival_pending;

-- An older version would write to everybody who is named in an archive.
UPDATE setting SET value = '7' WHERE name = 'needs';
