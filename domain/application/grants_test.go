package application_test

import (
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/domaintest"
)

var anHourOn, twoDaysOn = by.At.Add(time.Hour), by.At.Add(48 * time.Hour)

func granted(id string, cause application.GrantCause, until *time.Time) application.Event {
	g := application.AccessGranted{Stamp: by, Grant: id, Member: "m2", Role: "r1", Until: until, Cause: cause}
	if cause != application.ByHand {
		g.Of = "i1"
	}
	return g
}

func ends(id string, until *time.Time) application.Event {
	return application.AccessEnds{Stamp: by, Grant: id, Until: until}
}

// S2-81
func TestGrantAccess(t *testing.T) {
	give := func(id string, until *time.Time) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.GrantAccess(id, "m2", "r1", until, by)
		}
	}
	full := events{received}
	for i := range application.MaxGrants {
		full = append(full, application.AccessGranted{Stamp: by, Grant: string(rune('A' + i)), Member: "m3", Role: string(rune('A' + i)), Cause: application.ByHand})
	}
	domaintest.Run(t, application.Application.Fold, append(guarded("give", give("g1", nil)), []row{
		{Name: "for good", Given: events{received}, When: give("g1", nil), Want: events{granted("g1", application.ByHand, nil)}},
		{Name: "until an end", Given: events{received}, When: give("g1", &twoDaysOn), Want: events{granted("g1", application.ByHand, &twoDaysOn)}},
		{Name: "also of a closed application", Given: events{received, rejected}, When: give("g1", nil), Want: events{granted("g1", application.ByHand, nil)}},
		{Name: "that was given", Given: events{received, granted("g1", application.ByHand, nil)}, When: give("g1", nil)},
		{Name: "as it is held already", Given: events{received, granted("g1", application.ByHand, &twoDaysOn)}, When: give("g2", &twoDaysOn)},
		{
			Name: "with another end", Given: events{received, granted("g1", application.ByHand, &twoDaysOn)}, When: give("g2", nil),
			Want: events{ends("g1", &by.At), granted("g2", application.ByHand, nil)},
		},
		{
			Name: "beside an interview's", Given: events{received, granted("g1", application.ByInterview, nil)}, When: give("g2", nil),
			Want: events{granted("g2", application.ByHand, nil)},
		},
		{
			Name: "after one that ended", Given: events{received, granted("g1", application.ByHand, nil), ends("g1", &by.At)}, When: give("g2", nil),
			Want: events{granted("g2", application.ByHand, nil)},
		},
		{Name: "until now", Given: events{received}, When: give("g1", &by.At), Err: domain.ErrInvalid, Says: "in the future"},
		{Name: "one too many", Given: full, When: give("g1", nil), Err: application.ErrTooManyGrants},
	}...)...)
}

// S2-81
func TestEndAccess(t *testing.T) {
	end := func(a application.Application) ([]application.Event, error) { return a.EndAccess("g1", by) }
	domaintest.Run(t, application.Application.Fold, append(guarded("end", end), []row{
		{Name: "at once", Given: events{received, granted("g1", application.ByHand, nil)}, When: end, Want: events{ends("g1", &by.At)}},
		{Name: "before its time", Given: events{received, granted("g1", application.ByInterview, &twoDaysOn)}, When: end, Want: events{ends("g1", &by.At)}},
		{Name: "that ended", Given: events{received, granted("g1", application.ByHand, &twoDaysOn), ends("g1", &by.At)}, When: end},
		{Name: "of no grant", Given: events{received}, When: end, Err: application.ErrUnknownGrant},
	}...)...)
}

