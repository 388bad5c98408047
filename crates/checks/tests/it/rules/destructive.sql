-- rule: drop-table
-- bad: the table and its rows are gone
DROP TABLE drafts;
-- bad: the last statement needs no semicolon
SELECT 1; DROP TABLE IF EXISTS archive.old_orders
-- bad: a block runs it
DO $$ BEGIN IF true THEN DROP TABLE drafts; END IF; END $$;
-- bad: a string that is executed
DO $$ BEGIN EXECUTE 'DROP TABLE ' || quote_ident('drafts'); END $$;
-- bad: with the name put in by format
DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['drafts'] LOOP EXECUTE format('DROP TABLE %I', t); END LOOP; END $$;
-- bad: a function that the migration defines and runs
CREATE FUNCTION clean() RETURNS void AS $f$ BEGIN DROP TABLE drafts; END $f$ LANGUAGE plpgsql; SELECT clean();
-- bad mysql: several
DROP TABLE a, b;
-- bad mysql: what a comment for MySQL runs
/*!40000 DROP TABLE orders */;
-- bad sqlite: nothing is copied before
DROP TABLE orders;
-- good: it was created just now, and nobody uses it
CREATE TABLE scratch (id bigint); DROP TABLE scratch;
-- good: a comment and a string
/* DROP TABLE orders; */ SELECT 'DROP TABLE orders'; -- DROP TABLE orders
-- good: what a function would do that nobody runs here
CREATE FUNCTION later() RETURNS void AS $f$ BEGIN DELETE FROM orders WHERE id = 1; END $f$ LANGUAGE plpgsql;

-- rule: drop-column
-- bad: its values are gone
ALTER TABLE orders DROP COLUMN note;
-- bad: COLUMN may be left out
ALTER TABLE ONLY public.orders ADD COLUMN memo text, DROP note;
-- bad mysql: its values are gone
ALTER TABLE `orders` DROP COLUMN `note`;
-- bad sqlite: its values are gone
ALTER TABLE orders DROP COLUMN note;
-- good: the table is new
CREATE TABLE scratch (id bigint, a int); ALTER TABLE scratch DROP COLUMN a;
-- good: a column gets a default
ALTER TABLE orders ALTER COLUMN note SET DEFAULT '';

-- rule: truncate
-- bad: every row
TRUNCATE events_2025;
-- bad: and those of the tables that refer to it
TRUNCATE TABLE ONLY orders, customers RESTART IDENTITY CASCADE;
-- bad mysql: every row
TRUNCATE TABLE orders;
-- good: the table is new
CREATE TABLE scratch (id bigint); TRUNCATE scratch;

-- rule: drop-schema
-- bad: with all that is in it
DROP SCHEMA archive CASCADE;
-- bad: an empty one
DROP SCHEMA IF EXISTS empty;
-- good: a new one
CREATE SCHEMA reporting;

-- rule: drop-database
-- bad: with all that is in it
DROP DATABASE shop;
-- bad mysql: a schema is a database
DROP SCHEMA shop;
-- good mysql: another one is created
CREATE DATABASE shop2;

-- rule: drop-owned
-- bad: whatever it is
DROP OWNED BY CURRENT_USER;
-- good: to another owner
REASSIGN OWNED BY CURRENT_USER TO CURRENT_USER;

-- rule: drop-cascade
-- bad: the view over it goes as well
DROP TABLE orders CASCADE;
-- bad: the view that reads it goes as well
ALTER TABLE orders DROP COLUMN total CASCADE;
-- good: nothing else
DROP VIEW open_orders;

-- rule: drop-object
-- bad: a view
DROP VIEW open_orders;
-- bad: a materialized view
DROP MATERIALIZED VIEW totals;
-- bad: a type
DROP TYPE mood;
-- bad: a sequence
DROP SEQUENCE ticket;
-- bad: a function
DROP FUNCTION shout(text);
-- bad: a trigger
DROP TRIGGER orders_noted ON orders;
-- bad sqlite: a trigger
DROP TRIGGER orders_noted;
-- good: a view defined anew
CREATE OR REPLACE VIEW open_orders AS SELECT id, total FROM orders WHERE state = 'paid';
