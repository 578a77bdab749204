package queryapi

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// ofOne is where routes begin that show something of one application: who uses
// one is noted.
const ofOne = "/v1/applications/{id}"

// noteRead notes that the asker of a route reads something of the application it
// names, and by which right. It is answered only after that. A route that shows
// nothing of the person is not noted.
func (a *API) noteRead(ctx context.Context, r *edge.Request, route edge.Route, object *string) error {
	rest, ok := strings.CutPrefix(route.Path, ofOne)
	kind, _, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case !ok || kind == "access":
		return nil
	case kind == "":
		kind = "profile"
	case object != nil:
		kind = "file"
	}
	area := route.Who.Rule().Area // none: the category of a document
	now := a.Now()
	rights, err := a.Core.Because(ctx, r.Principal.Member, r.Param("id"), area, now)
	if kind == "history" && errors.Is(err, readmodels.ErrNotFound) {
		err = nil // it was deleted: its history is all there is
	}
	if err != nil {
		return err
	}
	return a.Reads.Note(ctx, ops.Read{
		At: now, Member: r.Principal.Member, Kind: strings.ReplaceAll(kind, "-", "_"), Application: new(r.Param("id")), Object: object, Rights: rights,
	})
}

// noteEmployee notes that the asker reads an employee profile, or a file of it.
func (a *API) noteEmployee(ctx context.Context, r *edge.Request, kind string, e readmodels.Employee, object string) error {
	now := a.Now()
	role, err := a.Core.OrganizationRole(ctx, r.Principal.Member, now)
	if err != nil {
		return err
	}
	by := readmodels.ByRecruitingRole
	if role == access.Admin || role == access.Auditor {
		by = readmodels.ByOrganizationRole
	}
	return a.Reads.Note(ctx, ops.Read{At: now, Member: r.Principal.Member, Kind: kind, Application: e.ApplicationID, Object: &object, Rights: []string{string(by)}})
}

// readLogInput chooses a page of the read log.
type readLogInput struct {
	Freshness
	Limit       int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Reads on a page"`
	Cursor      string    `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
	Application string    `query:"application_id" format:"uuid" doc:"Reads of this application"`
	Member      string    `query:"member_id" format:"uuid" doc:"Reads of this member"`
	From        time.Time `query:"from" doc:"Then or later"`
	To          time.Time `query:"to" doc:"Before"`
}

// ReadLogPage is a page of who read what, newest first.
type ReadLogPage struct {
	Items      []ops.Read `json:"items"`
	NextCursor *string    `json:"next_cursor" doc:"Where the next page begins; null on the last one"`
	HasMore    bool       `json:"has_more"`
}

func (a *API) readLog(s *edge.Surface) {
	read(a, s, edge.Route{
		Path: "/v1/read-log", Summary: "Who opened what of which application, newest first", Tag: "organization", Who: edge.Roles(access.Auditor),
		Doc: "Every profile and part of one, every file and every replay of a history that was opened, and by which right. Ids only; lists are not in it. Kept as long as the setting says.",
	}, func(ctx context.Context, r *edge.Request, in *readLogInput) (ReadLogPage, error) {
		role, err := a.Core.OrganizationRole(ctx, r.Principal.Member, a.Now())
		switch {
		case err != nil:
			return ReadLogPage{}, err
		case role != access.Auditor:
			return ReadLogPage{}, commands.ErrDenied
		}
		before, err := readBefore(in.Cursor)
		if err != nil {
			return ReadLogPage{}, err
		}
		found, err := a.Reads.Find(ctx, ops.ReadsQuery{Application: in.Application, Member: in.Member, From: in.From, To: in.To, Before: before, Limit: in.Limit + 1})
		if err != nil {
			return ReadLogPage{}, err
		}
		page := ReadLogPage{Items: append([]ops.Read{}, found...)}
		if len(found) > in.Limit {
			next := base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, found[in.Limit-1].ID, 10))
			page = ReadLogPage{Items: found[:in.Limit], NextCursor: &next, HasMore: true}
		}
		return page, nil
	})
}

// readBefore reads a cursor of the read log; none is 0.
func readBefore(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, readmodels.ErrCursor
	}
	id, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || id < 1 {
		return 0, readmodels.ErrCursor
	}
	return id, nil
}
