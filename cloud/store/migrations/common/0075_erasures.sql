-- migrate:up
-- What residents said of their cases, and showed, is erased on request and by schedule; who did it, when and why stays.
CREATE TABLE erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    account_id bigint REFERENCES account, -- null: the schedule
    operator_id text REFERENCES operator,
    reason text NOT NULL DEFAULT '',
    cases int NOT NULL,
    photos int NOT NULL DEFAULT 0,
    is_unnamed boolean NOT NULL DEFAULT false -- name and phone went too
);
CREATE INDEX erasure_operator ON erasure (operator_id, at);
ALTER TABLE after_sales_case ADD COLUMN words_erased_at timestamptz, ADD COLUMN words_erased_by bigint REFERENCES account;

-- migrate:down
