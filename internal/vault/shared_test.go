package vault_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hirelog/hirelog/internal/vault"
)

// Processes that name one keyset file in different ways, by a link or not, work
// on the one file: a rotation reaches all of them.
func TestALinkedKeysetIsWrittenThrough(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	direct := p.open(t)
	link := filepath.Join(t.TempDir(), "keyset.json")
	if err := os.Symlink(p.keyset, link); err != nil {
		t.Fatal(err)
	}
	linked, err := vault.Open(t.Context(), p.pool, link, vault.Options{Now: p.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	before := readFile(t, p.keyset)
	sealed := seal(t, direct, own(newID()), "Ana")
	if _, err := linked.RotateEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v now, %v", info.Mode(), err)
	}
	if string(readFile(t, p.keyset)) == string(before) {
		t.Error("the file was not rotated")
	}
	wantText(t, direct, sealed, "Ana")
	wantText(t, linked, seal(t, direct, own(newID()), "Bo"), "Bo")
	wantText(t, p.open(t), sealed, "Ana")
}

func TestALinkToNoKeysetIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	link := filepath.Join(t.TempDir(), "keyset.json")
	if err := os.Symlink(nowhere, link); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(t.Context(), p.pool, link, vault.Options{}); !errors.Is(err, vault.ErrKeysetLost) {
		t.Errorf("err = %v, want ErrKeysetLost", err)
	}
	if _, err := os.Lstat(nowhere); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a keyset was made behind the link: %v", err)
	}
}

// In the night all processes find a rotation due at the same moment: one of them
// rotates.
func TestOfManyProcessesOneRotates(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dead := own(newID())
	first := p.open(t)
	alive := seal(t, first, own(newID()), "alive")
	seal(t, first, dead, "dead")
	erase(t, first, vault.Erasure{Keys: []string{dead.ID}})

	vaults := []*vault.Vault{first, p.open(t), p.open(t), p.open(t)}
	var mu sync.Mutex
	rotated := 0
	// The first is held in the middle of its rotation until all others have
	// found that one is due.
	waiting := make(chan struct{}, len(vaults))
	for _, v := range vaults[1:] {
		v.OnStep(func(step string) {
			if step == "found due" {
				waiting <- struct{}{}
			}
		})
	}
	var all, others sync.WaitGroup
	try := func(v *vault.Vault) {
		_, done, err := v.RotateIfDue(t.Context())
		if err != nil {
			t.Errorf("rotate: %v", err)
		}
		if done {
			mu.Lock()
			rotated++
			mu.Unlock()
		}
	}
	started := sync.OnceFunc(func() {
		for _, v := range vaults[1:] {
			others.Go(func() { try(v) })
		}
		for range vaults[1:] {
			<-waiting
		}
	})
	first.OnStep(func(step string) {
		if step == "key added" {
			started()
		}
	})
	all.Go(func() { try(first) })
	all.Wait()
	others.Wait()
	if rotated != 1 {
		t.Errorf("%d processes rotated, want 1", rotated)
	}
	for _, v := range vaults {
		wantText(t, v, alive, "alive")
	}
}
