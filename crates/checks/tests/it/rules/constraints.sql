-- rule: drop-constraint
-- bad: any total from now on
ALTER TABLE orders DROP CONSTRAINT orders_total;
-- bad mysql: a foreign key
ALTER TABLE orders DROP FOREIGN KEY orders_customer;
-- good: the table is new
CREATE TABLE scratch (id bigint CONSTRAINT positive CHECK (id > 0)); ALTER TABLE scratch DROP CONSTRAINT positive;

-- rule: add-foreign-key
-- bad: both tables are locked while the rows are looked at
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id);
-- bad: with a new column
ALTER TABLE orders ADD COLUMN payer bigint REFERENCES customers (id);
-- bad mysql: the table is copied or locked
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE;
-- good: looked at afterwards
ALTER TABLE orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
-- good: the table is new
CREATE TABLE scratch (id bigint, customer bigint REFERENCES customers (id));

-- rule: add-check
-- bad: every row is looked at
ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0);
-- good: looked at afterwards
ALTER TABLE orders ADD CONSTRAINT positive CHECK (amount > 0) NOT VALID;

-- rule: add-unique
-- bad: its index is built under a lock
ALTER TABLE orders ADD CONSTRAINT one_amount UNIQUE (amount);
-- good: the index is there already
CREATE UNIQUE INDEX CONCURRENTLY one_amount ON orders (amount); ALTER TABLE orders ADD CONSTRAINT one_amount UNIQUE USING INDEX one_amount;

-- rule: add-primary-key
-- bad: its index is built under a lock
ALTER TABLE archive.old_orders ADD PRIMARY KEY (id);
-- bad mysql: the table is copied
ALTER TABLE old_orders ADD PRIMARY KEY (id);
-- good: with the table
CREATE TABLE scratch (id bigint PRIMARY KEY);

-- rule: add-exclusion
-- bad: its index is built under a lock
ALTER TABLE events_2025 ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =);
-- good: the table is new
CREATE TABLE scratch (id bigint); ALTER TABLE scratch ADD CONSTRAINT apart EXCLUDE USING btree (id WITH =);
