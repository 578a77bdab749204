package vault_test

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// Whatever was sealed under a destroyed key reads as erased, everywhere, and the
// key is never minted again; what has another key stays.
func TestErasedTextIsGone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	application := newID()
	gone, kept := personal.Key{ID: newID(), Owner: application}, personal.Key{ID: newID(), Owner: application}
	sealedGone, sealedKept := seal(t, v, gone, "gone"), seal(t, v, kept, "kept")

	got := erase(t, v, vault.Erasure{Keys: []string{gone.ID}})
	if !slices.Equal(got.Keys, []string{gone.ID}) {
		t.Errorf("erased %v, want %v", got.Keys, gone.ID)
	}
	for name, reader := range map[string]*vault.Vault{"same process": v, "new process": p.open(t)} {
		wantErased(t, reader, sealedGone)
		wantText(t, reader, sealedKept, "kept")
		for _, owner := range []string{application, gone.ID, newID()} {
			_, err := reader.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: personal.Key{ID: gone.ID, Owner: owner}, Field: "text", Plain: "again"}})
			if !errors.Is(err, vault.ErrErased) {
				t.Errorf("%s: seal again for %s: err = %v, want ErrErased", name, owner, err)
			}
		}
		if err := reader.AddOwner(t.Context(), gone.ID, newID()); !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: add owner: err = %v, want ErrErased", name, err)
		}
		if _, err := reader.DataKey(t.Context(), gone); !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: data key: err = %v, want ErrErased", name, err)
		}
		if _, err := reader.ExistingDataKey(t.Context(), gone.ID); !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: existing data key: err = %v, want ErrErased", name, err)
		}
	}
}

// A key lives as long as one of its owners: a candidate's goes with the last of
// the person's applications.
func TestKeyGoesWithItsLastOwner(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	candidate, first, second := newID(), newID(), newID()
	name := seal(t, v, personal.Key{ID: candidate, Owner: first}, "Ana")
	note := seal(t, v, personal.Key{ID: newID(), Owner: first}, "a note")
	later := seal(t, v, personal.Key{ID: candidate, Owner: second}, "Ana again")

	if got := erase(t, v, vault.Erasure{Owner: first}); slices.Contains(got.Keys, candidate) || !slices.Contains(got.Keys, first) || len(got.Keys) != 2 {
		t.Errorf("erasing the first took %v, want the application and its note alone", got.Keys)
	}
	wantErased(t, v, note)
	wantText(t, v, name, "Ana")
	wantText(t, v, later, "Ana again")

	if got := erase(t, v, vault.Erasure{Owner: second}); !slices.Contains(got.Keys, candidate) {
		t.Errorf("erasing the last took %v, want the candidate %s among them", got.Keys, candidate)
	}
	wantErased(t, v, name)
	wantErased(t, p.open(t), later)
}

// A spared owner keeps a key that all others lose; one that it does not have goes.
func TestASparedOwnerKeepsItsWrap(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	application, earlier, profile := newID(), newID(), newID()
	shared, alone := personal.Key{ID: newID(), Owner: application}, personal.Key{ID: newID(), Owner: application}
	kept, gone := seal(t, v, shared, "kept"), seal(t, v, alone, "gone")
	for _, owner := range []string{earlier, profile} {
		if err := v.AddOwner(t.Context(), shared.ID, owner); err != nil {
			t.Fatal(err)
		}
	}
	got := erase(t, v, vault.Erasure{Keys: []string{shared.ID, alone.ID}, Spared: []string{profile}})
	if !slices.Equal(got.Keys, []string{alone.ID}) {
		t.Errorf("erased %v, want %v", got.Keys, alone.ID)
	}
	wantText(t, v, kept, "kept")
	wantErased(t, v, gone)
	if owners, err := v.Owners(t.Context(), shared.ID); err != nil || !slices.Equal(owners, []string{profile}) {
		t.Errorf("owners %v, %v, want %v", owners, err, profile)
	}

	// Completed after a crash, of which only the destroyed keys are known: none.
	id, command := uuid.New(), uuid.New()
	all := vault.Erasure{ID: id, CommandID: command, Keys: []string{shared.ID}, Spared: []string{profile}}
	for _, e := range []vault.Erasure{all, {ID: id, CommandID: command}} {
		if got := erase(t, v, e); len(got.Keys) != 0 {
			t.Errorf("erased %v, want nothing", got.Keys)
		}
	}
	if got := erase(t, v, vault.Erasure{Owner: profile}); !slices.Contains(got.Keys, shared.ID) {
		t.Errorf("with its last owner went %v", got.Keys)
	}
}

