package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/transport/edge"
)

// Done is what a candidate's command did. There is no revision: it would tell of
// what is not disclosed.
type Done struct {
	Position string `json:"position" doc:"Where the log stands with it; min_position of a read takes it"`
}

// Made is what a candidate's command did that made something.
type Made struct {
	ID string `json:"id" format:"uuid" doc:"Id of what was made"`
	Done
}

// OwnConditions are the headers that a candidate's command takes.
type OwnConditions struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[!-~]*$" patternDescription:"visible ASCII" doc:"Makes the command recognisable for 7 days: given again with the same key it answers the same and changes nothing; another request under the key is refused"`
}

type ownRequest[C any] struct {
	OwnConditions
	Body C
}

type ownBodiless struct{ OwnConditions }

type ownDone struct {
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     Done
}

type ownMade struct {
	Location string `header:"Location" doc:"Where to read what was made"`
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     Made
}

// onOwn returns a route below a candidate's own application.
func onOwn(method, path, summary string) edge.Route {
	return edge.Route{Method: method, Path: "/v1/candidate/applications/{id}" + path, Summary: summary, Tag: "candidate", Who: edge.Candidate()}
}

// ownPage locates the application that a request is about.
func ownPage(r *edge.Request) string { return "/v1/candidate/applications/" + r.Param("id") }

func (a *API) ownDone(answer commands.Answer, err error) (*ownDone, error) {
	if err != nil {
		return nil, err
	}
	position := a.recorded(answer).Position
	return &ownDone{Position: position, Body: Done{Position: position}}, nil
}

// ownMade answers with what was made, and where it is read.
func (a *API) ownMade(location string, answer commands.Answer, err error) (*ownMade, error) {
	if err != nil {
		return nil, err
	}
	position := a.recorded(answer).Position
	return &ownMade{Location: location, Position: position, Body: Made{ID: answer.ID, Done: Done{Position: position}}}, nil
}

// changeOwn declares a candidate's command with a body.
func changeOwn[C any](a *API, s *edge.Surface, r edge.Route, run func(context.Context, commands.Caller, *edge.Request, C) (commands.Answer, error)) {
	r.Body = edge.JSONBody
	edge.Handle(s, r, func(ctx context.Context, in *ownRequest[C]) (*ownDone, error) {
		return a.ownDone(a.give(ctx, Conditions{IdempotencyKey: in.IdempotencyKey}, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r, in.Body)
		}))
	})
}

// createOwn is changeOwn for a command that makes something.
func createOwn[C any](a *API, s *edge.Surface, r edge.Route, run func(context.Context, commands.Caller, *edge.Request, C) (commands.Answer, error)) {
	r.Body, r.Created = edge.JSONBody, true
	edge.Handle(s, r, func(ctx context.Context, in *ownRequest[C]) (*ownMade, error) {
		answer, err := a.give(ctx, Conditions{IdempotencyKey: in.IdempotencyKey}, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r, in.Body)
		})
		return a.ownMade(ownPage(edge.RequestOf(ctx)), answer, err)
	})
}

// actOwn declares a candidate's command without a body.
func actOwn(a *API, s *edge.Surface, r edge.Route, run func(context.Context, commands.Caller, *edge.Request) (commands.Answer, error)) {
	edge.Handle(s, r, func(ctx context.Context, in *ownBodiless) (*ownDone, error) {
		return a.ownDone(a.give(ctx, Conditions{IdempotencyKey: in.IdempotencyKey}, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r)
		}))
	})
}

// own declares what candidates do with what is theirs.
func (a *API) own(s *edge.Surface) {
	c := a.commands
	createOwn(a, s, onOwn(http.MethodPost, "/notes", "Add a note"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AddOwnNote) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.AddOwnNote(ctx, caller, cmd)
		})
	remove := onOwn(http.MethodDelete, "/notes/{note}", "Erase a note of your own")
	remove.Doc = "Its text is gone for good; that there was a note stays."
	actOwn(a, s, remove, func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
		return c.DeleteOwnNote(ctx, caller, commands.DeleteNote{Application: r.Param("id"), Note: r.Param("note")})
	})
	changeOwn(a, s, onOwn(http.MethodPost, "/interviews/{interview}/answer", "Answer an interview, or pick a time"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AnswerOwnInterview) (commands.Answer, error) {
			cmd.Application, cmd.Interview = r.Param("id"), r.Param("interview")
			return c.AnswerOwnInterview(ctx, caller, cmd)
		})
	changeOwn(a, s, onOwn(http.MethodPost, "/withdraw", "Withdraw an application"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.WithdrawOwn) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.WithdrawOwn(ctx, caller, cmd)
		})
	a.uploadOwn(s)
	a.ownContact(s)
}

// uploadOwn declares the upload of what a candidate was asked for.
func (a *API) uploadOwn(s *edge.Surface) {
	r := onOwn(http.MethodPost, "/documents/{document}/versions", "Upload what you were asked for")
	r.Body, r.Form, r.Created = edge.FormBody, formSchema(false), true
	r.Doc = "One file or several, as many and as large as the request allows. What a file is, its content decides and not its name. A later upload is a new version."
	edge.Handle(s, r, func(ctx context.Context, in *ownBodiless) (*ownMade, error) {
		r := edge.RequestOf(ctx)
		answer, err := a.receiveFiles(ctx, r, Conditions{IdempotencyKey: in.IdempotencyKey}, false, func(caller commands.Caller, up *arriving) (commands.Answer, error) {
			return a.commands.UploadOwn(ctx, caller, commands.UploadDocument{Application: r.Param("id"), Document: r.Param("document"), Files: up.files()})
		})
		return a.ownMade(ownPage(r), answer, err)
	})
}
