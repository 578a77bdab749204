package vault_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// After a rotation everything alive opens, in all processes, and a copy of the
// wraps from before opens nothing, whatever the copy holds that was erased since.
func TestRotationMakesOldCopiesWorthless(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v, other := p.open(t), p.open(t)
	alive, dead := own(newID()), own(newID())
	sealedAlive, sealedDead := seal(t, v, alive, "alive"), seal(t, v, dead, "dead")
	wantText(t, other, sealedAlive, "alive")
	oldAlive, oldDead := wrapOf(t, p.pool, alive), wrapOf(t, p.pool, dead)
	oldFile := readFile(t, p.keyset)

	erase(t, v, vault.Erasure{Keys: []string{dead.ID}})
	got, err := v.RotateEpoch(t.Context())
	if err != nil || got.Rewrapped != 1 || len(got.Destroyed) != 1 {
		t.Fatalf("rotation %+v, %v; want one wrap and one epoch gone", got, err)
	}
	if bytes.Contains(readFile(t, p.keyset), epochKeyOf(t, oldFile)) {
		t.Error("the old epoch key is still in the keyset file")
	}
	for name, reader := range map[string]*vault.Vault{"rotated": v, "running": other, "new": p.open(t)} {
		wantText(t, reader, sealedAlive, "alive")
		wantText(t, reader, seal(t, reader, alive, "sealed after"), "sealed after")
		if name != "running" {
			wantErased(t, reader, sealedDead)
		}
	}

	// Someone puts the copy back.
	fresh := p.open(t)
	for name, s := range map[string]struct{ sealed, wrap []byte }{"alive": {sealedAlive, oldAlive}, "dead": {sealedDead, oldDead}} {
		key, _ := vault.ParseHeader(s.sealed)
		if got, err := fresh.OpenWith(s.sealed, s.wrap, key.KeyID.String()); !errors.Is(err, vault.ErrKeysetForeign) {
			t.Errorf("%s: an old wrap gave %v, %v; want ErrKeysetForeign", name, got, err)
		}
	}
	if _, err := p.pool.Exec(t.Context(), `INSERT INTO vault.keys (key_id, owner, epoch, wrapped) VALUES ($1, $1, 1, $2)`, dead.ID, oldDead); err != nil {
		t.Fatal(err)
	}
	if got, err := p.open(t).Open(t.Context(), sealedDead); err == nil {
		t.Errorf("an old row put back gave %v", got)
	}
}

// A statement that read a wrap before the rotation is still answered after it,
// for a minute.
func TestRotationKeepsRunningStatements(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	writer, reader := p.open(t), p.open(t)
	key, next := own(newID()), own(newID())
	sealed := seal(t, writer, key, "Ana")
	read := wrapOf(t, p.pool, key)
	if _, err := writer.RotateEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The reader meets the new epoch first.
	wantText(t, reader, seal(t, writer, next, "Bo"), "Bo")
	if got, err := reader.OpenWith(sealed, read, key.Owner); err != nil || got.Text != "Ana" {
		t.Errorf("old wrap: %v, %v; want Ana", got, err)
	}
	p.clock.Advance(time.Minute)
	if got, err := reader.OpenWith(sealed, read, key.Owner); !errors.Is(err, vault.ErrKeysetForeign) {
		t.Errorf("old wrap a minute later: %v, %v; want ErrKeysetForeign", got, err)
	}
}

// A process that has not heard of the new epoch mints under it all the same: a
// wrap under a destroyed epoch would be lost.
func TestRotationReachesOtherMinters(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v, other := p.open(t), p.open(t)
	during := make(map[string][]byte)
	v.OnStep(func(step string) { during[step] = seal(t, other, own(newID()), personal.Plain(step)) })
	rotation, err := v.RotateEpoch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after := seal(t, other, own(newID()), "after")
	fresh := p.open(t)
	if len(during) != 4 {
		t.Errorf("%d steps, want 4", len(during))
	}
	for step, sealed := range during {
		wantText(t, fresh, sealed, step)
	}
	wantText(t, fresh, after, "after")
	var epochs []int64
	if err := p.pool.QueryRow(t.Context(), `SELECT array_agg(DISTINCT epoch) FROM vault.keys`).Scan(&epochs); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(epochs, []int64{int64(rotation.Epoch)}) {
		t.Errorf("wraps under epochs %v, want %d alone", epochs, rotation.Epoch)
	}
}

