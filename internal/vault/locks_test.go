package vault_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// hold begins a transaction that holds a lock until it is released, with
// whatever else it was made to do.
func hold(t *testing.T, p place, sql string, args ...any) pgx.Tx {
	t.Helper()
	tx, err := p.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	if _, err := tx.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
	return tx
}

func release(t *testing.T, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// waitForWaiters returns when n others wait for a lock in this database.
func waitForWaiters(t *testing.T, p place, n int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		var waiting int
		err := p.pool.QueryRow(t.Context(), `
			SELECT count(DISTINCT pid) FROM pg_locks
			WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
		if waiting >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d wait for a lock, want %d", waiting, n)
		}
	}
}

// Nobody mints, wraps, registers or erases beside an erasure.
func TestWritersWaitForAnErasure(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(context.Context, *vault.Vault) error{
		"seal": func(ctx context.Context, v *vault.Vault) error {
			_, err := v.Seal(ctx, uuid.New(), noted, []vault.Item{{Key: own(newID()), Field: "text", Plain: "x"}})
			return err
		},
		"add owner": func(ctx context.Context, v *vault.Vault) error {
			return ignoring(vault.ErrNoKey, v.AddOwner(ctx, newID(), newID()))
		},
		"remove owner": func(ctx context.Context, v *vault.Vault) error { return v.RemoveOwner(ctx, newID(), newID()) },
		"recognise": func(ctx context.Context, v *vault.Vault) error {
			_, _, err := v.Recognise(ctx, "ana@example.org", newID(), newID())
			return err
		},
		"change e-mail": func(ctx context.Context, v *vault.Vault) error {
			_, err := v.ChangeEmail(ctx, newID(), "", "bo@example.org")
			return err
		},
		"erase": func(ctx context.Context, v *vault.Vault) error {
			_, err := v.Erase(ctx, vault.Erasure{ID: uuid.New(), CommandID: uuid.New(), Keys: []string{newID()}})
			return err
		},
		"rotate": func(ctx context.Context, v *vault.Vault) error {
			_, err := v.RotateEpoch(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			v, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{Timeout: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			erasure := hold(t, p, `SELECT pg_advisory_xact_lock($1)`, vault.VaultLock)
			done := make(chan error, 1)
			go func() { done <- write(t.Context(), v) }()
			waitForWaiters(t, p, 1)
			select {
			case err := <-done:
				t.Fatalf("did not wait: %v", err)
			default:
			}
			release(t, erasure)
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func ignoring(target, err error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}

// A minter that has read the epoch and not yet written its wrap holds up the
// switch to the next epoch: its wrap is made anew with the others.
func TestRotationWaitsForMinters(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	minter := hold(t, p, `SELECT pg_advisory_xact_lock_shared($1)`, vault.VaultLock)
	key := own(newID())
	raw := make([]byte, 32)
	wrapped := v.Wrap(t, key, raw)
	done := make(chan error, 1)
	go func() {
		_, err := v.RotateEpoch(t.Context())
		done <- err
	}()
	waitForWaiters(t, p, 1)
	_, err := minter.Exec(t.Context(), `
		INSERT INTO vault.keys (key_id, owner, epoch, wrapped) SELECT $1, $2, epoch, $3 FROM vault.master`, key.ID, key.Owner, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	release(t, minter)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	fresh := p.open(t)
	fresh.Put(t, key, raw)
	sealed := seal(t, fresh, key, "x")
	wantText(t, p.open(t), sealed, "x")
}

// A key that is forgotten while its wrap is on the way here is not opened.
func TestForgottenWhileBeingRead(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	key := own(newID())
	sealed := seal(t, p.open(t), key, "Ana")
	for name, use := range map[string]func(context.Context, *vault.Vault) error{
		"open": func(ctx context.Context, v *vault.Vault) error {
			got, err := v.Open(ctx, sealed)
			if err == nil && !got[0].Erased {
				return errors.New("opened")
			}
			return err
		},
		"seal": func(ctx context.Context, v *vault.Vault) error {
			_, err := v.Seal(ctx, uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: "x"}})
			if err == nil {
				return errors.New("sealed")
			}
			return ignoring(vault.ErrErased, err)
		},
		"data key": func(ctx context.Context, v *vault.Vault) error {
			_, err := v.ExistingDataKey(ctx, key.ID)
			if err == nil {
				return errors.New("got the key")
			}
			return ignoring(vault.ErrErased, err)
		},
	} {
		v, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		slow := hold(t, p, `LOCK TABLE vault.keys IN ACCESS EXCLUSIVE MODE`)
		done := make(chan error, 1)
		go func() { done <- use(t.Context(), v) }()
		waitForWaiters(t, p, 1)
		v.Forget(key.ID)
		release(t, slow)
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantErased(t, v, sealed)
	}
}

// What a process froze with in its hands is given back after ten seconds: the
// setting is there, in the transaction that holds the lock.
func TestTransactionsAreSafe(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if _, err := p.pool.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	if _, err := p.pool.Exec(t.Context(), `
		CREATE TABLE seen (sync text, idle text);
		CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			INSERT INTO public.seen VALUES (current_setting('synchronous_commit'), current_setting('idle_in_transaction_session_timeout'));
			RETURN NULL;
		END $$;
		CREATE TRIGGER look AFTER INSERT ON vault.keys EXECUTE FUNCTION look()`); err != nil {
		t.Fatal(err)
	}
	p.pool.Reset() // the setting of a database is for new connections
	seal(t, p.open(t), personal.Key{ID: newID(), Owner: newID()}, "x")
	var sync, idle string
	if err := p.pool.QueryRow(t.Context(), `SELECT sync, idle FROM seen`).Scan(&sync, &idle); err != nil {
		t.Fatal(err)
	}
	if sync != "on" || idle != "10s" {
		t.Errorf("minted with synchronous_commit %s, idle timeout %s; want on, 10s", sync, idle)
	}
}
