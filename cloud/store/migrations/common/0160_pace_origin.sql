-- migrate:up
-- Where road_pace is from: a person's word, or legs between stops as vans drove them. No row: it is the first guess.
CREATE TABLE road_pace_origin (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    set_at timestamptz,                 -- a person's last word; what was driven before it does not count
    learned_at timestamptz,             -- when the legs of the days before it were read last
    legs int                            -- of how many; null: there were too few, or a person has spoken since
);

-- migrate:down
