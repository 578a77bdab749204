-- +goose Up
-- What a command answered that changed nothing, and so left nothing in the log
-- that it would be recognised by.
ALTER TABLE ops.fingerprints ADD COLUMN answer jsonb;

-- +goose Down
ALTER TABLE ops.fingerprints DROP COLUMN answer;
