-- +goose Up
-- A token that is good for the calendar feed of its member and nothing else.
ALTER TABLE ops.tokens ADD COLUMN calendar boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE ops.tokens DROP COLUMN calendar;
