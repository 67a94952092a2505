-- Fourth version: rows that a new file has as the last one had them are kept. What was read before has no
-- digest of its line: the next file of its feed is read in full.

ALTER TABLE export_row ADD COLUMN line BLOB; -- keyed digest of the line; without one the row is not kept
-- The rows of a file are in its order; those without a digest are found apart.
DROP INDEX export_row_file;
CREATE INDEX export_row_place ON export_row (file, number, line);
CREATE INDEX export_row_read ON export_row (file) WHERE line IS NULL;

-- Rows with a lower id were not read for this file but kept: unchanged, whatever they were when they were read.
ALTER TABLE export_file ADD COLUMN first_row INTEGER NOT NULL DEFAULT 0;

CREATE INDEX person_held ON person (ocmw) WHERE held = 1;
-- The clients of an export, whom the guard counts at each look.
CREATE INDEX record_client ON record (feed, person) WHERE kind = 'client' AND missing_since IS NULL;

-- Where a record last stood whose row is gone.
ALTER TABLE row_record ADD COLUMN last_file TEXT;
ALTER TABLE row_record ADD COLUMN last_number INTEGER;

-- Rows of a feed's last file, by their numbers in it, that a staged file has under a number that is higher by shift. Those
-- without a digest of their line are not meant.
CREATE TABLE staged_run (
    file  INTEGER NOT NULL REFERENCES export_file (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    shift INTEGER NOT NULL,
    PRIMARY KEY (file, first),
    CHECK (first <= last)
) STRICT, WITHOUT ROWID;
