-- migrate:up
-- A site's key as Mosquitto's password file has it: the broker's users are made of the database (cloud/onebox/broker_service.py).
-- Empty for keys that are older than this: such a site is given a key anew.
ALTER TABLE site_credential ADD COLUMN broker_hash text NOT NULL DEFAULT '';

-- migrate:down
