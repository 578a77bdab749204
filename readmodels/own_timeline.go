package readmodels

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
)

// OwnEntry is one thing that happened to an application, as its candidate is told
// of it. Which fields it has depends on its kind; the others are null.
type OwnEntry struct {
	Kind      EntryKind            `json:"kind" enum:"received,submitted,stage_moved,disqualified,requalified,note_added,note_deleted,document_requested,document_uploaded,document_approved,document_rejected,document_cancelled,document_reopened,document_version_deleted,file_quarantined,interview_scheduled,interview_rescheduled,interview_cancelled,interview_completed,interview_missed,interview_answered,offer_sent,offer_accepted,offer_declined,offer_withdrawn,offer_expired"`
	At        time.Time            `json:"at" doc:"When it happened; of a rejection, when it was disclosed"`
	Yours     bool                 `json:"yours" doc:"Whether you did it"`
	Stage     *string              `json:"stage" doc:"The stage it entered, by its public name"`
	Outcome   *application.Outcome `json:"outcome" enum:"rejected,withdrawn"`
	NoteID    *string              `json:"note_id" format:"uuid"`
	Document  *OwnEntryDocument    `json:"document"`
	Interview *OwnEntryInterview   `json:"interview"`
	OfferID   *string              `json:"offer_id" format:"uuid"`
	Text      *personal.Plain      `json:"text" doc:"The note, or why a document was rejected"`
}

// OwnEntryDocument is the document an entry is about.
type OwnEntryDocument struct {
	ID      string          `json:"id" format:"uuid"`
	Title   *personal.Plain `json:"title"`
	Version *int            `json:"version"`
}

// OwnEntryInterview is the interview an entry is about.
type OwnEntryInterview struct {
	ID     string  `json:"id" format:"uuid"`
	Start  *string `json:"start" doc:"Wall time decided then"`
	Zone   *string `json:"zone"`
	Answer *string `json:"answer" enum:"accepted,tentative,declined" doc:"Yours"`
}

// maxOwnEntries is the most entries that a candidate's timeline has, the newest.
const maxOwnEntries = 500

// The kinds that a candidate is told of: always, of visible notes, of documents
// they were asked for, of interviews that are not hidden from them, and of offers
// that were sent to their page.
var (
	ownKinds          = []EntryKind{EntryReceived, EntrySubmitted, EntryStageMoved, EntryDisqualified, EntryRequalified, EntryOutcomeDisclosed, EntryDisclosureMoved}
	ownNoteKinds      = []EntryKind{EntryNoteAdded, EntryNoteDeleted}
	ownDocumentKinds  = []EntryKind{EntryDocumentRequested, EntryDocumentUploaded, EntryDocumentApproved, EntryDocumentRejected, EntryDocumentCancelled, EntryDocumentReopened, EntryVersionDeleted, EntryFileQuarantined}
	ownInterviewKinds = []EntryKind{EntryInterviewScheduled, EntryInterviewRescheduled, EntryInterviewCancelled, EntryInterviewCompleted, EntryInterviewMissed, EntryInterviewAnswered}
	ownOfferKinds     = []EntryKind{EntryOfferSent, EntryOfferAccepted, EntryOfferDeclined, EntryOfferWithdrawn, EntryOfferExpired}
)

// OwnTimeline returns what happened to a candidate's own application as they are
// told of it at now, newest first, at most maxOwnEntries.
// Errors: ErrNotFound, also while self-tracking is off.
func (c *Core) OwnTimeline(ctx context.Context, candidateID, applicationID string, now time.Time) ([]OwnEntry, error) {
	list := []OwnEntry{}
	if !isID(candidateID, applicationID) {
		return nil, ErrNotFound
	}
	err := c.snapshot(ctx, "own timeline", func(tx pgx.Tx, s Schema) error {
		a, err := applicationRow(ctx, tx, s, applicationID)
		if err == nil {
			a, err = wentOn(ctx, tx, s, a)
		}
		if err == nil {
			err = ownApplication(ctx, tx, s, a, candidateID, now)
		}
		if err != nil {
			return err
		}
		line, err := c.ownLine(ctx, tx, s, a)
		if err != nil {
			return err
		}
		list = line.told(a, now)
		return line.failed()
	})
	return list, err
}

