-- The ledger, first version. Instants are nanoseconds since 1970 (UTC), 0 where
-- there is none; the audit's are milliseconds. Days are yyyy-mm-dd.
--
-- BLOB columns are of two sorts: *_ix and digest hold keyed digests (16 bytes of
-- HMAC-SHA256) under which something is found or compared; all others hold sealed
-- values (package seal). What is in clear: OCMW, ids, states, kinds, category codes,
-- rule ids, dates of review, counters, names of files (design decision 22).

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE ocmw (
    kbo            TEXT PRIMARY KEY,
    cursor         BLOB,             -- position in MLP's change feed
    approved_at    INTEGER,          -- first release by the guard or a person
    stopped_at     INTEGER,
    stop_reason_nl TEXT NOT NULL DEFAULT '',
    stop_reason_en TEXT NOT NULL DEFAULT '',
    rows_before    INTEGER NOT NULL DEFAULT 0, -- of the shrinking that is not approved yet
    rows_after     INTEGER NOT NULL DEFAULT 0,
    CHECK (stopped_at IS NOT NULL OR (stop_reason_nl = '' AND stop_reason_en = ''))
) STRICT, WITHOUT ROWID;

-- ---- The export in force

CREATE TABLE feed (
    id   INTEGER PRIMARY KEY,
    ocmw TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (ocmw, name)
) STRICT;

