-- migrate:up
-- Photographs that sites send by HTTPS; events name them by their SHA-256.
CREATE TABLE photo (
    site_id text NOT NULL REFERENCES site,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content_type text NOT NULL,
    bytes int NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (site_id, sha256)
);
ALTER TABLE photo ALTER COLUMN body SET STORAGE EXTERNAL; -- pictures do not compress
CREATE INDEX photo_received ON photo (received_at);

-- migrate:down
