package member

import (
	"cmp"

	"github.com/hirelog/hirelog/domain"
)

// The rules of second factors that refuse.
var (
	ErrSecondFactorExists  = &domain.Refusal{Kind: domain.Illegal, Code: "second_factor_exists", Message: "The member has a second factor; disable it before another is enrolled."}
	ErrNoSecondFactor      = &domain.Refusal{Kind: domain.Illegal, Code: "no_second_factor", Message: "The member has no second factor."}
	ErrOwnSecondFactor     = &domain.Refusal{Kind: domain.Illegal, Code: "own_second_factor", Message: "Nobody resets their own second factor: disable it with a code."}
	ErrSecondFactorNeeded  = &domain.Refusal{Kind: domain.Denied, Code: "second_factor_needed", Message: "Show your second factor first, at /v1/me/second-factor/step-up, or show it again: it was too long ago for this."}
	ErrSecondFactorMissing = &domain.Refusal{Kind: domain.Denied, Code: "second_factor_missing", Message: "The organisation wants everybody to have a second factor: enrol one first, at /v1/me/second-factor."}
)

// SecondFactorConfirmed records that a member has a second factor from now on:
// they have shown a code of it. Its secret is nowhere in the log.
type SecondFactorConfirmed struct {
	domain.Stamp
	Factor string `json:"factor"`         // id
	Codes  int    `json:"recovery_codes"` // how many recovery codes were given out
}

// EventName implements domain.Fact.
func (SecondFactorConfirmed) EventName() string { return "member.second_factor_confirmed.v1" }

func (e SecondFactorConfirmed) evolve(m Member) Member {
	m.SecondFactor, m.Renewed = e.Factor, ""
	return m
}

// RecoveryCodes names those that count: by the confirmation, or the renewal, they
// were given by.
func (m Member) RecoveryCodes() string { return cmp.Or(m.Renewed, m.SecondFactor) }

// ConfirmSecondFactor decides that a factor counts, which the member, whose id is
// id, has shown a code of. Errors: ErrUnknown, ErrInactive, ErrSecondFactorExists,
// ErrOwnSecondFactor for anybody else.
func (m Member) ConfirmSecondFactor(id, factor string, codes int, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case s.By != domain.Member(id):
		return nil, ErrOwnSecondFactor
	case m.SecondFactor == factor:
		return nil, nil
	case m.SecondFactor != "":
		return nil, ErrSecondFactorExists
	}
	return []Event{SecondFactorConfirmed{Stamp: s, Factor: factor, Codes: codes}}, nil
}

// SecondFactorRemoved records that a member has no second factor any more: they
// disabled it, or an admin reset it, as By says.
type SecondFactorRemoved struct {
	domain.Stamp
	Factor string `json:"factor"`
}

// EventName implements domain.Fact.
func (SecondFactorRemoved) EventName() string { return "member.second_factor_removed.v1" }

func (SecondFactorRemoved) evolve(m Member) Member { m.SecondFactor = ""; return m }

// RemoveSecondFactor takes the second factor away. There is nothing to take from
// who has none. Errors: ErrUnknown.
func (m Member) RemoveSecondFactor(s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case m.SecondFactor == "":
		return nil, nil
	}
	return []Event{SecondFactorRemoved{Stamp: s, Factor: m.SecondFactor}}, nil
}

// RecoveryCodesRenewed records that other recovery codes were given out; those
// before count no more.
type RecoveryCodesRenewed struct {
	domain.Stamp
	Renewal string `json:"renewal"` // id
	Codes   int    `json:"recovery_codes"`
}

// EventName implements domain.Fact.
func (RecoveryCodesRenewed) EventName() string { return "member.recovery_codes_renewed.v1" }

func (e RecoveryCodesRenewed) evolve(m Member) Member { m.Renewed = e.Renewal; return m }

// RenewRecoveryCodes gives out other recovery codes.
// Errors: ErrUnknown, ErrInactive, ErrNoSecondFactor.
func (m Member) RenewRecoveryCodes(renewal string, codes int, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case m.SecondFactor == "":
		return nil, ErrNoSecondFactor
	case m.Renewed == renewal:
		return nil, nil
	}
	return []Event{RecoveryCodesRenewed{Stamp: s, Renewal: renewal, Codes: codes}}, nil
}

// RecoveryCodeUsed records that a member showed a recovery code in the place of
// a code of their second factor.
type RecoveryCodeUsed struct {
	domain.Stamp
	Use  string `json:"use"` // id
	Left int    `json:"recovery_codes_left"`
}

// EventName implements domain.Fact.
func (RecoveryCodeUsed) EventName() string { return "member.recovery_code_used.v1" }

func (e RecoveryCodeUsed) evolve(m Member) Member { m.Recovered = e.Use; return m }

// UseRecoveryCode notes that a recovery code was shown, and how many are left.
// Errors: ErrUnknown, ErrInactive, ErrNoSecondFactor.
func (m Member) UseRecoveryCode(use string, left int, s domain.Stamp) ([]Event, error) {
	switch {
	case !m.Exists:
		return nil, ErrUnknown
	case !m.Active:
		return nil, ErrInactive
	case m.SecondFactor == "":
		return nil, ErrNoSecondFactor
	case m.Recovered == use:
		return nil, nil
	}
	return []Event{RecoveryCodeUsed{Stamp: s, Use: use, Left: left}}, nil
}