// What an erasure keeps is answered as it was the first time, until it is announced.
func TestWhatAnErasureKeeps(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	id := uuid.New()
	for _, kept := range []string{`["first"]`, `["second"]`} {
		if got := erase(t, v, vault.Erasure{ID: id, Owner: newID(), Kept: []byte(kept)}); string(got.Kept) != `["first"]` {
			t.Errorf("it keeps %s", got.Kept)
		}
	}
	if err := v.Announce(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if got := erase(t, v, vault.Erasure{ID: id, Owner: newID()}); got.Kept != nil {
		t.Errorf("announced, it keeps %s", got.Kept)
	}
	if got := erase(t, v, vault.Erasure{Owner: newID()}); got.Kept != nil {
		t.Errorf("nothing is kept as %s", got.Kept)
	}
}

// An erased owner is given nothing any more: neither what it had nor anything new.
func TestErasedOwnerGetsNothing(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	application, employee := newID(), newID()
	file := personal.Key{ID: newID(), Owner: application}
	sealed := seal(t, v, file, "contract.pdf")
	if err := v.AddOwner(t.Context(), file.ID, employee); err != nil {
		t.Fatal(err)
	}
	erase(t, v, vault.Erasure{Owner: application})
	wantText(t, v, sealed, "contract.pdf")

	for name, key := range map[string]personal.Key{
		"new key":             {ID: newID(), Owner: application},
		"its own key":         own(application),
		"a key it once owned": file,
	} {
		if _, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: "x"}}); !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: err = %v, want ErrErased", name, err)
		}
	}
	if err := v.AddOwner(t.Context(), file.ID, application); !errors.Is(err, vault.ErrErased) {
		t.Errorf("add owner: err = %v, want ErrErased", err)
	}
	wantText(t, v, seal(t, v, personal.Key{ID: file.ID, Owner: employee}, "renamed.pdf"), "renamed.pdf")
}

// Owners come and go without a key being lost.
func TestOwners(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	from, to := newID(), newID()
	message := personal.Key{ID: newID(), Owner: from}
	sealed := seal(t, v, message, "hello")
	if err := v.RemoveOwner(t.Context(), message.ID, from); !errors.Is(err, vault.ErrLastOwner) {
		t.Errorf("remove the last: err = %v, want ErrLastOwner", err)
	}
	for range 2 {
		if err := v.AddOwner(t.Context(), message.ID, to); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := v.RemoveOwner(t.Context(), message.ID, from); err != nil {
			t.Fatal(err)
		}
	}
	got, err := v.Owners(t.Context(), message.ID)
	if err != nil || !slices.Equal(got, []string{to}) {
		t.Errorf("owners %v, %v; want %s", got, err, to)
	}
	erase(t, v, vault.Erasure{Owner: from})
	wantText(t, v, sealed, "hello")
	if err := v.AddOwner(t.Context(), newID(), to); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("owner of a key nobody minted: err = %v, want ErrNoKey", err)
	}
	erase(t, v, vault.Erasure{Owner: to})
	wantErased(t, v, sealed)
}

