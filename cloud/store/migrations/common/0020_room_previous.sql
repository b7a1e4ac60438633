-- migrate:up
-- The version before the newest: whoever stands there has missed nothing but the newest change (ARCHITECTURE, decision 6).
ALTER TABLE room ADD COLUMN previous bigint NOT NULL DEFAULT 0;

-- migrate:down
