package message_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/domaintest"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/domain/personal"
)

var (
	rita = domaintest.By(domain.Member("rita"))
	sys  = domaintest.By(domain.System)
	home = message.Place{Application: "a1", Job: "j1"}
	away = message.Place{Application: "a2", Job: "j2"}
)

func text(s string) personal.Text { return personal.Sealed([]byte(s)) }

func at(s domain.Stamp, after time.Duration) domain.Stamp { s.At = s.At.Add(after); return s }

func draft() message.Draft {
	return message.Draft{
		Place: home, Thread: "m1", Template: "t1", To: text("cleo@mail.example"), Subject: text("subject"), Text: text("text"),
		Attachments: []message.Attachment{{File: "f1", Document: "d1", Name: text("f1.pdf"), Size: 9, Type: "application/pdf"}},
		SendAt:      rita.At.Add(time.Hour),
	}
}

func arrival() message.Arrival {
	return message.Arrival{
		Suggested: home, Thread: "m1", From: text("cleo@mail.example"), FromName: text("Cleo"), Subject: text("subject"), Text: text("text"), MessageID: text("id"),
		Attachments: []message.Attachment{{File: "f1", Name: text("f1.pdf"), Size: 9, Type: "application/pdf"}},
	}
}

func must(events []message.Event, err error) message.Event {
	if err != nil || len(events) != 1 {
		panic(err)
	}
	return events[0]
}

var (
	none     message.Message
	written  = must(none.Write(draft(), rita))
	received = must(none.Receive(arrival(), sys))
	assigned = message.Assigned{Stamp: rita, Place: home}
	sending  = message.Sending{Stamp: at(sys, time.Hour), Place: home, Attempt: 1, Effect: "e1"}
	taken    = message.Sent{Stamp: at(sys, time.Hour), Place: home, Attempt: 1}
	unknown  = message.OutcomeUnknown{Stamp: at(sys, time.Hour), Place: home, Attempt: 1}
	retried  = message.Retried{Stamp: at(rita, time.Hour), Place: home}
	bounced  = message.Bounced{Stamp: at(sys, 2*time.Hour), Place: home, Attempt: 1, Reason: "5.1.1"}
)

func failed(attempt int, after time.Duration) message.Failed {
	e := message.Failed{Stamp: at(sys, time.Hour), Place: home, Attempt: attempt, Reason: "not_taken"}
	if after > 0 {
		again := e.At.Add(after)
		e.RetryAt = &again
	}
	return e
}

