package commandapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/candidate"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/transport/edge"
)

// publicPrincipal stands for everybody who has no token; no member has that id.
const publicPrincipal = "public"

// publicConditions are the headers that a form takes. The key is long because
// all who have no token share them.
type publicConditions struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"16" maxLength:"255" pattern:"^[!-~]*$" patternDescription:"visible ASCII" doc:"Makes the form recognisable for 7 days: sent again with the same key it is the same submission; another form under the key is refused. Drawn at random"`
}

// Taken says that a form was taken in.
type Taken struct {
	SubmissionID string `json:"submission_id" format:"uuid" doc:"For the sender to name it by; the same for the same Idempotency-Key"`
}

type takenAnswer struct{ Body Taken }

// formTime is how long a form may take to arrive.
const formTime = 2 * time.Minute

// maxAnswers is the most bytes of the answers of a form.
const maxAnswers = 256 << 10

// forms declares what comes without a token.
func (a *API) forms(s *edge.Surface) {
	r := edge.Route{
		Method: http.MethodPost, Path: "/v1/public/jobs/{id}/applications", Summary: "Apply for a job", Tag: "public", Who: edge.Anyone(),
		Doc: "The application form of an open job. The answer is always the same, whether or not the person is known or has applied already: " +
			"a form for an application that is going on joins it. What is accepted is recorded. What a file is, its content decides and not its name.",
		Body: edge.FormBody, Form: applicationForm(), Accepted: true, Throttled: true,
	}
	edge.Handle(s, r, func(ctx context.Context, in *publicConditions) (*takenAnswer, error) {
		r := edge.RequestOf(ctx)
		leave, wait := a.public.enter(r.Client())
		if leave == nil {
			return nil, edge.TooMany(wait)
		}
		defer leave()
		up := &arriving{
			spool: spool{dir: a.spoolDir}, file: "cv", required: []string{"email"}, within: formTime,
			fields: map[string]int{"first_name": 400, "last_name": 400, "email": 1016, "phone": 200, "answers": maxAnswers, "consent_version": 200, "consent_at": 100},
		}
		defer up.spool.Close() //nolint:errcheck // the file has no name and is only read
		if err := up.read(r); err != nil {
			return nil, err
		}
		cmd, err := formOf(r, up)
		if err != nil {
			return nil, err
		}
		return a.sendForm(ctx, r, in.IdempotencyKey, up, cmd)
	})
}

func applicationForm() *huma.Schema {
	text := func(most int, doc string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeString, MaxLength: &most, Description: doc}
	}
	most := commands.MaxUploadFiles
	return &huma.Schema{Type: huma.TypeObject, Required: []string{"email"}, Properties: map[string]*huma.Schema{
		"first_name":      text(100, "First name; one of the two names is required"),
		"last_name":       text(100, "Last name"),
		"email":           text(254, "E-mail address"),
		"phone":           text(50, "Telephone number"),
		"answers":         text(maxAnswers, `Answers to the questions of the form, as a JSON object: {"<question id>": answer}; a text, a number, true or false, or an array of options`),
		"consent_version": text(50, "Version of the notice that was accepted"),
		"consent_at":      {Type: huma.TypeString, Format: "date-time", Description: "When it was accepted"},
		"cv":              {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}, MaxItems: &most, Description: "Curriculum vitae, in one file or several of at most 20 MiB"},
	}}
}

// formOf reads the fields of a form.
func formOf(r *edge.Request, up *arriving) (commands.SendForm, error) {
	plain := func(name string) personal.Plain { return personal.Plain(up.given[name]) }
	cmd := commands.SendForm{
		Job:            r.Param("id"),
		Candidate:      candidate.Details{FirstName: plain("first_name"), LastName: plain("last_name"), Email: plain("email"), Phone: plain("phone")},
		ConsentVersion: up.given["consent_version"],
	}
	if text := up.given["answers"]; text != "" {
		if err := json.Unmarshal([]byte(text), &cmd.Answers); err != nil {
			return cmd, edge.Invalid("body.answers", "must be a JSON object of answers by question")
		}
	}
	if text := up.given["consent_at"]; text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return cmd, edge.Invalid("body.consent_at", "must be a time such as 2026-05-01T12:00:00Z")
		}
		at = at.UTC().Truncate(time.Microsecond)
		cmd.ConsentAt = &at
	}
	for _, p := range up.parts {
		if p.size == 0 {
			return cmd, edge.Invalid("body.cv", "is empty")
		}
	}
	if len(up.parts) > 0 {
		cmd.Files = up.files
	}
	return cmd, nil
}

// sendForm takes the form in, once under its key.
func (a *API) sendForm(ctx context.Context, r *edge.Request, key string, up *arriving, cmd commands.SendForm) (*takenAnswer, error) {
	caller := commands.Caller{Actor: domain.Candidate, CorrelationID: r.ID, Origin: eventlog.Live}
	var err error
	if key == "" {
		if caller.CommandID, err = uuid.NewV7(); err != nil {
			return nil, err
		}
	} else {
		caller.CommandID = commands.CommandID(publicPrincipal, key)
		caller.MayBeRepeated, err = a.fingerprints.Remember(ctx, caller.CommandID, up.fingerprint(a, r))
		if errors.Is(err, ops.ErrUnavailable) {
			a.logger.Warn("a form was taken without comparing its fingerprint", "request_id", r.ID, "error", err)
			caller.MayBeRepeated, err = true, nil
		}
		if err != nil {
			return nil, err
		}
	}
	// An answer is kept whatever the form did: later the person's application may
	// be another one.
	if caller.MayBeRepeated {
		var kept Taken
		switch was, err := a.fingerprints.Kept(ctx, caller.CommandID); {
		case err != nil:
			a.logger.Warn("a form was taken without looking for its answer", "request_id", r.ID, "error", err)
		case was != nil:
			err := json.Unmarshal(was, &kept)
			return &takenAnswer{Body: kept}, err
		}
	}
	answer, err := a.commands.SendForm(ctx, caller, cmd)
	switch {
	case errors.Is(err, application.ErrTooManySubmissions), errors.Is(err, application.ErrTooManyDocuments):
		return nil, edge.TooMany(time.Hour) // and not of what there are too many
	case errors.Is(err, application.ErrDuplicate), errors.Is(err, application.ErrClosed), errors.Is(err, application.ErrAnonymised):
		return nil, edge.TooMany(time.Second) // forms of one person at once; that they are known is not said
	case err != nil:
		return nil, err
	}
	taken := Taken{SubmissionID: answer.ID}
	if key != "" {
		body, err := json.Marshal(taken)
		if err == nil {
			err = a.fingerprints.Keep(ctx, caller.CommandID, body)
		}
		if err != nil {
			a.logger.Warn("the answer to a form is not kept", "request_id", r.ID, "error", err)
		}
	}
	return &takenAnswer{Body: taken}, nil
}
