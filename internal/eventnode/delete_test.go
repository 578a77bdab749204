package eventnode

import (
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	pb "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func TestMetadataHideEvents(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name     string
		metadata string
		want     string // visible revisions of ten events, one recorded each minute, the last one now
	}{
		{"none", `{}`, "0 1 2 3 4 5 6 7 8 9"},
		{"$maxCount", `{"$maxCount":3}`, "7 8 9"},
		{"$maxCount larger than the stream", `{"$maxCount":30}`, "0 1 2 3 4 5 6 7 8 9"},
		{"$tb", `{"$tb":8}`, "8 9"},
		{"$tb behind the end", `{"$tb":50}`, ""},
		{"$maxAge", `{"$maxAge":150}`, "7 8 9"},
		{"$maxAge to the second", `{"$maxAge":120}`, "7 8 9"},
		{"all at once: the strictest", `{"$maxCount":5,"$tb":2,"$maxAge":61}`, "8 9"},
		{"with others", `{"$maxCount":2,"$cacheControl":7,"$acl":{"$r":["a","b"]},"own":1}`, "8 9"},
		{"not positive", `{"$maxCount":0,"$tb":-1,"$maxAge":0}`, "0 1 2 3 4 5 6 7 8 9"},
		{"not numbers", `{"$maxCount":"3","$tb":true,"$maxAge":null}`, "0 1 2 3 4 5 6 7 8 9"},
		{"not JSON", `$maxCount=3`, "0 1 2 3 4 5 6 7 8 9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := now.Add(-10 * time.Minute)
			s := start(t, Options{Now: func() time.Time { return at }})
			c := s.client(t)
			for range 10 {
				at = at.Add(time.Minute)
				mustAppend(t, c, "s", esdb.Any{}, some("e", 1)...)
			}
			m := some("m", 1)[0]
			m.EventType, m.Data = "$metadata", []byte(tt.metadata)
			mustAppend(t, c, "$$s", esdb.NoStream{}, m)
			for range 2 {
				lines, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}})
				if got := numbers(lines); err != nil || got != tt.want {
					t.Errorf("forwards: got %q, %v, want %q", got, err, tt.want)
				}
				lines, err = readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.End{}, Direction: esdb.Backwards})
				if got := numbers(lines); err != nil || got != reversed(tt.want) {
					t.Errorf("backwards: got %q, %v, want %q", got, err, reversed(tt.want))
				}
				if got := len(readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}})); got != 11 {
					t.Errorf("$all has %d events, want all 11", got)
				}
				s = s.reopen(t)
				c = s.client(t)
			}
		})
	}
}

func reversed(s string) string {
	f := strings.Fields(s)
	for i, j := 0, len(f)-1; i < j; i, j = i+1, j-1 {
		f[i], f[j] = f[j], f[i]
	}
	return strings.Join(f, " ")
}

func TestMetadataStreamsShowTheirLastEventOnly(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	for i := range 3 {
		var m esdb.StreamMetadata
		m.SetMaxCount(uint64(i) + 1)
		m.AddCustomProperty("own", i)
		if _, err := c.SetStreamMetadata(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m); err != nil {
			t.Fatal(err)
		}
	}
	m, err := c.GetStreamMetadata(testContext(t), "s", esdb.ReadStreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := m.MaxCount(); got == nil || *got != 3 {
		t.Errorf("metadata are not the last: %v", m)
	}
	lines, err := readStream(t, c, "$$s", esdb.ReadStreamOptions{From: esdb.Start{}})
	if got := numbers(lines); err != nil || got != "2" {
		t.Errorf("$$s: got %q, %v, want the last", got, err)
	}
}

func TestSoftDelete(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	var m esdb.StreamMetadata
	m.AddCustomProperty("own", 1)
	if _, err := c.SetStreamMetadata(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m); err != nil {
		t.Fatal(err)
	}
	_, err := c.DeleteStream(testContext(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(1)})
	if err == nil || !strings.Contains(err.Error(), "expected revision 1, is at 2") {
		t.Errorf("delete at another revision: %v", err)
	}
	d, err := c.DeleteStream(testContext(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(2)})
	if err != nil {
		t.Fatal(err)
	}
	absent := func() {
		t.Helper()
		if _, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}}); code(t, err) != esdb.ErrorCodeResourceNotFound {
			t.Errorf("deleted stream reads as %v", err)
		}
	}
	absent()
	s = s.reopen(t)
	c = s.client(t)
	absent()
	events := readAll(t, c, esdb.ReadAllOptions{From: esdb.Start{}})
	if got, want := events[len(events)-1], `$$s/1/$metadata/{"$tb":9223372036854775807}`; got != want {
		t.Errorf("last event: got %s, want %s", got, want)
	}
	if len(events) != 5 {
		t.Errorf("$all: %d events, want all 5", len(events))
	}
	last := readAll(t, c, esdb.ReadAllOptions{From: d.Position, Direction: esdb.Forwards})
	equalLines(t, "event at the delete's position", last, events[4])

	// Written again, its numbers go on and what was before stays hidden.
	mustAppend(t, c, "s", esdb.NoStream{}, some("new", 2)...)
	visible := func(want ...string) {
		t.Helper()
		lines, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}})
		if err != nil {
			t.Fatal(err)
		}
		equalLines(t, "s", lines, want...)
	}
	visible(`s/3/test.new/"new-0"`, `s/4/test.new/"new-1"`)
	s = s.reopen(t)
	c = s.client(t)
	visible(`s/3/test.new/"new-0"`, `s/4/test.new/"new-1"`)
	lines, err := readStream(t, c, "$$s", esdb.ReadStreamOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	equalLines(t, "$$s", lines, `$$s/2/$metadata/{"$tb":3}`)
}

