-- migrate:up
-- What a station was told of its coming vans (cloud/jobs/coming.py), and until which of it the broker has it.
ALTER TABLE desired ADD COLUMN coming jsonb NOT NULL DEFAULT '[]';
ALTER TABLE desired ADD COLUMN coming_at timestamptz;            -- null: nothing was ever said
ALTER TABLE desired ADD COLUMN coming_published_at timestamptz;

-- migrate:down
