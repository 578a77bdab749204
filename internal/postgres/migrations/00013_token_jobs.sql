-- +goose Up
-- The jobs a token is held to; empty = all that its member may.
ALTER TABLE ops.tokens ADD COLUMN jobs uuid[] NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE ops.tokens DROP COLUMN jobs;
