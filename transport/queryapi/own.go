package queryapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

// ofOwn returns a route of what is a candidate's own.
func ofOwn(path, summary string) edge.Route {
	return edge.Route{Path: "/v1/candidate" + path, Summary: summary, Tag: "candidate", Who: edge.Candidate()}
}

// own declares what candidates see.
func (a *API) own(s *edge.Surface) {
	read(a, s, ofOwn("", "What is known of you"),
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Myself, error) {
			return a.Core.Myself(ctx, r.Principal.Candidate, a.Now())
		})
	read(a, s, ofOwn("/applications", "Your applications, newest first"),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.TrackedApplication], error) {
			list, err := a.Core.TrackedApplications(ctx, r.Principal.Candidate, a.Now())
			return Items[readmodels.TrackedApplication]{Items: list}, err
		})
	page := ofOwn("/applications/{id}", "An application of yours")
	page.Doc = "A rejection shows from when it is disclosed; until then all is as before. When it is over the page can be read for as many days as the organisation has set."
	read(a, s, page,
		func(ctx context.Context, r *edge.Request, _ *simple) (readmodels.Tracking, error) {
			return a.Core.Tracking(ctx, r.Principal.Candidate, r.Param("id"), a.Now())
		})
	read(a, s, ofOwn("/applications/{id}/notes", "The notes of an application of yours, newest first"),
		func(ctx context.Context, r *edge.Request, in *remarkInput) (readmodels.TrackedNotePage, error) {
			return a.Core.TrackedNotes(ctx, r.Principal.Candidate, r.Param("id"), in.query(), a.Now())
		})
	read(a, s, ofOwn("/applications/{id}/timeline", "What happened to an application of yours, newest first"),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.OwnEntry], error) {
			list, err := a.Core.OwnTimeline(ctx, r.Principal.Candidate, r.Param("id"), a.Now())
			return Items[readmodels.OwnEntry]{Items: list}, err
		})
	read(a, s, ofOwn("/data-requests", "What you asked about your data, newest first"),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.OwnDataRequest], error) {
			list, err := a.Core.OwnDataRequests(ctx, r.Principal.Candidate, a.Now())
			return Items[readmodels.OwnDataRequest]{Items: list}, err
		})
	a.ownOffers(s)
	a.pictures(s)
	download := ofOwn("/applications/{id}/documents/{document}/files/{file}", "Download a file you uploaded")
	download.Method, download.Download = http.MethodGet, true
	edge.Handle(s, download, func(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		f, err := a.Core.CandidateFile(ctx, r.Principal.Candidate, r.Param("id"), r.Param("file"), a.Now())
		if err != nil {
			return nil, err
		}
		if f.DocumentID != r.Param("document") {
			return nil, readmodels.ErrNotFound
		}
		return a.stream(ctx, r, f, in.Inline, nil)
	})
}

// pictures declares how the picture of a candidate is looked at.
func (a *API) pictures(s *edge.Surface) {
	own := ofOwn("/picture", "Your picture")
	own.Method, own.Download = http.MethodGet, true
	edge.Handle(s, own, func(ctx context.Context, in *simple) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		file, err := a.Core.OwnPicture(ctx, r.Principal.Candidate, a.Now())
		if err != nil {
			return nil, err
		}
		return a.portrait(ctx, r, file)
	})
	of := ofApplication("/picture", "The picture of the candidate", edge.Area(access.Profile, access.View))
	of.Method, of.Download = http.MethodGet, true
	edge.Handle(s, of, func(ctx context.Context, in *simple) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		r := edge.RequestOf(ctx)
		file, err := a.Core.Picture(ctx, r.Principal.Member, r.Param("id"), a.Now())
		if err == nil {
			err = a.noteRead(ctx, r, of, nil)
		}
		if err != nil {
			return nil, err
		}
		return a.portrait(ctx, r, file)
	})
}

// portrait answers with a picture.
func (a *API) portrait(ctx context.Context, r *edge.Request, file string) (*huma.StreamResponse, error) {
	content, err := a.Files.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer content.Close() //nolint:errcheck // it was only read
		w, request := r.Writer(), r.HTTP
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Content-Disposition", "inline")
		w.Header().Set("ETag", `"`+file+`"`)
		if r.Head() {
			request = request.Clone(request.Context())
			request.Method = http.MethodHead
		}
		http.ServeContent(w, request, "", time.Time{}, content)
	}}, nil
}
