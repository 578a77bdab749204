package effects

import (
	"context"
	"fmt"
	"strings"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/notice"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// ByCommands carries effects out as commands of the system's. Each has the
// effect's id, so that given again it answers as the first time, and names the
// event it follows from.
func ByCommands(c *commands.Commands) func(context.Context, Entry) (Outcome, error) {
	return func(ctx context.Context, e Entry) (Outcome, error) {
		answer, err := give(ctx, c, e)
		switch {
		case err != nil:
			return Outcome{}, err
		case answer.Unchanged:
			return Outcome{State: Cancelled, Reason: answer.Reason}, nil
		}
		return Outcome{State: Done, Reason: answer.Reason, Stream: answer.Stream, Revision: answer.Revision, Position: answer.Position}, nil
	}
}

// give gives the command of an effect. Errors: those of the command; ErrUnknownKind.
func give(ctx context.Context, c *commands.Commands, e Entry) (commands.Answer, error) {
	caller := commands.Caller{
		Actor: domain.System, CommandID: e.ID, MayBeRepeated: true, CausationID: e.Event.String(), Origin: eventlog.Live,
	}
	switch e.Kind {
	case DiscloseOutcome:
		return c.DiscloseOutcome(ctx, caller, e.Subject)
	case RemindOfDocument:
		return c.RemindOfDocument(ctx, caller, e.Subject, e.Object)
	case RunBulk:
		return c.RunBulk(ctx, caller, e.Subject)
	case CreateEmployee:
		return c.CreateEmployee(ctx, caller, e.Subject, e.Object)
	case ReverseEmployee:
		return c.ReverseEmployee(ctx, caller, e.Subject, e.Object)
	case RemindOfReview:
		return c.RemindOfReview(ctx, caller, e.Subject, e.Object)
	case WatchStage:
		return c.WatchStage(ctx, caller, e.Subject, e.Object)
	case ExpireOffer:
		return c.ExpireOffer(ctx, caller, e.Subject, e.Object)
	case HireSigned:
		return c.HireSigned(ctx, caller, e.Subject, e.Object)
	case HandOver:
		return c.HandOver(ctx, caller, e.Subject)
	case SendMessage:
		return c.SendMessage(ctx, caller, e.Object)
	case DiscloseBySent:
		return c.DiscloseByMessage(ctx, caller, e.Subject, e.Object)
	case NoticeCandidate:
		kind, _ := strings.CutPrefix(e.Purpose, noticePurpose)
		return c.NoticeCandidate(ctx, caller, e.Subject, notice.Kind(kind), e.Object)
	case NoticeMembers:
		return c.NoticeMembers(ctx, caller, e.Subject, e.Object)
	case NoticeInterview:
		return c.NoticeInterview(ctx, caller, e.Subject, e.Object, e.Revision)
	case SendNotice:
		_, stream := eventlog.SplitStream(e.Stream)
		return c.SendNotice(ctx, caller, stream, e.Object)
	case ScanFile:
		switch category, _ := eventlog.SplitStream(e.Stream); category {
		case "message":
			return c.ScanMailedFile(ctx, caller, e.Subject, e.Object)
		case "employee":
			return c.ScanEmployeeFile(ctx, caller, e.Subject, e.Object)
		}
		return c.ScanFile(ctx, caller, e.Subject, e.Object)
	case MoveDisclosure:
		return c.MoveDisclosure(ctx, caller, e.Subject, e.Object)
	case SettleMessage:
		return c.SettleMessage(ctx, caller, e.Object)
	}
	return commands.Answer{}, fmt.Errorf("effect %s is of kind %s: %w", e.ID, e.Kind, ErrUnknownKind)
}
