-- +goose Up
-- Who opened what of applications, when, and by which right. Ids only.
CREATE TABLE ops.reads (
	read_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	read_at        timestamptz NOT NULL,
	member_id      uuid NOT NULL,
	kind           text NOT NULL,
	application_id uuid NOT NULL,
	object_id      uuid,           -- the part of it, such as a file
	rights         text[] NOT NULL -- organization_role, recruiting_role, ids of grants and openings
);
CREATE INDEX reads_application ON ops.reads (application_id, read_id);
CREATE INDEX reads_member ON ops.reads (member_id, read_id);
CREATE INDEX reads_at ON ops.reads (read_at);

-- +goose Down
DROP TABLE ops.reads;
