-- +goose Up
-- Mails that were captured instead of sent. What they say is sealed under the
-- key of the person they are about.
CREATE TABLE ops.mails (
	mail_no        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	mail_id        uuid NOT NULL UNIQUE,
	kind           text NOT NULL, -- message, sign_in_code, notice
	captured_at    timestamptz NOT NULL,
	application_id uuid NOT NULL, -- that it is about
	content        bytea NOT NULL -- sealed
);
CREATE INDEX mails_captured ON ops.mails (captured_at);

-- +goose Down
DROP TABLE ops.mails;
