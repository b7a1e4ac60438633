-- migrate:up
-- Alarms that sites told of before there was the table alarm: what their events are about, and that they wait to be folded (the job
-- alarms, cloud/store/alarm_waiting.py). New rows only: nobody waits for them.
CREATE TABLE alarm_waiting (
    site_id text NOT NULL,
    alarm text NOT NULL,
    PRIMARY KEY (site_id, alarm)
);
WITH told AS (
    SELECT site_id, epoch, n, fact->>'alarm' AS alarm FROM event
    WHERE kind IN ('alarm_raised', 'alarm_acknowledged', 'alarm_cleared', 'alarm_closed')
), subjects AS (
    INSERT INTO event_subject (entity, entity_id, site_id, epoch, n)
    SELECT 'alarm', site_id || '/' || alarm, site_id, epoch, n FROM told ON CONFLICT DO NOTHING
)
INSERT INTO alarm_waiting (site_id, alarm)
SELECT DISTINCT site_id, alarm FROM told
WHERE NOT EXISTS (SELECT FROM alarm a WHERE (a.site_id, a.alarm) = (told.site_id, told.alarm));

-- migrate:down
