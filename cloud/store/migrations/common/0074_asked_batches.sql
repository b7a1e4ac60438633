-- migrate:up
-- How often a site was asked for the same first missing batch in a row; it is not asked for ever (cloud/ingest/floors.py).
ALTER TABLE lane_floor ADD COLUMN asked_from bigint NOT NULL DEFAULT 0, ADD COLUMN asked int NOT NULL DEFAULT 0;

-- migrate:down
