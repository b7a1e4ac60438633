-- migrate:up
-- How often its containers were planned: where the time stands still, two plans have one planned_at.
ALTER TABLE pickup_batch ADD COLUMN plans int NOT NULL DEFAULT 0;

-- migrate:down