// S2-47..50: a message is scheduled, leaves once, and says what became of it.
func TestOutbound(t *testing.T) {
	type events = []message.Event
	type ask = func(message.Message) (events, error)
	later := func(after time.Duration) ask {
		return func(m message.Message) (events, error) { return m.Send("e1", at(sys, after)) }
	}
	fail := func(again bool) ask {
		return func(m message.Message) (events, error) {
			return m.Fail(m.Attempt, "not_taken", again, at(sys, time.Hour))
		}
	}
	retry := func(m message.Message) (events, error) { return m.Retry(at(rita, time.Hour)) }
	cancel := func(m message.Message) (events, error) { return m.Cancel(rita) }
	take := func(m message.Message) (events, error) { return m.Take(1, at(sys, time.Hour)) }
	bounce := func(m message.Message) (events, error) { return m.Bounce(1, "5.1.1", at(sys, 2*time.Hour)) }
	change := func(m message.Message) (events, error) {
		d := draft()
		d.Attachments, d.SendAt = nil, rita.At
		return m.Change("c1", d, rita)
	}
	changed := message.Changed{Stamp: rita, Place: home, Change: "c1", Subject: text("subject"), Text: text("text"), SendAt: rita.At}
	without := func(take func(*message.Draft)) ask {
		return func(m message.Message) (events, error) {
			d := draft()
			take(&d)
			return m.Write(d, rita)
		}
	}
	domaintest.Run(t, message.Message.Fold, []domaintest.Case[message.Message, message.Event]{
		{Name: "a message is written", When: without(func(*message.Draft) {}), Want: events{written}},
		{Name: "it needs an address", When: without(func(d *message.Draft) { d.To = personal.Text{} }), Err: message.ErrNoAddress},
		{Name: "it needs a subject", When: without(func(d *message.Draft) { d.Subject = personal.Text{} }), Err: domain.ErrInvalid},
		{Name: "it needs a text", When: without(func(d *message.Draft) { d.Text = personal.Text{} }), Err: domain.ErrInvalid},
		{Name: "it is about an application", When: without(func(d *message.Draft) { d.Place = message.Place{} }), Err: message.ErrUnassigned},
		{Name: "there are two purposes", When: without(func(d *message.Draft) { d.Purpose = "spam" }), Err: domain.ErrInvalid},
		{Name: "files are few", When: without(func(d *message.Draft) { d.Attachments = make([]message.Attachment, 21) }), Err: domain.ErrInvalid},
		{Name: "it leaves within a year", When: without(func(d *message.Draft) { d.SendAt = rita.At.AddDate(2, 0, 0) }), Err: domain.ErrInvalid},

		{Name: "it does not leave before its time", Given: events{written}, When: later(time.Hour - 1)},
		{Name: "it leaves when its time has come", Given: events{written}, When: later(time.Hour), Want: events{sending}},
		{Name: "it leaves once", Given: events{written, sending}, When: later(time.Hour)},
		{Name: "what is cancelled does not leave", Given: events{written, message.Cancelled{Stamp: rita, Place: home}}, When: later(time.Hour)},
		{Name: "it can be changed before", Given: events{written}, When: change, Want: events{changed}},
		{Name: "it cannot be changed any more", Given: events{written, sending}, When: change, Err: message.ErrLeft},
		{Name: "it can be cancelled before", Given: events{written}, When: cancel, Want: events{message.Cancelled{Stamp: rita, Place: home}}},
		{Name: "it cannot be cancelled any more", Given: events{written, sending}, When: cancel, Err: message.ErrLeft},
		{Name: "one that failed can be", Given: events{written, sending, failed(1, time.Minute)}, When: cancel, Want: events{message.Cancelled{Stamp: rita, Place: home}}},

		{Name: "it is taken", Given: events{written, sending}, When: take, Want: events{taken}},
		{Name: "late is not never", Given: events{written, sending, unknown}, When: take, Want: events{taken}},
		{Name: "another attempt was taken", Given: events{written, sending, unknown, retried}, When: take},
		{Name: "what failed is tried again by itself", Given: events{written, sending}, When: fail(true), Want: events{failed(1, time.Minute)}},
		{Name: "not what cannot ever be taken", Given: events{written, sending}, When: fail(false), Want: events{failed(1, 0)}},
		{Name: "not before the pause is over", Given: events{written, sending, failed(1, time.Minute)}, When: later(time.Hour)},
		{
			Name: "after it, it is", Given: events{written, sending, failed(1, time.Minute)}, When: later(time.Hour + time.Minute),
			Want: events{message.Sending{Stamp: at(sys, time.Hour+time.Minute), Place: home, Attempt: 2, Effect: "e1"}},
		},
		{Name: "one that is given up is not", Given: events{written, sending, failed(1, 0)}, When: later(20 * time.Hour)},
		{
			Name: "who handed it over is gone", Given: events{written, sending},
			When: func(m message.Message) (events, error) { return m.LoseTrack(1, at(sys, time.Hour)) }, Want: events{unknown},
		},
		{Name: "it is not sent twice by itself", Given: events{written, sending, unknown}, When: later(20 * time.Hour)},
		{Name: "a member has it tried again", Given: events{written, sending, unknown}, When: retry, Want: events{retried}},
		{Name: "also what came back", Given: events{written, sending, taken, bounced}, When: retry, Want: events{retried}},
		{Name: "not what was taken", Given: events{written, sending, taken}, When: retry, Err: message.ErrNotFailed},
		{Name: "what waits is tried anyway", Given: events{written}, When: retry},
		{Name: "it comes back", Given: events{written, sending, taken}, When: bounce, Want: events{bounced}},
		{Name: "an earlier attempt says nothing", Given: events{written, sending, unknown, retried, message.Sending{Stamp: sys, Place: home, Attempt: 2, Effect: "e2"}}, When: bounce},
		{Name: "what came in is not sent", Given: events{received}, When: retry, Err: message.ErrNotOut},
		{Name: "what is not there is not sent", When: later(0), Err: message.ErrUnknown},
	}...)

	for what, given := range map[string]struct {
		events  events
		reached bool
	}{
		"waits":           {events{written}, true},
		"failed for now":  {events{written, sending, failed(1, time.Minute)}, true}, // it is sent again by itself
		"failed for good": {events{written, sending, failed(1, 0)}, false},
		"came back":       {events{written, sending, taken, bounced}, false},
	} {
		if got := none.Fold(given.events...).Reached(); got != given.reached {
			t.Errorf("one that %s reaches the candidate: %t", what, got)
		}
	}

	m := none.Fold(written)
	var gaps []time.Duration
	for n := 1; ; n++ {
		m = m.Fold(message.Sending{Stamp: sys, Place: home, Attempt: n, Effect: "e"})
		e, ok := must(m.Fail(n, "not_taken", true, sys)).(message.Failed)
		if !ok || e.RetryAt == nil {
			break
		}
		gaps, m = append(gaps, e.RetryAt.Sub(e.At)), m.Fold(e)
	}
	if len(gaps) != 5 || gaps[0] != time.Minute || gaps[4] != 8*time.Hour {
		t.Errorf("it is tried again after %v", gaps)
	}
}

