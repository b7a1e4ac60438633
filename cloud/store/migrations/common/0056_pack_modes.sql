-- migrate:up
-- How goods come to stations: a bag for each order and zone, or by SKU, and the station distributes (分货). The relation's counts,
-- where it says one; a plan keeps what counted when it was made.
ALTER TABLE operator ADD COLUMN pack_mode text NOT NULL DEFAULT 'order_bag' CHECK (pack_mode IN ('order_bag', 'sku_bulk'));
ALTER TABLE site_operator ADD COLUMN pack_mode text CHECK (pack_mode IN ('order_bag', 'sku_bulk'));
ALTER TABLE planned_container ADD COLUMN pack_mode text NOT NULL DEFAULT 'order_bag';
ALTER TABLE planned_container ADD COLUMN lines jsonb NOT NULL DEFAULT '[]'; -- [{sku, quantity}] of one that comes by SKU
-- The container whose goods a parcel is made of at its station, the first where there are several. Null: it comes as a bag.
ALTER TABLE parcel ADD COLUMN goods_container_id text;
CREATE INDEX parcel_goods_container ON parcel (goods_container_id)
    WHERE goods_container_id IS NOT NULL AND state NOT IN ('released', 'returned', 'disposed');

-- migrate:down
