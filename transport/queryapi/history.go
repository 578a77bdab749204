package queryapi

import (
	"context"
	"strconv"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/transport/edge"
)

// History replays applications from the log.
type History interface {
	// Replay returns what happened to an application as viewer may see it now,
	// and, if asOf names a moment, what it was then.
	// Errors: application.ErrUnknown for one that viewer may not see;
	// commands.ErrDenied; those of the log and the vault.
	Replay(ctx context.Context, viewer, applicationID string, asOf AsOf) (Replay, error)
}

// AsOf is the moment an application is replayed up to; nothing set is now.
type AsOf struct {
	Revision *eventlog.Revision // inclusive
	Time     *time.Time         // recorded by then
}

// Replay is an application out of its own events.
type Replay struct {
	Entries []HistoryEntry `json:"entries" doc:"What happened, oldest first"`
	Masked  bool           `json:"masked" doc:"Personal fields are hidden from you"`
	Profile *PastProfile   `json:"profile" doc:"What it was as of the moment named; null if none was"`
}

// HistoryEntry is one stored event.
type HistoryEntry struct {
	EventID       string         `json:"event_id" format:"uuid"`
	Revision      int64          `json:"revision"`
	Position      string         `json:"position" doc:"In the log"`
	Type          string         `json:"type" doc:"Stored name of the event"`
	At            time.Time      `json:"at" doc:"When it happened"`
	RecordedAt    time.Time      `json:"recorded_at" doc:"When the log took it, by the log's clock"`
	By            domain.Actor   `json:"by" doc:"candidate, system, or member: and an id"`
	OnBehalfOf    *domain.Actor  `json:"on_behalf_of"`
	CommandID     string         `json:"command_id" format:"uuid"`
	CorrelationID string         `json:"correlation_id" doc:"Request it came by"`
	CausationID   *string        `json:"causation_id" doc:"Event that led to it"`
	Origin        string         `json:"origin" enum:"live,import,demo"`
	Data          map[string]any `json:"data" doc:"What the event says; personal fields are open, or null if erased or masked"`
}

// PastProfile is an application as of a moment, by the rules of then.
type PastProfile struct {
	Revision   int64               `json:"revision"`
	At         time.Time           `json:"at" doc:"When the last event by then happened"`
	JobID      string              `json:"job_id" format:"uuid"`
	StageID    string              `json:"stage_id" format:"uuid"`
	Outcome    application.Outcome `json:"outcome" enum:"in_progress,rejected,withdrawn"`
	ReasonID   *string             `json:"reason_id" format:"uuid"`
	Priority   bool                `json:"priority"`
	TagIDs     []string            `json:"tag_ids"`
	Anonymised bool                `json:"anonymised"`
	FirstName  *personal.Plain     `json:"first_name" doc:"Null if absent, erased or masked"`
	LastName   *personal.Plain     `json:"last_name" doc:"Null if absent, erased or masked"`
	Email      *personal.Plain     `json:"email" doc:"Null if absent, erased or masked"`
	Documents  []PastDocument      `json:"documents"`
	Notes      []PastNote          `json:"notes"`
	Comments   []PastNote          `json:"comments"`
}

// PastDocument is a document as of a moment.
type PastDocument struct {
	ID       string                     `json:"id" format:"uuid"`
	Category access.Category            `json:"category"`
	Status   application.DocumentStatus `json:"status" enum:"requested,uploaded,approved,rejected"`
	Versions int                        `json:"versions"`
}

// PastNote is a note or a comment as of a moment.
type PastNote struct {
	ID      string          `json:"id" format:"uuid"`
	By      domain.Actor    `json:"by"`
	Text    *personal.Plain `json:"text" doc:"Null if deleted, erased or masked"`
	Visible bool            `json:"visible" doc:"Whether the candidate saw it"`
	Deleted bool            `json:"deleted"`
}

// historyInput says up to when an application is replayed.
type historyInput struct {
	freshness
	AsOf     time.Time `query:"as_of" doc:"What was recorded by then, and the profile as it was"`
	Revision string    `query:"revision" pattern:"^[0-9]{1,18}$" patternDescription:"a revision" doc:"What there was at this revision, and the profile as it was"`
}

func (a *API) history(s *edge.Surface) {
	read(a, s, ofApplication("/history", "Every event of an application, and what it was", edge.Area(access.History, access.View)),
		func(ctx context.Context, r *edge.Request, in *historyInput) (Replay, error) {
			var asOf AsOf
			if !in.AsOf.IsZero() {
				asOf.Time = &in.AsOf
			}
			if in.Revision != "" {
				n, err := strconv.ParseInt(in.Revision, 10, 64)
				if err != nil {
					return Replay{}, edge.Invalid("query.revision", "must be a revision")
				}
				revision := eventlog.Revision(n)
				asOf.Revision = &revision
			}
			return a.History.Replay(ctx, r.Principal.Member, r.Param("id"), asOf)
		})
}
