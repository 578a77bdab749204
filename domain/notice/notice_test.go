package notice_test

import (
	"fmt"
	"slices"
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
	again, said := s.At.Add(time.Minute), notice.Told{Method: "REQUEST", Sequence: 3}
	domaintest.Stored[notice.Event](
		t, "notice", notice.Codec, notice.Noted{
			Stamp: s, Mail: "m1", About: notice.About{To: notice.Candidate, Application: "a1", Job: "j1", Interview: "i1"}, Item: asked, Opens: true, Hastens: true, ClosesAt: opened.ClosesAt,
		}, notice.Sending{Stamp: s, Mail: "m1", Attempt: 1, Effect: "f1", Told: said}, notice.Sent{Stamp: s, Mail: "m1", Attempt: 1, Told: said},
		notice.Failed{Stamp: s, Mail: "m1", About: notice.About{To: notice.Candidate, Application: "a1", Job: "j1", Interview: "i1"}, Attempt: 1, Reason: "not_taken", RetryAt: &again},
		notice.OutcomeUnknown{Stamp: s, Mail: "m1", Attempt: 1, Told: said}, notice.Dropped{Stamp: s, Mail: "m1", Reason: "closed"},
		notice.Bounced{Stamp: s, Mail: "m1", About: notice.About{To: notice.Candidate, Application: "a1", Job: "j1", Interview: "i1"}, Attempt: 1, Reason: "5.1.1", Meeting: "i2"},
		notice.BounceClosed{Stamp: s, Mail: "m1"},
	)
}

