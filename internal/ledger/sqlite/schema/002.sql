-- Second version: what people say of a client outside the export (holds and answers),
-- and the requests that carry it. Nothing that was there is read otherwise.

-- ---- Persons

-- A person's order to leave a client alone.
CREATE TABLE hold (
    person INTEGER PRIMARY KEY REFERENCES person (id),
    since  INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    reason BLOB NOT NULL
) STRICT;

-- Caseworkers' answers: the last one to each question, and one category at most.
CREATE TABLE answer (
    id          INTEGER PRIMARY KEY,
    person      INTEGER NOT NULL REFERENCES person (id),
    rule        TEXT NOT NULL CHECK (rule <> ''),
    said        TEXT NOT NULL CHECK (said <> ''), -- 'accepted', 'adopted', or the category that was chosen
    question_ix BLOB NOT NULL,       -- of person, rule and question together
    digest      BLOB NOT NULL,       -- of the content
    payload     BLOB NOT NULL,
    given_at    INTEGER NOT NULL,
    UNIQUE (person, question_ix)
) STRICT;
CREATE UNIQUE INDEX answer_category ON answer (person) WHERE said NOT IN ('accepted', 'adopted');

-- ---- Operating

-- SQLite can't widen a CHECK: the table is made anew, with the rows that it had.
CREATE TABLE request_2 (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('retry', 'discard', 'release', 'hold', 'unhold', 'decide')),
    ocmw       TEXT NOT NULL,
    entry      TEXT NOT NULL,
    client_ix  BLOB,
    client     BLOB,
    answer     BLOB,
    actor      TEXT NOT NULL,
    reason     BLOB NOT NULL,
    asked_at   INTEGER NOT NULL,
    applied_at INTEGER,
    done       INTEGER CHECK (done IN (0, 1)),
    result     TEXT,
    CHECK ((applied_at IS NULL) = (done IS NULL)),
    CHECK ((kind IN ('hold', 'unhold', 'decide')) = (client_ix IS NOT NULL)),
    CHECK ((client_ix IS NULL) = (client IS NULL)),
    CHECK ((kind = 'decide') = (answer IS NOT NULL))
) STRICT;
INSERT INTO request_2 (id, kind, ocmw, entry, actor, reason, asked_at, applied_at, done, result)
    SELECT id, kind, ocmw, entry, actor, reason, asked_at, applied_at, done, result FROM request;
DROP TABLE request;
ALTER TABLE request_2 RENAME TO request;
CREATE INDEX request_open ON request (id) WHERE applied_at IS NULL;
