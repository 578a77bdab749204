package vault

import (
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
	"github.com/tink-crypto/tink-go/v2/prf"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/hirelog/hirelog/domain/personal"
)

// DeriveID returns the id that purpose and parts always give under this keyset
// (a version-8 UUID), for streams whose name must not tell what they are about.
// Without the keyset it can neither be computed nor checked.
func (v *Vault) DeriveID(purpose string, parts ...string) uuid.UUID {
	in := framed(nil, purpose)
	for _, p := range parts {
		in = framed(in, p)
	}
	id := uuid.UUID(hashed(v.ring.Load().derive, in, 16))
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}

// Fingerprint returns a hash of parts that tells nothing without the keyset.
// The parts are framed: ("ab", "c") and ("a", "bc") differ.
func (v *Vault) Fingerprint(parts ...[]byte) [32]byte {
	var in []byte
	for _, p := range parts {
		in = framed(in, string(p))
	}
	return [32]byte(hashed(v.ring.Load().fingerprint, in, 32))
}

// emailHash is what vault.emails knows of an address.
func (r *ring) emailHash(email personal.Plain) []byte {
	return hashed(r.lookup, framed(nil, normalEmail(string(email))), 32)
}

// normalEmail is the form addresses are compared in: trimmed, case-folded, NFC.
// Unicode promises that neither folding nor NFC of a string ever changes, so
// the hash stays the same through versions. Nothing else is done: which tags
// and dots matter is for the address's own server to say.
func normalEmail(email string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(strings.TrimSpace(email))))
}

// framed appends s to b behind its length, four bytes, big-endian.
func framed(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// hashed returns n bytes of HMAC-SHA256.
func hashed(keys *prf.Set, in []byte, n uint32) []byte {
	out, err := keys.ComputePrimaryPRF(in, n)
	if err != nil {
		// Only an n beyond the hash's length fails, and every n is a constant here.
		panic("vault: keyed hash: " + err.Error())
	}
	return out
}
