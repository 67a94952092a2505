-- Third version: orders to pause an OCMW and to resume. Nothing that was there is read
-- otherwise.

-- SQLite can't widen a CHECK: the table is made anew, with the rows that it had.
CREATE TABLE request_3 (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('retry', 'discard', 'release', 'hold', 'unhold', 'decide', 'pause', 'resume')),
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
INSERT INTO request_3 SELECT id, kind, ocmw, entry, client_ix, client, answer, actor, reason, asked_at, applied_at, done, result FROM request;
DROP TABLE request;
ALTER TABLE request_3 RENAME TO request;
CREATE INDEX request_open ON request (id) WHERE applied_at IS NULL;
CREATE INDEX request_pause ON request (ocmw, id) WHERE kind IN ('pause', 'resume');
