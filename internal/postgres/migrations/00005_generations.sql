-- +goose Up

-- Generations are built beside the live one: building (its rows are copied, then
-- the log is followed), verified (compared with the live one at one position),
-- live, retired (followed on, to be switched back to), dropped. scratch is one
-- that is only built to be compared with.
ALTER TABLE rm.generations DROP CONSTRAINT generations_status_check;
ALTER TABLE rm.generations ADD CONSTRAINT generations_status_check
	CHECK (status IN ('building', 'scratch', 'verified', 'live', 'retired', 'dropped'));
ALTER TABLE rm.generations
	ADD COLUMN builder uuid, -- who builds it, besides the advisory lock, which is gone with its connection
	ADD COLUMN filled  boolean NOT NULL DEFAULT true, -- false until the rows are copied: then it is of no use to anybody else
	ADD COLUMN verdict text; -- what the comparison with the one before it said

-- +goose Down
ALTER TABLE rm.generations DROP COLUMN builder, DROP COLUMN filled, DROP COLUMN verdict;
UPDATE rm.generations SET status = 'dropped' WHERE status IN ('scratch', 'verified');
ALTER TABLE rm.generations DROP CONSTRAINT generations_status_check;
ALTER TABLE rm.generations ADD CONSTRAINT generations_status_check
	CHECK (status IN ('building', 'live', 'retired', 'dropped'));
