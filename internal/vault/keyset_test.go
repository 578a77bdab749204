package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hirelog/hirelog/internal/vault"
)

// The first use makes the keyset; many first users make one.
func TestKeysetIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	vaults := make([]*vault.Vault, 4)
	var wg sync.WaitGroup
	for i := range vaults {
		wg.Go(func() {
			v, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{})
			if err != nil {
				t.Errorf("open: %v", err)
			}
			vaults[i] = v
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sealed := seal(t, vaults[0], own(newID()), "Ana")
	for _, v := range vaults {
		wantText(t, v, sealed, "Ana")
	}
	for path, want := range map[string]os.FileMode{p.keyset: 0o600, filepath.Dir(p.keyset): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
	left, err := filepath.Glob(p.keyset + ".new-*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A keyset that cannot be the right one stops the vault before it does harm.
func TestWrongKeysetIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	v := p.open(t)
	sealed := seal(t, v, own(newID()), "Ana")
	original := readFile(t, p.keyset)
	if _, err := v.RotateEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	rotated := readFile(t, p.keyset)
	stranger := newPlace(t)
	stranger.open(t)

	for _, tt := range []struct {
		name string
		data []byte
		mode os.FileMode
		want error // nil: any
	}{
		{"group may read", rotated, 0o640, vault.ErrKeysetLoose},
		{"others may read", rotated, 0o604, vault.ErrKeysetLoose},
		{"another database's", readFile(t, stranger.keyset), 0o600, vault.ErrKeysetForeign},
		{"from before the rotation", original, 0o600, vault.ErrKeysetForeign},
		{"cut short", rotated[:len(rotated)/2], 0o600, nil},
		{"empty", nil, 0o600, nil},
		{"of a later program", bytes.Replace(rotated, []byte(`"version": 1`), []byte(`"version": 2`), 1), 0o600, nil},
		{"another file", []byte(`{"epochs":{}}`), 0o600, nil},
	} {
		put(t, p.keyset, tt.data, tt.mode)
		_, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{})
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: err = %v, want %v", tt.name, err, tt.want)
		}
		if got, err := os.ReadFile(p.keyset); err != nil || !bytes.Equal(got, tt.data) {
			t.Errorf("%s: the file was changed", tt.name)
		}
	}

	if err := os.Remove(p.keyset); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{}); !errors.Is(err, vault.ErrKeysetLost) {
		t.Errorf("missing: err = %v, want ErrKeysetLost", err)
	}
	if _, err := os.Stat(p.keyset); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new keyset was made in place of the lost one")
	}
	put(t, p.keyset, rotated, 0o600)
	wantText(t, p.open(t), sealed, "Ana")
}

// A damaged keyset file is noticed, and no error shows what is in it.
func TestDamagedKeysetIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.open(t)
	data := readFile(t, p.keyset)
	secret := epochKeyOf(t, data)
	for i := range 40 {
		bad := bytes.Clone(data)
		at := (len(bad) - 2) * i / 40
		bad[at] ^= 0x15
		put(t, p.keyset, bad, 0o600)
		_, err := vault.Open(t.Context(), p.pool, p.keyset, vault.Options{})
		if err == nil {
			t.Errorf("byte %d changed: opened all the same", at)
		} else if strings.Contains(err.Error(), string(secret[:12])) || len(err.Error()) > 300 {
			t.Errorf("byte %d changed: the error shows the file: %v", at, err)
		}
	}
}

func put(t *testing.T, path string, data []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
