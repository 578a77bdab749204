package commands

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/totp"
	"github.com/hirelog/hirelog/internal/vault"
)

// recoveryCodes is how many recovery codes a member is given.
const recoveryCodes = 10

// What a sealed secret of a second factor is called.
const (
	factorType  = "ops.second_factor.v1"
	factorField = "secret"
)

// SecondFactorCode is what a second factor is shown by: one of the two.
type SecondFactorCode struct {
	Code         string `json:"code,omitempty" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" example:"482913" doc:"The code your authenticator shows; each counts once"`
	RecoveryCode string `json:"recovery_code,omitempty" maxLength:"40" doc:"Instead of it one of the recovery codes; each counts once"`
}

// Enrolment is a second factor that does not count yet.
type Enrolment struct {
	Secret string // base32
	URI    string // otpauth
}

// EnrolSecondFactor makes a secret for the member who asks, in the place of one
// that was not confirmed. Nothing is recorded: it counts once it is confirmed.
// Errors: member.ErrUnknown, member.ErrSecondFactorExists; ErrDenied.
func (c *Commands) EnrolSecondFactor(ctx context.Context, caller Caller) (Enrolment, error) {
	id, m, err := c.factorOf(ctx, caller)
	switch {
	case err != nil:
		return Enrolment{}, err
	case m.SecondFactor != "":
		return Enrolment{}, member.ErrSecondFactorExists
	}
	name, err := c.reveal(ctx, m.Name)
	if err != nil {
		return Enrolment{}, err
	}
	secret, uri, err := totp.New(c.directory.Organization().Name, name)
	if err != nil {
		return Enrolment{}, err
	}
	factor := uuid.NewSHA1(caller.CommandID, []byte("second factor"))
	sealed, err := c.vault.Seal(ctx, factor, factorType, []vault.Item{{Key: personal.Key{ID: id, Owner: id}, Field: factorField, Plain: personal.Plain(secret)}})
	if err != nil {
		return Enrolment{}, err
	}
	return Enrolment{Secret: secret, URI: uri}, c.factors.Enrol(ctx, id, factor.String(), sealed[0])
}

// factorOf returns the member who asks.
func (c *Commands) factorOf(ctx context.Context, caller Caller) (id string, m member.Member, err error) {
	id = caller.Actor.MemberID()
	if id == "" || len(caller.Within) > 0 {
		return "", m, ErrDenied
	}
	f, err := c.members.read(ctx, c.log, id)
	if err == nil && !f.state.Active {
		err = member.ErrUnknown
	}
	return id, f.state, err
}

// ConfirmSecondFactor confirms the factor that was enrolled last, by a code, and
// returns recovery codes, which are shown this once; given again it returns none.
// Errors: ops.ErrSecondFactor, *ops.SlowDownError; those of member.ConfirmSecondFactor; ErrDenied.
func (c *Commands) ConfirmSecondFactor(ctx context.Context, caller Caller, token, code string) (Answer, []string, error) {
	id, _, err := c.factorOf(ctx, caller)
	if err != nil {
		return Answer{}, nil, err
	}
	factor, err := c.factors.Enrolled(ctx, id)
	if err != nil {
		return Answer{}, nil, err
	}
	var codes []string
	answer, err := transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.ConfirmSecondFactor(id, factor, recoveryCodes, s)
		},
		prepare: once(func(ctx context.Context, _ member.Member) (err error) {
			if err := c.tryCode(ctx, id, factor, code); err != nil {
				return err
			}
			codes, err = c.giveRecoveryCodes(ctx, id, factor)
			return err
		}),
	})
	if err == nil && token != "" {
		_, err = c.factors.StepUp(ctx, token)
	}
	if err != nil {
		return answer, nil, err
	}
	return answer, codes, nil
}

// once runs something once, however often a command is decided: a code counts once.
func once(run func(context.Context, member.Member) error) func(context.Context, member.Member) error {
	done := false
	return func(ctx context.Context, m member.Member) error {
		if done {
			return nil
		}
		err := run(ctx, m)
		done = err == nil
		return err
	}
}

// tryCode has a code of a factor tried. Errors: ops.ErrSecondFactor, *ops.SlowDownError.
func (c *Commands) tryCode(ctx context.Context, id, factor, code string) error {
	sealed, err := c.factors.Secret(ctx, id, factor)
	if err != nil {
		return err
	}
	opened, err := c.vault.Open(ctx, sealed)
	switch {
	case err != nil:
		return err
	case opened[0].Erased:
		return ops.ErrSecondFactor
	}
	var broken error
	err = c.factors.Try(ctx, id, factor, func(last int64) (int64, bool) {
		step, ok, err := totp.Match(string(opened[0].Text), code, c.now(), last)
		broken = err
		return step, ok && err == nil
	})
	if broken != nil {
		return broken
	}
	return err
}

// try has a code or a recovery code of a member tried; left is how many of these
// are left, -1 if none was used.
func (c *Commands) try(ctx context.Context, id string, m member.Member, by SecondFactorCode) (left int, err error) {
	if (by.Code == "") == (by.RecoveryCode == "") {
		return -1, domain.ErrInvalid.Because("A second factor is shown by a code or by a recovery code.")
	}
	if by.Code != "" {
		return -1, c.tryCode(ctx, id, m.SecondFactor, by.Code)
	}
	return c.factors.TryRecovery(ctx, id, m.SecondFactor, m.RecoveryCodes(), c.recoveryHash(id, by.RecoveryCode))
}

