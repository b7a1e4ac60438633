-- migrate:up
-- What a command says besides its cell: of acknowledge_alarm which alarm, how severe it was when it was seen, the note.
ALTER TABLE command ADD COLUMN detail jsonb NOT NULL DEFAULT '{}';

-- migrate:down
