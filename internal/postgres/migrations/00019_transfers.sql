-- +goose Up
-- The application that one on its way in goes on from, if it was assigned to
-- another job: there is a claim of that to give back if it is undone.
ALTER TABLE ops.arrivals ADD COLUMN from_id uuid;

-- +goose Down
ALTER TABLE ops.arrivals DROP COLUMN from_id;
