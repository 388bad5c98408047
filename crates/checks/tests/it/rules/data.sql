-- rule: delete-without-where
-- bad: every row
DELETE FROM events_2025;
-- bad: a condition that always holds
DELETE FROM events_2025 WHERE 1 = 1;
-- bad: in a part of a query
WITH gone AS (DELETE FROM events_2025 RETURNING id) SELECT count(*) FROM gone;
-- bad: a block runs it, in a loop
DO $$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP DELETE FROM events_2025; END LOOP; END $$;
-- bad sqlite: every row
DELETE FROM orders;
-- good: some rows
DELETE FROM events_2025 WHERE id = 1;
-- good: in a string
INSERT INTO customers (id, email) VALUES (0, 'DELETE FROM orders');

-- rule: update-without-where
-- bad: every row
UPDATE orders SET state = 'open';
-- bad mysql: every row
UPDATE `orders` SET state = 'open';
-- good: a batch
UPDATE orders SET state = 'open' WHERE id BETWEEN 1 AND 1000;

-- rule: backfill-in-one-statement
-- bad: however many those are
UPDATE orders SET state = 'open' WHERE note IS NOT NULL;
-- bad: old rows, however many
DELETE FROM orders WHERE placed < now() + interval '1 day';
-- good: a batch
DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE state = 'open' LIMIT 1000);
-- good: one row
UPDATE customers SET active = true WHERE id = 7;

-- rule: server-program
-- bad: a shell on the server
COPY customers FROM PROGRAM 'cat /etc/passwd';
-- bad mysql: a file on the server
SELECT email INTO OUTFILE '/tmp/all' FROM customers;
-- good: rows from the client
COPY customers (id, email) TO STDOUT;
