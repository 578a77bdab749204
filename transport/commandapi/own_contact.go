package commandapi

import (
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/picture"
	"github.com/hirelog/hirelog/transport/edge"
)

// ProveAddress changes the address of a candidate: the code was sent to the new
// one.
type ProveAddress struct {
	ID    string         `json:"sign_in_id" format:"uuid" doc:"As the code was asked for under"`
	Email personal.Plain `json:"email" minLength:"3" maxLength:"254" doc:"The new address"`
	Code  string         `json:"code" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" example:"482913" doc:"The code of the mail"`
}

// ofOwn returns a route of what is a candidate's own.
func ofOwn(method, path, summary string) edge.Route {
	return edge.Route{Method: method, Path: "/v1/candidate" + path, Summary: summary, Tag: "candidate", Who: edge.Candidate()}
}

// ownContact declares what candidates correct of themselves.
func (a *API) ownContact(s *edge.Surface) {
	c := a.commands
	changeOwn(a, s, ofOwn(http.MethodPatch, "", "Correct what is known of you"),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.CorrectOwn) (commands.Answer, error) {
			return c.CorrectOwn(ctx, caller, cmd)
		})
	ask := ofOwn(http.MethodPost, "/email-changes", "Have a code sent to a new address")
	ask.Body, ask.Accepted, ask.Throttled = edge.JSONBody, true, true
	ask.Doc = "The code counts once, for 15 minutes, and may be tried five times."
	edge.Handle(s, ask, func(ctx context.Context, in *struct{ Body AskSignIn }) (*askedAnswer, error) {
		r := edge.RequestOf(ctx)
		return a.askCode(r, in.Body.Email, func(email personal.Plain) (string, bool) { return a.door.AskChange(r.Principal.Candidate, email) })
	})
	prove := ofOwn(http.MethodPost, "/email", "Change your address")
	prove.Throttled = true
	prove.Doc = "You are recognised by the new address from then on; other sessions of yours end."
	changeOwn(a, s, prove, func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd ProveAddress) (commands.Answer, error) {
		if wait := a.signIns.redeems(r.Client()); wait > 0 {
			return commands.Answer{}, edge.TooMany(wait)
		}
		email, err := domain.EmailOf(string(cmd.Email))
		if err != nil || email == "" {
			return commands.Answer{}, edge.Invalid("body.email", "must be an e-mail address")
		}
		answer, err := c.ChangeOwnEmail(ctx, caller, personal.Plain(email), func(ctx context.Context) error {
			return slowed(a.door.Prove(ctx, cmd.ID, cmd.Code, caller.Candidate, personal.Plain(email)))
		})
		if err == nil {
			err = a.door.Moved(ctx, r.Principal.Session.ID, personal.Plain(email))
		}
		return answer, err
	})
	request := ofOwn(http.MethodPost, "/data-requests", "Ask for a copy of your data, or for its erasure")
	request.Body, request.Created = edge.JSONBody, true
	request.Doc = "You are to be answered within 30 days. While one of the kind is open, asking again answers its id. The copy itself is handed over by the organisation."
	edge.Handle(s, request, func(ctx context.Context, in *ownRequest[commands.RequestOwnData]) (*ownMade, error) {
		answer, err := a.give(ctx, Conditions{IdempotencyKey: in.IdempotencyKey}, func(caller commands.Caller, _ *edge.Request) (commands.Answer, error) {
			return c.RequestOwnData(ctx, caller, in.Body)
		})
		return a.ownMade("/v1/candidate/data-requests", answer, err)
	})
	a.ownPicture(s)
}

const pictureDoc = "A JPEG or PNG picture of at most 5 MiB. It is kept upright, with at most 640 by 640 pixels, and without what the file says of itself."

// pictures declares the pictures of candidates, for members.
func (a *API) pictures(s *edge.Surface, who edge.Who) {
	set := onApplication(http.MethodPost, "/picture", "Set the picture of the candidate", who)
	set.Body, set.Form, set.Created, set.Doc = edge.FormBody, pictureForm(), true, pictureDoc
	edge.Handle(s, set, func(ctx context.Context, in *bodiless) (*createdAnswer, error) {
		r := edge.RequestOf(ctx)
		answer, err := a.receivePicture(ctx, r, in.Conditions, func(caller commands.Caller, content io.Reader) (commands.Answer, error) {
			return a.commands.SetPicture(ctx, caller, r.Param("id"), content)
		})
		return a.created(answer, err, itself(r, answer.ID))
	})
	act(a, s, onApplication(http.MethodDelete, "/picture", "Remove the picture of the candidate", who),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return a.commands.RemovePicture(ctx, caller, r.Param("id"))
		})
}

// ownPicture declares the picture of a candidate, for themselves.
func (a *API) ownPicture(s *edge.Surface) {
	set := ofOwn(http.MethodPost, "/picture", "Set your picture")
	set.Body, set.Form, set.Created, set.Doc = edge.FormBody, pictureForm(), true, pictureDoc
	edge.Handle(s, set, func(ctx context.Context, in *ownBodiless) (*ownMade, error) {
		r := edge.RequestOf(ctx)
		answer, err := a.receivePicture(ctx, r, Conditions{IdempotencyKey: in.IdempotencyKey}, func(caller commands.Caller, content io.Reader) (commands.Answer, error) {
			return a.commands.SetOwnPicture(ctx, caller, content)
		})
		return a.ownMade("/v1/candidate", answer, err)
	})
	actOwn(a, s, ofOwn(http.MethodDelete, "/picture", "Remove your picture"),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request) (commands.Answer, error) {
			return a.commands.RemoveOwnPicture(ctx, caller)
		})
}

func pictureForm() *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Required: []string{"picture"}, Properties: map[string]*huma.Schema{
		"picture": {Type: huma.TypeString, Format: "binary", Description: "The picture"},
	}}
}

// receivePicture takes one picture in and gives a command with it. Few do at
// once: what is decoded fills memory.
func (a *API) receivePicture(ctx context.Context, r *edge.Request, c Conditions, run func(commands.Caller, io.Reader) (commands.Answer, error)) (commands.Answer, error) {
	up := &arriving{spool: spool{dir: a.spoolDir}, file: "picture", required: []string{"picture"}, fields: map[string]int{}}
	return a.receive(ctx, r, c, up, func(caller commands.Caller, up *arriving) (commands.Answer, error) {
		if len(up.parts) != 1 || up.parts[0].size > picture.MaxBytes {
			return commands.Answer{}, commands.ErrPictureTooLarge
		}
		select {
		case a.decoding <- struct{}{}:
			defer func() { <-a.decoding }()
		default:
			return commands.Answer{}, edge.Busy("Too many pictures are arriving; try again.")
		}
		return run(caller, up.files()[0].Content)
	})
}
