package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/edge"
)

// onApplication returns a route below an application.
func onApplication(method, path, summary string, who edge.Who) edge.Route {
	return edge.Route{Method: method, Path: "/v1/applications/{id}" + path, Summary: summary, Tag: "applications", Who: who}
}

func (a *API) applications(s *edge.Surface) {
	c := a.commands
	create(a, s, edge.Route{
		Method: http.MethodPost, Path: "/v1/applications", Summary: "Enter an application for a candidate", Tag: "applications",
		Doc: "The person is recognised by the e-mail address; what is known of them already is not changed.",
		Who: edge.Area(access.Application, access.Edit).And("on the job"), Keeps: true,
	}, at("/v1/applications"),
		func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.Receive) (commands.Answer, error) {
			return c.Receive(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/move", "Move to another stage", edge.Area(access.Application, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.MoveStage) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.MoveStage(ctx, caller, cmd)
		})
	undo := onApplication(http.MethodPost, "/move/undo", "Take the last move back as a mistake", edge.Area(access.Application, access.Edit))
	undo.Doc = "The application is in the stage it came from, since it came there, and the move does not count."
	change(a, s, undo,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.UndoMove) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.UndoMove(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPost, "/disqualify", "End without hire", edge.Area(access.Decision, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Disqualify) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.Disqualify(ctx, caller, cmd)
		})
	requalify := onApplication(http.MethodPost, "/requalify", "Take a disqualification back", edge.Area(access.Decision, access.Edit))
	requalify.Doc = "The message that tells of it is cancelled, unless it has left. What has is listed under disqualifications."
	change(a, s, requalify,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Requalify) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.Requalify(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/reason", "Give a disqualification another reason", edge.Area(access.Decision, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ChangeReason) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.ChangeReason(ctx, caller, cmd)
		})
	anonymise := onApplication(http.MethodPost, "/anonymise", "Erase everything personal", edge.Area(access.Erasure, access.Edit))
	anonymise.Doc = "Cannot be undone: the keys are destroyed. Dates, stages, reasons, source and numbers stay."
	transfer := onApplication(http.MethodPost, "/transfer", "Assign to another job", edge.Area(access.Application, access.Edit).And("here and on the other job"))
	transfer.Doc = "A new application for the other job goes on from this one, which is closed as transferred and which candidates no longer see. Documents that are wanted, interviews and reviews that are to come, tags and flag go along; everything else is shown with the new one."
	create(a, s, transfer, at("/v1/applications"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.Transfer) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.Transfer(ctx, caller, cmd)
		})
	remove := onApplication(http.MethodDelete, "", "Delete an application", edge.Area(access.Erasure, access.Edit))
	remove.Doc = "Cannot be undone: everything personal is erased, and the application is gone from every list, count and report. Its history keeps that it was deleted, when and by whom, for who may view histories. It must be closed. The person's other applications, and the employee profile it led to, stay; what it goes on from goes with it."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.Delete(ctx, caller, commands.Delete{Application: r.Param("id")})
		})
	act(a, s, anonymise,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.Anonymise(ctx, caller, commands.Anonymise{Application: r.Param("id")})
		})
	change(a, s, onApplication(http.MethodPut, "/priority", "Set the flag beside the name", edge.Area(access.Application, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SetPriority) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.SetPriority(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/owner", "Make a member responsible", edge.Area(access.Application, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SetOwner) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.SetOwner(ctx, caller, cmd)
		})
	candidate := onApplication(http.MethodPatch, "/candidate", "Change what is known of the candidate", edge.Area(access.Profile, access.Edit).And("or on the areas sensitive and salary for what is theirs"))
	candidate.Doc = "Only what is named changes, on all of the person's applications; an empty text removes. If-Match is the candidate's revision."
	change(a, s, candidate,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EditCandidate) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.EditCandidate(ctx, caller, cmd)
		})
	a.people(s)
	a.pictures(s, edge.Area(access.Profile, access.Edit))
	a.tags(s)
	a.comments(s)
	a.notes(s)
	a.ratings(s)
	a.interviews(s)
	a.hires(s)
	a.offers(s)
	a.reviews(s)
	a.evaluations(s)
	a.grants(s)
}

func (a *API) grants(s *edge.Surface) {
	c := a.commands
	grant := onApplication(http.MethodPost, "/grants", "Let a member hold a recruiting role on one application", edge.Area(access.Grants, access.Edit))
	grant.Doc = "The role may give no more than you have on the application yourself. Held by hand already, it answers with that grant; with another end, the new grant takes its place."
	create(a, s, grant, part("access"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.GrantAccess) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.GrantAccess(ctx, caller, cmd)
		})
	end := onApplication(http.MethodDelete, "/grants/{grant}", "End a grant at once", edge.Area(access.Grants, access.Edit))
	end.Doc = "Also one that an interview or a review gave. That it was there stays in the history."
	act(a, s, end,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.EndAccess(ctx, caller, commands.EndAccess{Application: r.Param("id"), Grant: r.Param("grant")})
		})
	open := onApplication(http.MethodPost, "/openings", "Open an application to an auditor", edge.Roles(access.Admin))
	open.Doc = "Until its end they see it unmasked, and can change nothing. What is open to them already closes for it."
	create(a, s, open, part("access"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.OpenForAudit) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.OpenForAudit(ctx, caller, cmd)
		})
	act(a, s, onApplication(http.MethodDelete, "/openings/{opening}", "Close an application to an auditor again", edge.Roles(access.Admin)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.CloseForAudit(ctx, caller, commands.CloseForAudit{Application: r.Param("id"), Opening: r.Param("opening")})
		})
}

func (a *API) tags(s *edge.Surface) {
	c := a.commands
	create(a, s, onApplication(http.MethodPost, "/tags", "Put a tag on", edge.Area(access.Tags, access.Edit)), itself,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AddTag) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.AddTag(ctx, caller, cmd)
		})
	act(a, s, onApplication(http.MethodDelete, "/tags/{tag}", "Take a tag off", edge.Area(access.Tags, access.Edit)),
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.RemoveTag(ctx, caller, commands.RemoveTag{Application: r.Param("id"), Tag: r.Param("tag")})
		})
}
