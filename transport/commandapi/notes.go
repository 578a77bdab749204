package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) comments(s *edge.Surface) {
	c := a.commands
	edit := edge.Area(access.Comments, access.Edit)
	create(a, s, onApplication(http.MethodPost, "/comments", "Add an internal comment", edit), part("comments"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AddComment) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.AddComment(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/comments/{comment}", "Change a comment", edit.And("its author")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EditComment) (commands.Answer, error) {
			cmd.Application, cmd.Comment = r.Param("id"), r.Param("comment")
			return c.EditComment(ctx, caller, cmd)
		})
	remove := onApplication(http.MethodDelete, "/comments/{comment}", "Erase a comment", edit.And("its author or a recruitment manager"))
	remove.Doc = "The keys of its text and its files are destroyed; that there was a comment stays."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.DeleteComment(ctx, caller, commands.DeleteComment{Application: r.Param("id"), Comment: r.Param("comment")})
		})
	a.attach(s, onApplication(http.MethodPost, "/comments/{comment}/files", "Put files to a comment", edit.And("its author, with edit on the category")),
		func(r *edge.Request) application.Remark { return application.Remark{Comment: r.Param("comment")} })
	read := onApplication(http.MethodPost, "/comments/read", "Say how far you have read the comments", edge.Area(access.Comments, access.View))
	read.Doc = "Looking at comments leaves them unread. Comments that came after the one named stay unread."
	change(a, s, read,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReadComments) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.ReadComments(ctx, caller, cmd)
		})
}

// attach declares a route that puts files to a note or a comment.
func (a *API) attach(s *edge.Surface, r edge.Route, to func(*edge.Request) application.Remark) {
	r.Body, r.Form, r.Created = edge.FormBody, formSchema(true), true
	r.Doc = "The files become a document of their own, which is there for who may view both this and the category, and goes with this. " +
		"It takes no other version. The whole upload has at most 10 files of 20 MiB."
	edge.Handle(s, r, func(ctx context.Context, in *bodiless) (*createdAnswer, error) {
		r := edge.RequestOf(ctx)
		answer, err := a.receiveFiles(ctx, r, in.Conditions, true, func(caller commands.Caller, up *arriving) (commands.Answer, error) {
			return a.commands.AttachFiles(ctx, caller, commands.AttachFiles{
				Application: r.Param("id"), To: to(r), Category: access.Category(up.given["category"]), Files: up.files(),
			})
		})
		return a.created(answer, err, part("documents")(r, answer.ID))
	})
}

func (a *API) notes(s *edge.Surface) {
	c := a.commands
	a.attach(s, onApplication(http.MethodPost, "/notes/{note}/files", "Put files to a note", edge.Area(access.Notes, access.Edit).And("its author, with edit on the category")),
		func(r *edge.Request) application.Remark { return application.Remark{Note: r.Param("note")} })
	create(a, s, onApplication(http.MethodPost, "/notes", "Add a note", edge.Area(access.Notes, access.Edit)), part("notes"),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.AddNote) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.AddNote(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/notes/{note}", "Change a note", edge.Area(access.Notes, access.Edit).And("its author")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.EditNote) (commands.Answer, error) {
			cmd.Application, cmd.Note = r.Param("id"), r.Param("note")
			return c.EditNote(ctx, caller, cmd)
		})
	change(a, s, onApplication(http.MethodPut, "/notes/{note}/visibility", "Set whether the candidate sees a note",
		edge.Area(access.Notes, access.Edit).And("its author or a recruitment manager")),
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.SetNoteVisibility) (commands.Answer, error) {
			cmd.Application, cmd.Note = r.Param("id"), r.Param("note")
			return c.SetNoteVisibility(ctx, caller, cmd)
		})
	remove := onApplication(http.MethodDelete, "/notes/{note}", "Erase a note", edge.Area(access.Notes, access.Edit).And("its author or a recruitment manager"))
	remove.Doc = "The keys of its text and its files are destroyed; that there was a note stays."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.DeleteNote(ctx, caller, commands.DeleteNote{Application: r.Param("id"), Note: r.Param("note")})
		})
}
