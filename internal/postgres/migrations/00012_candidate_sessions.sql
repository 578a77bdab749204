-- +goose Up
-- Who asked to sign in as a candidate, or to change their address: the codes
-- that were sent. There is a row for an address that nobody has too, so that
-- redeeming takes as long. No address is in here, only its keyed hash.
CREATE TABLE ops.sign_ins (
	id           uuid PRIMARY KEY,
	purpose      text NOT NULL,
	address      bytea NOT NULL CHECK (length(address) = 32), -- as in vault.emails
	candidate_id uuid, -- null = nobody can redeem it
	code         bytea NOT NULL CHECK (length(code) = 32), -- keyed hash
	link         bytea NOT NULL CHECK (length(link) = 32), -- SHA-256
	tries        integer NOT NULL DEFAULT 0,
	expires_at   timestamptz NOT NULL,
	used_at      timestamptz
);
CREATE INDEX sign_ins_expires ON ops.sign_ins (expires_at);

-- Sessions of candidates. One counts only while the address that was proved
-- belongs to the candidate.
CREATE TABLE ops.candidate_sessions (
	secret       bytea PRIMARY KEY CHECK (length(secret) = 32), -- SHA-256
	id           uuid NOT NULL UNIQUE,
	candidate_id uuid NOT NULL,
	address      bytea NOT NULL CHECK (length(address) = 32),
	created_at   timestamptz NOT NULL,
	used_at      timestamptz NOT NULL,
	expires_at   timestamptz NOT NULL
);
CREATE INDEX candidate_sessions_candidate ON ops.candidate_sessions (candidate_id);
CREATE INDEX candidate_sessions_expires ON ops.candidate_sessions (expires_at);

-- +goose Down
DROP TABLE ops.candidate_sessions;
DROP TABLE ops.sign_ins;
