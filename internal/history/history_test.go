package history_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/commands/commandstest"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/job"
	"github.com/hirelog/hirelog/domain/organization"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/history"
	"github.com/hirelog/hirelog/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// story is an application with a history, in a company.
type story struct {
	*commandstest.Company
	*history.Replayer
	app, note, comment, document, tag string
	seen                              []moment
}

// moment is what an application was when a command had been given.
type moment struct {
	after    string // the command
	revision eventlog.Revision
	position eventlog.Position
	time     time.Time // after it, before the next
	profile  history.PastProfile
}

// found returns a company with self-tracking, and its replayer.
func found(t *testing.T) *story {
	t.Helper()
	s := &story{Company: commandstest.Found(t, nil)}
	s.Replayer = &history.Replayer{Log: s.Memory, Opener: s.Vault, Rights: s.Directory}
	on := true
	commandstest.Must(s.ChangeSettings(t.Context(), s.As(s.Admin), commands.ChangeSettings{SettingsChange: organization.SettingsChange{SelfTracking: &on}}))
	return s
}

// tell gives a command and remembers what it led to.
func (s *story) tell(t *testing.T, name string, give func(by commands.Caller) (commands.Answer, error)) commands.Answer {
	t.Helper()
	a, err := give(s.As(s.Recruiter))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if s.app == "" {
		s.app = a.ID
	}
	if _, id := eventlog.SplitStream(a.Stream); id != s.app {
		a.Revision = s.seen[len(s.seen)-1].revision // of another stream
	}
	got, err := s.ReplayAll(t.Context(), s.app, history.AsOf{Position: &a.Position})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	now := time.Now()
	for !time.Now().After(now.Add(time.Microsecond)) { // the next is recorded later
	}
	s.seen = append(s.seen, moment{after: name, revision: a.Revision, position: a.Position, time: now, profile: *got.Profile})
	return a
}

// told returns a story with something of everything, told step by step.
func told(t *testing.T) *story {
	t.Helper()
	s := found(t)
	ctx := t.Context()
	s.tell(t, "receive", func(by commands.Caller) (commands.Answer, error) {
		by.CorrelationID, by.CausationID = "request-1", "cause-1"
		return s.Receive(ctx, by, commands.Receive{Job: s.Job, Source: "referral", Candidate: candidate.Details{FirstName: "Cleo", LastName: "Candidate", Email: "cleo@example.test", Phone: "+49 123"}})
	})
	s.tell(t, "move", func(by commands.Caller) (commands.Answer, error) {
		return s.MoveStage(ctx, by, commands.MoveStage{Application: s.app, To: s.Stages[1].ID, Comment: "promising"})
	})
	s.tag = s.tell(t, "tag", func(by commands.Caller) (commands.Answer, error) {
		return s.AddTag(ctx, by, commands.AddTag{Application: s.app, Label: "Remote"})
	}).ID
	s.comment = s.tell(t, "comment", func(by commands.Caller) (commands.Answer, error) {
		return s.AddComment(ctx, by, commands.AddComment{Application: s.app, Text: "call her"})
	}).ID
	s.note = s.tell(t, "note", func(by commands.Caller) (commands.Answer, error) {
		return s.AddNote(ctx, by, commands.AddNote{Application: s.app, Text: "welcome"})
	}).ID
	s.tell(t, "show the note", func(by commands.Caller) (commands.Answer, error) {
		return s.SetNoteVisibility(ctx, by, commands.SetNoteVisibility{Application: s.app, Note: s.note, Visible: true})
	})
	s.document = s.tell(t, "request", func(by commands.Caller) (commands.Answer, error) {
		return s.RequestDocument(ctx, by, commands.RequestDocument{Application: s.app, Title: "Diploma", Category: access.Certificate})
	}).ID
	title := "Principal Engineer"
	s.tell(t, "rename the job", func(by commands.Caller) (commands.Answer, error) {
		return s.EditJob(ctx, by, commands.EditJob{Job: s.Job, DetailsChange: job.DetailsChange{Title: &title}})
	})
	s.tell(t, "upload", func(by commands.Caller) (commands.Answer, error) {
		return s.UploadDocument(ctx, by, commands.UploadDocument{Application: s.app, Document: s.document, Files: []commands.Upload{{Name: "diploma.txt", Content: strings.NewReader("summa cum laude")}}})
	})
	s.tell(t, "reject the document", func(by commands.Caller) (commands.Answer, error) {
		return s.RejectDocument(ctx, by, commands.ReviewDocument{Application: s.app, Document: s.document, Version: 1, Reason: "unsigned"})
	})
	s.tell(t, "flag", func(by commands.Caller) (commands.Answer, error) {
		return s.SetPriority(ctx, by, commands.SetPriority{Application: s.app, Priority: true})
	})
	s.tell(t, "disqualify", func(by commands.Caller) (commands.Answer, error) {
		return s.Disqualify(ctx, by, commands.Disqualify{Application: s.app, Kind: application.Rejected, Reason: commands.FirstReason("Position filled"), Note: "too late"})
	})
	return s
}