// ownLine is what happened to an application and to those it goes on from, which
// to the candidate is one, the oldest first.
type ownLine struct {
	rows  []entryRow
	jobs  map[string]stagePlan // by application
	texts map[string]*texts    // by application
	first string               // application
}

func (c *Core) ownLine(ctx context.Context, tx pgx.Tx, s Schema, a ApplicationRow) (ownLine, error) {
	line := ownLine{jobs: map[string]stagePlan{}, texts: map[string]*texts{}}
	earlier, err := before(ctx, tx, s, a)
	if err != nil {
		return line, err
	}
	var ids []string
	for _, part := range append([]ApplicationRow{a}, earlier...) {
		job, err := one(ctx, tx, s, Jobs(), "job_id", part.Job)
		if err != nil {
			return line, err
		}
		ids = append(ids, part.ID)
		line.jobs[part.ID], line.texts[part.ID] = stagePlan{job}, newTexts(c.vault, part.ID, false)
		if part.From == nil {
			line.first = part.ID
		}
	}
	if line.rows, err = ownEntries(ctx, tx, s, ids, nil); err != nil {
		return line, err
	}
	for _, r := range line.rows {
		line.texts[r.Application].want(r.Text, r.noteText, r.title)
	}
	for _, t := range line.texts {
		if err := t.loadNow(ctx, tx, s); err != nil {
			return line, err
		}
	}
	return line, nil
}

func (l ownLine) failed() error {
	for _, t := range l.texts {
		if t.err != nil {
			return t.err
		}
	}
	return nil
}

// ownEntries reads what a candidate may be told of, the oldest first: of some kinds
// alone, if those are named.
func ownEntries(ctx context.Context, tx pgx.Tx, s Schema, applications []string, only []EntryKind) ([]entryRow, error) {
	rows, err := tx.Query(ctx, fmt.Sprintf(`
		SELECT application_id::text, kind, at, by, subject_id::text, details, text, note_text, title, expires_at FROM (
			SELECT e.application_id, e.kind, e.at, e.by, e.subject_id, e.details, e.text, note.text AS note_text, document.title, offer.expires_at, e.commit_position, e.prepare_position, e.revision
			FROM %[1]s e
			LEFT JOIN %[2]s note ON note.note_id = e.subject_id AND e.kind = ANY ($3)
			LEFT JOIN %[3]s document ON document.document_id = e.subject_id AND e.kind = ANY ($4)
			LEFT JOIN %[4]s interview ON interview.interview_id = e.subject_id AND e.kind = ANY ($5)
			LEFT JOIN %[5]s offer ON offer.offer_id = e.subject_id AND e.kind = ANY ($9)
			WHERE e.application_id = ANY ($1) AND (e.kind = ANY ($2)
				OR note.visible OR note.author = $6
				OR document.requested_at IS NOT NULL AND (e.kind <> $7 OR e.by = $6)
				OR NOT interview.hidden OR offer.on_page)
			AND (cardinality($10::text[]) = 0 OR e.kind = ANY ($10))
			ORDER BY e.commit_position DESC, e.prepare_position DESC, e.revision DESC LIMIT $8) newest
		ORDER BY commit_position, prepare_position, revision`,
		s.Table("timeline"), s.Table("notes"), s.Table("documents"), s.Table("interviews"), s.Table("offers")),
		applications, texted(ownKinds), texted(ownNoteKinds), texted(ownDocumentKinds), texted(ownInterviewKinds),
		domain.Candidate, EntryDocumentUploaded, maxOwnEntries, texted(ownOfferKinds), texted(only))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r entryRow, err error) {
		err = row.Scan(&r.Application, &r.Kind, &r.At, &r.By, &r.Subject, &r.Details, &r.Text, &r.noteText, &r.title, &r.expires)
		return r, err
	})
}

