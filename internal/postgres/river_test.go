package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/hirelog/hirelog/internal/postgres"
)

// The tables of the job queue are those that the River of this build would make:
// one with more migrations wants them as ours.
func TestRiverFindsItsTables(t *testing.T) {
	t.Parallel()
	s := start(t, reachable(t))
	address := s.ConnString(postgres.Database)
	if err := postgres.Migrate(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), "CREATE SCHEMA theirs"); err != nil {
		t.Fatal(err)
	}
	theirs, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: "theirs"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Migrate(t.Context(), rivermigrate.DirectionUp, nil); err != nil {
		t.Fatal(err)
	}
	ours, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: "ops"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ours.Validate(t.Context(), nil); err != nil || !got.OK {
		t.Errorf("River misses migrations: %+v, %v", got, err)
	}
	described := func(schema string) []string {
		rows, err := pool.Query(t.Context(), `
			SELECT table_name || '.' || column_name || ' ' || udt_name || ' ' || is_nullable || ' ' || coalesce(column_default, '') FROM information_schema.columns
			WHERE table_schema = $1 AND table_name LIKE 'river%'
			UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = $1 AND tablename LIKE 'river%'
			UNION ALL SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = $1::regnamespace AND conname NOT LIKE '%not_null' AND conrelid::regclass::text LIKE '%.river%'
			UNION ALL SELECT enumlabel FROM pg_enum WHERE enumtypid = ($1 || '.river_job_state')::regtype`, schema)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil || len(lines) < 40 {
			t.Fatalf("%d lines: %v", len(lines), err)
		}
		for i := range lines {
			lines[i] = strings.ReplaceAll(lines[i], schema+".", "")
			lines[i] = strings.ReplaceAll(lines[i], "river_migration_pkey1", "river_migration_pkey") // theirs was made twice
		}
		slices.Sort(lines)
		return lines
	}
	got, want := described("ops"), described("theirs")
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("ours: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("theirs: %s", line)
		}
	}
}
