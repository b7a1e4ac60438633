-- migrate:up
-- Which plan somebody made this one from, by hand (调整); null: it was searched for.
ALTER TABLE plan ADD COLUMN moved_from bigint REFERENCES plan;

-- migrate:down
