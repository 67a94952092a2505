-- Sixth version: the first few entries of a lane may be claimed together, so that more than its head can be
-- sent, and be in doubt after a crash. Nothing that was there is read otherwise.

-- SQLite can't change a CHECK: the table is made anew, with the rows that it had.
CREATE TABLE entry_6 (
    id           TEXT PRIMARY KEY,
    ocmw         TEXT NOT NULL,
    person       INTEGER NOT NULL REFERENCES person (id),
    seq          INTEGER NOT NULL,
    op           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    registration TEXT NOT NULL,
    rule         TEXT NOT NULL,
    detail       TEXT NOT NULL,      -- category code or kind of handover
    state        TEXT NOT NULL CHECK (state IN
                 ('waiting', 'suspended', 'claimed', 'inDoubt', 'parked', 'discarded', 'superseded', 'settled')),
    head         INTEGER NOT NULL DEFAULT 0 CHECK (head IN (0, 1)), -- the first of its lane that is not done with
    approved     INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1)),
    version      INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    not_before   INTEGER NOT NULL,
    digest       BLOB NOT NULL,      -- of the content
    payload      BLOB NOT NULL,
    claim        TEXT,
    run          TEXT NOT NULL,
    settled_run  TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    doubt_since  INTEGER,
    trace_id     TEXT NOT NULL DEFAULT '',
    problem      BLOB,
    UNIQUE (person, seq),
    CHECK (state <> 'claimed' OR claim IS NOT NULL),
    CHECK (claim IS NULL OR (claim <> '' AND state IN ('claimed', 'inDoubt'))),
    CHECK (state NOT IN ('claimed', 'inDoubt') OR approved = 1),
    CHECK ((state = 'inDoubt') = (doubt_since IS NOT NULL)),
    CHECK ((state = 'settled') = (settled_run IS NOT NULL)),
    CHECK (head = 0 OR state IN ('waiting', 'suspended', 'claimed', 'inDoubt', 'parked'))
) STRICT;
INSERT INTO entry_6 (id, ocmw, person, seq, op, kind, registration, rule, detail, state, head, approved, version, attempts, not_before,
        digest, payload, claim, run, settled_run, created_at, updated_at, doubt_since, trace_id, problem)
    SELECT id, ocmw, person, seq, op, kind, registration, rule, detail, state, head, approved, version, attempts, not_before,
        digest, payload, claim, run, settled_run, created_at, updated_at, doubt_since, trace_id, problem FROM entry;
DROP TABLE entry;
ALTER TABLE entry_6 RENAME TO entry;
CREATE UNIQUE INDEX entry_head ON entry (person) WHERE head = 1;
CREATE INDEX entry_in_flight ON entry (person, seq) WHERE state IN ('claimed', 'inDoubt');
-- What may be claimed: heads, and what is in doubt behind one, which is read.
CREATE INDEX entry_due ON entry (state, not_before, id) WHERE (head = 1 OR state = 'inDoubt') AND approved = 1 AND claim IS NULL;
CREATE INDEX entry_unapproved ON entry (ocmw, person) WHERE state = 'waiting' AND approved = 0;
CREATE INDEX entry_state ON entry (ocmw, state);
CREATE INDEX entry_settled ON entry (settled_run, ocmw, kind, detail) WHERE settled_run IS NOT NULL;
