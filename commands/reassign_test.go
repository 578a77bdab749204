package commands_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/mail"
)

// overtaken is a log after whose third look at a message, behind which it is
// decided about, somebody else does something.
type overtaken struct {
	eventlog.Log
	looks int
	then  func()
}

func (o *overtaken) ReadStream(ctx context.Context, stream string, from eventlog.Revision, d eventlog.Direction) iter.Seq2[eventlog.Event, error] {
	return func(yield func(eventlog.Event, error) bool) {
		for e, err := range o.Log.ReadStream(ctx, stream, from, d) {
			if !yield(e, err) {
				return
			}
		}
		if strings.HasPrefix(stream, "message-") {
			if o.looks++; o.looks == 3 {
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
	log := &overtaken{Log: c.Memory}
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