func (s *story) replay(t *testing.T, viewer string, asOf history.AsOf) history.History {
	t.Helper()
	h, err := s.Replay(t.Context(), viewer, s.app, asOf)
	if err != nil {
		t.Fatalf("%+v: %v", asOf, err)
	}
	return h
}

func text(p *personal.Plain) string {
	if p == nil {
		return "-"
	}
	return string(*p)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Every event is there, with who, when and why, as the log has it.
func TestReplayShowsEveryEvent(t *testing.T) {
	t.Parallel()
	s := told(t)
	h := s.replay(t, s.Admin, history.AsOf{})
	if h.Profile != nil {
		t.Error("a profile without a moment")
	}
	i := 0
	for rec, err := range s.Memory.ReadStream(t.Context(), "application-"+s.app, 0, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		meta, err := rec.Meta()
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(h.Events) {
			t.Fatalf("%d events; %s is missing", len(h.Events), rec.Type)
		}
		e := h.Events[i]
		if e.EventID != rec.ID || e.Revision != rec.Revision || e.Position != rec.Position.String() || e.Type != rec.Type ||
			!e.RecordedAt.Equal(rec.RecordedAt) || *e.CommandID != meta.CommandID.String() || *e.By != meta.Actor || e.Origin != eventlog.Live || e.At.IsZero() {
			t.Errorf("event %d = %+v, want %s by %s", i, e, rec.Type, meta.Actor)
		}
		if len(e.Erased) != 0 {
			t.Errorf("event %d: erased %v", i, e.Erased)
		}
		i++
	}
	if i != len(h.Events) || h.Revision != eventlog.Revision(i-1) || h.Position != h.Events[i-1].Position {
		t.Errorf("%d events, revision %d, position %s; want %d", len(h.Events), h.Revision, h.Position, i)
	}
	first := h.Events[0]
	if first.CorrelationID != "request-1" || first.CausationID != "cause-1" || first.OnBehalfOf != nil {
		t.Errorf("the first event's causes: %+v", first)
	}
	for i, want := range map[int]map[string]any{
		1: {"from": s.Stages[0].ID, "to": s.Stages[1].ID, "comment": personal.Plain("promising")},
		2: {"tag": s.tag},
		4: {"note": s.note, "text": personal.Plain("welcome"), "visible": false, "stage": s.Stages[1].ID, "job": s.Job},
	} {
		if got := h.Events[i].Data; !reflect.DeepEqual(got, want) {
			t.Errorf("data of event %d = %s, want %s", i, asJSON(t, got), asJSON(t, want))
		}
	}
	file := h.Events[7].Data["files"].([]any)[0].(map[string]any)
	if h.Events[7].Type != "application.document_uploaded.v1" || file["name"] != personal.Plain("diploma.txt") || file["type"] != "text/plain" {
		t.Errorf("upload = %s", asJSON(t, h.Events[7]))
	}
}

// The profile of each moment is what it was then, however the moment is named,
// and the same when asked again.
// It holds E2.
func TestProfileOfEveryMoment(t *testing.T) {
	t.Parallel()
	s := told(t)
	for _, m := range s.seen {
		for name, asOf := range map[string]history.AsOf{
			"position": {Position: &m.position}, "time": {Time: m.time}, "revision": {Revision: &m.revision},
		} {
			if name == "revision" && m.after == "rename the job" {
				continue // not of the application's stream
			}
			for range 2 {
				h := s.replay(t, s.Admin, asOf)
				if h.Profile == nil || !reflect.DeepEqual(*h.Profile, m.profile) {
					t.Errorf("%s by %s = %s, want %s", m.after, name, asJSON(t, h.Profile), asJSON(t, m.profile))
				}
				if h.Revision != m.revision || len(h.Events) != int(m.revision)+1 {
					t.Errorf("%s by %s: revision %d, %d events; want %d", m.after, name, h.Revision, len(h.Events), m.revision)
				}
			}
		}
	}
	by := map[string]history.PastProfile{}
	for _, m := range s.seen {
		by[m.after] = m.profile
	}
	for _, tt := range []struct {
		after     string
		got, want any
	}{
		{"receive", text(by["receive"].FirstName) + " " + text(by["receive"].LastName) + " " + text(by["receive"].Email) + " " + text(by["receive"].Phone), "Cleo Candidate cleo@example.test +49 123"},
		{"receive", by["receive"].StageName, "Applied"},
		{"receive", by["receive"].Outcome, application.InProgress},
		{"move", by["move"].StageName, "Screening"},
		{"move", by["move"].Source, "referral"},
		{"tag", by["tag"].Tags, []string{s.tag}},
		{"comment", text(by["comment"].Comments[0].Text), "call her"},
		{"note", by["note"].Notes[0].Visible, false},
		{"show the note", by["show the note"].Notes[0].Visible, true},
		{"request", by["request"].Documents[0].Status, application.DocumentIsRequested},
		{"request", text(by["request"].Documents[0].Title), "Diploma"},
		{"request", by["request"].JobTitle, "Engineer"},
		{"rename the job", by["rename the job"].JobTitle, "Principal Engineer"},
		{"upload", by["upload"].Documents[0].Version, 1},
		{"reject the document", by["reject the document"].Documents[0].Status, application.DocumentIsRejected},
		{"reject the document", by["reject the document"].Priority, false},
		{"flag", by["flag"].Priority, true},
		{"disqualify", by["disqualify"].Outcome, application.Rejected},
		{"disqualify", by["disqualify"].Reason, commands.FirstReason("Position filled")},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("after %s: %v, want %v", tt.after, tt.got, tt.want)
		}
	}
}