CREATE TABLE export_set (
    id           INTEGER PRIMARY KEY,
    ocmw         TEXT NOT NULL,
    run          TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('staging', 'active')),
    staged_at    INTEGER NOT NULL,
    activated_at INTEGER,
    missing      INTEGER NOT NULL DEFAULT 0,
    CHECK ((state = 'active') = (activated_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX export_set_staging ON export_set (state) WHERE state = 'staging';
CREATE INDEX export_set_run ON export_set (run);
CREATE INDEX export_set_ocmw ON export_set (ocmw, state, id);

CREATE TABLE export_file (
    id             INTEGER PRIMARY KEY,
    export_set     INTEGER NOT NULL REFERENCES export_set (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    feed           INTEGER NOT NULL REFERENCES feed (id),
    name           TEXT NOT NULL,
    hash           TEXT NOT NULL,
    size           INTEGER NOT NULL,
    snapshot_on    INTEGER NOT NULL,
    interpretation TEXT NOT NULL,
    delta          INTEGER NOT NULL CHECK (delta IN (0, 1)),
    seen           INTEGER NOT NULL DEFAULT 0 CHECK (seen IN (0, 1)),
    data_rows      INTEGER NOT NULL DEFAULT 0,
    new            INTEGER NOT NULL DEFAULT 0,
    changed        INTEGER NOT NULL DEFAULT 0,
    unchanged      INTEGER NOT NULL DEFAULT 0,
    duplicate      INTEGER NOT NULL DEFAULT 0,
    rejected       INTEGER NOT NULL DEFAULT 0,
    skipped        INTEGER NOT NULL DEFAULT 0,
    totals_lines   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (export_set, position)
) STRICT;
CREATE INDEX export_file_feed ON export_file (feed, export_set);

-- Rows of the last file of each feed, and of the staging generation. Of a delta
-- file, rejected rows stay until a later file names their client.
CREATE TABLE export_row (
    id        INTEGER PRIMARY KEY,
    file      INTEGER NOT NULL REFERENCES export_file (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    skipped   INTEGER NOT NULL CHECK (skipped IN (0, 1)),
    rejected  INTEGER NOT NULL CHECK (rejected IN (0, 1)),
    client_ix BLOB,                  -- of a rejected row, where it could be read
    client    BLOB,
    outcome   TEXT CHECK (outcome IN ('new', 'changed', 'unchanged', 'duplicate', 'rejected', 'skipped'))
) STRICT;
CREATE INDEX export_row_file ON export_row (file);
CREATE INDEX export_row_rejected ON export_row (client_ix) WHERE rejected = 1;

CREATE TABLE row_rejection (
    row     INTEGER NOT NULL REFERENCES export_row (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    digest  BLOB NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (row, ordinal)
) STRICT, WITHOUT ROWID;

-- What a row said. One that a record in force rests on outlives its row.
CREATE TABLE row_record (
    id            INTEGER PRIMARY KEY,
    row           INTEGER REFERENCES export_row (id) ON DELETE SET NULL,
    kind          TEXT NOT NULL,
    client_ix     BLOB NOT NULL,
    key_ix        BLOB NOT NULL,     -- of OCMW, kind, client and key together
    digest        BLOB NOT NULL,     -- of the content
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    duplicate     INTEGER NOT NULL DEFAULT 0 CHECK (duplicate IN (0, 1)),
    payload       BLOB NOT NULL,
    insz_ix       BLOB,
    insz          BLOB,
    caseworker_ix BLOB,
    caseworker    BLOB
) STRICT;
CREATE INDEX row_record_row ON row_record (row);

CREATE TABLE staged_client (
    id        INTEGER PRIMARY KEY,   -- persons are numbered in the order of the files
    client_ix BLOB NOT NULL UNIQUE,
    ocmw      TEXT NOT NULL,
    client    BLOB NOT NULL,
    pseudonym TEXT NOT NULL
) STRICT;

-- ---- Persons: one for each client number of an OCMW; its id is the lane.

CREATE TABLE person (
    id              INTEGER PRIMARY KEY,
    ocmw            TEXT NOT NULL,
    client_ix       BLOB NOT NULL,
    client          BLOB NOT NULL,
    pseudonym       TEXT NOT NULL,
    insz_ix         BLOB,
    insz            BLOB,
    caseworker_ix   BLOB,
    caseworker      BLOB,
    held            INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1)),
    -- what is known of MLP
    looked_up       INTEGER NOT NULL DEFAULT 0 CHECK (looked_up IN (0, 1)),
    contacted       INTEGER NOT NULL DEFAULT 0 CHECK (contacted IN (0, 1)), -- was ever looked up
    outside_area    INTEGER NOT NULL DEFAULT 0 CHECK (outside_area IN (0, 1)),
    dossier_ix      BLOB,
    version         INTEGER NOT NULL DEFAULT 0,
    category        TEXT NOT NULL DEFAULT '',
    category_next   TEXT NOT NULL DEFAULT '', -- day on which a category known already takes over
    before_category TEXT NOT NULL DEFAULT '', -- at the start of the run
    -- the last decision
    dirty           INTEGER NOT NULL DEFAULT 1 CHECK (dirty IN (0, 1)),
    outcome         TEXT CHECK (outcome IN ('held', 'manual', 'planned', 'noChange')),
    decided_version TEXT NOT NULL DEFAULT '',
    decided_at      INTEGER NOT NULL DEFAULT 0,
    review_on       TEXT NOT NULL DEFAULT '',
    UNIQUE (ocmw, client_ix),
    CHECK ((insz_ix IS NULL) = (insz IS NULL)),
    CHECK (looked_up = 0 OR contacted = 1),
    CHECK (outcome IS NOT NULL OR dirty = 1)
) STRICT;
CREATE INDEX person_client ON person (client_ix);
CREATE INDEX person_pseudonym ON person (pseudonym);
CREATE INDEX person_insz ON person (insz_ix) WHERE insz_ix IS NOT NULL;
CREATE INDEX person_dossier ON person (dossier_ix) WHERE dossier_ix IS NOT NULL;
CREATE INDEX person_dirty ON person (ocmw, id) WHERE dirty = 1;
CREATE INDEX person_review ON person (ocmw, review_on) WHERE review_on <> '';
CREATE INDEX person_version ON person (ocmw, decided_version);
CREATE INDEX person_lookup ON person (ocmw, id) WHERE looked_up = 0 AND insz_ix IS NOT NULL;
CREATE INDEX person_category_next ON person (category_next) WHERE category_next <> '';

CREATE TABLE record (
    person        INTEGER NOT NULL REFERENCES person (id),
    kind          TEXT NOT NULL,
    key_ix        BLOB NOT NULL,
    digest        BLOB NOT NULL,
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    feed          INTEGER NOT NULL REFERENCES feed (id),
    source        INTEGER NOT NULL REFERENCES row_record (id),
    missing_since INTEGER,
    PRIMARY KEY (person, kind, key_ix)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX record_source ON record (source);
CREATE INDEX record_feed ON record (feed);

CREATE TABLE known (
    person  INTEGER PRIMARY KEY REFERENCES person (id),
    digest  BLOB NOT NULL,
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE decision (
    person  INTEGER PRIMARY KEY REFERENCES person (id),
    payload BLOB NOT NULL
) STRICT;

-- ---- Outbox

CREATE TABLE entry (
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
    CHECK (claim IS NULL OR (claim <> '' AND state IN ('claimed', 'inDoubt') AND head = 1 AND approved = 1)),
    CHECK (state NOT IN ('claimed', 'inDoubt') OR (approved = 1 AND head = 1)),
    CHECK ((state = 'inDoubt') = (doubt_since IS NOT NULL)),
    CHECK ((state = 'settled') = (settled_run IS NOT NULL)),
    CHECK (head = 0 OR state IN ('waiting', 'suspended', 'claimed', 'inDoubt', 'parked'))
) STRICT;
CREATE UNIQUE INDEX entry_head ON entry (person) WHERE head = 1;
CREATE UNIQUE INDEX entry_in_flight ON entry (person) WHERE state IN ('claimed', 'inDoubt');
CREATE INDEX entry_due ON entry (state, not_before, id) WHERE head = 1 AND approved = 1 AND claim IS NULL;
CREATE INDEX entry_claimed ON entry (claim) WHERE claim IS NOT NULL;
CREATE INDEX entry_unapproved ON entry (ocmw, person) WHERE state = 'waiting' AND approved = 0;
CREATE INDEX entry_state ON entry (ocmw, state);
CREATE INDEX entry_settled ON entry (settled_run, ocmw, kind, detail) WHERE settled_run IS NOT NULL;

-- ---- Operating

CREATE TABLE request (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('retry', 'discard', 'release')),
    ocmw       TEXT NOT NULL,
    entry      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    reason     BLOB NOT NULL,
    asked_at   INTEGER NOT NULL,
    applied_at INTEGER,
    done       INTEGER CHECK (done IN (0, 1)),
    result     TEXT,
    CHECK ((applied_at IS NULL) = (done IS NULL))
) STRICT;
CREATE INDEX request_open ON request (id) WHERE applied_at IS NULL;

CREATE TABLE note (
    topic   TEXT NOT NULL,
    ocmw    TEXT NOT NULL,
    key     TEXT NOT NULL,
    level   TEXT NOT NULL,
    since   INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (topic, ocmw, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq            INTEGER PRIMARY KEY,
    at             INTEGER NOT NULL,
    run            TEXT NOT NULL,
    actor          TEXT NOT NULL,
    action         TEXT NOT NULL,
    ocmw           TEXT NOT NULL,
    client         TEXT NOT NULL,
    entry          TEXT NOT NULL,
    rule           TEXT NOT NULL,
    rules_version  TEXT NOT NULL,
    before         TEXT NOT NULL,
    after          TEXT NOT NULL,
    source         TEXT NOT NULL,
    remote_id      TEXT NOT NULL,
    reason         TEXT NOT NULL,
    payload        BLOB,
    payload_digest BLOB NOT NULL,
    prev           BLOB NOT NULL,
    hash           BLOB NOT NULL
) STRICT;
CREATE INDEX audit_client ON audit (client, seq) WHERE client <> '';
