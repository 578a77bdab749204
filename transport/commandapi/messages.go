package commandapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) messages(s *edge.Surface) {
	c := a.commands
	edit := edge.Area(access.Messages, access.Edit)
	write := onApplication(http.MethodPost, "/messages", "Write to the candidate", edit.And("and view on the categories of files that go along"))
	write.Doc = "It leaves at once, or when it says; until then it can be changed or cancelled. Answers come to an address of the application's own. " +
		"Placeholders such as {{candidate.first_name}} are filled when it is written."
	create(a, s, write, part("messages"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.WriteMessage) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.WriteMessage(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/messages/{message}", "Change a message that has not left", edit.And("and view on the categories of files that go along")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ChangeMessage) (commands.Answer, error) {
			cmd.Application, cmd.Message = r.Param("id"), r.Param("message")
			return c.ChangeMessage(ctx, caller, cmd)
		})
	on := func(path, summary, doc string, give func(context.Context, commands.Caller, commands.OnMessage) (commands.Answer, error)) {
		route := onApplication(http.MethodPost, "/messages/{message}/"+path, summary, edit)
		route.Doc = doc
		act(a, s, route, func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return give(ctx, caller, commands.OnMessage{Application: r.Param("id"), Message: r.Param("message")})
		})
	}
	on("cancel", "Cancel a message that has not left", "Also one that failed and would be tried again.", c.CancelMessage)
	on("retry", "Try to send a message again", "One that failed, came back, or of which nobody knows whether it was taken: it may arrive twice then.", c.RetryMessage)
	on("close", "Say that a message was taken care of", "For everybody; writing an answer says it, too.", c.CloseMessage)
	back := onApplication(http.MethodPost, "/notices/{notice}/close", "Say that a mail of notices that came back was taken care of", edit.And("or, about an interview, on area interviews"))
	back.Doc = "For everybody. It is not sent again; what happens later is, to the address that is known then."
	act(a, s, back, func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
		return c.CloseBounce(ctx, caller, commands.CloseBounce{Application: r.Param("id"), Notice: r.Param("notice")})
	})
	change(a, s, onApplication(http.MethodPost, "/messages/{message}/reassign", "Move a message to another application", edit.And("on both applications")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReassignMessage) (commands.Answer, error) {
			cmd.Application, cmd.Message = r.Param("id"), r.Param("message")
			return c.ReassignMessage(ctx, caller, cmd)
		})
	a.unassigned(s)
	a.inbound(s)
}

func (a *API) unassigned(s *edge.Surface) {
	c := a.commands
	who := edge.Roles(access.Admin, access.Recruiting)
	assign := edge.Route{
		Method: http.MethodPost, Path: "/v1/unassigned-messages/{id}/assign", Summary: "Say to which application a message belongs", Tag: "messages",
		Who: who.And("with edit on area messages of the application"),
	}
	assign.Doc = "What came along becomes documents without a category. The sender's address becomes the candidate's only if that is asked for."
	change(a, s, assign, func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AssignMessage) (commands.Answer, error) {
		cmd.Message = r.Param("id")
		return c.AssignMessage(ctx, caller, cmd)
	})
	apply := edge.Route{
		Method: http.MethodPost, Path: "/v1/unassigned-messages/{id}/application", Summary: "Make an application of a message", Tag: "messages",
		Who: who.And("with edit on areas application and messages of the job"),
	}
	apply.Doc = "The person is who sent it; the message and what came along go with the application, whose source is e_mail."
	create(a, s, apply, at("/v1/applications"), func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ApplyByMessage) (commands.Answer, error) {
		cmd.Message = r.Param("id")
		return c.ApplyByMessage(ctx, caller, cmd)
	})
}

// inboundTime is how long a mail may take to arrive.
const inboundTime = 2 * time.Minute

// inbound declares the route by which a mail server hands mail over.
func (a *API) inbound(s *edge.Surface) {
	route := edge.Route{
		Method: http.MethodPost, Path: "/v1/mail/inbound", Summary: "Hand over a mail that came in", Tag: "messages", Who: edge.Roles(access.Admin), Body: edge.MailBody,
		Doc: "The body is the whole mail, as message/rfc822, of at most 35 MiB with at most 20 files of 20 MiB. The same mail, by its sender and Message-ID, comes in once. " +
			"A report that one of our messages or notices could not be delivered marks that as bounced. What the calendar program of somebody who is invited to an interview answers is their answer; " +
			"if the mail is no message besides, its id is the interview's. An answer of 5xx means that it is to be handed over again.",
	}
	edge.Handle(s, route, func(ctx context.Context, in *bodiless) (*mailAnswer, error) {
		r := edge.RequestOf(ctx)
		// Who may not is told before anything is read.
		if err := a.commands.MayReceiveMail(commands.Caller{Actor: r.Principal.Actor()}); err != nil {
			return nil, err
		}
		select {
		case a.uploads <- struct{}{}:
			defer func() { <-a.uploads }()
		default:
			return nil, edge.Busy("Too many uploads are arriving; try again.")
		}
		control := http.NewResponseController(r.Writer())
		_ = control.SetReadDeadline(time.Now().Add(inboundTime)) // not every writer has deadlines
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
		sum := sha256.New()
		parsed, err := mail.Parse(io.TeeReader(http.MaxBytesReader(nil, r.HTTP.Body, mail.MaxRaw), sum))
		switch {
		case errors.Is(err, mail.ErrUnreadable):
			return nil, commands.ErrUnreadableMail.Because("This is no mail that can be taken: %s.", why(err))
		case err != nil:
			return nil, broken(err)
		}
		caller, err := a.caller(ctx, in.Conditions, func() [32]byte {
			return a.vault.Fingerprint([]byte(r.HTTP.Method), []byte(r.HTTP.URL.Path), sum.Sum(nil))
		})
		if err != nil {
			return nil, err
		}
		answer, err := a.commands.ReceiveMail(ctx, caller, parsed)
		if err != nil {
			return nil, err
		}
		body := Created{ID: answer.ID, Recorded: a.recorded(answer)}
		return &mailAnswer{Position: body.Position, Body: body}, nil
	})
}

// mailAnswer says which message a mail is, or which one, or which interview, it says
// something of.
type mailAnswer struct {
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     Created
}

// why is what an unreadable mail lacks.
func why(err error) string {
	const before = "unreadable mail: "
	if text := err.Error(); len(text) > len(before) {
		return text[len(before):]
	}
	return "it cannot be read"
}
