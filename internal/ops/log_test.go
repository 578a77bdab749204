package ops_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestADatabaseBelongsToOneLog(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t)
	log := uuid.New()
	if got, err := ops.TiedLog(t.Context(), pool); err != nil || got != uuid.Nil {
		t.Errorf("a new database is tied to %s, %v", got, err)
	}
	for range 2 {
		if err := ops.TieLog(t.Context(), pool, log); err != nil {
			t.Fatal(err)
		}
	}
	if err := ops.TieLog(t.Context(), pool, uuid.New()); !errors.Is(err, ops.ErrForeignLog) {
		t.Errorf("another log: %v, want ErrForeignLog", err)
	}
	if got, err := ops.TiedLog(t.Context(), pool); err != nil || got != log {
		t.Errorf("it is tied to %s, %v; want %s", got, err, log)
	}
}
