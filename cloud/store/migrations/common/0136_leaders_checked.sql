-- migrate:up
-- Reads every row, and lets ingest go on writing meanwhile.
ALTER TABLE customer_order VALIDATE CONSTRAINT customer_order_leader_fkey;

-- migrate:down
