-- migrate:up
-- The planned container whose load it took, as the dock said when it bound it; '' where it is the planned one.
ALTER TABLE container ADD COLUMN stands_for text NOT NULL DEFAULT '';
CREATE INDEX container_stands_for ON container (stands_for) WHERE stands_for <> '';

-- migrate:down
