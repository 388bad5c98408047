-- What every example of PostgreSQL finds: a small shop.
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL, name text, active boolean);
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id bigint, total numeric(10, 2), note text, state text,
    placed timestamp, amount integer,
    CONSTRAINT orders_total CHECK (total >= 0)
);
CREATE TABLE drafts (id bigint, body text);
CREATE INDEX orders_state ON orders (state);
CREATE TYPE mood AS ENUM ('calm', 'angry');
CREATE TYPE address AS (street text, town text);
CREATE SEQUENCE ticket;
CREATE VIEW open_orders AS SELECT id, total FROM orders WHERE state = 'open';
CREATE MATERIALIZED VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY 1;
CREATE FUNCTION shout(t text) RETURNS text AS $$ SELECT upper(t) $$ LANGUAGE sql;
CREATE FUNCTION noted() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER orders_noted BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION noted();
CREATE POLICY own_orders ON orders USING (customer_id = 1);
CREATE TABLE events (id bigint, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_2025 (id bigint, at date NOT NULL);
CREATE SCHEMA archive;
CREATE TABLE archive.old_orders (id bigint);
CREATE SCHEMA empty;
INSERT INTO customers SELECT n, 'c' || n || '@example.org', 'c' || n, true FROM generate_series(1, 1000) AS n;
INSERT INTO orders SELECT n, n % 1000 + 1, n, 'note', 'open', now(), n FROM generate_series(1, 5000) AS n;
INSERT INTO events SELECT n, '2024-02-01' FROM generate_series(1, 500) AS n;
INSERT INTO events_2025 SELECT n, '2025-02-01' FROM generate_series(1, 500) AS n;
