-- migrate:up
-- After-sales cases (售后): what a resident reported, what a count found, what allocation could not give, what two events contradict.
CREATE TABLE after_sales_case (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text UNIQUE,                    -- what a fold or an allocation knows it by; null: a person opened it
    origin text NOT NULL CHECK (origin IN ('resident', 'staff', 'station', 'allocation', 'conflict')),
    operator_id text REFERENCES operator, -- null: a parcel of which no order is known
    order_id text REFERENCES customer_order,
    parcel_id text,
    container_id text,
    sites text[] NOT NULL,              -- where it is somebody's business
    sku text NOT NULL DEFAULT '',       -- '': the whole parcel
    quantity int NOT NULL CHECK (quantity > 0),
    problem text NOT NULL,
    said text NOT NULL DEFAULT '',      -- in the words of whoever opened it
    events text[] NOT NULL DEFAULT '{}', -- ids of the events that say so
    photos text[] NOT NULL DEFAULT '{}', -- site/sha256 of a station's, sha256 of a resident's
    state text NOT NULL,
    liability text,
    refund_fen int CHECK (refund_fen > 0),
    reference text NOT NULL DEFAULT '', -- of the payment, as the shop system names it
    is_settled boolean NOT NULL DEFAULT false, -- closed because what it was about is no more
    opened_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX after_sales_case_operator ON after_sales_case (operator_id, state);
CREATE INDEX after_sales_case_open ON after_sales_case (changed_at) WHERE state NOT IN ('refunded', 'refused', 'closed');
CREATE INDEX after_sales_case_order ON after_sales_case (order_id);
CREATE INDEX after_sales_case_parcel ON after_sales_case (parcel_id) WHERE key IS NOT NULL;
CREATE INDEX after_sales_case_container ON after_sales_case (container_id) WHERE key IS NOT NULL;

-- What was done about it. ``said`` by an operator's people in asking, approving or refusing is read by the resident.
CREATE TABLE case_step (
    case_id bigint NOT NULL REFERENCES after_sales_case,
    step int NOT NULL,
    at timestamptz NOT NULL,
    by text NOT NULL CHECK (by IN ('resident', 'account', 'rule', 'fold')),
    account_id bigint REFERENCES account,
    action text NOT NULL,
    state text NOT NULL,                -- that it led to
    said text NOT NULL DEFAULT '',
    photos text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (case_id, step)
);

-- Photographs that residents send. Of an order, so that what one may keep here is bounded.
CREATE TABLE case_photo (
    order_id text NOT NULL REFERENCES customer_order,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    content_type text NOT NULL,
    bytes int NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, sha256)
);
ALTER TABLE case_photo ALTER COLUMN body SET STORAGE EXTERNAL; -- pictures do not compress
CREATE INDEX case_photo_received ON case_photo (received_at);

-- What is refunded without anybody looking at it: an operator's rule.
ALTER TABLE operator ADD COLUMN refunds_at_once text[] NOT NULL DEFAULT '{short}';
-- Pairs of event ids of which a person believes one, as for parcels.
ALTER TABLE container ADD COLUMN dispute text[] NOT NULL DEFAULT '{}';
CREATE INDEX container_dispute ON container (id) WHERE dispute <> '{}';

-- migrate:down
