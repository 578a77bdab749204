package postgrestest_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			pool := postgrestest.New(t)
			// Were it another test's, the table would be there, or have rows.
			if _, err := pool.Exec(t.Context(), "CREATE TABLE mine (i int)"); err != nil {
				t.Fatal(err)
			}
			var migrated bool
			if err := pool.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'vault')").Scan(&migrated); err != nil {
				t.Fatal(err)
			}
			if !migrated {
				t.Error("the database has no schema vault")
			}
		})
	}
}

func TestATestLeavesNothingBehind(t *testing.T) {
	watcher := postgrestest.New(t)
	exists := func(database string) (is bool) {
		t.Helper()
		if err := watcher.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&is); err != nil {
			t.Fatal(err)
		}
		return is
	}
	running := goleak.IgnoreCurrent()
	var database string
	t.Run("inner", func(t *testing.T) {
		database = postgrestest.New(t).Config().ConnConfig.Database
		if !exists(database) {
			t.Errorf("database %s is not there", database)
		}
	})
	if exists(database) {
		t.Errorf("database %s is still there", database)
	}
	if err := goleak.Find(running); err != nil {
		t.Error(err)
	}
}

func TestAKilledServerKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	server := postgrestest.NewServer(t)
	pool := server.Pool()
	if _, err := pool.Exec(t.Context(), "CREATE TABLE kept AS SELECT 42 AS answer"); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if server.Err() == nil {
		t.Error("a killed server says nothing of it")
	}
	// The process of a connection sees a moment later that the server has ended.
	for giveUp := time.Now().Add(time.Minute); ; {
		if _, err := pool.Exec(t.Context(), "SELECT 1"); err != nil {
			break
		}
		if time.Now().After(giveUp) {
			t.Fatal("a killed server answers")
		}
	}
	server.Restart()
	pool.Reset()
	var answer int
	if err := pool.QueryRow(t.Context(), "SELECT answer FROM kept").Scan(&answer); err != nil {
		t.Fatal(err)
	}
	if answer != 42 {
		t.Errorf("answer = %d", answer)
	}
}
