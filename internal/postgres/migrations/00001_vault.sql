-- +goose Up
CREATE SCHEMA vault;

-- +goose Down
DROP SCHEMA vault CASCADE;
