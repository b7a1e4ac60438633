-- migrate:up
-- What a site says under an operator whom it does not serve: kept at the site, and replayed here once they are related.
ALTER TABLE quarantine DROP CONSTRAINT quarantine_reason_check;
ALTER TABLE quarantine ADD CONSTRAINT quarantine_reason_check CHECK (reason IN
    ('topic', 'relation', 'properties', 'schema', 'payload', 'hash', 'size', 'conflict', 'database'));
CREATE INDEX quarantine_unrelated ON quarantine (site_id) WHERE state = 'kept' AND reason = 'relation' AND outcome = '';

-- migrate:down
