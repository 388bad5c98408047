-- rule: strong-lock-held
-- bad: nobody reads the orders while the customers are updated
BEGIN; ALTER TABLE orders ADD COLUMN memo text; UPDATE customers SET active = false WHERE id = 1; COMMIT;
-- bad: what was to be looked at later is looked at under the lock
BEGIN; ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT positive; COMMIT;
-- good: each on its own
ALTER TABLE orders ADD COLUMN memo text; UPDATE customers SET active = false WHERE id = 1;
-- good: two short ones on one table
BEGIN; ALTER TABLE orders ADD COLUMN memo text; ALTER TABLE orders ALTER COLUMN memo SET DEFAULT ''; COMMIT;

-- rule: no-lock-timeout
-- bad: it waits, and everybody behind it
ALTER TABLE orders ADD COLUMN memo text;
-- bad: switched off again
SET lock_timeout = '2s'; SET lock_timeout = 0; ALTER TABLE orders ADD COLUMN memo text;
-- bad mysql: it waits for a year
ALTER TABLE orders ADD COLUMN memo TEXT;
-- good: it gives up
SET lock_timeout = '2s'; ALTER TABLE orders ADD COLUMN memo text;
-- good mysql: it gives up
SET SESSION lock_wait_timeout = 2; ALTER TABLE orders ADD COLUMN memo TEXT;