// S2-81, S2-39, S2-67
func TestAccessByInterviewsAndReviews(t *testing.T) {
	give := func(a application.Application) ([]application.Event, error) {
		return a.GrantBy("g2", application.Grant{Member: "m2", Role: "r1", Cause: application.ByInterview, Of: "i1"}, by), nil
	}
	end := func(of, member string) when {
		return func(a application.Application) ([]application.Event, error) {
			return a.EndGrants(application.ByInterview, of, member, twoDaysOn, by), nil
		}
	}
	interview := events{received, granted("g1", application.ByInterview, nil)}
	domaintest.Run(
		t, application.Application.Fold,
		row{Name: "gives", Given: events{received}, When: give, Want: events{granted("g2", application.ByInterview, nil)}},
		row{Name: "gives once", Given: interview, When: give},
		row{Name: "gives again what is about to end", Given: append(interview, ends("g1", &twoDaysOn)), When: give, Want: events{granted("g2", application.ByInterview, nil)}},
		row{Name: "gives beside a hand", Given: events{received, granted("g1", application.ByHand, nil)}, When: give, Want: events{granted("g2", application.ByInterview, nil)}},
		row{Name: "gives nothing where there is nothing", When: give},
		row{Name: "gives nothing once anonymised", Given: events{received, rejected, application.Anonymised{Stamp: by}}, When: give},
		row{Name: "ends for all", Given: interview, When: end("i1", ""), Want: events{ends("g1", &twoDaysOn)}},
		row{Name: "ends for one", Given: interview, When: end("i1", "m2"), Want: events{ends("g1", &twoDaysOn)}},
		row{Name: "ends for nobody else", Given: interview, When: end("i1", "m3")},
		row{Name: "ends nothing of another", Given: interview, When: end("i2", "")},
		row{Name: "never lengthens", Given: append(interview, ends("g1", &anHourOn)), When: end("i1", "")},
	)
}

// Closing leaves access for a while; taking the closing back leaves it for good.
// S2-81
func TestAccessEndsAfterClosing(t *testing.T) {
	after := func(decide when) when {
		return func(a application.Application) ([]application.Event, error) {
			got, err := decide(a)
			return a.WithEnds(got, 48*time.Hour, by), err
		}
	}
	close := after(func(a application.Application) ([]application.Event, error) {
		return a.Disqualify(application.Rejected, "r1", "we", none, 24*time.Hour, by)
	})
	closed := events{application.Disqualified{Stamp: by, Kind: application.Rejected, Reason: "r1", DiscloseAt: by.At.Add(24 * time.Hour)}}
	ending := application.AccessEnds{Stamp: by, Grant: "g1", Until: &twoDaysOn, Closed: true}
	open := after(func(a application.Application) ([]application.Event, error) {
		return a.Requalify(text("a mistake"), by)
	})
	opened := events{application.Requalified{Stamp: by, Reason: text("a mistake"), Stage: "s1"}}
	given := events{received, granted("g1", application.ByReview, nil)}
	domaintest.Run(
		t, application.Application.Fold,
		row{Name: "of a review", Given: given, When: close, Want: append(slices.Clip(closed), ending)},
		row{Name: "not by hand", Given: events{received, granted("g1", application.ByHand, nil)}, When: close, Want: closed},
		row{Name: "not where it ends anyway", Given: append(given, ends("g1", &anHourOn)), When: close, Want: closed},
		row{
			Name: "and is taken back", Given: append(append(slices.Clip(given), closed...), ending), When: open,
			Want: append(slices.Clip(opened), ends("g1", nil)),
		},
		row{Name: "but not what ended for itself", Given: append(append(slices.Clip(given), closed...), ends("g1", &twoDaysOn)), When: open, Want: opened},
	)
}

func TestGranted(t *testing.T) {
	a := application.Application{}.Fold(
		received, granted("g1", application.ByHand, &twoDaysOn),
		application.AccessGranted{Stamp: by, Grant: "g2", Member: "m2", Role: "r2", Cause: application.ByHand},
	)
	for at, want := range map[time.Time][]string{by.At: {"r1", "r2"}, twoDaysOn.Add(-time.Microsecond): {"r1", "r2"}, twoDaysOn: {"r2"}} {
		got := a.Granted("m2", at)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
	if got := a.Granted("m1", by.At); got != nil {
		t.Errorf("another member holds %v", got)
	}
}