// S2-45, 51..55: a message that came in belongs to an application, and somebody
// takes care of it once.
func TestInbound(t *testing.T) {
	type events = []message.Event
	type ask = func(message.Message) (events, error)
	assign := func(to message.Place) ask {
		return func(m message.Message) (events, error) { return m.Assign(to, rita) }
	}
	move := func(to message.Place) ask {
		return func(m message.Message) (events, error) { return m.Move(to, rita) }
	}
	closes := func(m message.Message) (events, error) { return m.Close("", rita) }
	moved := message.Moved{Stamp: rita, From: "a1", FromJob: "j1", To: "a2", ToJob: "j2"}
	goes := moved
	goes.Scheduled = true
	heldArrival := func() message.Arrival {
		in := arrival()
		in.Held = []string{"f1"}
		return in
	}
	heldIn := must(none.Receive(heldArrival(), sys))
	atHome := heldIn.(message.Received)
	atHome.Application, atHome.Job = home.Application, home.Job
	scan := func(infection string) ask {
		return func(m message.Message) (events, error) { return m.ScanFile("f1", infection, sys) }
	}
	scanned := func(in message.Place, infection string) message.FileScanned {
		return message.FileScanned{Stamp: sys, Place: in, File: "f1", Infection: infection}
	}
	along := func(from string) ask {
		return func(m message.Message) (events, error) { return m.GoAlong(from, away, rita), nil }
	}
	domaintest.Run(t, message.Message.Fold, []domaintest.Case[message.Message, message.Event]{
		{Name: "it comes in", When: func(m message.Message) (events, error) { return m.Receive(arrival(), sys) }, Want: events{received}},
		{Name: "from somebody", When: func(m message.Message) (events, error) { return m.Receive(message.Arrival{}, sys) }, Err: domain.ErrInvalid},
		{Name: "with few files", When: func(m message.Message) (events, error) {
			return m.Receive(message.Arrival{From: text("x"), Attachments: make([]message.Attachment, 21)}, sys)
		}, Err: domain.ErrInvalid},
		{Name: "it is assigned", Given: events{received}, When: assign(home), Want: events{assigned}},
		{Name: "once", Given: events{received, assigned}, When: assign(away), Err: message.ErrAssigned},
		{Name: "to something", Given: events{received}, When: assign(message.Place{}), Err: domain.ErrInvalid},
		{Name: "what is written here is not", Given: events{written}, When: assign(home), Err: message.ErrNotIn},
		{Name: "what is not there is not", When: assign(home), Err: message.ErrUnknown},
		{Name: "it is moved", Given: events{received, assigned}, When: move(away), Want: events{moved}},
		{Name: "not what belongs nowhere", Given: events{received}, When: move(away), Err: message.ErrUnassigned},
		{Name: "not what has not left", Given: events{written}, When: move(away), Err: message.ErrNotGone},
		{Name: "nor what is going to be tried again", Given: events{written, sending, failed(1, time.Minute)}, When: move(away), Err: message.ErrNotGone},
		{Name: "but what failed for good", Given: events{written, sending, failed(1, 0)}, When: move(away), Want: events{moved}},
		{Name: "which is not tried again there", Given: events{written, sending, failed(1, 0), moved}, When: func(m message.Message) (events, error) { return m.Retry(rita) }, Err: message.ErrMovedAway},
		{Name: "what has not left goes along with its application", Given: events{written}, When: along("a1"), Want: events{goes}},
		{Name: "and is sent there", Given: events{written, goes}, When: func(m message.Message) (events, error) { return m.Send("e1", at(sys, time.Hour)) }, Want: events{message.Sending{Stamp: at(sys, time.Hour), Place: away, Attempt: 1, Effect: "e1"}}},
		{Name: "what is going to be tried again, too", Given: events{written, sending, failed(1, time.Minute)}, When: along("a1"), Want: events{goes}},
		{Name: "once", Given: events{written, goes}, When: along("a1")},
		{Name: "not from elsewhere", Given: events{written}, When: along("a3")},
		{Name: "not what is on its way", Given: events{written, sending}, When: along("a1")},
		{Name: "not what failed for good", Given: events{written, sending, failed(1, 0)}, When: along("a1")},
		{Name: "not what came in", Given: events{received, assigned}, When: along("a1")},
		{Name: "to something else", Given: events{received, assigned}, When: move(message.Place{}), Err: domain.ErrInvalid},
		{Name: "nothing is not", When: move(away), Err: message.ErrUnknown},
		{Name: "it is closed", Given: events{received, assigned}, When: closes, Want: events{message.Closed{Stamp: rita, Place: home}}},
		{Name: "and stays closed elsewhere", Given: events{received, assigned, message.Closed{Stamp: rita, Place: home}, moved}, When: closes},
		{Name: "nobody takes care of what belongs nowhere", Given: events{received}, When: closes, Err: message.ErrUnassigned},
		{Name: "what came along is scanned", Given: events{heldIn}, When: scan("Eicar"), Want: events{scanned(message.Place{}, "Eicar")}},
		{Name: "once", Given: events{heldIn, scanned(message.Place{}, "")}, When: scan("Eicar")},
		{Name: "not what was not held", Given: events{received}, When: scan("Eicar")},
		{Name: "nor what belongs to an application", Given: events{heldIn, assigned}, When: scan("Eicar")},
		{Name: "nor what goes out", Given: events{written}, When: scan("Eicar"), Err: message.ErrNotIn},
		{Name: "known to be infected it comes in all the same", When: func(m message.Message) (events, error) {
			in := heldArrival()
			in.Place, in.Infected = home, map[string]string{"f1": "Eicar"}
			return m.Receive(in, sys)
		}, Want: events{atHome, scanned(home, "Eicar")}},
		{Name: "what is written here is not closed", Given: events{written}, When: closes, Err: message.ErrNotIn},
	}...)
}

