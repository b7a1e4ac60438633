-- migrate:up
-- When a batch of the lane was last taken: a site is heard by what it sends, not only when its connection changes.
ALTER TABLE lane_floor ADD COLUMN heard_at timestamptz;
-- Until when residents pick up on the day, in the operator's own time.
ALTER TABLE operator ADD COLUMN pickup_until time NOT NULL DEFAULT '21:00';

-- migrate:down
