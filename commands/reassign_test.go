package commands_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/mail"
)

// overtaken is a log after whose look at a stream with a number, behind which it is
// decided about, somebody else does something.
type overtaken struct {
	eventlog.Log
	stream string
	look   int // from 1
	looks  int
	then   func()
}

func (o *overtaken) ReadStream(ctx context.Context, stream string, from eventlog.Revision, d eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	return func(yield func(eventlog.Event, error) bool) {
		for e, err := range o.Log.ReadStream(ctx, stream, from, d) {
			if !yield(e, err) {
				return
			}
		}
		if stream == o.stream {
			if o.looks++; o.looks == o.look {
				o.then()
			}
		}
	}
}

// S2-51, S2-53: of two who assign a message at once one is refused, and the
// application it does not belong to keeps no key of it or of what came along.
func TestWhoIsOvertakenKeepsNoKeyOfAMessage(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	mine, theirs := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
	id := commandstest.Must(c.ReceiveMail(t.Context(), c.As(c.Admin), mail.Incoming{
		From: "stranger@example.org", Subject: "Hello", Text: "Hello", MessageID: "1@example.org", Files: []mail.Enclosure{{Name: "cv.txt", Content: []byte("my life")}},
	})).ID
	log := &overtaken{Log: c.Memory, stream: "message-" + id, look: 3}
	log.then = func() {
		commandstest.Must(c.AssignMessage(t.Context(), c.As(c.Admin), commands.AssignMessage{Message: id, Application: theirs}))
	}
	if _, err := c.Process(log).AssignMessage(t.Context(), c.As(c.Admin), commands.AssignMessage{Message: id, Application: mine}); !errors.Is(err, message.ErrAssigned) {
		t.Fatalf("who is overtaken: %v", err)
	}
	keys := []string{id}
	for rec, err := range c.Memory.ReadStream(t.Context(), "message-"+id, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := message.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := e.(message.Received); ok {
			keys = append(keys, r.Attachments[0].File)
		}
	}
	if len(keys) != 2 {
		t.Fatal("the file did not come along")
	}
	for _, key := range keys {
		if owners, err := c.Vault.Owners(t.Context(), key); err != nil || !slices.Equal(owners, []string{theirs}) {
			t.Errorf("%s is for %v, %v; want %s alone", key, owners, err, theirs)
		}
	}
}

// owned holds whom a key is wrapped for.
func owned(t *testing.T, c *commandstest.Company, key string, want ...string) {
	t.Helper()
	slices.Sort(want)
	if owners, err := c.Vault.Owners(t.Context(), key); err != nil || !slices.Equal(owners, want) {
		t.Errorf("%s is for %v, %v; want %v", key, owners, err, want)
	}
}

// S2-51: who names a revision and is overtaken moves nothing, and leaves no key where
// the message does not belong; nor does one who goes along with an application while
// it is cancelled.
func TestARefusalLeavesNothingShared(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	from, to := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
	mailed := commandstest.Must(c.ReceiveMail(t.Context(), c.As(c.Admin), mail.Incoming{From: "stranger@example.org", Subject: "Hello", Text: "Hello", MessageID: "1@example.org"}))
	id := mailed.ID
	at := commandstest.Must(c.AssignMessage(t.Context(), c.As(c.Admin), commands.AssignMessage{Message: id, Application: from})).Revision
	log := &overtaken{Log: c.Memory, stream: "message-" + id, look: 1, then: func() {
		commandstest.Must(c.CloseMessage(t.Context(), c.As(c.Recruiter), commands.OnMessage{Application: from, Message: id}))
	}}
	by := c.As(c.Admin)
	by.IfMatch = &at
	var stale *commands.StaleError
	if _, err := c.Process(log).ReassignMessage(t.Context(), by, commands.ReassignMessage{Application: from, Message: id, To: to}); !errors.As(err, &stale) {
		t.Fatalf("who is overtaken: %v", err)
	}
	owned(t, c, id, from)

	later := time.Now().AddDate(0, 0, 1)
	written := commandstest.Must(c.WriteMessage(t.Context(), c.As(c.Recruiter), commands.WriteMessage{
		Application: to, Letter: commands.Letter{Subject: "Hello", Text: "Hello", SendAt: &later},
	})).ID
	other := c.OpenOne(t, "Baker")
	log = &overtaken{Log: c.Memory, stream: "message-" + written, look: 2, then: func() {
		commandstest.Must(c.CancelMessage(t.Context(), c.As(c.Recruiter), commands.OnMessage{Application: to, Message: written}))
	}}
	next := commandstest.Must(c.Process(log).Transfer(t.Context(), c.As(c.Admin), commands.Transfer{Application: to, Job: other})).ID
	if log.looks < 2 || next == "" {
		t.Fatalf("nobody was overtaken: %d looks", log.looks)
	}
	owned(t, c, written, to)
}

// S2-53: of two who move a message at once to other applications one is refused, and
// where it does not belong keeps no key of it or of what came along; to the same one
// it goes once.
func TestWhoIsOvertakenInMovingAMessage(t *testing.T) {
	t.Parallel()
	c := commandstest.Found(t, nil)
	from, mine, theirs := c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone()), c.ReceiveOne(t, someone())
	for n, second := range []string{mine, theirs} {
		id := commandstest.Must(c.ReceiveMail(t.Context(), c.As(c.Admin), mail.Incoming{
			From: "stranger@example.org", Subject: "Hello", Text: "Hello", MessageID: fmt.Sprintf("%d@example.org", n), Files: []mail.Enclosure{{Name: "cv.txt", Content: []byte("my life")}},
		})).ID
		commandstest.Must(c.AssignMessage(t.Context(), c.As(c.Admin), commands.AssignMessage{Message: id, Application: from}))
		move := func(p *commands.Commands, to string) (commands.Answer, error) {
			return p.ReassignMessage(t.Context(), c.As(c.Admin), commands.ReassignMessage{Application: from, Message: id, To: to})
		}
		log := &overtaken{Log: c.Memory, stream: "message-" + id, look: 1, then: func() { commandstest.Must(move(c.Commands, theirs)) }}
		answer, err := move(c.Process(log), second)
		switch {
		case log.looks < 2:
			t.Fatalf("nobody was overtaken: %d looks", log.looks)
		case second == mine && !errors.Is(err, message.ErrUnknown):
			t.Errorf("who is overtaken: %v", err)
		case second == theirs && (err != nil || !answer.Unchanged):
			t.Errorf("to the same: %+v, %v", answer, err)
		}
		m := c.State(t).Messages[id]
		if m.Application != theirs || len(m.Files) != 1 || len(m.Left) != 1 {
			t.Errorf("it is %+v", m)
		}
		owned(t, c, id, theirs)
		owned(t, c, m.Files[0], theirs)
	}
}
