package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the SQL files Migrate applies, in goose's format.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the name is constant and well-formed
	}
	return sub
}

// migrationLock is the key of the advisory lock that one migrating process
// holds. It is "hirelog" in ASCII and must not change.
const migrationLock = 0x686972656c6f67

// Migrate applies the migrations a database has not had yet, each in a
// transaction of its own, so that all whose turn was over are durable when an
// error stops it. Processes that do it at once wait for each other, as long as
// ctx allows. connString must lead to the server itself or through a pooler
// that keeps sessions.
func Migrate(ctx context.Context, connString string) error {
	pool, err := pgxpool.ParseConfig(connString) // it may name a pool's parameters
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	config := pool.ConnConfig
	config.RuntimeParams["application_name"] = "hirelog migrate"
	if err := migrate(ctx, config); err != nil {
		return fmt.Errorf("migrate database %s: %w", config.Database, err)
	}
	return nil
}

func migrate(ctx context.Context, config *pgx.ConnConfig) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	// The lock is the session's: closing it gives the lock back.
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, Migrations(), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
