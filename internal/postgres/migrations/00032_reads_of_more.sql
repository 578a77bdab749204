-- +goose Up
-- Employee profiles and files of messages that belong to no application are read, too.
ALTER TABLE ops.reads ALTER COLUMN application_id DROP NOT NULL;

-- +goose Down
DELETE FROM ops.reads WHERE application_id IS NULL;
ALTER TABLE ops.reads ALTER COLUMN application_id SET NOT NULL;
