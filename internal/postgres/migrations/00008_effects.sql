-- +goose Up

-- How far each reactor has looked at the log, moved in the transaction that plans
-- what follows from what it saw. There is no row before somebody said where to
-- begin: a reactor never looks at a history by itself that others have looked at.
CREATE TABLE ops.reactors (
	name             text PRIMARY KEY,
	event_commit     bigint NOT NULL, -- the last event looked at
	event_prepare    bigint NOT NULL,
	event_id         uuid NOT NULL,
	started_at       timestamptz NOT NULL DEFAULT now(),
	moved_at         timestamptz NOT NULL DEFAULT now(),
	holder           uuid,            -- the process that moved it last, unless it has left
	alive_at         timestamptz NOT NULL DEFAULT now(),
	failure          jsonb            -- why it is stopped: ids and the kind of error
);

-- What follows from events, each once, for ever. Ids and kinds only.
CREATE TABLE ops.effects (
	effect_id       uuid PRIMARY KEY, -- UUIDv5 of the event and the purpose; of the command, too
	event_id        uuid NOT NULL,
	event_stream    text NOT NULL,
	event_revision  bigint NOT NULL,
	reactor         text NOT NULL,
	purpose         text NOT NULL, -- tells the effects of one event apart
	kind            text NOT NULL, -- what is done
	subject_id      uuid NOT NULL, -- the aggregate it is about
	object_id       uuid,          -- the part of it, such as a document
	planned_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
	planned_for     timestamptz NOT NULL,
	state           text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'done', 'cancelled', 'refused', 'failed')),
	attempts        integer NOT NULL DEFAULT 0,
	reason          text,          -- code of a refusal, kind of a failure
	finished_at     timestamptz,
	result_stream   text,          -- where it was recorded that it was done
	result_revision bigint,
	result_commit   bigint,
	result_prepare  bigint,
	CHECK ((state = 'planned') = (finished_at IS NULL))
);
CREATE INDEX effects_subject ON ops.effects (subject_id, planned_for, effect_id);
CREATE INDEX effects_failed ON ops.effects (finished_at) WHERE state = 'failed';
CREATE INDEX effects_open ON ops.effects (planned_for) WHERE state = 'planned';

-- +goose Down
DROP TABLE ops.effects, ops.reactors;
