package notice_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/notice"
)

type (
	events = []notice.Event
	when   = func(notice.Notices) ([]notice.Event, error)
	row    = domaintest.Case[notice.Notices, notice.Event]
)

const window = 10 * time.Minute

var (
	s       = domaintest.By(domain.System)
	about   = notice.About{To: notice.Candidate, Application: "a1", Job: "j1"}
	asked   = notice.Item{Kind: notice.DocumentRequested, Subject: "d1", Cause: "e1"}
	refused = notice.Item{Kind: notice.DocumentRejected, Subject: "d1", Cause: "e2"}
	opened  = notice.Noted{Stamp: s, Mail: "m1", About: about, Item: asked, Opens: true, ClosesAt: s.At.Add(window)}
	joined  = notice.Noted{Stamp: s, Mail: "m1", About: about, Item: refused, ClosesAt: s.At.Add(window)}
	due     = at(window)
	sending = notice.Sending{Stamp: due, Mail: "m1", Attempt: 1, Effect: "f1"}
	sent    = notice.Sent{Stamp: due, Mail: "m1", Attempt: 1}
	unknown = notice.OutcomeUnknown{Stamp: due, Mail: "m1", Attempt: 1}
	dropped = notice.Dropped{Stamp: due, Mail: "m1", Reason: "closed"}
)

func at(after time.Duration) domain.Stamp { return domain.Stamp{At: s.At.Add(after), By: s.By} }

func failed(again bool) notice.Failed {
	e := notice.Failed{Stamp: due, Mail: "m1", About: about, Attempt: 1, Reason: "not_taken"}
	if again {
		t := due.At.Add(time.Minute)
		e.RetryAt = &t
	}
	return e
}

func TestStored(t *testing.T) {
	again := s.At.Add(time.Minute)
	domaintest.Stored[notice.Event](
		t, "notice", notice.Codec, notice.Noted{
			Stamp: s, Mail: "m1", About: notice.About{To: notice.Candidate, Application: "a1", Job: "j1", Interview: "i1"}, Item: asked, Opens: true, ClosesAt: opened.ClosesAt,
		}, notice.Sending{Stamp: s, Mail: "m1", Attempt: 1, Effect: "f1"}, notice.Sent{Stamp: s, Mail: "m1", Attempt: 1},
		notice.Failed{Stamp: s, Mail: "m1", About: notice.About{To: notice.Candidate, Application: "a1", Job: "j1", Interview: "i1"}, Attempt: 1, Reason: "not_taken", RetryAt: &again},
		notice.OutcomeUnknown{Stamp: s, Mail: "m1", Attempt: 1}, notice.Dropped{Stamp: s, Mail: "m1", Reason: "closed"},
	)
}

