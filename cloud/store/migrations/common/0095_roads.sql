-- migrate:up
-- Ways between points, as the engine says them, so that a matrix is computed once. A graph is a version of the roads.
CREATE TABLE road_graph (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    made_at timestamptz NOT NULL
);

CREATE TABLE road_leg (
    graph_id int NOT NULL REFERENCES road_graph ON DELETE CASCADE,
    start bigint NOT NULL,              -- a point's key (cloud/roads/blocks.py)
    finish bigint NOT NULL,
    seconds real,                       -- null: no way leads there
    metres real,
    PRIMARY KEY (graph_id, start, finish)
);

-- How much longer vans take than the engine says: over the day (hour -1), and at an hour of the day over that.
CREATE TABLE road_pace (
    hour smallint PRIMARY KEY CHECK (hour BETWEEN -1 AND 23),
    factor real NOT NULL,
    changed_at timestamptz NOT NULL
);

-- migrate:down
