-- +goose Up
CREATE SCHEMA vault;

-- Which keyset file this database belongs to, and the epoch new wraps are made
-- under. The epoch moves only under the vault's exclusive advisory lock.
CREATE TABLE vault.master (
	singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
	keyset_id  uuid NOT NULL,
	epoch      bigint NOT NULL CHECK (epoch BETWEEN 1 AND 4294967295), -- id of a key in the keyset
	created_at timestamptz NOT NULL DEFAULT now(),
	rotated_at timestamptz NOT NULL DEFAULT now() -- since when that epoch counts
);

-- The key of personal data, once for each owner. Without rows a key is gone.
CREATE TABLE vault.keys (
	key_id    uuid NOT NULL, -- id of what the key protects
	owner     uuid NOT NULL, -- key_id itself when nobody else owns it
	epoch     bigint NOT NULL,
	wrapped   bytea NOT NULL,
	minted_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (key_id, owner)
);
CREATE INDEX keys_owner ON vault.keys (owner);

-- What was erased, until and after its event is in the log. Ids only.
CREATE TABLE vault.erasures (
	id           uuid PRIMARY KEY,
	kind         text NOT NULL,
	subject      text NOT NULL, -- id of what the erasure is about
	stream       text NOT NULL, -- where the log speaks of it
	actor        text NOT NULL,
	command_id   uuid NOT NULL,
	owner        uuid,          -- whose wraps were dropped, if an owner was erased
	at           timestamptz NOT NULL,
	erased_at    timestamptz NOT NULL DEFAULT clock_timestamp(), -- unlike at, by this clock
	announced_at timestamptz
);
CREATE INDEX erasures_unannounced ON vault.erasures (at, id) WHERE announced_at IS NULL;

-- Keys that are never minted again.
CREATE TABLE vault.tombstones (
	key_id     uuid PRIMARY KEY,
	erasure_id uuid NOT NULL REFERENCES vault.erasures (id)
);
CREATE INDEX tombstones_erasure ON vault.tombstones (erasure_id);

-- Owners that get no more wraps. Apart from the tombstones: a key may outlive
-- one of its owners that has the same id.
CREATE TABLE vault.ended_owners (
	owner      uuid PRIMARY KEY,
	erasure_id uuid NOT NULL REFERENCES vault.erasures (id)
);

-- E-mail look-up: one candidate for one address, by a keyed hash. No candidate
-- means an address that several people share, which matches nobody.
CREATE TABLE vault.emails (
	hash          bytea PRIMARY KEY CHECK (length(hash) = 32),
	candidate_id  uuid,
	registered_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX emails_candidate ON vault.emails (candidate_id);

-- +goose Down
DROP SCHEMA vault CASCADE;
