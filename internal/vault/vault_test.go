package vault_test

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
	"github.com/hirelog/hirelog/internal/vault"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

const noted = "application.note_added.v1"

// place is a database and a keyset file, which several vaults may share as
// several processes do.
type place struct {
	pool   *pgxpool.Pool
	keyset string
	clock  *clock
}

func newPlace(t *testing.T) place {
	t.Helper()
	return place{
		pool:   postgrestest.New(t),
		keyset: filepath.Join(t.TempDir(), "keys", "master.json"),
		clock:  &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
	}
}

func (p place) open(t *testing.T) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{Now: p.clock.Now, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// clock is a time the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newID() string { return uuid.NewString() }

func own(id string) personal.Key { return personal.Key{ID: id, Owner: id} }

// seal seals one text.
func seal(t *testing.T, v *vault.Vault, key personal.Key, text personal.Plain) []byte {
	t.Helper()
	sealed, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: text}})
	if err != nil {
		t.Fatal(err)
	}
	return sealed[0]
}

// open opens one text.
func open(t *testing.T, v *vault.Vault, sealed []byte) vault.Opened {
	t.Helper()
	got, err := v.Open(t.Context(), sealed)
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func wantText(t *testing.T, v *vault.Vault, sealed []byte, want string) {
	t.Helper()
	if got := open(t, v, sealed); got.Erased || string(got.Text) != want {
		t.Errorf("opened %q, erased %v; want %q", string(got.Text), got.Erased, want)
	}
}

func wantErased(t *testing.T, v *vault.Vault, sealed []byte) {
	t.Helper()
	if got := open(t, v, sealed); !got.Erased || got.Text != "" {
		t.Errorf("opened %q, erased %v; want erased", string(got.Text), got.Erased)
	}
}

func erase(t *testing.T, v *vault.Vault, e vault.Erasure) vault.Erased {
	t.Helper()
	if e.ID == uuid.Nil {
		e.ID = uuid.New()
	}
	e.Kind, e.CommandID, e.At = "test", uuid.New(), time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	got, err := v.Erase(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// What is sealed opens again in this process and in another one, in order, with
// repeated keys, and stands in the log in no readable form.
func TestSealedTextOpensAgain(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	candidate, application := newID(), newID()
	event := uuid.New()
	long := strings.Repeat("Ünïcode ", 10_000)
	items := []vault.Item{
		{Key: personal.Key{ID: candidate, Owner: application}, Field: "name", Plain: "Ana Lovelace"},
		{Key: own(application), Field: "source_note", Plain: "met at a fair"},
		{Key: personal.Key{ID: candidate, Owner: application}, Field: "emails[0]", Plain: "ana@example.org"},
		{Key: own(application), Field: "letter", Plain: personal.Plain(long)},
		{Key: own(application), Field: "empty", Plain: ""},
	}
	sealed, err := v.Seal(t.Context(), event, noted, items)
	if err != nil {
		t.Fatal(err)
	}
	for name, reader := range map[string]*vault.Vault{"same process": v, "another process": p.open(t)} {
		got, err := reader.Open(t.Context(), sealed...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range items {
			if got[i].Text != items[i].Plain || got[i].Erased {
				t.Errorf("%s: item %d opened differently", name, i)
			}
		}
	}
	for i, s := range sealed {
		if text := string(items[i].Plain); len(text) > 3 && strings.Contains(string(s), text[:4]) {
			t.Errorf("item %d is readable", i)
		}
		h, err := vault.ParseHeader(s)
		if err != nil {
			t.Fatal(err)
		}
		want := vault.Header{KeyID: uuid.MustParse(items[i].Key.ID), Event: event, Type: noted, Field: items[i].Field}
		if h != want {
			t.Errorf("header %+v, want %+v", h, want)
		}
	}
}

// The same text never looks the same twice, and texts of like length look alike:
// after an erasure, the length is all that is left.
func TestSealedTextTellsNothing(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	key := own(newID())
	yes, no, again := seal(t, v, key, "yes"), seal(t, v, key, "no, never before 2027"), seal(t, v, key, "yes")
	if len(yes) != len(no) {
		t.Errorf("lengths %d and %d differ", len(yes), len(no))
	}
	if string(yes[len(yes)-60:]) == string(again[len(again)-60:]) {
		t.Error("one text sealed twice looks the same")
	}
}

// A changed byte anywhere is found: the header, the nonce, the text, the tag.
func TestTamperingIsAnError(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	sealed := seal(t, v, own(newID()), "Ana Lovelace")
	for i := range sealed {
		bad := append([]byte(nil), sealed...)
		bad[i] ^= 0x01
		got, err := v.Open(t.Context(), bad)
		switch {
		case i >= 1 && i < 17: // names another key, which does not exist
			if err != nil || !got[0].Erased {
				t.Errorf("byte %d of the key id: opened %v, %v; want erased", i, got, err)
			}
		case err == nil:
			t.Errorf("byte %d changed: opened all the same", i)
		case !errors.Is(err, vault.ErrTampered) && !errors.Is(err, vault.ErrFormat):
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := v.Open(t.Context(), sealed[:n]); err == nil {
			t.Errorf("cut to %d bytes: opened all the same", n)
		}
	}
}

// A value that is copied to another key, event, type or field is refused: the
// header cannot be changed, and a header that does not fit its place is noticed.
func TestMovedValueIsRefused(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	mine, other := own(newID()), own(newID())
	event := uuid.New()
	sealed, err := v.Seal(t.Context(), event, noted, []vault.Item{
		{Key: mine, Field: "text", Plain: "mine"},
		{Key: other, Field: "text", Plain: "other"},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Under another key that exists.
	swapped := append([]byte(nil), sealed[0]...)
	copy(swapped[1:17], sealed[1][1:17])
	if _, err := v.Open(t.Context(), swapped); !errors.Is(err, vault.ErrTampered) {
		t.Errorf("another key: err = %v, want ErrTampered", err)
	}
	h, err := vault.ParseHeader(sealed[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Place(event, noted, "text"); err != nil {
		t.Errorf("in its place: %v", err)
	}
	for name, err := range map[string]error{
		"event": h.Place(uuid.New(), noted, "text"),
		"type":  h.Place(event, "application.received.v1", "text"),
		"field": h.Place(event, noted, "title"),
	} {
		if !errors.Is(err, vault.ErrMisplaced) {
			t.Errorf("another %s: err = %v, want ErrMisplaced", name, err)
		}
	}
}

// Ids that are not canonical UUIDs are refused, so that one thing has one key.
func TestOddIDsAreRefused(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	id := newID()
	for _, odd := range []string{
		"", "candidate-1", strings.ToUpper(id), "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""),
		id + " ", uuid.Nil.String(),
	} {
		for _, key := range []personal.Key{{ID: odd, Owner: id}, {ID: id, Owner: odd}} {
			_, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: "x"}})
			if err == nil {
				t.Errorf("sealed under key %q of owner %q", key.ID, key.Owner)
			}
		}
	}
	for name, it := range map[string]vault.Item{
		"no field":       {Key: own(id), Plain: "x"},
		"long field":     {Key: own(id), Field: strings.Repeat("f", 256), Plain: "x"},
		"text too large": {Key: own(id), Field: "text", Plain: personal.Plain(strings.Repeat("x", 1<<20+1))},
	} {
		if _, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{it}); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}

// Queries that read the wrap beside the value need no further visit.
func TestOpenWithAWrapFromTheStatement(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	key := personal.Key{ID: newID(), Owner: newID()}
	sealed := seal(t, p.open(t), key, "Ana")
	wrapped := wrapOf(t, p.pool, key)

	fresh := p.open(t) // nothing cached
	for range 2 {
		got, err := fresh.OpenWith(sealed, wrapped, key.Owner)
		if err != nil || got.Text != "Ana" {
			t.Fatalf("opened %v, %v", got, err)
		}
	}
	if got, err := fresh.OpenWith(sealed, nil, ""); err != nil || !got.Erased {
		t.Errorf("without a wrap: %v, %v; want erased", got, err)
	}
	if _, err := p.open(t).OpenWith(sealed, wrapped, newID()); !errors.Is(err, vault.ErrTampered) {
		t.Errorf("wrap of another owner: err = %v, want ErrTampered", err)
	}
	for i := range wrapped {
		bad := append([]byte(nil), wrapped...)
		bad[i] ^= 0x80
		if _, err := p.open(t).OpenWith(sealed, bad, key.Owner); !errors.Is(err, vault.ErrTampered) && !errors.Is(err, vault.ErrKeysetForeign) {
			t.Errorf("wrap with byte %d changed: err = %v", i, err)
		}
		if i > 8 {
			break // the rest is one ciphertext, and each vault costs a visit
		}
	}
}

func wrapOf(t *testing.T, pool *pgxpool.Pool, key personal.Key) []byte {
	t.Helper()
	var wrapped []byte
	err := pool.QueryRow(t.Context(), `SELECT wrapped FROM vault.keys WHERE key_id = $1 AND owner = $2`, key.ID, key.Owner).Scan(&wrapped)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// Postgres gone: what is cached goes on for a minute, the rest says so.
func TestPostgresOutOfReach(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	cut := newCutPool(t, p.pool)
	v, err := vault.Open(t.Context(), cut.pool, p.keyset, vault.Options{Now: p.clock.Now, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	key, unseen := own(newID()), own(newID())
	before := seal(t, v, key, "before")
	stranger := seal(t, p.open(t), unseen, "sealed elsewhere")

	cut.cut()
	wantText(t, v, seal(t, v, key, "during"), "during")
	wantText(t, v, before, "before")
	for name, err := range map[string]error{
		"seal":  errOf(v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: own(newID()), Field: "text", Plain: "x"}})),
		"open":  errOf(v.Open(t.Context(), stranger)),
		"owner": v.AddOwner(t.Context(), key.ID, newID()),
		"erase": errOf(v.Erase(t.Context(), vault.Erasure{ID: uuid.New(), CommandID: uuid.New(), Keys: []string{newID()}})),
		"email": errOf2(v.LookUp(t.Context(), "ana@example.org")),
	} {
		if !errors.Is(err, vault.ErrUnavailable) {
			t.Errorf("%s: err = %v, want ErrUnavailable", name, err)
		}
	}
	if _, err := vault.Open(t.Context(), cut.pool, p.keyset, vault.Options{}); !errors.Is(err, vault.ErrUnavailable) {
		t.Errorf("open vault: err = %v, want ErrUnavailable", err)
	}
	p.clock.Advance(time.Minute)
	if _, err := v.Open(t.Context(), before); !errors.Is(err, vault.ErrUnavailable) {
		t.Errorf("a minute later: err = %v, want ErrUnavailable", err)
	}

	cut.mend()
	wantText(t, v, before, "before")
}

// The database holds neither text nor address in the clear.
func TestDatabaseHoldsNothingReadable(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	key := own(newID())
	seal(t, v, key, "Ana Lovelace")
	recognise(t, v, "ana@example.org", newID(), newID(), "", false)
	if err := v.AddOwner(t.Context(), key.ID, newID()); err != nil {
		t.Fatal(err)
	}
	erase(t, v, vault.Erasure{Keys: []string{newID()}})
	tables := 0
	for _, table := range []string{"master", "keys", "tombstones", "ended_owners", "erasures", "emails"} {
		rows, err := p.pool.Query(t.Context(), `SELECT t::text FROM vault.`+table+` t`)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) > 0 {
			tables++
		}
		for _, line := range lines {
			for _, secret := range []string{"ovelace", "example.org", hex.EncodeToString([]byte("ovelace")), hex.EncodeToString([]byte("example.org"))} {
				if strings.Contains(line, secret) {
					t.Errorf("vault.%s holds %s", table, line)
				}
			}
		}
	}
	if tables < 5 {
		t.Errorf("%d tables had rows, want 5", tables)
	}
}

// A caller who gives up hears of that, not of Postgres.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := v.Seal(ctx, uuid.New(), noted, []vault.Item{{Key: own(newID()), Field: "text", Plain: "x"}})
	if !errors.Is(err, context.Canceled) || errors.Is(err, vault.ErrUnavailable) {
		t.Errorf("err = %v, want context.Canceled alone", err)
	}
}

func errOf[T any](_ T, err error) error { return err }

func errOf2[T, U any](_ T, _ U, err error) error { return err }