func TestMomentsBeforeAndBeyond(t *testing.T) {
	t.Parallel()
	s := told(t)
	start, never, beyond := eventlog.Start, eventlog.NoStream, eventlog.Revision(10_000)
	for name, asOf := range map[string]history.AsOf{
		"position": {Position: &start}, "revision": {Revision: &never}, "time": {Time: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		h := s.replay(t, s.Admin, asOf)
		if len(h.Events) != 0 || h.Events == nil || h.Profile != nil || h.Revision != eventlog.NoStream || h.Position != "0/0" {
			t.Errorf("before the first event, by %s: %+v; want no events and no profile", name, h)
		}
	}
	h := s.replay(t, s.Admin, history.AsOf{Revision: &beyond})
	if last := s.seen[len(s.seen)-1]; h.Revision != last.revision || !reflect.DeepEqual(*h.Profile, last.profile) {
		t.Errorf("beyond the end: %+v, want now", h)
	}
	for i, asOf := range []history.AsOf{
		{Position: &start, Revision: &never}, {Time: time.Now(), Revision: &never}, {Time: time.Now(), Position: &start},
	} {
		if _, err := s.Replay(t.Context(), s.Admin, s.app, asOf); !errors.Is(err, history.ErrAsOf) {
			t.Errorf("two moments %d: %v, want ErrAsOf", i, err)
		}
	}
}

// What was erased is null at every moment, also those before; the rest stays.
// It holds E2.
func TestErasedIsNullAtEveryMoment(t *testing.T) {
	t.Parallel()
	s := told(t)
	s.tell(t, "delete the note", func(by commands.Caller) (commands.Answer, error) {
		return s.DeleteNote(t.Context(), by, commands.DeleteNote{Application: s.app, Note: s.note})
	})
	for _, m := range s.seen {
		p := s.replay(t, s.Admin, history.AsOf{Position: &m.position}).Profile
		for i, n := range p.Notes {
			if n.Text != nil || n.Deleted != (m.after == "delete the note") {
				t.Errorf("%s: note %s, deleted %v", m.after, text(n.Text), n.Deleted)
			}
			p.Notes[i].Text, p.Notes[i].Deleted = m.profile.Notes[i].Text, m.profile.Notes[i].Deleted
		}
		if !reflect.DeepEqual(*p, m.profile) {
			t.Errorf("%s: more than the note changed: %s", m.after, asJSON(t, p))
		}
	}
	added := s.replay(t, s.Admin, history.AsOf{}).Events[4]
	if added.Data["text"] != nil || !slices.Equal(added.Erased, []string{"text"}) {
		t.Errorf("note added = %s, want its text erased", asJSON(t, added))
	}
	s.tell(t, "anonymise", func(by commands.Caller) (commands.Answer, error) {
		return s.Anonymise(t.Context(), by, commands.Anonymise{Application: s.app})
	})
	auditor := s.member(t, access.Auditor, nil)
	for _, m := range s.seen {
		h, masked := s.replay(t, s.Admin, history.AsOf{Position: &m.position}), s.replay(t, auditor, history.AsOf{Position: &m.position})
		for i, e := range h.Events {
			if !slices.Equal(e.Erased, masked.Events[i].Erased) {
				t.Errorf("%s: erased of event %d are %v, an auditor is told %v", m.after, i, e.Erased, masked.Events[i].Erased)
			}
		}
		got := asJSON(t, h)
		for _, secret := range []string{"Cleo", "Candidate\"", "cleo@", "+49 123", "promising", "call her", "welcome", "Diploma", "diploma.txt", "unsigned", "too late", s.tag} {
			if strings.Contains(got, secret) {
				t.Errorf("%s still says %q", m.after, secret)
			}
		}
		p := h.Profile
		if p.JobTitle != m.profile.JobTitle || p.StageName != m.profile.StageName || p.Outcome != m.profile.Outcome || p.Priority != m.profile.Priority ||
			p.Source != m.profile.Source || !p.ReceivedAt.Equal(m.profile.ReceivedAt) || p.Anonymised != (m.after == "anonymise") ||
			len(p.Documents) != len(m.profile.Documents) || len(p.Comments) != len(m.profile.Comments) {
			t.Errorf("%s: %s, want what was not personal: %s", m.after, asJSON(t, p), asJSON(t, m.profile))
		}
	}
}