// recoveryHash is what is kept of a recovery code, however it is written.
func (c *Commands) recoveryHash(id, code string) [32]byte {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	return c.vault.Fingerprint([]byte("recovery code"), []byte(id), []byte(code))
}

// giveRecoveryCodes makes recovery codes and keeps what recognises them, under what
// they are given by, beside those that count still.
func (c *Commands) giveRecoveryCodes(ctx context.Context, id, given string) ([]string, error) {
	codes, hashes := make([]string, recoveryCodes), make([][32]byte, recoveryCodes)
	for i := range codes {
		raw := make([]byte, 10)
		if _, err := rand.Read(raw); err != nil {
			return nil, err
		}
		text := strings.ToLower(base32.StdEncoding.EncodeToString(raw)) // 16 characters, 80 bits
		codes[i] = strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
		hashes[i] = c.recoveryHash(id, codes[i])
	}
	return codes, c.factors.SetRecoveryCodes(ctx, id, given, hashes)
}

// StepUp shows the second factor of the member who asks with a token, and returns
// until when that counts. That a recovery code was used is recorded.
// Errors: ops.ErrSecondFactor, *ops.SlowDownError; member.ErrNoSecondFactor; domain.ErrInvalid; ErrDenied.
func (c *Commands) StepUp(ctx context.Context, caller Caller, token string, by SecondFactorCode) (until time.Time, err error) {
	id, m, err := c.factorOf(ctx, caller)
	switch {
	case err != nil:
		return until, err
	case m.SecondFactor == "":
		return until, member.ErrNoSecondFactor
	}
	left, err := c.try(ctx, id, m, by)
	if err != nil {
		return until, err
	}
	if left >= 0 {
		use := caller.newID("recovery")
		if _, err := transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
			decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) { return m.UseRecoveryCode(use, left, s) },
		}); err != nil {
			return until, err
		}
	}
	return c.factors.StepUp(ctx, token)
}

// RenewRecoveryCodes gives the member who asks other recovery codes, which are
// shown this once; given again it returns none.
// Errors: those of member.RenewRecoveryCodes; ErrDenied.
func (c *Commands) RenewRecoveryCodes(ctx context.Context, caller Caller) (Answer, []string, error) {
	id, _, err := c.factorOf(ctx, caller)
	if err != nil {
		return Answer{}, nil, err
	}
	var codes []string
	renewal, before := caller.newID("renewal"), ""
	answer, err := transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		decide: func(m member.Member, s domain.Stamp) ([]member.Event, error) {
			return m.RenewRecoveryCodes(renewal, recoveryCodes, s)
		},
		prepare: once(func(ctx context.Context, m member.Member) (err error) {
			before = m.RecoveryCodes()
			codes, err = c.giveRecoveryCodes(ctx, id, renewal)
			return err
		}),
	})
	if err != nil || answer.Repeated || answer.Unchanged {
		return answer, nil, err
	}
	if err := c.factors.DropRecoveryCodes(ctx, id, before); err != nil {
		c.logger.Warn("recovery codes that count no more were not removed", "member", id, "error", err)
	}
	return answer, codes, nil
}

// DisableSecondFactor takes the second factor of the member who asks away, by a
// code. Errors: ops.ErrSecondFactor, *ops.SlowDownError; domain.ErrInvalid; ErrDenied.
func (c *Commands) DisableSecondFactor(ctx context.Context, caller Caller, by SecondFactorCode) (Answer, error) {
	id, _, err := c.factorOf(ctx, caller)
	if err != nil {
		return Answer{}, err
	}
	answer, err := transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		decide: member.Member.RemoveSecondFactor,
		prepare: once(func(ctx context.Context, m member.Member) error {
			_, err := c.try(ctx, id, m, by)
			return err
		}),
	})
	return c.forgetFactor(ctx, id, answer, err)
}

// ResetSecondFactor takes the second factor of another member away, who is told.
// Admins may. Errors: member.ErrUnknown, member.ErrOwnSecondFactor; ErrDenied.
func (c *Commands) ResetSecondFactor(ctx context.Context, caller Caller, id string) (Answer, error) {
	answer, err := transact(ctx, c, c.members, id, caller, decision[member.Member, member.Event]{
		may: func(member.Member) error {
			if err := c.allow(caller, access.Admin); err != nil {
				return err
			}
			if caller.Actor == domain.Member(id) {
				return member.ErrOwnSecondFactor
			}
			return nil
		},
		decide: member.Member.RemoveSecondFactor,
	})
	return c.forgetFactor(ctx, id, answer, err)
}

// forgetFactor lets go of what was kept of a factor that counts no more, unless
// another does by now. Given again it finishes what was cut off.
func (c *Commands) forgetFactor(ctx context.Context, id string, answer Answer, err error) (Answer, error) {
	if err != nil {
		return answer, err
	}
	f, err := c.members.read(ctx, c.log, id)
	if err != nil || f.state.SecondFactor != "" {
		return answer, err
	}
	return answer, c.factors.Remove(ctx, id)
}

// proves reports whether a token that the caller obtains of a member is obtained
// by showing the member's second factor, which the edge has asked for.
func (c *Commands) proves(ctx context.Context, caller Caller, id string) (bool, error) {
	if caller.Actor != domain.Member(id) {
		return false, nil
	}
	f, err := c.members.read(ctx, c.log, id)
	return f.state.SecondFactor != "", err
}
