package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/vault"
)

var update = flag.Bool("update", false, "rewrite testdata")

// golden is what is stored for ever, under the keyset beside it (which guards
// nothing else). Changing it makes existing logs unreadable.
type golden struct {
	KeyID   string `json:"key_id"`
	Owner   string `json:"owner"`
	Event   string `json:"event"`
	Type    string `json:"type"`
	Field   string `json:"field"`
	Text    string `json:"text"`
	DataKey hexed  `json:"data_key"`
	Header  hexed  `json:"header"`
	Sealed  hexed  `json:"sealed"`
	Wrapped hexed  `json:"wrapped"`
	Bulk    hexed  `json:"bulk_key"`

	Derived     map[string]string  `json:"derived_ids"`
	Fingerprint hexed              `json:"fingerprint"`
	EmailHash   hexed              `json:"email_hash"`
	Terms       map[string][]int64 `json:"terms"`
}

type hexed []byte

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexed) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

func (g golden) key() personal.Key { return personal.Key{ID: g.KeyID, Owner: g.Owner} }

func loadGolden(t testing.TB) (golden, *vault.Vault) {
	t.Helper()
	keysetPath, path := filepath.Join("testdata", "keyset.json"), filepath.Join("testdata", "golden.json")
	if *update {
		writeGolden(t, keysetPath, path)
	}
	keyset, err := os.ReadFile(keysetPath)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g, vault.Offline(t, keyset)
}

// writeGolden makes what does not exist yet: what once was stored stays.
func writeGolden(t testing.TB, keysetPath, path string) {
	t.Helper()
	if _, err := os.Stat(path); err == nil {
		t.Fatalf("%s exists: delete it if nothing was ever stored in this form", path)
	}
	keyset := vault.NewKeyset(t)
	v := vault.Offline(t, keyset)
	raw := sha256.Sum256([]byte("a data key"))
	g := golden{
		KeyID: "6ba7b810-9dad-41d1-80b4-00c04fd430c8", Owner: "0190163d-8694-739b-aea5-966c26f8ad91",
		Event: "2ed6657d-e927-568b-95e1-2665a8aea6a2", Type: "candidate.registered.v1", Field: "emails[0]",
		Text: "Ana Lovelace-Müller", DataKey: raw[:], Terms: make(map[string][]int64),
	}
	v.Put(t, g.key(), raw[:])
	sealed, err := v.Seal(t.Context(), uuid.MustParse(g.Event), g.Type, []vault.Item{{Key: g.key(), Field: g.Field, Plain: personal.Plain(g.Text)}})
	if err != nil {
		t.Fatal(err)
	}
	g.Sealed, g.Wrapped = sealed[0], v.Wrap(t, g.key(), raw[:])
	g.Header = g.Sealed[:35+len(g.Type)+len(g.Field)]
	if g.Bulk, err = v.ExistingDataKey(t.Context(), g.KeyID); err != nil {
		t.Fatal(err)
	}
	g.Derived = map[string]string{
		"live-application":            v.DeriveID("live-application").String(),
		"live-application|person|job": v.DeriveID("live-application", "person", "job").String(),
	}
	fp := v.Fingerprint([]byte("POST"), nil, []byte("{}"))
	g.Fingerprint, g.EmailHash = fp[:], v.EmailHash("Ana@Example.org")
	for _, s := range goldenTexts {
		g.Terms[string(s)] = v.Terms(s)
	}
	data, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{keysetPath: keyset, path: append(data, '\n')} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var goldenTexts = []personal.Plain{"Zoë Ng", "Straße", "ana@example.org", "李"}

// What was sealed and wrapped once opens for ever.
func TestStoredFormOpens(t *testing.T) {
	t.Parallel()
	g, v := loadGolden(t)
	got, err := v.OpenWith(g.Sealed, g.Wrapped, g.Owner)
	if err != nil || string(got.Text) != g.Text {
		t.Errorf("opened %q, %v; want %q", string(got.Text), err, g.Text)
	}
	h, err := vault.ParseHeader(g.Sealed)
	want := vault.Header{KeyID: uuid.MustParse(g.KeyID), Event: uuid.MustParse(g.Event), Type: g.Type, Field: g.Field}
	if err != nil || h != want {
		t.Errorf("header %+v, %v; want %+v", h, err, want)
	}
	bulk, err := v.ExistingDataKey(t.Context(), g.KeyID)
	if err != nil || !bytes.Equal(bulk, g.Bulk) {
		t.Errorf("bulk key %x, %v; want %x", bulk, err, g.Bulk)
	}
	// And what is sealed now looks as then.
	again, err := v.Seal(t.Context(), h.Event, g.Type, []vault.Item{{Key: g.key(), Field: g.Field, Plain: personal.Plain(g.Text)}})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(again[0], g.Header) || len(again[0]) != len(g.Sealed) {
		t.Errorf("sealed\n%x, want %d bytes that begin\n%x", again[0], len(g.Sealed), g.Header)
	}
}

// The layout in the package comment is enough to open a value without this
// package.
func TestStoredFormIsAsDocumented(t *testing.T) {
	t.Parallel()
	g, _ := loadGolden(t)
	id, event := uuid.MustParse(g.KeyID), uuid.MustParse(g.Event)
	header := slices.Concat([]byte{1}, id[:], event[:], []byte{byte(len(g.Type))}, []byte(g.Type), []byte{byte(len(g.Field))}, []byte(g.Field))
	if !bytes.Equal(header, g.Header) {
		t.Fatalf("header\n%x, want\n%x", g.Header, header)
	}
	block, err := aes.NewCipher(g.DataKey)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	body := g.Sealed[len(header):]
	padded, err := gcm.Open(nil, body[:12], body[12:], header)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte(g.Text), 0x80)
	for len(want)%32 != 0 {
		want = append(want, 0)
	}
	if !bytes.Equal(padded, want) {
		t.Errorf("padded text\n%x, want\n%x", padded, want)
	}
	bulk, err := hkdf.Expand(sha256.New, g.DataKey, "hirelog bulk data v1", 32)
	if err != nil || !bytes.Equal(bulk, g.Bulk) {
		t.Errorf("bulk key %x, %v; want %x", g.Bulk, err, bulk)
	}
}

