package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/claim"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/vault"
)

// fact is one event on its way into the log.
type fact struct {
	stream string
	at     time.Time
	meta   eventlog.Metadata
	encode func(ctx context.Context, v *vault.Vault, m eventlog.Metadata) (eventlog.NewEvent, error)
}

// life is what happens to one application: the events that commands would write,
// about ten. What it is depends on nothing but its number.
type life struct {
	id, person string
	employer
	posting
	r      *rand.Rand
	at     time.Time
	by     domain.Actor
	stage  int
	closed bool
	facts  []fact
	keys   []personal.Key // of all texts
}

// corpusEnd is when the last life may begin.
func corpusEnd() time.Time { return time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC) }

// idFrom is an id told by r.
func idFrom(r *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

func newLife(v *vault.Vault, e employer, p posting, n int) *life {
	r := rand.New(rand.NewPCG(corpusSeed, uint64(n)+1))
	l := &life{
		id: idFrom(r), person: idFrom(r), employer: e, posting: p, r: r,
		at: corpusEnd().Add(-time.Duration(r.IntN(180*24*60)) * time.Minute), by: domain.Member(e.members[n%len(e.members)]),
	}
	l.receive(n, v.DeriveID("live_application", p.id, l.person).String())
	l.marks()
	for reached := r.IntN(4); l.stage < reached; {
		l.advance()
	}
	if l.chance(70) {
		l.end(v.DeriveID("live_application", p.id, l.person).String())
	}
	return l
}

// chance reports true in percent of the cases.
func (l *life) chance(percent int) bool { return l.r.IntN(100) < percent }

// now is the stamp of the next fact.
func (l *life) now() domain.Stamp {
	l.at = l.at.Add(time.Duration(1+l.r.IntN(60*60)) * time.Minute)
	return domain.Stamp{At: l.at, By: l.by}
}

// text is a text under a key, which the application owns.
func (l *life) text(key, plain string) personal.Text {
	k := personal.Key{ID: key, Owner: l.id}
	l.keys = append(l.keys, k)
	return personal.New(k, personal.Plain(plain))
}

// add adds a fact to the life, as the first of a command of its own.
func add[E domain.Fact](l *life, stream string, codec domain.Codec[E], e E) {
	command := uuid.MustParse(idFrom(l.r))
	id := uuid.NewSHA1(command, []byte(stream+"/0"))
	l.facts = append(l.facts, fact{
		stream: stream, at: e.When(),
		meta: eventlog.Metadata{Actor: e.Who(), CommandID: command, CorrelationID: command.String(), Origin: eventlog.Live},
		encode: func(ctx context.Context, v *vault.Vault, m eventlog.Metadata) (eventlog.NewEvent, error) {
			event, _, err := eventlog.Encode(ctx, codec, v, id, e, m)
			return event, err
		},
	})
}

func (l *life) happens(e application.Event) {
	add(l, "application-"+l.id, application.Codec, e)
}

func (l *life) receive(n int, claimID string) {
	s := l.now()
	first, last := nameOf(l.r)
	add(l, "claim-"+claimID, claim.Codec, claim.Event(claim.Taken{Stamp: s, Holder: l.text(l.id, l.id)}))
	add(l, "candidate-"+l.person, candidate.Codec, candidate.Event(candidate.Registered{
		Stamp: s, FirstName: l.text(l.person, first), LastName: l.text(l.person, last),
		Email: l.text(l.person, fmt.Sprintf("%s.%s.%d@people.example", strings.ToLower(first), strings.ToLower(last), n)),
		Phone: l.text(l.person, fmt.Sprintf("+49 30 555 %06d", n)),
	}))
	l.happens(application.Received{
		Stamp: s, Job: l.posting.id, Stage: l.stages[0].ID, Candidate: l.text(l.id, l.person), Claim: l.text(l.id, claimID),
		Source: []string{"career page", "referral", "job board", "agency"}[l.r.IntN(4)], Owner: l.by.MemberID(),
	})
}

func (l *life) marks() {
	for i := 0; i < 3 && l.chance(45); i++ {
		l.happens(application.TagAdded{Stamp: l.now(), Tag: l.tags[(i+3*l.r.IntN(l.r.IntN(len(l.tags))+1))%len(l.tags)]})
	}
	if l.chance(15) {
		l.happens(application.PrioritySet{Stamp: l.now(), Priority: true})
	}
	if l.chance(60) {
		l.upload(uuid.MustParse(idFrom(l.r)).String(), 1, access.CV)
	}
}

func (l *life) upload(document string, version int, category access.Category) {
	id := idFrom(l.r)
	l.happens(application.DocumentUploaded{Stamp: l.now(), Document: document, Version: version, Category: category, Files: []application.File{
		{ID: id, Name: l.text(id, "curriculum vitae.txt"), Size: int64(1000 + l.r.IntN(100_000)), Type: "text/plain"},
	}})
}

// said is what comments, notes and reasons say.
func (l *life) said() string {
	return []string{
		"Strong answers, asks the right questions.", "Solid, a little quiet; would like to see a work sample before the next step is taken.",
		"Great references.", "Knows our market well, and the team would like to meet her in person next week.", "Needs a few weeks' notice.",
	}[l.r.IntN(5)]
}

// advance moves the application to the next stage, with what is said on the way.
func (l *life) advance() {
	move := application.StageMoved{Stamp: l.now(), From: l.stages[l.stage].ID, To: l.stages[l.stage+1].ID}
	if l.chance(50) {
		move.Comment = l.text(l.id, l.said())
	}
	l.stage++
	l.happens(move)
	if l.chance(60) {
		l.comment()
	}
	if l.chance(35) {
		l.note()
	}
	if l.chance(30) {
		l.request()
	}
}

func (l *life) note() {
	id := idFrom(l.r)
	l.happens(application.NoteAdded{Stamp: l.now(), Note: id, Text: l.text(id, l.said()), Visible: l.chance(60), Stage: l.stages[l.stage].ID})
	if l.chance(20) {
		l.happens(application.NoteVisibilitySet{Stamp: l.now(), Note: id, Visible: l.chance(50)})
	}
}

// request asks for a document and, mostly, gets and reviews it.
func (l *life) request() {
	id := idFrom(l.r)
	s := l.now()
	due := s.At.AddDate(0, 0, 10)
	l.happens(application.DocumentRequested{
		Stamp: s, Document: id, Title: l.text(l.id, "Certificate of employment"), Description: l.text(l.id, "From your last position."),
		Category: access.EmploymentReference, MaxBytes: application.MaxFileBytes, MaxFiles: 1, DueAt: &due,
	})
	if l.chance(30) {
		return
	}
	l.upload(id, 1, access.EmploymentReference)
	if l.chance(70) {
		l.happens(application.DocumentApproved{Stamp: l.now(), Document: id, Version: 1})
	} else {
		l.happens(application.DocumentRejected{Stamp: l.now(), Document: id, Version: 1, Reason: l.text(l.id, "The second page is missing.")})
	}
}

// end ends the application, and takes the end back now and then.
func (l *life) end(claimID string) {
	s := l.now()
	e := application.Disqualified{Stamp: s, Kind: application.Rejected, Reason: commands.FirstReason("Not the right fit"), DiscloseAt: s.At.Add(48 * time.Hour)}
	if l.chance(30) {
		e.Kind, e.Reason, e.DiscloseAt = application.Withdrawn, commands.FirstReason("Lost interest"), s.At
	}
	if l.chance(40) {
		e.Note = l.text(l.id, l.said())
	}
	l.happens(e)
	if l.chance(8) {
		l.happens(application.Requalified{Stamp: l.now(), Reason: l.text(l.id, "The first choice declined.")})
		return
	}
	l.closed = true
	add(l, "claim-"+claimID, claim.Codec, claim.Event(claim.Released{Stamp: s}))
}

// nameOf makes a name up, one of some forty thousand.
func nameOf(r *rand.Rand) (first, last string) {
	begin := []string{"Al", "Bru", "Chi", "Da", "E", "Fa", "Gil", "Hen", "Il", "Ja", "Ka", "Lo", "Mi", "Nu", "Ol", "Pa", "Quen", "Ro", "Ste", "Ta"}
	end := []string{"ma", "no", "ara", "rio", "lif", "rid", "da", "rik", "se", "kub"}
	middle := []string{"berg", "strand", "mann", "wald", "feld", "haus", "stein", "bach", "dahl", "holm"}
	first = begin[r.IntN(len(begin))] + end[r.IntN(len(end))]
	last = begin[r.IntN(len(begin))] + middle[r.IntN(len(middle))] + end[r.IntN(len(end))]
	return first, last
}
