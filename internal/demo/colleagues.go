package demo

import (
	"context"
	"errors"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/totp"
)

// step is one command of several that follow one another.
type step func() (commands.Answer, error)

// inOrder gives commands one after the other.
func inOrder(steps ...step) error {
	for _, give := range steps {
		if _, err := give(); err != nil {
			return err
		}
	}
	return nil
}

// colleague invites somebody who is in no hiring team.
func (l *loader) colleague(ctx context.Context, name string, role access.OrganizationRole) (id string, err error) {
	answer, err := l.to.InviteMember(ctx, l.caller("colleague/"+name, domain.System, l.begin()), commands.InviteMember{
		Name: personal.Plain(name), Email: personal.Plain(addressOf(name, "company.example")), Role: role,
	})
	return answer.ID, err
}

// colleagues has members change: one leaves and hands over what they had to do, one
// comes back as an auditor, and one is not named any more.
func (l *loader) colleagues(ctx context.Context) error {
	admin, at := domain.Member(commands.FirstAdmin()), l.Anchor.Add(-10*time.Hour)
	lena, err := l.colleague(ctx, "Lena Fuchs", access.Recruiting)
	if err != nil {
		return err
	}
	if middle := l.middle(); len(middle) > 0 {
		n := middle[0]
		j, due := l.jobs[n%len(l.jobs)], l.Anchor.AddDate(0, 0, 4)
		_, err := l.to.RequestReview(ctx, l.caller("leaving/review", j.recruiter, at), commands.RequestReview{
			Application: l.live[n], Reviewer: lena, Message: "What do you think of the portfolio?", DueAt: &due, Role: commands.FirstRole("Interviewer"),
		})
		if err != nil {
			return err
		}
		err = inOrder(
			func() (commands.Answer, error) {
				return l.to.DeactivateMember(ctx, l.caller("leaving", admin, at.Add(time.Hour)), commands.DeactivateMember{Member: lena, Successor: j.interviewer.MemberID()})
			},
			func() (commands.Answer, error) {
				l.given.Add(1) // what goes to the successor is a command of its own
				return l.to.HandOver(ctx, l.caller("leaving/hand over", domain.System, at.Add(time.Hour)), lena)
			},
		)
		if err != nil {
			return err
		}
	}
	otto, err := l.colleague(ctx, "Otto Brandt", access.Recruiting)
	if err != nil {
		return err
	}
	karl, err := l.colleague(ctx, "Karl Voss", access.Recruiting)
	if err != nil {
		return err
	}
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.DeactivateMember(ctx, l.caller("otto/leaves", admin, l.begin().AddDate(0, 2, 0)), commands.DeactivateMember{Member: otto})
		},
		func() (commands.Answer, error) {
			return l.to.ReactivateMember(ctx, l.caller("otto/returns", admin, l.begin().AddDate(0, 4, 0)), otto)
		},
		func() (commands.Answer, error) {
			return l.to.SetMemberRole(ctx, l.caller("otto/role", admin, l.begin().AddDate(0, 4, 0)), commands.SetMemberRole{Member: otto, Role: access.Auditor})
		},
		func() (commands.Answer, error) {
			return l.to.CorrectMember(ctx, l.caller("otto/name", domain.Member(otto), l.begin().AddDate(0, 5, 0)), commands.CorrectMember{Member: otto, Name: "Otto Brandt-Lehmann"})
		},
		func() (commands.Answer, error) {
			return l.to.DeactivateMember(ctx, l.caller("karl/leaves", admin, l.begin().AddDate(0, 1, 0)), commands.DeactivateMember{Member: karl})
		},
		func() (commands.Answer, error) {
			return l.to.EraseMember(ctx, l.caller("karl/erased", admin, l.begin().AddDate(0, 5, 0)), karl)
		},
		func() (commands.Answer, error) {
			by := domain.Member(l.members[5])
			return l.to.SetNotifications(ctx, l.caller("notifications", by, at), commands.SetNotifications{Off: []organization.Notification{organization.NewComment}})
		},
	)
}

// calendars has a member say where their busy times are, and think better of it:
// nothing is ever asked there.
func (l *loader) calendars(ctx context.Context) error {
	by, at := domain.Member(l.members[3]), l.Anchor.Add(-9*time.Hour)
	return inOrder(
		func() (commands.Answer, error) {
			return l.to.SetBusyAddress(ctx, l.caller("busy", by, at), commands.SetBusyAddress{Kind: member.BusyFile, Address: "https://calendar.example/samuel.ics"})
		},
		func() (commands.Answer, error) {
			return l.to.RemoveBusyAddress(ctx, l.caller("busy/no more", by, at.Add(time.Minute)))
		},
	)
}

// tokens gives out a token that nobody has, gives it another secret, and ends a
// second one. Given again, what has ended since is no token any more.
func (l *loader) tokens(ctx context.Context) error {
	by, at := domain.Member(l.members[0]), l.Anchor.Add(-8*time.Hour)
	ended := func(err error) error {
		if errors.Is(err, member.ErrUnknownToken) {
			return nil
		}
		return err
	}
	var ids []string
	for _, name := range []string{"Reports, every night", "A laptop that was lost"} {
		answer, _, err := l.to.IssueToken(ctx, l.caller("token/"+name, by, at), commands.IssueToken{Member: by.MemberID(), Name: name, Access: member.ReadToken})
		if ended(err) != nil {
			return err
		}
		ids = append(ids, answer.ID)
	}
	overlap := 0
	_, _, err := l.to.RotateToken(ctx, l.caller("token/rotate", by, at.Add(time.Hour)), commands.RotateToken{Member: by.MemberID(), Token: ids[0], Overlap: &overlap})
	if ended(err) != nil {
		return err
	}
	_, err = l.to.RevokeToken(ctx, l.caller("token/revoke", by, at.Add(time.Hour)), by.MemberID(), ids[1])
	return err
}

// factors has an auditor confirm a second factor, and somebody else lose theirs.
// Their secrets are as random as everybody's, and not in the log: who may act for
// the demo company's members takes the factor away first.
func (l *loader) factors(ctx context.Context) error {
	admin, auditor, other, at := domain.Member(commands.FirstAdmin()), domain.Member(l.members[9]), domain.Member(l.members[4]), l.Anchor.Add(-7*time.Hour)
	for _, who := range []domain.Actor{auditor, other} {
		if err := l.factor(ctx, who, at); err != nil {
			return err
		}
	}
	if _, _, err := l.to.RenewRecoveryCodes(ctx, l.caller("factor/codes", auditor, at.Add(time.Hour))); err != nil {
		return err
	}
	_, err := l.to.ResetSecondFactor(ctx, l.caller("factor/lost", admin, at.Add(time.Hour)), other.MemberID())
	return err
}

// factor has a member enrol a second factor and confirm it.
func (l *loader) factor(ctx context.Context, who domain.Actor, at time.Time) error {
	enrolled, err := l.to.EnrolSecondFactor(ctx, l.caller("factor/enrol/"+who.MemberID(), who, at))
	l.given.Add(-1) // that is not recorded
	code := ""
	switch {
	case errors.Is(err, member.ErrSecondFactorExists): // it was confirmed before
	case err != nil:
		return err
	default:
		if code, err = totp.Code(enrolled.Secret, time.Now()); err != nil { // what an authenticator shows now
			return err
		}
	}
	_, _, err = l.to.ConfirmSecondFactor(ctx, l.caller("factor/confirm/"+who.MemberID(), who, at), "", code)
	return err
}
