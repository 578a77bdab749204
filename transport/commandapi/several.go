package commandapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/transport/edge"
)

// Outcome is what became of one of several things that were asked for at once.
type Outcome struct {
	Of       string    `json:"of" doc:"What it is about: the number of the file, from 0, or the application"`
	ID       *string   `json:"id" format:"uuid" doc:"Of the document that was made; null if it was refused"`
	Refusal  *Refusal  `json:"refusal" doc:"Why it was refused"`
	Recorded *Recorded `json:"recorded" doc:"Null if it was refused"`
}

// Refusal is why one of several things was refused.
type Refusal struct {
	Code   string `json:"code" doc:"As of a problem"`
	Detail string `json:"detail" doc:"For people"`
}

// Outcomes are what became of several things, in the order they were asked for.
type Outcomes struct {
	Items   []Outcome `json:"items"`
	Refused int       `json:"refused" doc:"How many were refused"`
}

type outcomesAnswer struct {
	Position string `header:"Hirelog-Position" doc:"The last position among the outcomes; absent if nothing was recorded"`
	Body     Outcomes
}

// several gives one command for each of several things. Each is a command of its
// own: given again, those that were done answer as they did. What is refused
// keeps nothing else from being done; if all are refused for the same reason, so
// is the request.
func (a *API) several(of []string, caller commands.Caller, give func(n int, caller commands.Caller) (commands.Answer, error)) (*outcomesAnswer, error) {
	out := &outcomesAnswer{Body: Outcomes{Items: make([]Outcome, len(of))}}
	var last eventlog.Position
	var refusals []*domain.Refusal
	for n, what := range of {
		step := caller
		step.CommandID = uuid.NewSHA1(caller.CommandID, fmt.Appendf(nil, "%d/%s", n, what))
		answer, err := give(n, step)
		var refusal *domain.Refusal
		if err != nil && !errors.As(err, &refusal) {
			return nil, err
		}
		out.Body.Items[n].Of = what
		if refusal != nil {
			refusals = append(refusals, refusal)
			out.Body.Items[n].Refusal = &Refusal{Code: refusal.Code, Detail: refusal.Message}
			continue
		}
		recorded := a.recorded(answer)
		out.Body.Items[n].ID, out.Body.Items[n].Recorded = &answer.ID, &recorded
		if answer.Position.After(last) {
			last, out.Position = answer.Position, recorded.Position
		}
	}
	out.Body.Refused = len(refusals)
	if len(refusals) == len(of) && allAlike(refusals) {
		return nil, refusals[0]
	}
	return out, nil
}

func allAlike(refusals []*domain.Refusal) bool {
	for _, r := range refusals {
		if r.Code != refusals[0].Code {
			return false
		}
	}
	return true
}

// uploadSeveral declares the route that files several documents at once.
func (a *API) uploadSeveral(s *edge.Surface, edit edge.Who) {
	r := onApplication(http.MethodPost, "/documents/several", "File several documents", edit.And("each"))
	r.Body, r.Form = edge.FormBody, severalSchema()
	r.Doc = "Each file becomes a document of its own. category names one for each file, in their order, or one for all, separated by commas. " +
		"The answer says of each file what became of it; what was refused keeps nothing else from being filed. If-Match is looked at for the first."
	edge.Handle(s, r, func(ctx context.Context, in *bodiless) (*outcomesAnswer, error) {
		r := edge.RequestOf(ctx)
		done, err := a.uploading()
		if err != nil {
			return nil, err
		}
		defer done()
		up := &arriving{spool: spool{dir: a.spoolDir}, file: "files", required: []string{"files", "category"}, fields: map[string]int{"category": 1000}}
		defer up.spool.Close() //nolint:errcheck // the file has no name and is only read
		if err := up.read(r); err != nil {
			return nil, err
		}
		files, categories := up.files(), strings.Split(up.given["category"], ",")
		if len(categories) != 1 && len(categories) != len(files) {
			return nil, edge.Invalid("body.category", "names one category, or one for each file")
		}
		caller, err := a.caller(ctx, in.Conditions, func() [32]byte { return up.fingerprint(a, r) })
		if err != nil {
			return nil, err
		}
		of := make([]string, len(files))
		for n := range files {
			of[n] = fmt.Sprint(n)
		}
		return a.several(of, caller, func(n int, caller commands.Caller) (commands.Answer, error) {
			if n > 0 {
				caller.IfMatch = nil
			}
			return a.commands.UploadDocument(ctx, caller, commands.UploadDocument{
				Application: r.Param("id"), Category: access.Category(strings.TrimSpace(categories[n%len(categories)])), Files: files[n : n+1],
			})
		})
	})
}

// uploading takes a place among the uploads under way.
func (a *API) uploading() (done func(), err error) {
	select {
	case a.uploads <- struct{}{}:
		return func() { <-a.uploads }, nil
	default:
		return nil, edge.Busy("Too many uploads are arriving; try again.")
	}
}

func severalSchema() *huma.Schema {
	form := formSchema(false)
	form.Required = append(form.Required, "category")
	form.Properties["files"].Description = "The files, each a document"
	form.Properties["category"] = &huma.Schema{Type: huma.TypeString, Description: "Categories of the documents, separated by commas"}
	return form
}

// RequestDocuments asks the candidates of several applications for a document.
type RequestDocuments struct {
	Applications []string `json:"application_ids" minItems:"1" maxItems:"200" uniqueItems:"true" format:"uuid" doc:"The applications"`
	commands.RequestDocument
}

// requestSeveral declares the route that asks many for one document.
func (a *API) requestSeveral(s *edge.Surface, edit edge.Who) {
	r := edge.Route{
		Method: http.MethodPost, Path: "/v1/document-requests", Summary: "Ask the candidates of several applications for a document", Tag: "applications", Who: edit.And("each application"),
		Doc: "The answer says of each application what became of it; what was refused keeps nobody else from being asked. If-Match is looked at for each.", Body: edge.JSONBody,
	}
	edge.Handle(s, r, func(ctx context.Context, in *request[RequestDocuments]) (*outcomesAnswer, error) {
		r := edge.RequestOf(ctx)
		caller, err := a.caller(ctx, in.Conditions, func() [32]byte { return a.fingerprint(r) })
		if err != nil {
			return nil, err
		}
		for _, id := range in.Body.Applications {
			if _, err := uuid.Parse(id); err != nil || strings.ToLower(id) != id {
				return nil, edge.Invalid("body.application_ids", "holds something that is no id")
			}
		}
		return a.several(in.Body.Applications, caller, func(n int, caller commands.Caller) (commands.Answer, error) {
			cmd := in.Body.RequestDocument
			cmd.Application = in.Body.Applications[n]
			return a.commands.RequestDocument(ctx, caller, cmd)
		})
	})
}
