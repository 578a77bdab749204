package queryapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/domain/view"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// maxExported is how many applications one file holds at most.
const maxExported = 10_000

// exportInput says what is exported, and of which applications.
type exportInput struct {
	ListInput
	Columns []string `query:"column,explode" maxItems:"30" enum:"first_name,last_name,email,job,stage,stage_since,outcome,reason,priority,knocked_out,unread,source,owner,tags,received_at,changed_at,another_application" doc:"What of each, in this order; none means everything"`
}

func (a *API) export(s *edge.Surface) {
	route := edge.Route{
		Method: http.MethodGet, Path: "/v1/applications.csv", Summary: "The list of applications as a file", Tag: "applications", Download: true, Keeps: true,
		Who: edge.SignedIn().And("of the applications they may view"),
		Doc: "At most 10,000, with the filters and the order of the list; limit and cursor do not count. What is hidden from you is empty. A cell that a spreadsheet would take for a formula begins with an apostrophe. Each application is noted in the read log.",
	}
	edge.Handle(s, route, func(ctx context.Context, in *exportInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		found, err := a.all(ctx, r.Principal.Member, kept(r, in.query()))
		if err != nil {
			return nil, err
		}
		file, err := asCSV(found, in.Columns)
		if err != nil {
			return nil, err
		}
		// Only what is noted is answered.
		if err := a.noteExport(ctx, r.Principal.Member, found); err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(huma.Context) {
			w := r.Writer()
			h := w.Header()
			h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
			h.Set("Content-Disposition", disposition("attachment", "applications.csv"))
			h.Set("Content-Security-Policy", policyOf("text/csv", false))
			http.ServeContent(w, r.HTTP, "", time.Time{}, bytes.NewReader(file))
		}}, nil
	})
}

// all returns all applications that answer a query.
// Errors: readmodels.ErrTooManySelected.
func (a *API) all(ctx context.Context, member string, q readmodels.ListQuery) ([]readmodels.ListedApplication, error) {
	var found []readmodels.ListedApplication
	q.Limit, q.Cursor = readmodels.MaxLimit, ""
	for {
		page, err := a.Core.Applications(ctx, member, q, a.Now())
		if err != nil {
			return nil, err
		}
		found = append(found, page.Items...)
		switch {
		case len(found) > maxExported:
			return nil, readmodels.ErrTooManySelected
		case page.NextCursor == nil:
			return found, nil
		}
		q.Cursor = *page.NextCursor
	}
}

// noteExport notes that a member took applications away.
func (a *API) noteExport(ctx context.Context, member string, found []readmodels.ListedApplication) error {
	now := a.Now()
	role, err := a.Core.OrganizationRole(ctx, member, now)
	if err != nil {
		return err
	}
	right := "recruiting_role"
	if role == access.Admin || role == access.Auditor {
		right = "organization_role"
	}
	reads := make([]ops.Read, len(found))
	for i, f := range found {
		reads[i] = ops.Read{At: now, Member: member, Kind: "export", Application: &f.ID, Rights: []string{right}}
	}
	return a.Reads.NoteAll(ctx, reads)
}

// asCSV writes applications as CSV, with a line of names.
func asCSV(found []readmodels.ListedApplication, columns []string) ([]byte, error) {
	if len(columns) == 0 {
		for _, c := range view.Columns() {
			columns = append(columns, string(c))
		}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(append([]string{"id"}, columns...)); err != nil {
		return nil, err
	}
	for i := range found {
		record := []string{found[i].ID}
		for _, c := range columns {
			record = append(record, inert(cell(&found[i], view.Column(c))))
		}
		if err := w.Write(record); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// inert is a text that no spreadsheet takes for a formula.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// cell is what a column holds for an application.
func cell(a *readmodels.ListedApplication, c view.Column) string {
	plain := func(p *personal.Plain) string {
		if p == nil {
			return ""
		}
		return string(*p)
	}
	switch c {
	case view.FirstName:
		return plain(a.FirstName)
	case view.LastName:
		return plain(a.LastName)
	case view.Email:
		return plain(a.Email)
	case view.Job:
		return a.Job.Title
	case view.Stage:
		return a.Stage.Name
	case view.StageSince:
		return a.StageSince.Format(time.RFC3339)
	case view.Outcome:
		return string(a.Outcome)
	case view.Reason:
		if a.Reason != nil {
			return a.Reason.Label
		}
	case view.Priority:
		return strconv.FormatBool(a.Priority)
	case view.KnockedOut:
		return strconv.FormatBool(a.KnockedOut)
	case view.Unread:
		if a.Unread != nil {
			return strconv.Itoa(*a.Unread)
		}
	case view.Source:
		return a.Source
	case view.Owner:
		if a.Owner != nil {
			return plain(a.Owner.Name)
		}
	case view.Tags:
		labels := make([]string, len(a.Tags))
		for i, t := range a.Tags {
			labels[i] = t.Label
		}
		return strings.Join(labels, "; ")
	case view.ReceivedAt:
		return a.ReceivedAt.Format(time.RFC3339)
	case view.ChangedAt:
		return a.ChangedAt.Format(time.RFC3339)
	case view.Another:
		return strconv.FormatBool(a.Another)
	}
	return ""
}