// Several keys are handed over together or not at all.
func TestOwnersAreAddedTogether(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	application, employee := newID(), newID()
	var keys []personal.Key
	var sealed [][]byte
	for range 3 {
		id := newID()
		sealed = append(sealed, seal(t, v, personal.Key{ID: id, Owner: application}, "x"))
		keys = append(keys, personal.Key{ID: id, Owner: employee})
	}
	unknown := personal.Key{ID: newID(), Owner: employee}
	if err := v.AddOwners(t.Context(), append(keys, unknown)...); !errors.Is(err, vault.ErrNoKey) {
		t.Errorf("with a key nobody minted: err = %v, want ErrNoKey", err)
	}
	if got, err := v.KeysOf(t.Context(), employee); err != nil || len(got) != 0 {
		t.Errorf("keys %v, %v; want none", got, err)
	}
	if err := v.AddOwners(t.Context(), keys...); err != nil {
		t.Fatal(err)
	}
	erase(t, v, vault.Erasure{Owner: application})
	for _, s := range sealed {
		wantText(t, v, s, "x")
	}
}

// An erasure happens once for each id and answers the same again; another one
// finds nothing left to take.
func TestErasureIsIdempotent(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	key := own(newID())
	seal(t, v, key, "x")
	never := newID() // never minted, and never to be
	e := vault.Erasure{ID: uuid.New(), Keys: []string{key.ID, never}}
	first, second := erase(t, v, e), erase(t, v, e)
	if want := sorted(key.ID, never); !slices.Equal(first.Keys, want) || !slices.Equal(second.Keys, want) {
		t.Errorf("erased %v, then %v; want %v twice", first.Keys, second.Keys, want)
	}
	if got := erase(t, v, vault.Erasure{Keys: e.Keys}); len(got.Keys) != 0 {
		t.Errorf("another erasure took %v, want nothing", got.Keys)
	}
	if _, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: own(never), Field: "text", Plain: "x"}}); !errors.Is(err, vault.ErrErased) {
		t.Errorf("key erased before it was minted: err = %v, want ErrErased", err)
	}
	for name, e := range map[string]vault.Erasure{
		"nothing":    {ID: uuid.New(), CommandID: uuid.New()},
		"no id":      {CommandID: uuid.New(), Keys: []string{key.ID}},
		"no command": {ID: uuid.New(), Keys: []string{key.ID}},
		"odd key":    {ID: uuid.New(), CommandID: uuid.New(), Keys: []string{"x"}},
		"odd owner":  {ID: uuid.New(), CommandID: uuid.New(), Owner: "x"},
	} {
		if _, err := v.Erase(t.Context(), e); err == nil {
			t.Errorf("%s: erased", name)
		}
	}
}

func sorted(s ...string) []string { slices.Sort(s); return s }

