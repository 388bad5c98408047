-- rule: unrecognised
-- bad: a mistake; what follows is found all the same
CRATE TABLE scratch (id bigint);
-- bad: a semicolon is missing
SELECT 1 DROP TABLE orders;
-- bad: more than is known
ALTER TABLE orders FROBNICATE;
-- good: all of it is known
SELECT 1; COMMENT ON TABLE orders IS 'what was bought';

-- rule: dynamic-sql
-- bad: from a variable
DO $$ DECLARE s text := 'x'; BEGIN EXECUTE s; END $$;
-- bad: in a language that is not read
DO LANGUAGE plpython3u $$ plpy.execute("x") $$;
-- good: it is written out
DO $$ BEGIN EXECUTE 'SELECT 1'; END $$;

-- rule: unterminated
-- bad: a string
SELECT 'a;
-- bad: a comment
SELECT 1 /* and so on
-- good: it ends
SELECT 'a';

-- rule: unreadable
-- good: it can be read
SELECT 1;

-- rule: client-command
-- bad: another file
\i other.sql
-- good: it says something
\echo done

-- rule: allow-without-reason
-- bad: no reason
-- shipway: allow drop-table
DROP TABLE orders;
-- bad: no such rule
-- shipway: allow everything: because
DROP TABLE orders;
-- good: a reason
-- shipway: allow drop-table, no-lock-timeout: it was never used
DROP TABLE orders;

-- rule: unused-allow
-- bad: nothing is dropped
-- shipway: allow drop-table: it was never used
SELECT 1;
-- good: it is needed
-- shipway: allow drop-table, no-lock-timeout: it was never used
DROP TABLE orders;

-- rule: transaction-control
-- bad: begun and never ended
BEGIN; SELECT 1;
-- good: begun and ended
BEGIN; SELECT 1; COMMIT;
