-- +goose Up

-- Applications whose stay in a stage is watched, for when its limit changes.
CREATE INDEX effects_watched ON ops.effects (object_id) WHERE kind = 'watch_stage' AND state = 'planned';

-- +goose Down
DROP INDEX ops.effects_watched;