func TestStoredMessages(t *testing.T) {
	w, r := written.(message.Written), received.(message.Received)
	w.Answers, w.Purpose = "m0", message.Rejection
	r.Application, r.Job, r.Answers, r.Known, r.Shortened = "a1", "j1", "m0", true, true
	r.Attachments = []message.Attachment{{File: "f1", Document: "d1", Name: text("f1.pdf"), Size: 9, Type: "application/pdf"}}
	r.Held = []string{"f1"}
	r.LeftOut = []message.LeftOut{{Name: text("f2.exe"), Reason: message.Infected}}
	again := domaintest.At.Add(time.Minute)
	domaintest.Stored[message.Event](
		t, "message", message.Codec, w, r,
		message.Changed{Stamp: rita, Place: home, Change: "c1", Subject: text("subject"), Text: text("text"), Attachments: w.Attachments, SendAt: rita.At, Purpose: message.Rejection},
		message.Cancelled{Stamp: rita, Place: home, Purpose: message.Rejection},
		message.Sending{Stamp: sys, Place: home, Attempt: 1, Effect: "e1"},
		message.Sent{Stamp: sys, Place: home, Attempt: 1, Purpose: message.Rejection},
		message.Failed{Stamp: sys, Place: home, Attempt: 1, Reason: "address_refused", RetryAt: &again, Purpose: message.Rejection},
		message.OutcomeUnknown{Stamp: sys, Place: home, Attempt: 1, Purpose: message.Rejection},
		message.Retried{Stamp: rita, Place: home, Purpose: message.Rejection},
		message.Bounced{Stamp: sys, Place: home, Attempt: 1, Reason: "5.1.1"},
		assigned,
		message.Moved{Stamp: rita, From: "a1", FromJob: "j1", To: "a2", ToJob: "j2", Scheduled: true},
		message.Closed{Stamp: rita, Place: home, Reply: "m2"},
		message.FileScanned{Stamp: sys, Place: home, File: "f1", Infection: "Eicar"},
	)
}

