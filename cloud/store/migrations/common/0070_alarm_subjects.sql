-- migrate:up
-- Reads every row, and lets ingest go on writing meanwhile.
ALTER TABLE event_subject VALIDATE CONSTRAINT event_subject_entity_check;

-- migrate:down
