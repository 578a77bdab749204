-- +goose Up
CREATE SCHEMA ops;

-- The log that everything here belongs to.
CREATE TABLE ops.log (
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	log_id    uuid NOT NULL
);

-- A token is looked up by its id and compared by the hash of its secret.
CREATE TABLE ops.tokens (
	id         uuid PRIMARY KEY,
	member_id  uuid NOT NULL,
	secret     bytea NOT NULL CHECK (length(secret) = 32), -- SHA-256
	name       text NOT NULL,
	created_at timestamptz NOT NULL,
	expires_at timestamptz NOT NULL,
	revoked_at timestamptz
);
CREATE INDEX tokens_member ON ops.tokens (member_id);

-- What was asked under an idempotency key, for seven days: a keyed hash of the
-- request, so that the same key with another body can be refused.
CREATE TABLE ops.fingerprints (
	command_id  uuid PRIMARY KEY,
	fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
	asked_at    timestamptz NOT NULL
);
CREATE INDEX fingerprints_asked ON ops.fingerprints (asked_at);

-- Applications on their way in: written before the first step of receiving one,
-- removed after the last. What stays longer was interrupted, and is finished or
-- undone.
CREATE TABLE ops.arrivals (
	application_id uuid PRIMARY KEY,
	job_id         uuid NOT NULL,
	started_at     timestamptz NOT NULL
);

-- +goose Down
DROP SCHEMA ops CASCADE;