// Ids, fingerprints, hashes and terms are the same for ever under one keyset,
// and HMAC-SHA256 as ADR 0005 says.
func TestDerivedValuesStay(t *testing.T) {
	t.Parallel()
	g, v := loadGolden(t)
	for _, tt := range []struct {
		name  string
		parts []string
	}{{"live-application", nil}, {"live-application|person|job", []string{"person", "job"}}} {
		if got := v.DeriveID("live-application", tt.parts...); got.String() != g.Derived[tt.name] || got.Version() != 8 || got.Variant() != uuid.RFC4122 {
			t.Errorf("%s: %s, want %s, version 8", tt.name, got, g.Derived[tt.name])
		}
	}
	if got := v.Fingerprint([]byte("POST"), nil, []byte("{}")); !bytes.Equal(got[:], g.Fingerprint) {
		t.Errorf("fingerprint %x, want %x", got, g.Fingerprint)
	}
	if got := v.EmailHash(" ana@example.ORG"); !bytes.Equal(got, g.EmailHash) {
		t.Errorf("e-mail hash %x, want %x", got, g.EmailHash)
	}
	for _, s := range goldenTexts {
		if got := v.Terms(s); !slices.Equal(got, g.Terms[string(s)]) || len(got) == 0 {
			t.Errorf("terms of %q: %v, want %v", string(s), got, g.Terms[string(s)])
		}
	}

	// By hand: the key is the last 32 bytes of Tink's key, the input is framed.
	mac := hmac.New(sha256.New, prfKey(t, "lookup"))
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len("ana@example.org"))))
	mac.Write([]byte("ana@example.org"))
	if got := mac.Sum(nil); !bytes.Equal(got, g.EmailHash) {
		t.Errorf("by hand %x, want %x", got, g.EmailHash)
	}
}

func prfKey(t *testing.T, name string) []byte {
	t.Helper()
	var file map[string]json.RawMessage
	if err := json.Unmarshal(readFile(t, filepath.Join("testdata", "keyset.json")), &file); err != nil {
		t.Fatal(err)
	}
	var keys struct {
		Key []struct {
			KeyData struct {
				Value string `json:"value"`
			} `json:"keyData"`
		} `json:"key"`
	}
	if err := json.Unmarshal(file[name], &keys); err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(keys.Key[0].KeyData.Value)
	if err != nil {
		t.Fatal(err)
	}
	return b[len(b)-32:]
}

// No two ways of cutting a text into parts give one id or one fingerprint.
func TestDerivedValuesAreFramed(t *testing.T) {
	t.Parallel()
	_, v := loadGolden(t)
	seen := make(map[uuid.UUID][]string)
	for _, parts := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {"a", "b", "c"}} {
		id := v.DeriveID("x", parts...)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have one id", parts, other)
		}
		seen[id] = parts
	}
	if v.Fingerprint([]byte("ab"), []byte("c")) == v.Fingerprint([]byte("a"), []byte("bc")) {
		t.Error("(ab, c) and (a, bc) have one fingerprint")
	}
	other := vault.Offline(t, vault.NewKeyset(t))
	if v.DeriveID("x", "a") == other.DeriveID("x", "a") {
		t.Error("another keyset derives the same id")
	}
}
