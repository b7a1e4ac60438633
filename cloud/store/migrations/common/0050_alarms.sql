-- migrate:up
-- Alarms: each row is what an alarm's events fold to, with what people said of it from here (cloud/domain/alarm.py). An alarm's
-- own name is unique within its site; the number is what addresses name.
CREATE TABLE alarm (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL,
    alarm text NOT NULL,
    is_of_cloud boolean NOT NULL DEFAULT false, -- raised here, not by the site: that the site itself is silent
    subject text NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state text NOT NULL CHECK (state IN ('raised', 'acknowledged', 'cleared', 'closed')),
    is_open boolean NOT NULL,           -- it stands, or nobody has seen it
    since timestamptz,
    raised_at timestamptz NOT NULL,
    raised_by text NOT NULL DEFAULT '',  -- the newest raising: the event's id
    value double precision,
    bound double precision,
    explained text NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    acknowledged_at timestamptz,
    acknowledged_by text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',
    cleared_at timestamptz,
    cleared_value double precision,
    closed_at timestamptz,
    closed_by text NOT NULL DEFAULT '',
    close_note text NOT NULL DEFAULT '',
    UNIQUE (site_id, alarm)
);
CREATE INDEX alarm_open ON alarm (site_id) WHERE is_open;
CREATE INDEX alarm_raised ON alarm (raised_at);

-- What people said of alarms from here. seen: the newest raising they were shown (alarm.raised_by).
CREATE TABLE alarm_word (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_id text NOT NULL,
    alarm text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('acknowledged', 'closed')),
    at timestamptz NOT NULL,
    account_id bigint REFERENCES account,
    name text NOT NULL,
    note text NOT NULL DEFAULT '',
    seen text NOT NULL
);
CREATE INDEX alarm_word_alarm ON alarm_word (site_id, alarm);

-- An alarm's events are found like a parcel's; entity_id is site/alarm. What is there already is looked through in 0070, so that
-- nobody waits behind this one's lock.
ALTER TABLE event_subject DROP CONSTRAINT event_subject_entity_check;
ALTER TABLE event_subject ADD CONSTRAINT event_subject_entity_check CHECK (entity IN ('parcel', 'container', 'alarm')) NOT VALID;

-- migrate:down