// Cut off at any step, a rotation has lost nothing: everything opens, new keys
// are minted, and the next rotation finishes the work.
func TestRotationCutOffAtAnyStep(t *testing.T) {
	t.Parallel()
	crash := errors.New("crash")
	for _, step := range []string{"key added", "epoch switched", "batch wrapped", "all wrapped", "old keys destroyed"} {
		t.Run(strings.ReplaceAll(step, " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			v := p.open(t)
			key, dead := own(newID()), own(newID())
			sealed, sealedDead := seal(t, v, key, "Ana"), seal(t, v, dead, "dead")
			manyKeys(t, v, vault.RewrapBatch) // so that there are two batches
			oldDead := wrapOf(t, p.pool, dead)
			erase(t, v, vault.Erasure{Keys: []string{dead.ID}})

			v.FailAt(step, crash)
			if _, err := v.RotateEpoch(t.Context()); !errors.Is(err, crash) {
				t.Fatalf("err = %v, want the crash", err)
			}
			survivor := p.open(t) // as after a restart
			wantText(t, survivor, sealed, "Ana")
			minted := seal(t, survivor, own(newID()), "minted after the crash")
			wantText(t, v, minted, "minted after the crash")

			if _, err := survivor.RotateEpoch(t.Context()); err != nil {
				t.Fatal(err)
			}
			fresh := p.open(t)
			wantText(t, fresh, sealed, "Ana")
			wantText(t, fresh, minted, "minted after the crash")
			if got, err := fresh.OpenWith(sealedDead, oldDead, dead.Owner); !errors.Is(err, vault.ErrKeysetForeign) {
				t.Errorf("a wrap from before gave %v, %v", got, err)
			}
			if n := bytes.Count(readFile(t, p.keyset), []byte("AesGcmKey")); n != 1 {
				t.Errorf("%d epoch keys in the file, want 1", n)
			}
		})
	}
}

func manyKeys(t *testing.T, v *vault.Vault, n int) {
	t.Helper()
	items := make([]vault.Item, n)
	for i := range items {
		items[i] = vault.Item{Key: own(newID()), Field: "text", Plain: "x"}
	}
	if _, err := v.Seal(t.Context(), uuid.New(), noted, items); err != nil {
		t.Fatal(err)
	}
}

// Rotations, sealing, handing over and erasing all at once, from several
// processes: what was sealed opens, unless it was erased.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	writers := []*vault.Vault{p.open(t), p.open(t)}
	rotators := []*vault.Vault{p.open(t), p.open(t)}
	type written struct {
		sealed []byte
		erased bool
	}
	results := make([][]written, len(writers))
	var work, rotations sync.WaitGroup
	for i, v := range writers {
		work.Go(func() {
			for n := range 40 {
				key := personal.Key{ID: newID(), Owner: newID()}
				w := written{sealed: seal(t, v, key, "x")}
				switch n % 3 {
				case 0:
					erase(t, v, vault.Erasure{Owner: key.Owner})
					w.erased = true
				case 1:
					if err := v.AddOwner(t.Context(), key.ID, newID()); err != nil {
						t.Errorf("add owner: %v", err)
					}
				}
				results[i] = append(results[i], w)
			}
		})
	}
	done := make(chan struct{})
	for _, v := range rotators {
		rotations.Go(func() {
			for {
				if _, err := v.RotateEpoch(t.Context()); err != nil {
					t.Errorf("rotate: %v", err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	work.Wait()
	close(done)
	rotations.Wait()
	fresh := p.open(t)
	for _, w := range slices.Concat(results...) {
		if w.erased {
			wantErased(t, fresh, w.sealed)
		} else {
			wantText(t, fresh, w.sealed, "x")
		}
	}
}

// The list of keys never to be opened ends once no wrap of them can be alive.
func TestForgottenKeysAreForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	id := newID()
	v.Forget(id, "no id")
	for range 2 {
		if _, err := v.RotateEpoch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !v.KnowsForgotten(id) {
			t.Fatal("forgotten too early")
		}
	}
	if _, err := v.RotateEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if v.KnowsForgotten(id) {
		t.Error("still known after three rotations")
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// epochKeyOf cuts the first key's material out of a keyset file.
func epochKeyOf(t *testing.T, file []byte) []byte {
	t.Helper()
	_, rest, ok := bytes.Cut(file, []byte(`"value": "`))
	if !ok {
		_, rest, ok = bytes.Cut(file, []byte(`"value":"`))
	}
	value, _, ok2 := bytes.Cut(rest, []byte(`"`))
	if !ok || !ok2 || len(value) < 40 {
		t.Fatalf("no key in the keyset file")
	}
	return value
}

// Nothing rotates until something was erased, and then once.
func TestRotationIsDueAfterAnErasure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	key := own(newID())
	sealed := seal(t, v, own(newID()), "alive")
	seal(t, v, key, "dead")
	due := func(want bool) {
		t.Helper()
		r, done, err := v.RotateIfDue(t.Context())
		if err != nil || done != want {
			t.Fatalf("rotated %v (%+v), %v; want %v", done, r, err, want)
		}
	}
	due(false)
	erase(t, v, vault.Erasure{Keys: []string{key.ID}, At: time.Now().Add(-time.Hour)})
	due(true)
	due(false)
	wantText(t, v, sealed, "alive")
}