// S1-50, E4: what happens within ten minutes is one mail, which leaves once.
func TestNotices(t *testing.T) {
	note := func(mail string, i notice.Item, after time.Duration) when {
		return func(n notice.Notices) ([]notice.Event, error) { return n.Note(mail, about, i, window, at(after)) }
	}
	send := func(after time.Duration) when {
		return func(n notice.Notices) ([]notice.Event, error) { return n.Send("m1", "f1", at(after)) }
	}
	fail := func(again bool) when {
		return func(n notice.Notices) ([]notice.Event, error) {
			return n.Fail("m1", 1, "not_taken", again, due)
		}
	}
	take := func(n notice.Notices) ([]notice.Event, error) { return n.Take("m1", 1, due) }
	lose := func(n notice.Notices) ([]notice.Event, error) { return n.LoseTrack("m1", 1, due) }
	drop := func(n notice.Notices) ([]notice.Event, error) { return n.Drop("m1", "closed", due) }
	another := notice.Noted{Stamp: at(window), Mail: "m2", About: about, Item: refused, Opens: true, ClosesAt: s.At.Add(2 * window)}
	full := events{opened}
	for i := range notice.MaxItems - 1 {
		full = append(full, notice.Noted{Stamp: s, Mail: "m1", About: about, Item: notice.Item{Kind: asked.Kind, Subject: "d", Cause: fmt.Sprint("c", i)}, ClosesAt: opened.ClosesAt})
	}
	domaintest.Run(t, notice.Notices.Fold, []row{
		{Name: "the first opens a mail", When: note("m1", asked, 0), Want: events{opened}},
		{Name: "the next goes along", Given: events{opened}, When: note("m2", refused, 0), Want: events{joined}},
		{Name: "nothing is told twice", Given: events{opened}, When: note("m2", asked, 0)},
		{
			Name: "what is too much for a mail goes with the next", Given: full, When: note("m2", refused, 0),
			Want: events{notice.Noted{Stamp: s, Mail: "m2", About: about, Item: refused, Opens: true, ClosesAt: opened.ClosesAt}},
		},
		{Name: "somebody is told", When: func(n notice.Notices) ([]notice.Event, error) {
			return n.Note("m1", notice.About{}, asked, window, s)
		}, Err: domain.ErrInvalid},
		{Name: "it does not leave before", Given: events{opened}, When: send(window - 1)},
		{Name: "it leaves", Given: events{opened}, When: send(window), Want: events{sending}},
		{Name: "once", Given: events{opened, sending}, When: send(window)},
		{Name: "what comes then is another", Given: events{opened, sending}, When: note("m2", refused, window), Want: events{another}},
		{Name: "it is taken", Given: events{opened, sending}, When: take, Want: events{sent}},
		{Name: "late is not never", Given: events{opened, sending, unknown}, When: take, Want: events{sent}},
		{Name: "it is tried again", Given: events{opened, sending}, When: fail(true), Want: events{failed(true)}},
		{Name: "if that may help", Given: events{opened, sending}, When: fail(false), Want: events{failed(false)}},
		{Name: "after a pause", Given: events{opened, sending, failed(true)}, When: send(window)},
		{
			Name: "and then", Given: events{opened, sending, failed(true)}, When: send(window + time.Minute),
			Want: events{notice.Sending{Stamp: at(window + time.Minute), Mail: "m1", Attempt: 2, Effect: "f1"}},
		},
		{
			Name: "until then it takes more", Given: events{opened, sending, failed(true)}, When: note("m2", refused, window),
			Want: events{notice.Noted{Stamp: due, Mail: "m1", About: about, Item: refused, ClosesAt: opened.ClosesAt}},
		},
		{Name: "what is lost is not sent again", Given: events{opened, sending, unknown}, When: send(time.Hour)},
		{Name: "who handed it over is gone", Given: events{opened, sending}, When: lose, Want: events{unknown}},
		{Name: "there is no reason any more", Given: events{opened}, When: drop, Want: events{dropped}},
		{Name: "what is on its way is not dropped", Given: events{opened, sending}, When: drop},
		{Name: "what was dropped does not leave", Given: events{opened, dropped}, When: send(time.Hour)},
		{Name: "none is sent", When: send(0), Err: notice.ErrUnknown},
		{Name: "none is dropped", When: drop, Err: notice.ErrUnknown},
	}...)
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[notice.Notices, notice.Event]{
		Codec: notice.Codec, Fold: notice.Notices.Fold,
		Ask: func(t *rapid.T, s domain.Stamp) func(notice.Notices) ([]notice.Event, error) {
			mail := rapid.SampledFrom([]string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"}).Draw(t, "mail")
			item := notice.Item{Kind: notice.DocumentApproved, Subject: "d1", Cause: fmt.Sprint("e", rapid.IntRange(1, 50).Draw(t, "cause"))}
			attempt, again := rapid.IntRange(1, 2).Draw(t, "attempt"), rapid.Bool().Draw(t, "again")
			return rapid.SampledFrom([]when{
				func(n notice.Notices) ([]notice.Event, error) { return n.Note(mail, about, item, 0, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Note(mail, about, item, 0, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Send(mail, "f", s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Send(mail, "f", s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Take(mail, attempt, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Fail(mail, attempt, "not_taken", again, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.LoseTrack(mail, attempt, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Drop(mail, "closed", s) },
			}).Draw(t, "command")
		},
		Holds: func(before notice.Notices, e notice.Event, after notice.Notices) string {
			if _, sent := e.(notice.Sent); sent && !after.Reached || before.Reached && !after.Reached {
				return "it is forgotten that somebody was told"
			}
			waiting := 0
			for _, m := range after.Mails {
				if m.Status == notice.IsOpen && len(m.Items) < notice.MaxItems {
					waiting++
				}
				if len(m.Items) == 0 {
					return "a mail of nothing"
				}
			}
			if waiting > 1 {
				return "two mails of one person and application are open"
			}
			if e, ok := e.(notice.Sending); ok {
				if was, _ := before.Get(e.Mail); was.Ended() || was.Status == notice.IsSending {
					return "it is sent twice"
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, notice.Codec, notice.Notices.Fold, events{opened}, func(n notice.Notices) {
		_, _ = n.Note("m2", about, refused, window, s)
		_, _ = n.Send("m1", "f1", due)
		_, _ = n.Fail("m1", 1, "not_taken", true, due)
	})
}
