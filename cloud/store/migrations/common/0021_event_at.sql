-- migrate:up
-- When an event is believed to have happened follows from measured_at, received_at and the correction of its boot, which may come
-- later: it is computed where it is shown.
ALTER TABLE event DROP COLUMN at;

-- migrate:down
