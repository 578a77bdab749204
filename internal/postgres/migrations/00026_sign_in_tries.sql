-- +goose Up
-- When a code was tried last: codes that fail slow down those after them, for all
-- codes of an address.
ALTER TABLE ops.sign_ins ADD COLUMN tried_at timestamptz;
CREATE INDEX sign_ins_address ON ops.sign_ins (address);

-- +goose Down
DROP INDEX ops.sign_ins_address;
ALTER TABLE ops.sign_ins DROP COLUMN tried_at;
