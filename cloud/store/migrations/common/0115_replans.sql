-- migrate:up
-- How often a run's stops were planned anew while it was underway: who followed it by the stops before writes nothing over them.
ALTER TABLE run ADD COLUMN replanned int NOT NULL DEFAULT 0;

-- migrate:down
