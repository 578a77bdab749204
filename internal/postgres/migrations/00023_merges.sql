-- +goose Up
-- Commands on their way that merge two candidates, or take that back: written
-- before the first step, removed after the last. What stays longer was
-- interrupted, and is finished or undone.
CREATE TABLE ops.merges (
	command_id uuid PRIMARY KEY,
	into_id    uuid NOT NULL,
	other_id   uuid NOT NULL,
	started_at timestamptz NOT NULL
);

-- +goose Down
DROP TABLE ops.merges;
