package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/internal/postgres"
)

// folderName begins the names of the servers' temporary folders.
const folderName = "hirelog-postgrestest-"

// shared is a server started when first needed. The zero value is ready to use.
type shared struct {
	once     sync.Once
	err      error
	external *url.URL // if set, there is no server
	server   *postgres.Server
	dir      string
}

// start starts the server and makes the template, once.
func (s *shared) start(ctx context.Context) error {
	s.once.Do(func() {
		s.err = s.open(ctx)
		if s.err == nil {
			s.err = s.makeTemplate(ctx)
		}
	})
	return s.err
}

func (s *shared) open(ctx context.Context) (err error) {
	if external := os.Getenv(External); external != "" {
		s.external, err = url.Parse(external)
		if err != nil || s.external.Host == "" && s.external.RawQuery == "" {
			return errors.New(External + " is not a postgres:// URL")
		}
		return nil
	}
	sweep()
	if s.dir, err = os.MkdirTemp("", folderName); err != nil {
		return err
	}
	s.server, err = postgres.Start(ctx, postgres.ServerOptions{Dir: s.dir, Test: true})
	return err
}

// stop ends the server and removes its folder.
func (s *shared) stop() error {
	if s.dir == "" {
		return nil
	}
	var err error
	if s.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		err = errors.Join(s.server.Err(), s.server.Stop(ctx))
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// connString is the URL of a database of the server.
func (s *shared) connString(database string) string {
	if s.external == nil {
		return s.server.ConnString(database)
	}
	u := *s.external
	u.Path = "/" + database
	return u.String()
}

// connect opens a connection to where databases are created from.
func (s *shared) connect(ctx context.Context) (*pgx.Conn, error) {
	if s.external != nil {
		return pgx.Connect(ctx, s.external.String())
	}
	return pgx.Connect(ctx, s.connString("postgres"))
}

// exec runs one statement on a connection of its own, so that nothing stays
// behind that a leak check would see.
func (s *shared) exec(ctx context.Context, sql string) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// makeTemplate makes the migrated template unless the server has it: an
// external one is used by many test binaries, at once too.
func (s *shared) makeTemplate(ctx context.Context) (err error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }() // with it goes the lock
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('hirelog test template'))"); err != nil {
		return err
	}
	name := templateName()
	var whole bool
	err = conn.QueryRow(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&whole)
	switch {
	case err == nil && whole:
		return nil
	case err == nil:
		if _, err := conn.Exec(ctx, "DROP DATABASE "+quote(name)+" WITH (FORCE)"); err != nil {
			return err
		}
	case !errors.Is(err, pgx.ErrNoRows):
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(name)); err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, s.connString(name)); err != nil {
		return err
	}
	// Nobody may connect, not even autovacuum: copies need it undisturbed.
	_, err = conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

// templateName names the template after what the migrations say, so that a
// changed migration gets a new one.
func templateName() string {
	sum := sha256.New()
	err := fs.WalkDir(postgres.Migrations(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(postgres.Migrations(), path)
		sum.Write(fmt.Appendf(nil, "%s %d\n%s", path, len(text), text))
		return err
	})
	if err != nil {
		panic(err) // the files are embedded
	}
	return "hirelog_template_" + hex.EncodeToString(sum.Sum(nil)[:8])
}

// sweep removes the folders of test binaries that were killed.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), folderName+"*"))
	if err != nil {
		return // what is left is only untidy, as below
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < 10*time.Minute {
			continue // perhaps about to be locked
		}
		lock, err := os.Open(filepath.Join(dir, "lock"))
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
	}
}
