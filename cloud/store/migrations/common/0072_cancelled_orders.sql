-- migrate:up
-- Who cancelled an order, and why; beside cancelled_at.
ALTER TABLE customer_order ADD COLUMN cancelled_by bigint REFERENCES account, ADD COLUMN cancelled_why text NOT NULL DEFAULT '';

-- migrate:down
