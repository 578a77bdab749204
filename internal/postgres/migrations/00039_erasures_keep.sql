-- +goose Up
-- What the event of an erasure says that is kept, while it is not announced: a
-- process that completes the erasure after a crash cannot read it any more.
ALTER TABLE vault.erasures ADD COLUMN kept jsonb;

-- +goose Down
ALTER TABLE vault.erasures DROP COLUMN kept;
