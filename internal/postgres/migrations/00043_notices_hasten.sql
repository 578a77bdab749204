-- +goose Up

-- Mails of notices that wait, for when what cannot wait is to go along.
CREATE INDEX effects_notices ON ops.effects (object_id) WHERE kind = 'send_notice' AND state = 'planned';

-- +goose Down
DROP INDEX ops.effects_notices;
