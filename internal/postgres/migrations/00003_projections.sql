-- +goose Up

-- What is known of the read models, apart from their rows: those are in schemas
-- rm_<group>_<generation>, which projections create and drop by themselves.
CREATE SCHEMA rm;

CREATE TABLE rm.generations (
	group_name  text NOT NULL,
	generation  integer NOT NULL CHECK (generation > 0), -- never used again, so no schema's name is
	schema_name text NOT NULL UNIQUE,
	shape       bytea NOT NULL CHECK (length(shape) = 32), -- SHA-256 of the statements that made its tables
	status      text NOT NULL CHECK (status IN ('building', 'live', 'retired', 'dropped')),
	created_at  timestamptz NOT NULL DEFAULT now(),
	changed_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (group_name, generation)
);
CREATE UNIQUE INDEX generations_live ON rm.generations (group_name) WHERE status = 'live';

-- How far each generation is, moved in the transaction of the rows. It stands
-- here and not in the generation's schema so that one read finds all groups.
CREATE TABLE rm.checkpoints (
	group_name       text NOT NULL,
	generation       integer NOT NULL,
	event_commit     bigint NOT NULL DEFAULT 0, -- the last event processed, which the log is asked to go on behind
	event_prepare    bigint NOT NULL DEFAULT 0,
	event_id         uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
	commit_position  bigint NOT NULL DEFAULT 0, -- how far the log has been looked through: there, or behind it
	prepare_position bigint NOT NULL DEFAULT 0,
	moved_at         timestamptz NOT NULL DEFAULT now(),
	holder           uuid,        -- the projector that moved it last, unless it has left
	alive_at         timestamptz NOT NULL DEFAULT now(), -- the holder's last sign of life
	behind_since     timestamptz, -- since when the log has been seen to hold more
	state            text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'stopped')),
	failure          jsonb,       -- why it is stopped: ids and the kind of error, no personal data
	PRIMARY KEY (group_name, generation),
	FOREIGN KEY (group_name, generation) REFERENCES rm.generations ON DELETE CASCADE
) WITH (fillfactor = 20); -- room for a new version of the row at each batch

-- Events put aside because they, or an earlier one of their stream, could not be
-- applied. The events themselves are in the log.
CREATE TABLE rm.parked (
	group_name text NOT NULL,
	generation integer NOT NULL,
	commit_position  bigint NOT NULL,
	prepare_position bigint NOT NULL,
	stream     text NOT NULL,
	revision   bigint NOT NULL,
	event_id   uuid NOT NULL,
	event_type text NOT NULL,
	error      text, -- null for an event that only waits for one before it
	parked_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (group_name, generation, commit_position, prepare_position),
	FOREIGN KEY (group_name, generation) REFERENCES rm.generations ON DELETE CASCADE
);
CREATE INDEX parked_stream ON rm.parked (group_name, generation, stream, revision);

-- +goose Down
DROP SCHEMA rm CASCADE;
