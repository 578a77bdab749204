-- +goose Up

-- How often the streams put aside were changed by somebody else than the
-- projector at work: it compares, and reads them again.
ALTER TABLE rm.checkpoints ADD COLUMN parked_version integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE rm.checkpoints DROP COLUMN parked_version;
