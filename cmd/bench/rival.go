package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/postgres"
)

// rival keeps streams in one table of Postgres, as one would by hand.
type rival struct{ pool *pgxpool.Pool }

const rivalTable = `
CREATE TABLE public.events (
	position    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	stream      uuid NOT NULL,
	revision    bigint NOT NULL,
	id          uuid NOT NULL,
	type        text NOT NULL,
	data        bytea NOT NULL,
	metadata    bytea NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (stream, revision)
)`

func openRival(ctx context.Context, d *database) (rival, error) {
	if _, err := d.pool.Exec(ctx, rivalTable); err != nil {
		return rival{}, err
	}
	pool, err := postgres.OpenPool(ctx, d.server.ConnString(postgres.Database), postgres.PoolOptions{MaxConns: 16})
	return rival{pool}, err
}

func (r rival) with(m cycleMover) cycles { return rivalCycles{r, m} }

// rivalCycles load the stream with one statement and append with another, each a
// transaction of its own. The unique index refuses who comes second.
type rivalCycles struct {
	rival
	cycleMover
}

func (c rivalCycles) begin(ctx context.Context, id string, events []eventlog.NewEvent) error {
	now := time.Now()
	_, err := c.pool.CopyFrom(ctx, pgx.Identifier{"public", "events"}, []string{"stream", "revision", "id", "type", "data", "metadata", "recorded_at"},
		pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
			e := events[i]
			return []any{id, int64(i), e.ID, e.Type, e.Data, e.Metadata, now}, nil
		}))
	return err
}

func (c rivalCycles) cycle(ctx context.Context, id, to string) error {
	rows, err := c.pool.Query(ctx, `SELECT revision, type, data FROM public.events WHERE stream = $1 ORDER BY revision`, id)
	if err != nil {
		return err
	}
	var a application.Application
	last := int64(-1)
	var typ string
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&last, &typ, &data}, func() error {
		e, err := application.Codec.Decode(typ, data)
		a = a.Fold(e)
		return err
	})
	if err != nil {
		return err
	}
	e, err := c.decide(ctx, a, to)
	if err != nil {
		return err
	}
	_, err = c.pool.Exec(ctx, `INSERT INTO public.events (stream, revision, id, type, data, metadata) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, last+1, e.ID, e.Type, e.Data, e.Metadata)
	return err
}
