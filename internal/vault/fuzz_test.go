package vault_test

import (
	"bytes"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

// Whatever bytes come: no panic, and nothing opens that was not sealed.
func FuzzOpen(f *testing.F) {
	g, v := loadGolden(f)
	f.Add([]byte(g.Sealed), []byte(g.Wrapped))
	f.Add([]byte(g.Header), []byte(nil))
	f.Add([]byte{}, []byte{1, 2, 3})
	f.Add(bytes.Repeat([]byte{1}, 200), bytes.Repeat([]byte{1}, 65))
	f.Fuzz(func(t *testing.T, sealed, wrapped []byte) {
		h, err := vault.ParseHeader(sealed)
		if err == nil {
			if len(h.Type) == 0 || len(h.Field) == 0 || len(h.Type)+len(h.Field) >= len(sealed) {
				t.Errorf("header %+v of %d bytes", h, len(sealed))
			}
		}
		v.Drop(h.KeyID)
		got, err := v.OpenWith(sealed, wrapped, g.Owner)
		if err == nil && !got.Erased && !bytes.Equal(sealed, g.Sealed) {
			t.Errorf("opened %q from bytes nobody sealed", string(got.Text))
		}
	})
}

// Every text comes back as it was, and only a multiple of 32 bytes is seen of
// its length.
func FuzzSealOpen(f *testing.F) {
	g, v := loadGolden(f)
	v.Put(f, g.key(), g.DataKey)
	f.Add("Ana", "name")
	f.Add("\x80\x00", "f")
	f.Add("1234567890123456789012345678901", "f")
	f.Add("12345678901234567890123456789012", "f")
	f.Fuzz(func(t *testing.T, text, field string) {
		sealed, err := v.Seal(t.Context(), uuid.New(), noted, []vault.Item{{Key: g.key(), Field: field, Plain: personal.Plain(text)}})
		if len(field) == 0 || len(field) > 255 {
			if err == nil {
				t.Errorf("sealed a field of %d bytes", len(field))
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := len(sealed[0]) - len(noted) - len(field) - 63; n%32 != 0 || n <= len(text) {
			t.Errorf("%d bytes for a text of %d", n, len(text))
		}
		got, err := v.Open(t.Context(), sealed...)
		if err != nil || string(got[0].Text) != text {
			t.Errorf("%q came back as %q, %v", text, string(got[0].Text), err)
		}
	})
}

func BenchmarkSealCached(b *testing.B) {
	g, v := loadGolden(b)
	v.Put(b, g.key(), g.DataKey)
	event := uuid.New()
	items := []vault.Item{{Key: g.key(), Field: "name", Plain: "Ana Lovelace"}}
	for b.Loop() {
		if _, err := v.Seal(b.Context(), event, noted, items); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenWith(b *testing.B) {
	g, v := loadGolden(b)
	id := uuid.MustParse(g.KeyID)
	for _, bb := range []struct {
		name string
		drop bool
	}{{"cached", false}, {"unwrapped each time", true}} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if bb.drop {
					v.Drop(id)
				}
				if _, err := v.OpenWith(g.Sealed, g.Wrapped, g.Owner); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTerms(b *testing.B) {
	_, v := loadGolden(b)
	for b.Loop() {
		v.Terms("Ana Lovelace-Müller ana@example.org")
	}
}
