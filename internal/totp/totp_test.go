package totp

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238 for SHA-1, of their eight digits the last six.
func TestCode(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"} {
		if got, err := Code(secret, time.Unix(at, 0)); err != nil || got != want {
			t.Errorf("at %d: %s, %v, want %s", at, got, err, want)
		}
	}
	if _, err := Code("not base32!", time.Unix(59, 0)); err == nil {
		t.Error("a secret that is none has a code")
	}
}

// S2-104: a code counts one step before and after its own, once, and no code
// counts that is older than the last one.
func TestMatch(t *testing.T) {
	secret, uri, err := New("Example: Company", "Ada")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_800_000_000, 0)
	at := func(steps int) string {
		c, err := Code(secret, now.Add(time.Duration(steps)*Step))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	own := stepOf(now)
	for steps, counts := range map[int]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok, err := Match(secret, at(steps), now, 0)
		if err != nil || ok != counts || ok && step != own+int64(steps) {
			t.Errorf("%d steps away: %d, %v, %v", steps, step, ok, err)
		}
	}
	for last, counts := range map[int64]bool{own - 1: true, own: false, own + 1: false} {
		if _, ok, _ := Match(secret, at(0), now, last); ok != counts {
			t.Errorf("after step %d: %v", last-own, ok)
		}
	}
	for _, bad := range []string{"", "12345", "1234567", at(0) + "0"} {
		if _, ok, _ := Match(secret, bad, now, 0); ok {
			t.Errorf("%q counts", bad)
		}
	}
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Query().Get("secret") != secret || u.Query().Get("issuer") != "Example  Company" || strings.Count(u.Path, ":") != 1 {
		t.Errorf("%s: %v", uri, err)
	}
}
