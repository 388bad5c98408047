-- rule: create-index-blocking
-- bad: nobody writes while it is built
CREATE INDEX orders_customer ON orders (customer_id);
-- bad: a unique one
CREATE UNIQUE INDEX IF NOT EXISTS one_email ON customers (email);
-- good: beside the writers
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
-- good: the table is new
CREATE TABLE scratch (id bigint); CREATE INDEX scratch_id ON scratch (id);

-- rule: drop-index-blocking
-- bad: it waits for every query
DROP INDEX orders_state;
-- good: beside the others
DROP INDEX CONCURRENTLY IF EXISTS orders_state;

-- rule: reindex-blocking
-- bad: nobody writes while it is built
REINDEX INDEX orders_state;
-- bad: all of a table's
REINDEX TABLE orders;
-- good: beside the writers
REINDEX INDEX CONCURRENTLY orders_state;

-- rule: concurrently-in-transaction
-- bad: it fails
BEGIN; CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id); COMMIT;
-- bad: so does dropping one
BEGIN; DROP INDEX CONCURRENTLY orders_state; COMMIT;
-- good: outside
CREATE INDEX CONCURRENTLY orders_customer ON orders (customer_id);
