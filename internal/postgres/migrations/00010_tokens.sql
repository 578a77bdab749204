-- +goose Up
-- What a token may do, and the secret that another replaced, for as long as it
-- still counts.
ALTER TABLE ops.tokens
    ADD COLUMN read_only boolean NOT NULL DEFAULT false,
    ADD COLUMN rotation uuid,
    ADD COLUMN previous bytea,
    ADD COLUMN previous_until timestamptz;

-- +goose Down
ALTER TABLE ops.tokens
    DROP COLUMN read_only,
    DROP COLUMN rotation,
    DROP COLUMN previous,
    DROP COLUMN previous_until;
