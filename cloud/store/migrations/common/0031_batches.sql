-- migrate:up
-- When orders close on the evening before their pickup date, in the operator's own time (截单).
ALTER TABLE operator ADD COLUMN cut_off time NOT NULL DEFAULT '23:00';

-- All orders of one operator for one pickup date, frozen at the cut-off; allocated, then planned into containers.
CREATE TABLE pickup_batch (
    operator_id text NOT NULL REFERENCES operator,
    pickup_date date NOT NULL,
    frozen_at timestamptz NOT NULL,
    frozen_by bigint REFERENCES account, -- null: the cut-off itself
    allocated_at timestamptz,
    stock jsonb NOT NULL DEFAULT '{}',  -- sku → pieces, as allocated
    planned_at timestamptz,
    routes jsonb NOT NULL DEFAULT '[]', -- [{run, stops: [site]}], as planned
    PRIMARY KEY (operator_id, pickup_date)
);
CREATE INDEX customer_order_open ON customer_order (operator_id, pickup_date) WHERE locked_at IS NULL AND cancelled_at IS NULL;

-- Which container is to carry what (装筐). A container is in one plan at a time; its parcels name it as planned_container_id.
CREATE TABLE planned_container (
    operator_id text NOT NULL,
    pickup_date date NOT NULL,
    container_id text NOT NULL REFERENCES container,
    site_id text NOT NULL REFERENCES site,
    zone text NOT NULL,
    number int NOT NULL,
    run text NOT NULL DEFAULT '',       -- '': on no route
    stop int NOT NULL DEFAULT 0,
    lane text NOT NULL DEFAULT '',
    PRIMARY KEY (operator_id, pickup_date, container_id),
    FOREIGN KEY (operator_id, pickup_date) REFERENCES pickup_batch
);
CREATE INDEX planned_container_container ON planned_container (container_id);

-- migrate:down
