-- Several gateways on one store. Same tables, columns and names as ../postgres/0002_several_gateways.sql.

-- The gateway that has a pending arrival in hand.
ALTER TABLE arrival ADD COLUMN claimed_by BIGINT;

-- A gateway lives until `seen_until` and says so again and again. On SQLite there is one at a time.
CREATE TABLE gateway (
    id          INTEGER PRIMARY KEY,
    name        TEXT   NOT NULL,
    version     TEXT   NOT NULL,
    seen_until  BIGINT NOT NULL
);

-- What only one gateway does at a time. A holder that does not live any more holds nothing.
CREATE TABLE duty (
    name        TEXT   PRIMARY KEY,
    holder      BIGINT NOT NULL
);

-- What the store knows of itself: `keys`, the fingerprint of the keys that its addresses are sealed with; `needs`, the number of the
-- newest migration that a version has to know in order to work on it.
CREATE TABLE setting (
    name        TEXT   PRIMARY KEY,
    value       TEXT   NOT NULL
);
INSERT INTO setting (name, value) VALUES ('needs', '2');
