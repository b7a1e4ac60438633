-- migrate:up
-- What is asked for every few seconds, or for each stop, is found without reading through the days that are over.
-- tests/cloud/store/test_query_plans.py says by which query each is used.
-- A vehicle's runs that are to be driven or are underway; takes the place of run_underway, which had not those that are assigned.
CREATE INDEX run_of_vehicle ON run (vehicle_id) WHERE state IN ('assigned', 'loading', 'departed', 'paused');
DROP INDEX run_underway;
CREATE INDEX run_completed ON run (ended_at) WHERE state = 'completed';
CREATE INDEX planned_container_run ON planned_container (operator_id, pickup_date, run, site_id);
CREATE INDEX customer_order_cancelled ON customer_order (operator_id, pickup_date) WHERE cancelled_at IS NOT NULL;
-- Which numbers a leader looked up.
CREATE INDEX audit_leader_phone ON audit ((detail->>'leader'), at) WHERE action = 'leader.phone';

-- migrate:down
