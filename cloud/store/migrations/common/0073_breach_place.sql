-- migrate:up
-- Where most of a breach was (cloud/domain/case_causes.py): whose place it was is liable for what was handed out all the same.
ALTER TABLE parcel
    ADD COLUMN breached_in text CHECK (breached_in IN ('dock', 'truck', 'station', 'locker')),
    ADD COLUMN breached_site text NOT NULL DEFAULT '';
ALTER TABLE after_sales_case DROP CONSTRAINT after_sales_case_origin_check;
ALTER TABLE after_sales_case ADD CONSTRAINT after_sales_case_origin_check
    CHECK (origin IN ('resident', 'staff', 'station', 'readings', 'allocation', 'conflict'));
-- What was breached before has its account made again, which says where; and what was handed out of it gets its case.
INSERT INTO cold_note (parcel_id) SELECT id FROM parcel WHERE breached_at IS NOT NULL;

-- migrate:down
