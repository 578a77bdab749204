package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/eventlog"
)

// logPublisher appends messages to the log, so that Watermill's own suite can
// test the subscriber.
type logPublisher struct {
	log eventlog.Log
	mu  sync.Mutex
	at  map[string]eventlog.Revision // last revision of each topic's stream
}

// published is how a message stands in the log.
type published struct {
	UUID     string
	Payload  []byte
	Metadata message.Metadata
}

func (p *logPublisher) Publish(topic string, messages ...*message.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range messages {
		data, err := json.Marshal(published{m.UUID, m.Payload, m.Metadata})
		if err != nil {
			return err
		}
		last, ok := p.at[topic]
		if !ok {
			last = eventlog.NoStream
		}
		event := eventlog.NewEvent{ID: uuid.New(), Type: "message", Data: data, Metadata: []byte(`{}`)}
		appended, err := p.log.Append(context.Background(), topic, last, []eventlog.NewEvent{event})
		if err != nil {
			return err
		}
		p.at[topic] = appended.Revision
	}
	return nil
}

func (*logPublisher) Close() error { return nil }

// unpacked is the message that was published, for batches of one event.
func unpacked(b *Batch) (*message.Message, error) {
	if len(b.Events) != 1 {
		return nil, fmt.Errorf("batch has %d events", len(b.Events))
	}
	var p published
	if err := json.Unmarshal(b.Events[0].Data, &p); err != nil {
		return nil, err
	}
	m := message.NewMessage(p.UUID, p.Payload)
	m.Metadata = p.Metadata
	return m, nil
}

// Watermill's suite for every Pub/Sub, with batches of one event. There are no
// consumer groups: every subscription begins where Start says, here at the
// beginning.
func TestSubscriberPassesWatermillsSuite(t *testing.T) {
	publisher := &logPublisher{log: &eventlog.Memory{}, at: make(map[string]eventlog.Revision)}
	features := tests.Features{
		GuaranteedOrder:                  true,
		Persistent:                       true,
		NewSubscriberReceivesOldMessages: true,
	}
	tests.TestPubSub(t, features, func(t *testing.T) (message.Publisher, message.Subscriber) {
		s := NewSubscriber(publisher.log, SubscriberOptions{
			Start:     func(context.Context) (Checkpoint, error) { return Checkpoint{}, nil },
			MaxEvents: 1, ProgressEvery: time.Hour, Grace: 100 * time.Millisecond,
			MinBackoff: time.Millisecond, MaxBackoff: 5 * time.Millisecond,
		})
		s.message = unpacked
		// The suite leaves some of its subscribers open.
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return publisher, s
	}, nil)
}
