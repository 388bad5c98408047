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
-- bad: anything may stand in it
DO $$ DECLARE s text := 'x'; BEGIN EXECUTE 'SELECT 1 ' || s; END $$;
DO $$ DECLARE s text := 'x'; BEGIN EXECUTE format('SELECT 1 %s', s); END $$;
-- good: it is written out
DO $$ BEGIN EXECUTE 'SELECT 1'; END $$;
-- good: names and values are put in, in quotes where they have to be
DO $$ DECLARE t text := 'orders'; BEGIN EXECUTE format('COMMENT ON TABLE %I IS %L', t, t); END $$;
DO $$ DECLARE t text := 'orders'; BEGIN EXECUTE 'COMMENT ON TABLE ' || quote_ident(t) || ' IS NULL'; END $$;

-- rule: unseen-routine
-- bad: what it does is written elsewhere
SELECT clean_up();
-- bad: so is this
CALL clean_up();
-- good: the migration defines it
CREATE FUNCTION clean_up() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; SELECT clean_up();
-- good: it is built in
SELECT setval('orders_id_seq', 1000);

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