func TestRandomMessages(t *testing.T) {
	type ask = func(message.Message) ([]message.Event, error)
	domaintest.Aggregate[message.Message, message.Event]{
		Codec: message.Codec, Fold: message.Message.Fold,
		Ask: func(rt *rapid.T, s domain.Stamp) func(message.Message) ([]message.Event, error) {
			to := domaintest.Fair(rt, "to", []message.Place{home, away})
			attempt := rapid.IntRange(1, 3).Draw(rt, "attempt")
			d := draft()
			d.SendAt = s.At.Add(time.Duration(rapid.IntRange(-10, 100).Draw(rt, "minutes")) * time.Minute)
			in := arrival()
			infection := domaintest.Fair(rt, "infection", []string{"", "Eicar"})
			if rapid.Bool().Draw(rt, "held") {
				in.Held = []string{"f1"}
			}
			if rapid.Bool().Draw(rt, "scanned") {
				in.Infected = map[string]string{"f1": infection}
			}
			if rapid.Bool().Draw(rt, "known") {
				in.Place = home
			}
			last := func(decide func(m message.Message, attempt int) ([]message.Event, error)) ask {
				return func(m message.Message) ([]message.Event, error) { return decide(m, min(attempt, max(m.Attempt, 1))) }
			}
			return domaintest.Fair(rt, "ask", []ask{
				func(m message.Message) ([]message.Event, error) { return m.Write(d, s) },
				func(m message.Message) ([]message.Event, error) { return m.Receive(in, s) },
				func(m message.Message) ([]message.Event, error) { return m.Change(s.At.String(), d, s) },
				func(m message.Message) ([]message.Event, error) { return m.Cancel(s) },
				func(m message.Message) ([]message.Event, error) { return m.Send("e", s) },
				func(m message.Message) ([]message.Event, error) { return m.Send("f", s) },
				last(func(m message.Message, n int) ([]message.Event, error) { return m.Take(n, s) }),
				last(func(m message.Message, n int) ([]message.Event, error) { return m.Fail(n, "not_taken", n > 1, s) }),
				last(func(m message.Message, n int) ([]message.Event, error) { return m.LoseTrack(n, s) }),
				last(func(m message.Message, n int) ([]message.Event, error) { return m.Bounce(n, "5.1.1", s) }),
				func(m message.Message) ([]message.Event, error) { return m.Retry(s) },
				func(m message.Message) ([]message.Event, error) { return m.Assign(to, s) },
				func(m message.Message) ([]message.Event, error) { return m.Move(to, s) },
				func(m message.Message) ([]message.Event, error) { return m.GoAlong(m.Application, to, s), nil },
				func(m message.Message) ([]message.Event, error) { return m.Close("", s) },
				func(m message.Message) ([]message.Event, error) { return m.ScanFile("f1", infection, s) },
			})
		},
		Holds: holds,
	}.Random(t)
}

// holds says what must be so of every step.
func holds(before message.Message, e message.Event, after message.Message) string {
	_, sends := e.(message.Sending)
	switch {
	case sends && before.Status != message.IsScheduled && before.Status != message.IsFailed:
		return "it was sent from " + string(before.Status)
	case sends && len(before.Left) > 0:
		return "it was sent for another application than its own"
	case sends && after.Attempt != before.Attempt+1:
		return "an attempt was not counted"
	case before.Direction != "" && after.Direction != before.Direction:
		return "it turned round"
	case before.Application != "" && after.Application == "":
		return "it belongs nowhere any more"
	case before.Closed && !after.Closed:
		return "it opened by itself"
	case after.Direction == message.Inbound && after.Status != "":
		return "what came in has a status"
	case after.Direction == message.Outbound && after.Application == "":
		return "it goes to nobody"
	case after.Infected["f1"] != "" && slices.Contains(after.Held, "f1"):
		return "an infected file is held"
	case before.Infected["f1"] != after.Infected["f1"] && before.Infected["f1"] != "":
		return "an infected file was taken for another"
	}
	return ""
}

func FuzzMessages(f *testing.F) {
	domaintest.Fuzz(f, message.Codec, message.Message.Fold, []message.Event{written, sending}, func(m message.Message) {
		_, _ = m.Write(draft(), rita)
		_, _ = m.Receive(arrival(), sys)
		_, _ = m.Fail(m.Attempt, "x", true, sys)
		_, _ = m.Send("e", sys)
		_, _ = m.Move(away, rita)
	})
}
