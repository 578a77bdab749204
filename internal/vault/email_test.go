package vault_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// The first to come with an address is its candidate; the next one, however the
// address is written, is the same person, whose key then lives for both.
func TestRecognise(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	ana, first, second := newID(), newID(), newID()
	for range 2 { // the command may be repeated
		recognise(t, v, "Ana@Example.org", ana, first, ana, false)
	}
	recognise(t, v, " ana@EXAMPLE.org\n", newID(), second, ana, true)
	recognise(t, v, "bo@example.org", newID(), newID(), "", false)

	name := seal(t, v, personal.Key{ID: ana, Owner: first}, "Ana")
	erase(t, v, vault.Erasure{Owner: first})
	wantText(t, v, name, "Ana")
	recognise(t, v, "ana@example.org", newID(), newID(), ana, true)
}

// recognise checks what Recognise answers; want "" is the candidate itself.
func recognise(t *testing.T, v *vault.Vault, email personal.Plain, candidate, application, want string, wantKnown bool) {
	t.Helper()
	if want == "" {
		want = candidate
	}
	got, known, err := v.Recognise(t.Context(), email, candidate, application)
	if err != nil || got != want || known != wantKnown {
		t.Errorf("recognised %s, known %v, %v; want %s, %v", got, known, err, want, wantKnown)
	}
}

// Spellings of one address are one; what only its server could know to be one is not.
func TestNormalEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Ana@Example.ORG \t":     "ana@example.org",
		"STRASSE@example.org":      "strasse@example.org",
		"straße@example.org":       "strasse@example.org",
		"jose\u0301@example.org":   "josé@example.org",
		"JOS\u00c9@example.org":    "josé@example.org",
		"ana+jobs@example.org":     "ana+jobs@example.org",
		"a.n.a@example.org":        "a.n.a@example.org",
		"\u1fb3\u0345@example.org": "αιι@example.org",
	} {
		if got := vault.NormalEmail(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
		if got := vault.NormalEmail(vault.NormalEmail(in)); got != want {
			t.Errorf("%q twice is %q, want %q", in, got, want)
		}
	}
}

// Many at once with one address: one candidate.
func TestAddressHasOneCandidate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	vaults := []*vault.Vault{p.open(t), p.open(t), p.open(t), p.open(t)}
	for _, email := range []personal.Plain{"a@example.org", "b@example.org", "c@example.org", "d@example.org", "e@example.org"} {
		type answer struct {
			self, got string
			known     bool
		}
		answers := make([]answer, len(vaults))
		var wg sync.WaitGroup
		for i, v := range vaults {
			wg.Go(func() {
				self := newID()
				got, known, err := v.Recognise(t.Context(), email, self, newID())
				if err != nil {
					t.Errorf("recognise: %v", err)
				}
				answers[i] = answer{self, got, known}
			})
		}
		wg.Wait()
		news := 0
		for _, a := range answers {
			if a.got != answers[0].got || a.known != (a.self != a.got) {
				t.Errorf("answers differ: %+v", answers)
			}
			if !a.known {
				news++
			}
		}
		if news != 1 {
			t.Errorf("%d candidates of one address", news)
		}
	}
}

