-- rule: rename-column
-- bad: the old version names the old column
ALTER TABLE orders RENAME COLUMN note TO remark;
-- bad: COLUMN may be left out
ALTER TABLE orders RENAME note TO remark;
-- bad mysql: CHANGE with another name
ALTER TABLE orders CHANGE COLUMN note remark TEXT;
-- bad sqlite: the old version names the old column
ALTER TABLE orders RENAME COLUMN note TO remark;
-- good: a constraint is named by nobody
ALTER TABLE orders RENAME CONSTRAINT orders_total TO orders_total_positive;

-- rule: rename-table
-- bad: the old version names the old table
ALTER TABLE orders RENAME TO purchases;
-- bad mysql: several at once
RENAME TABLE orders TO purchases, a TO b;
-- bad sqlite: the old version names the old table
ALTER TABLE orders RENAME TO purchases;
-- good: the table is new
CREATE TABLE scratch (id bigint); ALTER TABLE scratch RENAME TO sketches;

-- rule: rename-object
-- bad: a view
ALTER VIEW open_orders RENAME TO orders_open;
-- bad: a type
ALTER TYPE mood RENAME TO feeling;
-- bad: a sequence
ALTER SEQUENCE ticket RENAME TO tickets;
-- bad: a schema
ALTER SCHEMA archive RENAME TO attic;
-- bad: a function
ALTER FUNCTION shout(text) RENAME TO cry;
-- good: an index is named by nobody
ALTER INDEX orders_state RENAME TO orders_by_state;

-- rule: enum-rename-value
-- bad: the old version writes the old value
ALTER TYPE mood RENAME VALUE 'calm' TO 'content';
-- good: another value
ALTER TYPE mood ADD VALUE 'happy' AFTER 'calm';

-- rule: set-schema
-- bad: a table
ALTER TABLE orders SET SCHEMA archive;
-- bad: a view
ALTER VIEW open_orders SET SCHEMA archive;
-- good: the table is new
CREATE TABLE scratch (id bigint); ALTER TABLE scratch SET SCHEMA archive;

-- rule: alter-composite-type
-- bad: an attribute gets another name
ALTER TYPE address RENAME ATTRIBUTE town TO city;
-- bad: an attribute gets another type
ALTER TYPE address ALTER ATTRIBUTE town TYPE varchar(20);
-- good: another type beside it
CREATE TYPE address2 AS (street text, city text);
