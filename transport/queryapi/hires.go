package queryapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) hires(s *edge.Surface) {
	read(a, s, ofApplication("/hires", "Hires of an application, newest first, also undone ones", edge.Area(access.Application, access.View)),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.HireEntry], error) {
			items, err := a.Core.Hires(ctx, r.Principal.Member, r.Param("id"), a.Now())
			return Items[readmodels.HireEntry]{Items: items}, err
		})
	out := ofApplication("/disqualifications", "Disqualifications of an application, newest first, also those taken back", edge.Area(access.Application, access.View))
	out.Doc = "What each led to that is not undone by taking it back stands under left: the message that told of it, once it left."
	read(a, s, out, func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.DisqualificationEntry], error) {
		items, err := a.Core.Disqualifications(ctx, r.Principal.Member, r.Param("id"), a.Now())
		return Items[readmodels.DisqualificationEntry]{Items: items}, err
	})
	who := edge.SignedIn().And("admins, the job's recruitment managers, and auditors, to whom personal fields are masked")
	read(a, s, edge.Route{Path: "/v1/employees", Summary: "Employee profiles, last hired first", Tag: "employees", Who: who},
		func(ctx context.Context, r *edge.Request, in *pageInput) (readmodels.EmployeePage, error) {
			return a.Core.Employees(ctx, r.Principal.Member, readmodels.EmployeeQuery{Limit: in.Limit, Cursor: in.Cursor}, a.Now())
		})
	read(a, s, edge.Route{Path: "/v1/employees/{id}", Summary: "An employee profile", Tag: "employees", Who: who, Doc: "Its documents are those of categories that you may view on the job. Who opens it is in the read log."},
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Employee, error) {
			e, err := a.Core.Employee(ctx, r.Principal.Member, r.Param("id"), a.Now())
			if err != nil {
				return e, err
			}
			return e, a.noteEmployee(ctx, r, "employee", e, e.ID)
		})
	download := edge.Route{
		Method: http.MethodGet, Path: "/v1/employees/{id}/documents/{document}/files/{file}", Summary: "Download a file of an employee", Tag: "employees",
		Who: edge.SignedIn().And("admins, and the job's recruitment managers with view on the category of the document; on offers and salaries, if it is a contract"), Download: true,
		Doc: "Answers ranges. inline=true lets a browser show it: PDF, images, and text of any kind as plain text.",
	}
	edge.Handle(s, download, func(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		e, f, err := a.Core.EmployeeFile(ctx, r.Principal.Member, r.Param("id"), r.Param("document"), r.Param("file"), a.Now())
		if err != nil {
			return nil, err
		}
		return a.stream(ctx, r, f, in.Inline, func() error { return a.noteEmployee(ctx, r, "employee_file", e, f.ID) })
	})
}
