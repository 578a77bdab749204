package commandapi

import (
	"context"
	"net/http"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
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
	remove.Doc = "The key of its text is destroyed; that there was a comment stays."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.DeleteComment(ctx, caller, commands.DeleteComment{Application: r.Param("id"), Comment: r.Param("comment")})
		})
	read := onApplication(http.MethodPost, "/comments/read", "Say how far you have read the comments", edge.Area(access.Comments, access.View))
	read.Doc = "Looking at comments leaves them unread. Comments that came after the one named stay unread."
	change(a, s, read,
		func(ctx context.Context, caller commands.Caller, r *edge.Request, cmd commands.ReadComments) (commands.Answer, error) {
			cmd.Application = r.Param("id")
			return c.ReadComments(ctx, caller, cmd)
		})
}

func (a *API) notes(s *edge.Surface) {
	c := a.commands
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
	remove.Doc = "The key of its text is destroyed; that there was a note stays."
	act(a, s, remove,
		func(ctx context.Context, caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return c.DeleteNote(ctx, caller, commands.DeleteNote{Application: r.Param("id"), Note: r.Param("note")})
		})
}
