-- rule: revoke
-- bad: whoever needs it fails
REVOKE SELECT ON orders FROM PUBLIC;
-- good: a right more
GRANT SELECT ON orders TO PUBLIC;

-- rule: drop-role
-- bad: whoever connects by it is out
DROP ROLE reporting;
-- bad mysql: a user
DROP USER 'reporting'@'%';
-- good mysql: a user more
CREATE USER 'reporting'@'%';

-- rule: drop-policy
-- bad: rows vanish, or appear
DROP POLICY own_orders ON orders;
-- good: another one
CREATE POLICY paid_orders ON orders USING (state = 'paid');

-- rule: row-security
-- bad: every row vanishes for all but the owner
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
-- good: the table is new
CREATE TABLE scratch (id bigint); ALTER TABLE scratch ENABLE ROW LEVEL SECURITY;

-- rule: disable-trigger
-- bad: for everybody
ALTER TABLE orders DISABLE TRIGGER orders_noted;
-- good: on again
ALTER TABLE orders ENABLE TRIGGER orders_noted;

-- rule: server-change
-- bad: for every database of the server
ALTER SYSTEM SET work_mem = '1GB';
-- bad mysql: what replicas and restoring need is gone
RESET MASTER;
-- bad mysql: for everybody
SET GLOBAL max_connections = 10;
-- good: for this database
ALTER DATABASE shop SET work_mem = '64MB';
-- good mysql: for this connection
SET SESSION sort_buffer_size = 262144;
