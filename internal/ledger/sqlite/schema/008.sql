-- Eighth version: the same rows under the same conditions, settled entries found in the order in which they were
-- settled, and what shrank known by feed. Nothing that was there is read otherwise.

-- A list of words makes SQLite build a table of them for each row that it looks at: a third of what changing an entry costs. The
-- conditions are said word by word. Rows stay as they lie, so the tables' texts alone are changed, as SQLite's documentation of
-- ALTER TABLE has it for changes to a CHECK.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(replace(sql,
        '(state IN
                 (''waiting'', ''suspended'', ''claimed'', ''inDoubt'', ''parked'', ''discarded'', ''superseded'', ''settled''))',
        '(state = ''settled'' OR state = ''claimed'' OR state = ''waiting'' OR state = ''suspended'' OR state = ''inDoubt''
                 OR state = ''parked'' OR state = ''discarded'' OR state = ''superseded'')'),
        'head = 0 OR state IN (''waiting'', ''suspended'', ''claimed'', ''inDoubt'', ''parked'')',
        'head = 0 OR state = ''claimed'' OR state = ''waiting'' OR state = ''suspended'' OR state = ''inDoubt'' OR state = ''parked''')
    WHERE type = 'table' AND name = 'entry';
UPDATE sqlite_schema SET sql = replace(sql,
        'outcome IN (''new'', ''changed'', ''unchanged'', ''duplicate'', ''rejected'', ''skipped'')',
        'outcome = ''new'' OR outcome = ''changed'' OR outcome = ''unchanged'' OR outcome = ''duplicate'' OR outcome = ''rejected''
              OR outcome = ''skipped''')
    WHERE type = 'table' AND name = 'export_row';
UPDATE sqlite_schema SET sql = replace(sql,
        'outcome IN (''held'', ''manual'', ''planned'', ''noChange'')',
        'outcome = ''noChange'' OR outcome = ''planned'' OR outcome = ''manual'' OR outcome = ''held''')
    WHERE type = 'table' AND name = 'person';
PRAGMA writable_schema = RESET;

-- What is settled now goes behind what was settled before, in place of between it. Nobody looks for the audit of one client, and its
-- index was a sixth of what a commit wrote.
DROP INDEX audit_client;
DROP INDEX entry_settled;
CREATE INDEX entry_settled ON entry (settled_run, updated_at, ocmw, kind, detail) WHERE settled_run IS NOT NULL;

-- Data rows of a feed's last snapshot, and the most that stood since a shrinking was last approved: a feed that was cut off is not
-- hidden by others that grew. What shrank before is known of all feeds together only. That stays as it is, in ocmw's rows_before and
-- rows_after, so that what waits for a release goes on waiting; from now on nothing new is noted there. Feeds begin with what is in force.
ALTER TABLE feed ADD COLUMN rows_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN rows_after INTEGER NOT NULL DEFAULT 0;
UPDATE feed SET rows_after = COALESCE((SELECT f.data_rows - f.skipped FROM export_file f JOIN export_set s ON s.id = f.export_set
    WHERE f.feed = feed.id AND f.delta = 0 AND s.state = 'active' ORDER BY f.export_set DESC, f.position DESC LIMIT 1), 0);
UPDATE feed SET rows_before = rows_after;
