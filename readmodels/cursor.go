package readmodels

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/vault"
)

// A cursor says where the next page of one query begins: after the row with id
// and, in lists by time, at; in lists by name, after the first n rows. It holds
// no personal data. It is signed together with the query it belongs to, so that
// it cannot be used with another one.
type cursor struct {
	at time.Time
	n  int64
	id uuid.UUID
}

const (
	cursorBody = 8 + 8 + 16
	cursorSum  = 16
)

// encode returns the cursor as text for a query, which is anything that JSON
// can write.
func (c cursor) encode(v *vault.Vault, query any) (string, error) {
	b := make([]byte, 0, cursorBody+cursorSum)
	b = binary.BigEndian.AppendUint64(b, uint64(c.at.UnixMicro()))
	b = binary.BigEndian.AppendUint64(b, uint64(c.n))
	b = append(b, c.id[:]...)
	sum, err := cursorSumOf(v, query, b)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(b, sum...)), nil
}

// decodeCursor reads what encode wrote for the same query. Errors: ErrCursor.
func decodeCursor(v *vault.Vault, query any, text string) (cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != cursorBody+cursorSum {
		return cursor{}, ErrCursor
	}
	sum, err := cursorSumOf(v, query, b[:cursorBody])
	if err != nil {
		return cursor{}, err
	}
	if !hmac.Equal(sum, b[cursorBody:]) {
		return cursor{}, ErrCursor
	}
	return cursor{
		at: time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(),
		n:  int64(binary.BigEndian.Uint64(b[8:])),
		id: uuid.UUID(b[16:32]),
	}, nil
}

// cursorSumOf is keyed, because the query may hold a name somebody looked for.
func cursorSumOf(v *vault.Vault, query any, body []byte) ([]byte, error) {
	q, err := json.Marshal(query)
	if err != nil {
		return nil, fmt.Errorf("cursor: %w", err)
	}
	sum := v.Fingerprint([]byte("cursor"), q, body)
	return sum[:cursorSum], nil
}