// Until it is announced, an erasure is found with everything its event needs,
// by whatever process comes next.
func TestErasureIsUnannouncedUntilAnnounced(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	application := newID()
	note := newID()
	seal(t, v, personal.Key{ID: note, Owner: application}, "x")
	e := vault.Erasure{
		ID: uuid.New(), Kind: "application_anonymised", Subject: application, Stream: "application-" + application,
		Actor: "member:7", CommandID: uuid.New(), At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Owner: application,
	}
	if _, err := v.Erase(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	later := vault.Erasure{ID: uuid.New(), Kind: "note_deleted", CommandID: uuid.New(), At: e.At.Add(time.Hour), Keys: []string{newID()}}
	if _, err := v.Erase(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	next := p.open(t)
	got, err := next.Unannounced(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatalf("unannounced %v, %v; want two", got, err)
	}
	e.Keys = sorted(application, note)
	if !slices.Equal(got[0].Keys, e.Keys) || got[0].ID != e.ID || got[0].Kind != e.Kind || got[0].Subject != e.Subject ||
		got[0].Stream != e.Stream || got[0].Actor != e.Actor || got[0].CommandID != e.CommandID || !got[0].At.Equal(e.At) || got[0].Owner != e.Owner {
		t.Errorf("unannounced\n%+v, want\n%+v", got[0], e)
	}
	for range 2 {
		if err := next.Announce(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := v.Unannounced(t.Context()); err != nil || len(got) != 1 || got[0].ID != later.ID {
		t.Errorf("unannounced %v, %v; want the later one alone", got, err)
	}
}

// Another process that is told of an erasure opens nothing from then on, neither
// from its cache nor with a wrap a statement read before; one that is not told
// stops within a minute.
func TestOtherProcessesSeeAnErasure(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	eraser, told, untold := p.open(t), p.open(t), p.open(t)
	key := own(newID())
	sealed := seal(t, eraser, key, "Ana")
	stale := wrapOf(t, p.pool, key)
	wantText(t, told, sealed, "Ana")
	wantText(t, untold, sealed, "Ana")

	got := erase(t, eraser, vault.Erasure{Keys: []string{key.ID}})
	told.Forget(got.Keys...)
	wantErased(t, told, sealed)
	for name, v := range map[string]*vault.Vault{"told": told, "eraser": eraser} {
		if got, err := v.OpenWith(sealed, stale, key.Owner); err != nil || !got.Erased {
			t.Errorf("%s, with a wrap read before: %v, %v; want erased", name, got, err)
		}
		if _, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: "x"}}); !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: seal: err = %v, want ErrErased", name, err)
		}
	}
	p.clock.Advance(59 * time.Second)
	wantText(t, untold, sealed, "Ana") // so the test below is about time
	p.clock.Advance(time.Second)
	wantErased(t, untold, sealed)
}

// Sealing and erasing at the same time, from several processes: either the text
// was sealed before the erasure and reads as erased, or sealing is refused. The
// key never comes back.
func TestErasureAndSealingRace(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	vaults := []*vault.Vault{p.open(t), p.open(t), p.open(t)}
	for range 25 {
		key := personal.Key{ID: newID(), Owner: newID()}
		e := vault.Erasure{ID: uuid.New(), CommandID: uuid.New(), At: p.clock.Now()}
		if key.ID[0] < '8' {
			e.Keys = []string{key.ID}
		} else {
			e.Owner = key.Owner
		}
		var mu sync.Mutex
		var sealed [][]byte
		var wg sync.WaitGroup
		for i, v := range vaults {
			wg.Go(func() {
				for range 3 {
					got, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: "x"}})
					if err != nil {
						if !errors.Is(err, vault.ErrErased) {
							t.Errorf("seal: %v", err)
						}
						return
					}
					mu.Lock()
					sealed = append(sealed, got[0])
					mu.Unlock()
				}
			})
			if i == 0 {
				wg.Go(func() {
					if _, err := v.Erase(t.Context(), e); err != nil {
						t.Errorf("erase: %v", err)
					}
				})
			}
		}
		wg.Wait()
		var wraps int
		if err := p.pool.QueryRow(t.Context(), `SELECT count(*) FROM vault.keys WHERE key_id = $1 OR owner = $2`, key.ID, key.Owner).Scan(&wraps); err != nil {
			t.Fatal(err)
		}
		// An erased key of a living owner leaves nothing; an erased owner neither.
		if wraps != 0 {
			t.Fatalf("%d wraps after the erasure", wraps)
		}
		fresh := p.open(t)
		for _, s := range sealed {
			wantErased(t, fresh, s)
		}
		if _, err := fresh.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: key, Field: "text", Plain: "x"}}); !errors.Is(err, vault.ErrErased) {
			t.Fatalf("seal afterwards: err = %v, want ErrErased", err)
		}
	}
}

