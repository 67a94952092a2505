-- Ninth version: which columns records came from is kept once for all records that came from the same. What was read before has
-- them in its payload, and is read as it was.

-- As many as there are kinds of records in files with other headers: none goes again. No foreign key refers to them, as it would be
-- looked up for each row; "state check" looks.
CREATE TABLE record_columns (
    id      INTEGER PRIMARY KEY,     -- a keyed digest of OCMW and content
    payload BLOB NOT NULL
) STRICT;

ALTER TABLE row_record ADD COLUMN columns INTEGER; -- of record_columns; NULL: in the payload

-- The dossiers that a client left to begin anew in another. Entries of the lane up to this place, and behind the one before, were for it.
CREATE TABLE left_dossier (
    person     INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    dossier_ix BLOB NOT NULL,
    PRIMARY KEY (person, seq)
) STRICT, WITHOUT ROWID;
