package queryapi

import (
	"context"
	"slices"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/effects"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// Effects are what follows from the events of an application.
type Effects struct {
	Items   []Effect `json:"items" doc:"In the order of when they are planned for"`
	Through string   `json:"through" doc:"Position in the log up to which effects were decided; those of later events are not here yet"`
}

// Effect is something that follows from an event, once.
type Effect struct {
	ID         string        `json:"id" format:"uuid" doc:"Also of the command that records it"`
	EventID    string        `json:"event_id" format:"uuid" doc:"The event it follows from"`
	Revision   int64         `json:"revision" doc:"Of the application, with that event"`
	Purpose    string        `json:"purpose" doc:"What it is to its event, without the ids of what it is about"`
	Kind       effects.Kind  `json:"kind" enum:"disclose_outcome,remind_of_document,run_bulk,create_employee,reverse_employee,remind_of_review,send_message,disclose_by_message,settle_message,expire_offer,hire_signed,notice_candidate,notice_members,notice_interview,send_notice,move_disclosure,scan_file,watch_stage"`
	DocumentID *string       `json:"document_id" format:"uuid" doc:"Null if it is about none, or one you may not view"`
	ReviewID   *string       `json:"review_id" format:"uuid" doc:"Null if it is about none"`
	MessageID  *string       `json:"message_id" format:"uuid" doc:"Null if it is about none, or you may not view messages"`
	OfferID    *string       `json:"offer_id" format:"uuid" doc:"Null if it is about none, or you may not view offers"`
	CalendarID *string       `json:"calendar_id" format:"uuid" doc:"Of the interview that a mail is about; null if it is about none, or you may not view interviews"`
	Told       *string       `json:"told" doc:"Whom a mail about an interview tells: candidate, or a member's id"`
	PlannedAt  time.Time     `json:"planned_at"`
	PlannedFor time.Time     `json:"planned_for"`
	State      effects.State `json:"state" enum:"planned,done,cancelled,refused,failed" doc:"cancelled: when its time had come there was no reason any more; refused: a rule said no"`
	Attempts   int           `json:"attempts" doc:"That failed"`
	Reason     *string       `json:"reason" doc:"Code of the refusal, of the last failure, or of why nobody was told: null of a mail that is done means that it was sent"`
	FinishedAt *time.Time    `json:"finished_at"`

	Bounced  *readmodels.Bounce `json:"bounced" doc:"When and why a mail of notices that was sent came back; null if it did not"`
	Position *string            `json:"position" doc:"Where in the log it was recorded that it was done"`
}

func (a *API) effects(s *edge.Surface) {
	read(a, s, ofApplication("/effects", "What follows from the events of an application, and what was done", edge.Area(access.History, access.View)),
		func(ctx context.Context, r *edge.Request, _ *simple) (Effects, error) {
			p, err := a.profile(ctx, r)
			if err != nil {
				return Effects{}, err
			}
			if p.Rights.Areas[access.History] < access.View {
				return Effects{}, commands.ErrDenied
			}
			through, err := a.Ledger.Through(ctx) // first: what is not here is later
			if err != nil {
				return Effects{}, err
			}
			entries, err := a.Ledger.Of(ctx, p.ID)
			if err != nil {
				return Effects{}, err
			}
			var mails []string
			for _, e := range entries {
				if e.Kind == effects.SendNotice {
					mails = append(mails, e.Object)
				}
			}
			bounces, err := a.Core.Bounces(ctx, mails)
			if err != nil {
				return Effects{}, err
			}
			all := Effects{Items: []Effect{}, Through: through.String()}
			for _, e := range entries {
				shown := shownEffect(e, p)
				if b, ok := bounces[e.Object]; ok {
					shown.Bounced = &b
				}
				all.Items = append(all.Items, shown)
			}
			return all, nil
		})
}

func shownEffect(e effects.Entry, p readmodels.Profile) Effect {
	shown := Effect{
		ID: e.ID.String(), EventID: e.Event.String(), Revision: int64(e.Revision), Purpose: e.Does(), Kind: e.Kind,
		PlannedAt: e.PlannedAt.UTC(), PlannedFor: e.PlannedFor.UTC(), State: e.State, Attempts: e.Attempts, FinishedAt: e.FinishedAt,
	}
	if e.FinishedAt != nil {
		at := e.FinishedAt.UTC()
		shown.FinishedAt = &at
	}
	if slices.ContainsFunc(p.Documents, func(d readmodels.Document) bool { return d.ID == e.Object }) {
		shown.DocumentID = &e.Object
	}
	switch e.Kind {
	case effects.SendMessage, effects.DiscloseBySent, effects.MoveDisclosure, effects.SettleMessage:
		if p.Rights.Areas[access.Messages] >= access.View {
			shown.MessageID = &e.Object
		}
	case effects.ExpireOffer, effects.HireSigned:
		if p.Rights.Areas[access.Offers] >= access.View {
			shown.OfferID = &e.Object
		}
	case effects.RemindOfReview:
		shown.ReviewID = &e.Object
	case effects.DiscloseOutcome, effects.RemindOfDocument, effects.RunBulk, effects.CreateEmployee, effects.ReverseEmployee, effects.HandOver,
		effects.NoticeCandidate, effects.NoticeMembers, effects.NoticeInterview, effects.SendNotice, effects.ScanFile, effects.WatchStage:
	}
	if interview, to := e.Invitation(); interview != "" && p.Rights.Areas[access.Interviews] >= access.View {
		shown.CalendarID, shown.Told = &interview, &to
	}
	if e.Reason != "" {
		shown.Reason = &e.Reason
	}
	if e.Result != nil {
		position := e.Result.String()
		shown.Position = &position
	}
	return shown
}
