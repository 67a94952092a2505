-- Seventh version: indexes only. Being sent costs an entry fewer writes, and lanes go out in the order in which they lie, so
-- that those sent together share pages. Nothing that was there is read otherwise.

-- What is being sent is found by entry_in_flight, and what is settled by entry_settled.
DROP INDEX entry_state;
CREATE INDEX entry_state ON entry (ocmw, state) WHERE state NOT IN ('claimed', 'settled');

DROP INDEX entry_due;
CREATE INDEX entry_due ON entry (state, not_before) WHERE (head = 1 OR state = 'inDoubt') AND approved = 1 AND claim IS NULL;
