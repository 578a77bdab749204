package postgres_test

import (
	"io/fs"
	"strconv"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/hirelog/hirelog/internal/postgres"
)

func TestMigratingAtOnceAndAgainAppliesEachMigrationOnce(t *testing.T) {
	t.Parallel()
	s := start(t, reachable(t))
	address := s.ConnString(postgres.Database)
	var group errgroup.Group
	for range 4 {
		group.Go(func() error { return postgres.Migrate(t.Context(), address) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), address+"&pool_max_conns=3"); err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(postgres.Migrations(), "*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	applied := ask(t, s, "SELECT count(*)::text FROM goose_db_version WHERE version_id > 0 AND is_applied")
	if applied != strconv.Itoa(len(files)) {
		t.Errorf("%s migrations applied, want %d", applied, len(files))
	}
	if got := ask(t, s, "SELECT count(*)::text FROM pg_namespace WHERE nspname IN ('vault', 'ops')"); got != "2" {
		t.Errorf("%s schemas, want vault and ops", got)
	}
}