// S1-50, E4: what happens within ten minutes is one mail, which leaves once.
func TestNotices(t *testing.T) {
	note := func(mail string, i notice.Item, after time.Duration) when {
		return func(n notice.Notices) ([]notice.Event, error) {
			return n.Note(mail, about, i, notice.Told{}, window, at(after))
		}
	}
	send := func(after time.Duration) when {
		return func(n notice.Notices) ([]notice.Event, error) { return n.Send("m1", "f1", notice.Told{}, at(after)) }
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
			return n.Note("m1", notice.About{}, asked, notice.Told{}, window, s)
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

// S1-35: what cannot wait takes the mail that waits along, also one that is tried
// again only much later; what joins it never makes it later.
func TestWhatIsNotedHastens(t *testing.T) {
	called := notice.Item{Kind: notice.InterviewCancelled, Subject: "i1", Cause: "e9"}
	note := func(window time.Duration, after time.Duration) when {
		return func(n notice.Notices) ([]notice.Event, error) {
			return n.Note("m2", about, called, notice.Told{}, window, at(after))
		}
	}
	failing := func(n int) events { // so often, one after the other
		given, from := events{opened}, window
		for i, pause := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour}[:n] {
			again := s.At.Add(from + pause)
			given = append(given, notice.Sending{Stamp: at(from), Mail: "m1", Attempt: i + 1, Effect: "f1"},
				notice.Failed{Stamp: at(from), Mail: "m1", About: about, Attempt: i + 1, Reason: "not_taken", RetryAt: &again})
			from += pause
		}
		return given
	}
	away := slices.Clip(failing(4)) // it is tried again two hours after 46 minutes
	joins := func(hastens bool, after time.Duration, closes time.Duration) notice.Noted {
		return notice.Noted{Stamp: at(after), Mail: "m1", About: about, Item: called, Hastens: hastens, ClosesAt: s.At.Add(closes)}
	}
	send := func(after time.Duration) when {
		return func(n notice.Notices) ([]notice.Event, error) { return n.Send("m1", "f2", notice.Told{}, at(after)) }
	}
	fail := func(after time.Duration, attempt int) when {
		return func(n notice.Notices) ([]notice.Event, error) {
			return n.Fail("m1", attempt, "not_taken", true, at(after))
		}
	}
	leaving := func(after time.Duration, attempt int) notice.Sending {
		return notice.Sending{Stamp: at(after), Mail: "m1", Attempt: attempt, Effect: "f2"}
	}
	retried := func(after time.Duration, attempt int, pause time.Duration) notice.Failed {
		again := s.At.Add(after + pause)
		return notice.Failed{Stamp: at(after), Mail: "m1", About: about, Attempt: attempt, Reason: "not_taken", RetryAt: &again}
	}
	domaintest.Run(t, notice.Notices.Fold, []row{
		{Name: "one that is open leaves at once", Given: events{opened}, When: note(0, time.Minute), Want: events{joins(true, time.Minute, time.Minute)}},
		{Name: "and does", Given: events{opened, joins(true, time.Minute, time.Minute)}, When: send(time.Minute), Want: events{leaving(time.Minute, 1)}},
		{Name: "not before", Given: events{opened, joins(true, time.Minute, 5*time.Minute)}, When: send(5*time.Minute - 1)},
		{Name: "one that leaves sooner is left alone", Given: events{opened}, When: note(window, time.Minute), Want: events{joins(false, time.Minute, window)}},
		{Name: "one that is to be tried again leaves at once", Given: away, When: note(0, time.Hour), Want: events{joins(true, time.Hour, time.Hour)}},
		{Name: "and does too", Given: append(away, joins(true, time.Hour, time.Hour)), When: send(time.Hour), Want: events{leaving(time.Hour, 5)}},
		{Name: "or after a while", Given: away, When: note(window, time.Hour), Want: events{joins(true, time.Hour, time.Hour+window)}},
		{Name: "and not before that", Given: append(away, joins(true, time.Hour, time.Hour+window)), When: send(time.Hour + window - 1)},
		{
			Name: "what was noted last is tried as often as any", Given: append(away, joins(true, time.Hour, time.Hour), leaving(time.Hour, 5)), When: fail(time.Hour, 5),
			Want: events{retried(time.Hour, 5, time.Minute)},
		},
		{
			Name: "nothing is tried for ever", Given: append(slices.Clip(failing(5)), leaving(12*time.Hour, 6)), When: fail(12*time.Hour, 6),
			Want: events{notice.Failed{Stamp: at(12 * time.Hour), Mail: "m1", About: about, Attempt: 6, Reason: "not_taken"}},
		},
	}...)
}

// S1-35: what calendars were told, or perhaps, they are not told again.
func TestWhatCalendarsWereTold(t *testing.T) {
	moved := notice.Item{Kind: notice.InterviewChanged, Subject: "i1", Cause: "e9"}
	told := func(method string, sequence int) notice.Told { return notice.Told{Method: method, Sequence: sequence} }
	note := func(tells notice.Told) when {
		return func(n notice.Notices) ([]notice.Event, error) { return n.Note("m2", about, moved, tells, window, due) }
	}
	leaves := sending
	leaves.Told = told("REQUEST", 1)
	taken, lost := notice.Sent{Stamp: due, Mail: "m1", Attempt: 1, Told: leaves.Told}, notice.OutcomeUnknown{Stamp: due, Mail: "m1", Attempt: 1, Told: leaves.Told}
	back := notice.Bounced{Stamp: due, Mail: "m1", About: about, Attempt: 1, Reason: "5.1.1"}
	another := events{notice.Noted{Stamp: due, Mail: "m2", About: about, Item: moved, Opens: true, ClosesAt: due.At.Add(window)}}
	domaintest.Run(t, notice.Notices.Fold, []row{
		{Name: "it says what it tells", Given: events{opened}, When: func(n notice.Notices) ([]notice.Event, error) {
			return n.Send("m1", "f1", told("REQUEST", 1), due)
		}, Want: events{leaves}},
		{Name: "and what it told", Given: events{opened, leaves}, When: func(n notice.Notices) ([]notice.Event, error) { return n.Take("m1", 1, due) }, Want: events{taken}},
		{Name: "or perhaps", Given: events{opened, leaves}, When: func(n notice.Notices) ([]notice.Event, error) { return n.LoseTrack("m1", 1, due) }, Want: events{lost}},
		{Name: "the same is not told again", Given: events{opened, leaves, taken}, When: note(told("REQUEST", 1))},
		{Name: "nor what came before it", Given: events{opened, leaves, taken}, When: note(told("REQUEST", 0))},
		{Name: "nor what was told perhaps", Given: events{opened, leaves, lost}, When: note(told("REQUEST", 1))},
		{Name: "what came later is", Given: events{opened, leaves, taken}, When: note(told("REQUEST", 2)), Want: another},
		{Name: "that it is off is", Given: events{opened, leaves, taken}, When: note(told("CANCEL", 1)), Want: another},
		{Name: "what may still not be taken is", Given: events{opened, leaves}, When: note(told("REQUEST", 1)), Want: another},
		{Name: "what is not for calendars is", Given: events{opened, leaves, taken}, When: note(notice.Told{}), Want: another},
		{Name: "what came back nobody knows", Given: events{opened, leaves, taken, back}, When: note(told("REQUEST", 1)), Want: another},
	}...)
}

// S1-50: a mail that comes back did not reach who it was to, until somebody takes
// care of it.
func TestBounces(t *testing.T) {
	moved := about
	moved.Application = "a2"
	back := notice.Bounced{Stamp: at(time.Hour), Mail: "m1", About: moved, Attempt: 1, Reason: "5.1.1", Meeting: "i1"}
	bounce := func(mail string, attempt int) when {
		return func(n notice.Notices) ([]notice.Event, error) {
			return n.Bounce(mail, attempt, "5.1.1", moved, "i1", at(time.Hour))
		}
	}
	closing := func(n notice.Notices) ([]notice.Event, error) { return n.CloseBounce(s) }
	closed := notice.BounceClosed{Stamp: s, Mail: "m1"}
	next := func(mail, cause string) events {
		return events{
			notice.Noted{Stamp: s, Mail: mail, About: about, Item: notice.Item{Kind: notice.DocumentApproved, Subject: "d1", Cause: cause}, Opens: true, ClosesAt: s.At},
			notice.Sending{Stamp: due, Mail: mail, Attempt: 1, Effect: "f1"},
		}
	}
	taken := slices.Concat(events{opened, sending, sent}, next("m2", "e2"), events{notice.Sent{Stamp: due, Mail: "m2", Attempt: 1}})
	newer := notice.Bounced{Stamp: due, Mail: "m2", About: about, Attempt: 1, Reason: "5.1.1"}
	late := append(slices.Clip(taken), newer, notice.BounceClosed{Stamp: s, Mail: "m2"}, back)
	refused := events{opened, sending, sent, back}
	for i := range 6 {
		mail := fmt.Sprint("m", 2+i)
		refused = append(refused, next(mail, fmt.Sprint("e", 2+i))...)
		refused = append(refused, notice.Failed{Stamp: due, Mail: mail, About: about, Attempt: 1, Reason: "refused"})
	}
	domaintest.Run(t, notice.Notices.Fold, []row{
		{Name: "what was taken", Given: events{opened, sending, sent}, When: bounce("m1", 1), Want: events{back}},
		{Name: "what was perhaps taken", Given: events{opened, sending, unknown}, When: bounce("m1", 1), Want: events{back}},
		{Name: "before it is known that it was taken", Given: events{opened, sending}, When: bounce("m1", 1), Want: events{back}},
		{Name: "once", Given: events{opened, sending, sent, back}, When: bounce("m1", 1)},
		{Name: "not another attempt", Given: events{opened, sending, sent}, When: bounce("m1", 2)},
		{Name: "not what did not leave", Given: events{opened}, When: bounce("m1", 0)},
		{Name: "not what nobody knows", Given: events{opened, sending, sent}, When: bounce("m2", 1), Err: notice.ErrUnknown},
		{Name: "it was not taken after all", Given: events{opened, sending, back}, When: func(n notice.Notices) ([]notice.Event, error) { return n.Take("m1", 1, due) }},
		{Name: "it is not sent again", Given: events{opened, sending, back}, When: func(n notice.Notices) ([]notice.Event, error) {
			return n.Send("m1", "f2", notice.Told{}, at(2*time.Hour))
		}},
		{Name: "somebody takes care of it", Given: events{opened, sending, sent, back}, When: closing, Want: events{closed}},
		{Name: "which is done once", Given: events{opened, sending, sent, back, closed}, When: closing},
		{Name: "also of an older one that came back after it was done of a newer one", Given: late, When: closing, Want: events{closed}},
		{Name: "which is done once, too", Given: append(slices.Clip(late), closed), When: closing},
		{Name: "also after many were refused", Given: refused, When: closing, Want: events{closed}},
		{Name: "nothing is left to do once another one was taken", Given: slices.Concat(events{opened, sending, sent, back}, next("m2", "e2"), events{notice.Sent{Stamp: due, Mail: "m2", Attempt: 1}}), When: closing},
		{Name: "nor of one that came back before another one", Given: append(slices.Clip(taken), back, newer, notice.BounceClosed{Stamp: s, Mail: "m2"}), When: closing},
		{Name: "of nothing nobody does", Given: events{opened, sending, sent}, When: closing, Err: notice.ErrUnknown},
	}...)
}

func TestRandom(t *testing.T) {
	domaintest.Aggregate[notice.Notices, notice.Event]{
		Codec: notice.Codec, Fold: notice.Notices.Fold,
		Ask: func(t *rapid.T, s domain.Stamp) func(notice.Notices) ([]notice.Event, error) {
			mail := rapid.SampledFrom([]string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"}).Draw(t, "mail")
			item := notice.Item{Kind: notice.DocumentApproved, Subject: "d1", Cause: fmt.Sprint("e", rapid.IntRange(1, 50).Draw(t, "cause"))}
			wait := time.Duration(rapid.IntRange(0, 20).Draw(t, "wait")) * time.Minute
			tells := notice.Told{Method: rapid.SampledFrom([]string{"", "REQUEST", "CANCEL"}).Draw(t, "method"), Sequence: rapid.IntRange(0, 3).Draw(t, "sequence")}
			attempt, again := rapid.IntRange(1, 2).Draw(t, "attempt"), rapid.Bool().Draw(t, "again")
			return rapid.SampledFrom([]when{
				func(n notice.Notices) ([]notice.Event, error) { return n.Note(mail, about, item, notice.Told{}, 0, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Note(mail, about, item, tells, wait, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Send(mail, "f", tells, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Send(mail, "f", tells, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Take(mail, attempt, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Fail(mail, attempt, "not_taken", again, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.LoseTrack(mail, attempt, s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Drop(mail, "closed", s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.Bounce(mail, attempt, "5.1.1", about, "", s) },
				func(n notice.Notices) ([]notice.Event, error) { return n.CloseBounce(s) },
			}).Draw(t, "command")
		},
		Holds: func(before notice.Notices, e notice.Event, after notice.Notices) string {
			if _, sent := e.(notice.Sent); sent && !after.Reached || before.Reached && !after.Reached {
				return "it is forgotten that somebody was told"
			}
			if e, ok := e.(notice.Noted); ok && !e.Opens {
				was, _ := before.Get(e.Mail)
				is, _ := after.Get(e.Mail)
				if is.Leaves().After(was.Leaves()) || e.Hastens != is.Leaves().Before(was.Leaves()) {
					return "what joins a mail makes it leave at another time than it says"
				}
			}
			if before.Told != after.Told {
				if _, opens := e.(notice.Noted); opens {
					return "somebody was told by what was noted"
				}
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
			open := 0
			for _, m := range after.Mails {
				if m.Status == notice.IsBounced && !m.Closed {
					open++
				}
			}
			if open > 1 {
				return "two mails that came back wait for somebody"
			}
			if m, _ := before.CameBack(); m.Status == notice.IsBounced && !m.Closed {
				switch e.(type) { //nolint:gochecksumtype // the others settle nothing
				case notice.Sent, notice.Bounced, notice.BounceClosed:
				default:
					if is, _ := after.CameBack(); is.ID != m.ID || is.Closed {
						return "it is forgotten that a mail came back"
					}
				}
			}
			if e, ok := e.(notice.Bounced); ok {
				if was, _ := before.Get(e.Mail); was.Attempt == 0 || was.Status == notice.IsDropped || was.Status == notice.IsBounced {
					return "a mail that did not leave came back"
				}
			}
			return ""
		},
	}.Random(t)
}

func FuzzDecode(f *testing.F) {
	domaintest.Fuzz(f, notice.Codec, notice.Notices.Fold, events{opened}, func(n notice.Notices) {
		_, _ = n.Note("m2", about, refused, notice.Told{}, window, s)
		_, _ = n.Send("m1", "f1", notice.Told{}, due)
		_, _ = n.Fail("m1", 1, "not_taken", true, due)
	})
}
