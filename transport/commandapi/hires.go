package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) hires(s *edge.Surface) {
	c := a.commands
	decides := edge.Area(access.Decision, access.Edit)
	hire := onApplication(http.MethodPost, "/hire", "Take the candidate on", decides)
	hire.Doc = "It closes the application; the employee profile follows by itself, once."
	create(a, s, hire, part("hires"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Hire) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.Hire(ctx, caller, cmd)
		})
	undo := onApplication(http.MethodPost, "/hire/undo", "Take a wrong hire back", decides)
	undo.Doc = "The application goes on where it was, and the employee profile is reversed. What the hire led to otherwise is listed under hires."
	change(a, s, undo,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.UndoHire) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.UndoHire(ctx, caller, cmd)
		})
	erase := edge.Route{
		Method: http.MethodPost, Path: "/v1/employees/{id}/erase", Summary: "Erase everything personal of an employee profile", Tag: "employees", Who: edge.Roles(access.Admin),
		Doc: "Cannot be undone: the keys are destroyed. Files that the application has, too, stay there.",
	}
	act(a, s, erase,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.EraseEmployee(ctx, caller, commands.EraseEmployee{Employee: r.Param("id")})
		})
}