// The address goes with the candidate, in the same moment, and then belongs to
// whoever comes next.
func TestAddressGoesWithTheCandidate(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	ana, application := newID(), newID()
	recognise(t, v, "ana@example.org", ana, application, ana, false)
	if got, ok, err := v.LookUp(t.Context(), "ANA@example.org"); err != nil || !ok || got != ana {
		t.Errorf("looked up %s, %v, %v; want %s", got, ok, err, ana)
	}
	// With what was asked for before anybody had the address.
	if _, err := p.pool.Exec(t.Context(), `
		WITH asked AS (
			INSERT INTO ops.sign_ins (id, purpose, address, candidate_id, code, link, expires_at)
			SELECT gen_random_uuid(), 'sign_in', hash, who, hash, hash, now() FROM vault.emails, LATERAL (VALUES (candidate_id), (NULL::uuid)) AS asker (who))
		INSERT INTO ops.candidate_sessions (secret, id, candidate_id, address, created_at, used_at, expires_at)
		SELECT hash, gen_random_uuid(), candidate_id, hash, now(), now(), now() FROM vault.emails`); err != nil {
		t.Fatal(err)
	}
	erase(t, v, vault.Erasure{Owner: application})
	var rows int
	if err := p.pool.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM vault.emails) + (SELECT count(*) FROM ops.sign_ins) + (SELECT count(*) FROM ops.candidate_sessions)`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows left, %v", rows, err)
	}
	if got, ok, err := v.LookUp(t.Context(), "ana@example.org"); err != nil || ok {
		t.Errorf("looked up %s, %v, %v; want nobody", got, ok, err)
	}
	for name, ids := range map[string][2]string{
		"erased candidate":   {ana, newID()},
		"erased application": {newID(), application},
	} {
		if _, _, err := v.Recognise(t.Context(), "ana@example.org", ids[0], ids[1]); !errors.Is(err, vault.ErrErased) {
			t.Errorf("%s: err = %v, want ErrErased", name, err)
		}
	}
	recognise(t, v, "ana@example.org", newID(), newID(), "", false)
}

// Recognising and erasing at the same time: whoever is returned has a living
// key, for the application that came.
func TestRecogniseAndErasureRace(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v, w := p.open(t), p.open(t)
	for range 20 {
		ana, first := newID(), newID()
		recognise(t, v, "ana@example.org", ana, first, ana, false)
		second := newID()
		var got string
		var err error
		var wg sync.WaitGroup
		wg.Go(func() { erase(t, v, vault.Erasure{Owner: first}) })
		wg.Go(func() { got, _, err = w.Recognise(t.Context(), "ana@example.org", newID(), second) })
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		owners, err := p.open(t).Owners(t.Context(), got)
		if err != nil || len(owners) != 1 || owners[0] != second {
			t.Fatalf("owners of whoever was recognised: %v, %v; want %s", owners, err, second)
		}
		erase(t, v, vault.Erasure{Owner: second})
	}
}

// An address moves with its candidate, and never away from another one.
func TestChangeEmail(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	ana, bo := newID(), newID()
	recognise(t, v, "ana@example.org", ana, newID(), ana, false)
	recognise(t, v, "bo@example.org", bo, newID(), bo, false)

	change := func(id string, old, email personal.Plain, want string) {
		t.Helper()
		if got, err := v.ChangeEmail(t.Context(), id, old, email); err != nil || got != want {
			t.Errorf("changed to %s, %v; want %s", got, err, want)
		}
	}
	lookUp := func(email personal.Plain, want string) {
		t.Helper()
		if got, _, err := v.LookUp(t.Context(), email); err != nil || got != want {
			t.Errorf("looked up %q, %v; want %q", got, err, want)
		}
	}
	change(ana, "ana@example.org", "lovelace@example.org", ana)
	lookUp("ana@example.org", "")
	lookUp("lovelace@example.org", ana)
	change(ana, "bo@example.org", "", ana) // not hers to give up
	lookUp("bo@example.org", bo)
	change(ana, "lovelace@example.org", "bo@example.org", bo)
	lookUp("lovelace@example.org", ana)
	change(ana, "lovelace@example.org", "Lovelace@example.org", ana)
	lookUp("lovelace@example.org", ana)
	change(ana, "lovelace@example.org", "", ana)
	lookUp("lovelace@example.org", "")
	lookUp("bo@example.org", bo)
	change(ana, "", "ana@example.org", ana)
	lookUp("ana@example.org", ana)

	erase(t, v, vault.Erasure{Keys: []string{ana}})
	if _, err := v.ChangeEmail(t.Context(), ana, "", "new@example.org"); !errors.Is(err, vault.ErrErased) {
		t.Errorf("erased candidate: err = %v, want ErrErased", err)
	}
	if _, _, err := v.LookUp(t.Context(), " "); !errors.Is(err, vault.ErrNoAddress) {
		t.Errorf("no address: err = %v, want ErrNoAddress", err)
	}
}

// An agency's address is nobody's.
func TestSharedAddress(t *testing.T) {
	t.Parallel()
	v := newPlace(t).open(t)
	first := newID()
	recognise(t, v, "agency@example.org", first, newID(), first, false)
	for range 2 {
		if err := v.SetShared(t.Context(), "Agency@example.org", true); err != nil {
			t.Fatal(err)
		}
	}
	recognise(t, v, "agency@example.org", newID(), newID(), "", false)
	recognise(t, v, "agency@example.org", newID(), newID(), "", false)
	if got, ok, err := v.LookUp(t.Context(), "agency@example.org"); err != nil || ok {
		t.Errorf("looked up %s, %v, %v; want nobody", got, ok, err)
	}
	if err := v.SetShared(t.Context(), "agency@example.org", false); err != nil {
		t.Fatal(err)
	}
	next := newID()
	recognise(t, v, "agency@example.org", next, newID(), next, false)
	recognise(t, v, "agency@example.org", newID(), newID(), next, true)
}

// People are recognised together, and the keys that are minted with them need no
// visit to Postgres any more; where one of them is erased, nothing is done for any.
func TestRecogniseAll(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	known, first := newID(), newID()
	recognise(t, v, "known@people.example", known, newID(), known, false)
	app, note := newID(), newID()
	keys := []personal.Key{own(app), {ID: note, Owner: app}}
	people := []vault.Newcomer{
		{Email: "known@people.example", Candidate: newID(), Application: newID()},
		{Email: "New@people.example", Candidate: first, Application: app, Keys: keys},
		{Email: "new@people.example", Candidate: newID(), Application: newID()},
		{Candidate: newID(), Application: newID()},
	}
	got, err := v.RecogniseAll(t.Context(), people)
	if want := []string{known, first, first, people[3].Candidate}; err != nil || !slices.Equal(got, want) {
		t.Fatalf("recognised %v, %v, want %v", got, err, want)
	}
	for _, k := range keys {
		if owners, err := v.Owners(t.Context(), k.ID); err != nil || !slices.Equal(owners, []string{app}) {
			t.Errorf("key %s has owners %v, %v", k.ID, owners, err)
		}
	}
	gone, other := newID(), newID()
	erase(t, v, vault.Erasure{Owner: gone})
	_, err = v.RecogniseAll(t.Context(), []vault.Newcomer{
		{Email: "other@people.example", Candidate: other, Application: newID()},
		{Email: "gone@people.example", Candidate: newID(), Application: newID(), Keys: []personal.Key{own(gone)}},
	})
	if !errors.Is(err, vault.ErrErased) {
		t.Errorf("with a key that is gone: %v", err)
	}
	if holder, ok, err := v.LookUp(t.Context(), "other@people.example"); err != nil || ok {
		t.Errorf("the address of who came with it is %s's, %v", holder, err)
	}
	many := vault.Newcomer{Candidate: newID(), Application: newID(), Keys: make([]personal.Key, 500)}
	for k := range many.Keys {
		many.Keys[k] = own(newID())
	}
	if _, err := v.RecogniseAll(t.Context(), []vault.Newcomer{many}); err == nil {
		t.Error("501 keys were minted at once")
	}
}
