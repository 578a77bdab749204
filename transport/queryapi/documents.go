package queryapi

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/readmodels"
	"github.com/hirelog/hirelog/transport/edge"
)

func (a *API) documents(s *edge.Surface) {
	read(a, s, ofApplication("/documents", "Documents of an application", edge.Documents(access.View)),
		func(ctx context.Context, r *edge.Request, _ *simple) (Items[readmodels.Document], error) {
			p, err := a.profile(ctx, r)
			return Items[readmodels.Document]{Items: p.Documents}, err
		})
	download := ofApplication("/documents/{document}/files/{file}", "Download a file", edge.Documents(access.View))
	download.Method, download.Download = http.MethodGet, true
	download.Doc = "Answers ranges. inline=true lets a browser show it: PDF, images, and text of any kind as plain text."
	edge.Handle(s, download, func(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		return a.download(ctx, edge.RequestOf(ctx), download, in.Inline)
	})
}

// downloadInput says what becomes of a file.
type downloadInput struct {
	Freshness
	Inline bool `query:"inline" doc:"To be shown and not saved"`
}

// shownAs says what types of files may be shown, and as what: nothing that acts
// for whoever looks at it.
var shownAs = map[string]string{
	"application/pdf": "application/pdf", "image/png": "image/png", "image/jpeg": "image/jpeg", "image/gif": "image/gif", "image/webp": "image/webp",
	"text/plain": plainText, "text/csv": plainText, "text/tab-separated-values": plainText, "application/json": plainText, "message/rfc822": plainText,
}

const plainText = "text/plain; charset=utf-8"

// ErrNoPreview means that a file is of a type that is not shown.
var ErrNoPreview = &domain.Refusal{Kind: domain.Invalid, Code: "no_preview", Message: "A file of this type is not shown; download it instead."}

// download answers with the bytes of a file. What candidates send may be a page
// that acts for whoever looks at it: it is saved, unless it is of a type that does
// not.
func (a *API) download(ctx context.Context, r *edge.Request, route edge.Route, inline bool) (*huma.StreamResponse, error) {
	f, err := a.Core.File(ctx, r.Principal.Member, r.Param("file"), a.Now())
	if err != nil {
		return nil, err
	}
	return a.stream(ctx, r, f, inline, func() error { return a.noteRead(ctx, r, route, &f.ID) })
}

// stream answers with the bytes of a file that the asker may see, if it is of the
// document that the path names. note, if set, notes who reads it.
func (a *API) stream(ctx context.Context, r *edge.Request, f readmodels.StoredFile, inline bool, note func() error) (*huma.StreamResponse, error) {
	if f.ApplicationID != r.Param("id") || f.DocumentID != r.Param("document") {
		return nil, readmodels.ErrNotFound
	}
	if f.Name == nil {
		return nil, vault.ErrErased
	}
	typ, how := f.Type, "attachment"
	if inline {
		base, _, _ := strings.Cut(f.Type, ";")
		if typ = shownAs[base]; typ == "" {
			return nil, ErrNoPreview
		}
		how = "inline"
	}
	if note != nil {
		if err := note(); err != nil {
			return nil, err
		}
	}
	content, err := a.Files.Open(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer content.Close() //nolint:errcheck // it was only read
		w := r.Writer()
		h := w.Header()
		h.Set("Content-Type", typ)
		h.Set("Content-Disposition", disposition(how, string(*f.Name)))
		h.Set("Content-Security-Policy", policyOf(typ, inline))
		h.Set("ETag", `"`+f.ID+`"`) // what is stored under an id never changes
		request := r.HTTP
		if r.Head() {
			request = request.Clone(request.Context())
			request.Method = http.MethodHead
		}
		http.ServeContent(w, request, "", time.Time{}, content)
	}}, nil
}

// policyOf keeps a browser from running or loading anything for a file. Its own
// viewer of PDF does not work in a sandbox.
func policyOf(typ string, inline bool) string {
	if inline && typ == "application/pdf" {
		return "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
	}
	return "default-src 'none'; sandbox"
}

// disposition names a download, in UTF-8 if need be (RFC 6266).
func disposition(how, name string) string {
	if d := mime.FormatMediaType(how, map[string]string{"filename": name}); d != "" {
		return d
	}
	return how
}
