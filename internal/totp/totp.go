// Package totp makes and compares codes by time: RFC 6238 with SHA-1, six digits
// and steps of 30 s, which is what every authenticator program can do.
package totp

import (
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// Step is how long a code is the one to show.
const Step = 30 * time.Second

// skew is how many steps a clock may be off.
const skew = 1

// New returns a new secret and the otpauth URI by which an authenticator takes
// it over, shown there by issuer and account.
func New(issuer, account string) (secret, uri string, err error) {
	colons := strings.NewReplacer(":", " ") // they part the two in the URI
	key, err := totp.Generate(totp.GenerateOpts{Issuer: colons.Replace(issuer), AccountName: colons.Replace(account), Period: uint(Step / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", "", fmt.Errorf("secret of a second factor: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// Code returns the code of a secret at a time. Errors: a secret that is none.
func Code(secret string, at time.Time) (string, error) { return code(secret, stepOf(at)) }

func stepOf(at time.Time) int64 { return at.Unix() / int64(Step/time.Second) }

func code(secret string, step int64) (string, error) {
	c, err := hotp.GenerateCodeCustom(secret, uint64(max(0, step)), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("code of a second factor: %w", err)
	}
	return c, nil
}

// Match reports whether presented is the code of a secret at now, or of the step
// before or after, and returns which step that is. One that is not after last
// was accepted before, and counts no more. It takes as long whatever is presented.
func Match(secret, presented string, now time.Time, last int64) (step int64, ok bool, err error) {
	for s := stepOf(now) - skew; s <= stepOf(now)+skew; s++ {
		want, err := code(secret, s)
		if err != nil {
			return 0, false, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(presented)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok, nil
}