// Two owners of one key erased at the same time: one of the two erasures takes
// the key, and it has its tombstone.
func TestBothOwnersErasedAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v, w := p.open(t), p.open(t)
	for range 20 {
		key, a, b := newID(), newID(), newID()
		sealed := seal(t, v, personal.Key{ID: key, Owner: a}, "x")
		if err := v.AddOwner(t.Context(), key, b); err != nil {
			t.Fatal(err)
		}
		var got [2]vault.Erased
		var wg sync.WaitGroup
		wg.Go(func() { got[0] = erase(t, v, vault.Erasure{Owner: a}) })
		wg.Go(func() { got[1] = erase(t, w, vault.Erasure{Owner: b}) })
		wg.Wait()
		if slices.Contains(got[0].Keys, key) == slices.Contains(got[1].Keys, key) {
			t.Fatalf("the key went with %v and %v, want one of them", got[0].Keys, got[1].Keys)
		}
		wantErased(t, p.open(t), sealed)
	}
}

// One key minted by many at once, for many owners, is one key.
func TestKeyIsMintedOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	vaults := []*vault.Vault{p.open(t), p.open(t), p.open(t), p.open(t)}
	for range 10 {
		key, other := newID(), newID()
		sealed := make([][]byte, len(vaults))
		var wg sync.WaitGroup
		for i, v := range vaults {
			wg.Go(func() {
				items := []vault.Item{
					{Key: personal.Key{ID: key, Owner: newID()}, Field: "text", Plain: "x"},
					{Key: personal.Key{ID: other, Owner: newID()}, Field: "text", Plain: "y"},
				}
				if i%2 == 0 {
					slices.Reverse(items) // the order of the items does not matter
				}
				got, err := v.Seal(t.Context(), uuid.New(), noted, items)
				if err != nil {
					t.Errorf("seal: %v", err)
					return
				}
				sealed[i] = got[0]
			})
		}
		wg.Wait()
		if t.Failed() {
			return
		}
		fresh := p.open(t)
		for i, s := range sealed {
			want := "x"
			if i%2 == 0 {
				want = "y"
			}
			wantText(t, fresh, s, want)
		}
	}
}

// KeysOf is what an owner's erasure would touch.
func TestKeysOf(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	application, candidate := newID(), newID()
	seal(t, v, own(application), "x")
	seal(t, v, personal.Key{ID: candidate, Owner: application}, "x")
	seal(t, v, personal.Key{ID: newID(), Owner: newID()}, "x")
	got, err := v.KeysOf(t.Context(), application)
	if err != nil || !slices.Equal(got, sorted(application, candidate)) {
		t.Errorf("keys %v, %v; want the application's and the candidate's", got, err)
	}
	erase(t, v, vault.Erasure{Owner: application})
	if got, err := v.KeysOf(t.Context(), application); err != nil || len(got) != 0 {
		t.Errorf("keys %v, %v after the erasure", got, err)
	}
	if _, err := v.KeysOf(t.Context(), "x"); err == nil {
		t.Error("an odd id was taken")
	}
}

// An owner is heard of from the first key on, and for good: whoever is not can
// have nothing that is sealed.
func TestHeard(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	own1, shared, ended, unused, buried, never := newID(), newID(), newID(), newID(), newID(), newID()
	seal(t, v, own(own1), "x")
	seal(t, v, personal.Key{ID: newID(), Owner: shared}, "x")
	seal(t, v, own(ended), "x")
	erase(t, v, vault.Erasure{Owner: ended})
	erase(t, v, vault.Erasure{Owner: unused})
	seal(t, v, own(buried), "x")
	erase(t, v, vault.Erasure{Keys: []string{buried}})
	got, err := p.open(t).Heard(t.Context(), []string{own1, shared, ended, unused, buried, never})
	want := map[string]bool{own1: true, shared: true, ended: true, unused: true, buried: true}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("heard of %v, %v, want %v", got, err, want)
	}
	if got, err := v.Heard(t.Context(), nil); err != nil || len(got) > 0 {
		t.Errorf("heard of %v, %v without asking for anybody", got, err)
	}
}
