-- rule: set-tablespace
-- bad: all of it is copied
ALTER TABLE orders SET TABLESPACE elsewhere;
-- good: the table is new
CREATE TABLE scratch (id bigint); ALTER TABLE scratch SET TABLESPACE pg_default;

-- rule: set-logged
-- bad: it is written anew, and empty after a crash
ALTER TABLE orders SET UNLOGGED;
-- good: from the beginning
CREATE UNLOGGED TABLE scratch (id bigint);

-- rule: set-access-method
-- bad: it is written anew
ALTER TABLE orders SET ACCESS METHOD heap2;
-- good: from the beginning
CREATE TABLE scratch (id bigint) USING heap;

-- rule: attach-partition
-- bad: it is read under a lock
ALTER TABLE events ATTACH PARTITION events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- good: the partition is new
CREATE TABLE events_2026 (id bigint, at date NOT NULL); ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- rule: detach-partition-blocking
-- bad: nobody uses the whole of it meanwhile
ALTER TABLE events DETACH PARTITION events_2024;
-- good: beside the others
ALTER TABLE events DETACH PARTITION events_2024 CONCURRENTLY;

-- rule: vacuum-full
-- bad: it is written anew
VACUUM FULL orders;
-- bad: with options
VACUUM (FULL, VERBOSE) orders;
-- bad mysql: it is written anew
OPTIMIZE TABLE orders;
-- bad sqlite: the whole file is written anew
VACUUM;
-- good: space for new rows
VACUUM (ANALYZE) orders;

-- rule: cluster
-- bad: it is written anew
CLUSTER orders USING orders_pkey;
-- good: an index beside the writers
CREATE INDEX CONCURRENTLY by_amount ON orders (amount);

-- rule: refresh-blocking
-- bad: nobody reads it meanwhile
REFRESH MATERIALIZED VIEW totals;
-- good: it is new
CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM orders;

-- rule: sqlite-table-rebuild
-- bad sqlite: the twelve steps, or some of them
CREATE TABLE new_orders (id INTEGER PRIMARY KEY, total REAL NOT NULL); INSERT INTO new_orders SELECT id, total FROM orders; DROP TABLE orders; ALTER TABLE new_orders RENAME TO orders;
-- good sqlite: a column more
ALTER TABLE orders ADD COLUMN memo TEXT;
