-- +goose Up
-- What is enrolled does not take the place of what is being confirmed, and recovery
-- codes not of those before, until the log says so.
ALTER TABLE ops.second_factors
	ADD COLUMN enrolled_at timestamptz NOT NULL DEFAULT now(),
	DROP CONSTRAINT second_factors_pkey,
	ADD PRIMARY KEY (member_id, factor);

ALTER TABLE ops.recovery_codes ADD COLUMN given uuid; -- the confirmation or renewal they were given by
UPDATE ops.recovery_codes c SET given = f.factor FROM ops.second_factors f WHERE f.member_id = c.member_id;
DELETE FROM ops.recovery_codes WHERE given IS NULL;
ALTER TABLE ops.recovery_codes ALTER COLUMN given SET NOT NULL;

-- +goose Down
ALTER TABLE ops.recovery_codes DROP COLUMN given;
DELETE FROM ops.second_factors f WHERE EXISTS (SELECT FROM ops.second_factors g WHERE g.member_id = f.member_id AND (g.last_step > 0, g.enrolled_at, g.factor) > (f.last_step > 0, f.enrolled_at, f.factor));
ALTER TABLE ops.second_factors
	DROP CONSTRAINT second_factors_pkey,
	ADD PRIMARY KEY (member_id),
	DROP COLUMN enrolled_at;
