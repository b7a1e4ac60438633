-- migrate:up
-- Leaders (团长) and their groups. An order is of the group it names; one that names none is of the leader who keeps its station.
CREATE TABLE leader (
    operator_id text NOT NULL REFERENCES operator,
    id text NOT NULL,                   -- as the shop system calls the leader
    name text NOT NULL,
    keeps_site_id text REFERENCES site, -- the station they keep, if any
    link_version int NOT NULL DEFAULT 1, -- links made under a lower one are revoked
    created_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, id)
);
CREATE UNIQUE INDEX leader_keeps ON leader (operator_id, keeps_site_id);

ALTER TABLE customer_order ADD COLUMN leader_id text; -- as imported; null: it names none
ALTER TABLE customer_order ADD CONSTRAINT customer_order_leader_fkey
    FOREIGN KEY (operator_id, leader_id) REFERENCES leader NOT VALID;
CREATE INDEX customer_order_leader ON customer_order (operator_id, leader_id, pickup_date) WHERE leader_id IS NOT NULL;

-- Reminders to fetch (催提): once an order and day. Shown on the resident's page; nothing else carries them.
CREATE TABLE reminder (
    order_id text NOT NULL REFERENCES customer_order,
    day date NOT NULL,                  -- the operator's
    leader_id text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (order_id, day)
);

-- What leaders earn, and by which rule pieces go round where there are not enough (cloud/domain/commission.py, allocation.py).
ALTER TABLE operator
    ADD COLUMN commission_fen int NOT NULL DEFAULT 50 CHECK (commission_fen BETWEEN 0 AND 100000), -- a piece that was handed out
    ADD COLUMN shortage_rule text NOT NULL DEFAULT 'first' CHECK (shortage_rule IN ('first', 'even'));

-- migrate:down
