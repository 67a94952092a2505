-- Ninth version: which columns records came from is kept once for all records that came from the same. What was read before has
-- them in its payload, and is read as it was.

-- As many as there are kinds of records in files with other headers: none goes again. No foreign key refers to them, as it would be
-- looked up for each row; "state check" looks.
CREATE TABLE record_columns (
    id      INTEGER PRIMARY KEY,     -- a keyed digest of OCMW and content
    payload BLOB NOT NULL
) STRICT;

ALTER TABLE row_record ADD COLUMN columns INTEGER; -- of record_columns; NULL: in the payload
