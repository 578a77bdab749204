package queryapi

import (
	"context"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/mail"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// mailsInput chooses a page of captured mails.
type mailsInput struct {
	Freshness
	Limit  int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Mails on a page"`
	Cursor string    `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Kind   mail.Kind `query:"kind" enum:"message,sign_in_code,notice" doc:"Mails of this kind"`
}

// MailPage is a page of captured mails, newest first.
type MailPage struct {
	Items      []mail.Capture `json:"items"`
	NextCursor *string        `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool           `json:"has_more"`
}

func (a *API) mails(s *edge.Surface) {
	read(a, s, edge.Route{
		Path: "/v1/mails", Summary: "Mails that were captured instead of sent, newest first", Tag: "organization", Who: edge.Roles(access.Admin),
		Doc: "Where no mail server is set up, mails are kept here for 30 days, at most 1,000. The list says nothing of what is in them.",
	}, func(ctx context.Context, r *edge.Request, in *mailsInput) (MailPage, error) {
		if err := a.onlyAdmins(ctx, r); err != nil {
			return MailPage{}, err
		}
		if in.Cursor != "" && uuid.Validate(in.Cursor) != nil {
			return MailPage{}, readmodels.ErrCursor
		}
		found, err := a.Mails.List(ctx, in.Kind, in.Cursor, in.Limit+1)
		if err != nil {
			return MailPage{}, err
		}
		page := MailPage{Items: append([]mail.Capture{}, found...)}
		if len(found) > in.Limit {
			next := found[in.Limit-1].ID
			page = MailPage{Items: found[:in.Limit], NextCursor: &next, HasMore: true}
		}
		return page, nil
	})
	read(a, s, edge.Route{
		Path: "/v1/mails/{id}", Summary: "One mail that was captured instead of sent", Tag: "organization", Who: edge.Roles(access.Admin),
		Doc: "Who opens it is in the read log, under the application it is about.",
	}, func(ctx context.Context, r *edge.Request, _ *simple) (mail.CapturedMail, error) {
		if err := a.onlyAdmins(ctx, r); err != nil {
			return mail.CapturedMail{}, err
		}
		m, err := a.Mails.Get(ctx, r.Param("id"))
		if err != nil {
			return mail.CapturedMail{}, err
		}
		var about *string
		if m.Application != "" {
			about = &m.Application
		}
		return m, a.Reads.Note(ctx, ops.Read{
			At: a.Now(), Member: r.Principal.Member, Kind: "mail", Application: about, Object: &m.ID, Rights: []string{string(readmodels.ByOrganizationRole)},
		})
	})
}

// onlyAdmins refuses who is none. Errors: commands.ErrDenied.
func (a *API) onlyAdmins(ctx context.Context, r *edge.Request) error {
	role, err := a.Core.OrganizationRole(ctx, r.Principal.Member, a.Now())
	if err == nil && role != access.Admin {
		err = commands.ErrDenied
	}
	return err
}
