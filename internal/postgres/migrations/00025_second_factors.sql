-- +goose Up
-- Second factors of members: the sealed secret, the last step a code was
-- accepted of, and how many failed tries count against the next one.
CREATE TABLE ops.second_factors (
	member_id uuid PRIMARY KEY,
	factor    uuid NOT NULL,
	secret    bytea NOT NULL, -- sealed under the member's key
	last_step bigint NOT NULL DEFAULT 0,
	failed    double precision NOT NULL DEFAULT 0,
	failed_at timestamptz NOT NULL
);

-- Recovery codes that were not used.
CREATE TABLE ops.recovery_codes (
	member_id uuid NOT NULL,
	code      bytea NOT NULL CHECK (length(code) = 32), -- keyed hash
	PRIMARY KEY (member_id, code)
);

-- Whether a token, or the secret it had before, was obtained by showing a second
-- factor, and when one was shown with it last.
ALTER TABLE ops.tokens
	ADD COLUMN proved boolean NOT NULL DEFAULT false,
	ADD COLUMN previous_proved boolean NOT NULL DEFAULT false,
	ADD COLUMN stepped_up_at timestamptz;

-- +goose Down
ALTER TABLE ops.tokens DROP COLUMN proved, DROP COLUMN previous_proved, DROP COLUMN stepped_up_at;
DROP TABLE ops.recovery_codes;
DROP TABLE ops.second_factors;
