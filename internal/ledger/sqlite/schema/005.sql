-- Fifth version: indexes only. What is looked for gets one, and what nobody looks for has none, as each costs
-- a write. Nothing that was there is read otherwise.

-- Those whose category changed in the last run: the next one begins with them.
CREATE INDEX person_category_before ON person (id) WHERE before_category <> category;

DROP INDEX record_feed;

-- Who is in flight is found by entry_in_flight.
DROP INDEX entry_claimed;