func TestMetadataBringADeletedStreamBack(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 3)...)
	if _, err := c.DeleteStream(testContext(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Fatal(err)
	}
	var m esdb.StreamMetadata
	m.AddCustomProperty("own", "kept")
	if _, err := c.SetStreamMetadata(testContext(t), "s", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, m); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		lines, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}})
		if err != nil || len(lines) != 0 {
			t.Errorf("got %v, %v, want a stream with nothing visible", lines, err)
		}
		lines, err = readStream(t, c, "$$s", esdb.ReadStreamOptions{From: esdb.Start{}})
		if err != nil {
			t.Fatal(err)
		}
		equalLines(t, "$$s", lines, `$$s/2/$metadata/{"$tb":3,"own":"kept"}`)
		s = s.reopen(t)
		c = s.client(t)
	}
	mustAppend(t, c, "s", esdb.StreamExists{}, some("new", 1)...)
	lines, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}})
	if got := numbers(lines); err != nil || got != "3" {
		t.Errorf("got %q, %v, want the new event", got, err)
	}
}

func TestDeletingWhatIsNotThere(t *testing.T) {
	s := start(t, Options{})
	client, _ := s.raw(t)
	var trailer metadata.MD
	_, err := client.Delete(testContext(t), &pb.DeleteReq{Options: &pb.DeleteReq_Options{
		StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte("größe")},
		ExpectedStreamRevision: &pb.DeleteReq_Options_Any{Any: &shared.Empty{}},
	}}, grpc.Trailer(&trailer))
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("delete: %v", err)
	}
	for key, want := range map[string]string{
		"exception": "wrong-expected-version", "stream-name": "gr%C3%B6%C3%9Fe", "expected-version": "-2", "actual-version": "-1",
	} {
		if got := trailer.Get(key); len(got) != 1 || got[0] != want {
			t.Errorf("trailer %s: got %q, want %q", key, got, want)
		}
	}
	// A stream that was never written can be ended for good, though.
	if _, err := s.client(t).TombstoneStream(testContext(t), "t", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(0)}); err == nil {
		t.Error("tombstone at revision 0 of a missing stream was accepted")
	}
	w, err := s.client(t).TombstoneStream(testContext(t), "t", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.NoStream{}})
	if err != nil || w.Position.Commit == 0 {
		t.Errorf("tombstone: %v, %v", w, err)
	}
	// Its revision does not fit into what the client understands as a number.
	equalLines(t, "$all", readAll(t, s.client(t), esdb.ReadAllOptions{From: esdb.Start{}}), "t/9223372036854775807/$streamDeleted/")
}

func TestATombstonedStreamIsGone(t *testing.T) {
	s := start(t, Options{})
	c := s.client(t)
	mustAppend(t, c, "s", esdb.NoStream{}, some("e", 2)...)
	if _, err := c.TombstoneStream(testContext(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(1)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := readStream(t, c, "s", esdb.ReadStreamOptions{From: esdb.Start{}})
		if code(t, err) != esdb.ErrorCodeStreamDeleted {
			t.Errorf("read: %v", err)
		}
		_, err = c.DeleteStream(testContext(t), "s", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
		if code(t, err) != esdb.ErrorCodeStreamDeleted {
			t.Errorf("delete: %v", err)
		}
		_, err = c.TombstoneStream(testContext(t), "s", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
		if code(t, err) != esdb.ErrorCodeStreamDeleted {
			t.Errorf("tombstone: %v", err)
		}
		if _, err := c.SubscribeToStream(testContext(t), "s", esdb.SubscribeToStreamOptions{}); code(t, err) != esdb.ErrorCodeStreamDeleted {
			t.Errorf("subscribe: %v", err)
		}
		s = s.reopen(t)
		c = s.client(t)
	}
}

// TestAllIsNotDeleted: it is no stream, and its access list stays changeable.
func TestAllIsNotDeleted(t *testing.T) {
	for name, secured := range map[string]bool{"without users": false, "by an admin": true} {
		t.Run(name, func(t *testing.T) {
			var c *esdb.Client
			if secured {
				c = startSecured(t, Options{}).as(t, "admin", "admin")
			} else {
				c = start(t, Options{}).client(t)
			}
			setMetadata(t, c, "$all", `{"$acl":{"$r":"alice"}}`)
			if _, err := c.DeleteStream(testContext(t), "$all", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); code(t, err) != esdb.ErrorCodeAccessDenied {
				t.Errorf("delete: %v", err)
			}
			for _, stream := range []string{"$all", "$$$all"} {
				if _, err := c.TombstoneStream(testContext(t), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); code(t, err) != esdb.ErrorCodeAccessDenied {
					t.Errorf("tombstone of %s: %v", stream, err)
				}
			}
			setMetadata(t, c, "$all", `{"$acl":{"$r":"bob"}}`)
		})
	}
}
