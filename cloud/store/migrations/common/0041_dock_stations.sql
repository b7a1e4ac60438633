-- migrate:up
-- Which stations a dock sorts for, where an operator has several docks. A dock that names none sorts for all of its operators'.
CREATE TABLE dock_station (
    dock_id text NOT NULL REFERENCES site,
    station_id text NOT NULL REFERENCES site,
    PRIMARY KEY (dock_id, station_id)
);

-- migrate:down
