-- rule: not-additive
-- bad additive: an event is changed
UPDATE events SET at = '2024-01-01' WHERE id = 1;
-- bad additive: a column gets another name
ALTER TABLE events RENAME COLUMN at TO day;
-- good additive: a column more
ALTER TABLE events ADD COLUMN source text;
-- good additive: a compensating entry
INSERT INTO events (id, at) VALUES (0, '2024-01-01');

-- rule: wrong-phase
-- bad: the old version still serves
-- shipway: before-deployment
ALTER TABLE orders DROP COLUMN note;
-- bad: the new version needs it already
-- shipway: after-deployment
ALTER TABLE orders ADD COLUMN memo text;
-- good: taken away when nobody uses it any more
-- shipway: after-deployment
DROP INDEX CONCURRENTLY orders_state;