// told are the entries as a candidate is told of them at now, newest first. What
// was decided and taken back before it was disclosed did not happen for them, and
// neither did a move that was a mistake, or between stages of one public name. That
// a decision withdrew an offer they are told with it; or when it is taken back,
// since the offer does not come back.
func (l ownLine) told(a ApplicationRow, now time.Time) []OwnEntry {
	list := []OwnEntry{}
	var decided *entryRow // a decision that is not told yet
	var lapsed *entryRow  // the offer that it withdrew
	stage := ""
	lapse := func(at time.Time) {
		if lapsed != nil {
			list = append(list, lapsed.lapsed(at))
		}
		lapsed = nil
	}
	tell := func(until time.Time, disclosed *time.Time) bool {
		if decided == nil || disclosed == nil || until.Before(*disclosed) {
			decided = nil
			return false
		}
		e := OwnEntry{Kind: decided.Kind, At: disclosed.UTC(), Yours: decided.By == domain.Candidate, Outcome: orNil(decided.Details.V.Outcome)}
		list, decided = append(list, e), nil
		lapse(*disclosed)
		return true
	}
	disclosed := func() *time.Time {
		if decided == nil {
			return nil
		}
		return decided.Details.V.DiscloseAt
	}
	for _, r := range l.rows {
		e := OwnEntry{Kind: r.Kind, At: r.At.UTC(), Yours: r.By == domain.Candidate}
		d, t := r.Details.V, l.texts[r.Application]
		switch {
		case r.Kind == EntryReceived && r.Application != l.first:
			continue
		case r.Kind == EntryDisqualified:
			tell(r.At, disclosed())
			decided = &r
			continue
		case r.Kind == EntryDisclosureMoved, r.Kind == EntryOutcomeDisclosed:
			if decided != nil {
				at := &r.At
				if r.Kind == EntryDisclosureMoved {
					at = d.DiscloseAt
				}
				later := *decided
				later.Details.V.DiscloseAt, decided = at, &later
			}
			continue
		case r.Kind == EntryRequalified:
			if !tell(r.At, disclosed()) {
				lapse(r.At)
				continue
			}
		case r.Kind == EntryStageMoved:
			name := l.jobs[r.Application].publicStage(d.To)
			if d.Undone || name == stage {
				continue
			}
			stage, e.Stage = name, &name
		case slices.Contains(ownNoteKinds, r.Kind):
			e.NoteID, e.Text = r.Subject, t.text(r.noteText)
		case slices.Contains(ownDocumentKinds, r.Kind) && r.Subject != nil:
			e.Document = &OwnEntryDocument{ID: *r.Subject, Title: t.text(r.title), Version: orNil(d.Version)}
			if r.Kind == EntryDocumentRejected {
				e.Text = t.text(r.Text)
			}
		case r.Kind == EntryOfferWithdrawn && decided != nil:
			lapsed = &r
			continue
		case slices.Contains(ownOfferKinds, r.Kind):
			e.OfferID = r.Subject
		case r.Kind == EntryInterviewAnswered && len(d.Members) > 0:
			continue // what others answered
		case slices.Contains(ownInterviewKinds, r.Kind) && r.Subject != nil:
			e.Interview = &OwnEntryInterview{ID: *r.Subject, Start: orNil(d.Start), Zone: orNil(d.Zone), Answer: orNil(d.Answer)}
		}
		list = append(list, e)
	}
	if decided != nil && !tell(now, a.DiscloseAt) && lapsed != nil && lapsed.expires != nil && !now.Before(*lapsed.expires) {
		lapse(now)
	}
	slices.SortStableFunc(list, func(x, y OwnEntry) int { return x.At.Compare(y.At) })
	slices.Reverse(list)
	return list
}

// lapsed is the entry of an offer that a decision withdrew, which the candidate is
// told of at an instant; if the offer was to expire before, to them it expired.
func (r entryRow) lapsed(at time.Time) OwnEntry {
	if r.expires != nil && !at.Before(*r.expires) {
		return OwnEntry{Kind: EntryOfferExpired, At: r.expires.UTC(), OfferID: r.Subject}
	}
	return OwnEntry{Kind: EntryOfferWithdrawn, At: at.UTC(), OfferID: r.Subject}
}

// lapses are the ends of offers that were withdrawn because their application was
// closed, as its candidate is told of them at now, by offer. Of one that is not
// there they are not told yet.
func lapses(ctx context.Context, tx pgx.Tx, s Schema, a ApplicationRow, now time.Time) (map[string]OwnEntry, error) {
	ends := map[string]OwnEntry{}
	rows, err := ownEntries(ctx, tx, s, []string{a.ID}, []EntryKind{EntryDisqualified, EntryRequalified, EntryOutcomeDisclosed, EntryDisclosureMoved, EntryOfferWithdrawn})
	for _, e := range (ownLine{rows: rows}).told(a, now) {
		if e.OfferID != nil {
			ends[*e.OfferID] = e
		}
	}
	return ends, err
}
