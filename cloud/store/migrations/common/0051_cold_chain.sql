-- migrate:up
-- What each site said of its fridges, freezers and cold boxes (edge/wire/presence.py), in force from then on. is_noted: the parcels
-- that lay there have been told of it.
CREATE TABLE site_boxes (
    site_id text NOT NULL,
    since timestamptz NOT NULL,
    boxes jsonb NOT NULL,
    is_noted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (site_id, since)
);
CREATE INDEX site_boxes_new ON site_boxes (site_id) WHERE NOT is_noted;

-- How warm goods may be, by class (edge/rules/alarm_limits.py says what each number does); a class that is not here has the defaults.
CREATE TABLE goods_limits (
    operator_id text NOT NULL REFERENCES operator,
    goods text NOT NULL CHECK (goods IN ('chilled', 'chilled_wide', 'frozen')),
    limits jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, goods)
);
-- The class of an article where it is another than its zone's.
ALTER TABLE article ADD COLUMN goods text CHECK (goods IN ('chilled', 'chilled_wide', 'frozen'));

-- A parcel's cold-chain account (cloud/domain/cold_account.py), as of computed_at. is_settled: it has left, and all readings of its
-- time that arrive from now on are noted in cold_late.
CREATE TABLE cold_account (
    parcel_id text PRIMARY KEY,
    goods text NOT NULL,
    limits jsonb NOT NULL,              -- it was judged by
    computed_at timestamptz NOT NULL,
    is_settled boolean NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('no_data', 'in_range', 'excursion', 'breach')),
    basis text NOT NULL CHECK (basis IN ('place', 'container', 'zone', 'none')),
    observed_min double precision NOT NULL,
    expected_min double precision NOT NULL,
    above_min double precision NOT NULL,
    below_min double precision NOT NULL,
    above_c_min double precision NOT NULL,
    below_c_min double precision NOT NULL,
    mean_kinetic_c double precision,
    coldest_c double precision,
    warmest_c double precision,
    excursions jsonb NOT NULL           -- [{from, to, rule, minutes, peak_c, severity}]
);
CREATE INDEX cold_account_unsettled ON cold_account (computed_at) WHERE NOT is_settled;

-- Where it lay and what measured there. sensors: those of all boxes it may have lain in; sensor: the one whose readings count.
CREATE TABLE cold_stay (
    parcel_id text NOT NULL,
    n int NOT NULL,
    from_at timestamptz NOT NULL,
    to_at timestamptz NOT NULL,         -- as of cold_account.computed_at where it is still there
    is_over boolean NOT NULL,
    site_id text NOT NULL,              -- whose sensors these are; "" in a van that nobody knows
    place text NOT NULL,
    container_id text NOT NULL,
    is_aboard boolean NOT NULL,
    basis text NOT NULL,
    box text NOT NULL,
    sensor text NOT NULL,
    sensors text[] NOT NULL,
    observed_min double precision NOT NULL,
    out_min double precision NOT NULL,
    PRIMARY KEY (parcel_id, n)
);
CREATE INDEX cold_stay_site ON cold_stay (site_id, from_at);

-- What is to be computed anew: parcels of which something is folded, (sensor, hour) for which something arrived late. Written in the
-- transaction of the fold and of the readings, without an index to wait on; a job reads them and leaves them empty.
CREATE TABLE cold_note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parcel_id text NOT NULL
);
CREATE TABLE cold_late (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sensor_id int NOT NULL,
    hour timestamptz NOT NULL
);

-- temp_breach (温度超限): when the excursion began that was beyond limit and duration. What else is wrong with a parcel people say.
ALTER TABLE parcel ADD COLUMN breached_at timestamptz;

-- What is cold and has not left has its account from now on.
INSERT INTO cold_note (parcel_id)
SELECT id FROM parcel WHERE zone IN ('chilled', 'frozen') AND state NOT IN ('released', 'returned', 'disposed');

-- migrate:down
