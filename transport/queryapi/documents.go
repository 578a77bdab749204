package queryapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

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
	edge.Handle(s, download, func(ctx context.Context, in *simple) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		return a.download(ctx, edge.RequestOf(ctx), download)
	})
}

// download answers with the bytes of a file, to be saved and never shown: what
// candidates send may be a page that acts for whoever looks at it.
func (a *API) download(ctx context.Context, r *edge.Request, route edge.Route) (*huma.StreamResponse, error) {
	f, err := a.Core.File(ctx, r.Principal.Member, r.Param("file"), a.Now())
	if err != nil {
		return nil, err
	}
	if f.ApplicationID != r.Param("id") || f.DocumentID != r.Param("document") {
		return nil, readmodels.ErrNotFound
	}
	if f.Name == nil {
		return nil, vault.ErrErased
	}
	if err := a.noteRead(ctx, r, route, &f.ID); err != nil {
		return nil, err
	}
	content, err := a.Files.Open(ctx, f.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(huma.Context) {
		defer content.Close() //nolint:errcheck // it was only read
		w := r.Writer()
		h := w.Header()
		h.Set("Content-Type", f.Type)
		h.Set("Content-Length", strconv.FormatInt(content.Size(), 10))
		h.Set("Content-Disposition", disposition(string(*f.Name)))
		h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		w.WriteHeader(http.StatusOK)
		if r.Head() {
			return
		}
		if _, err := io.Copy(w, content); err != nil {
			panic(http.ErrAbortHandler) // half a file must not look like a whole one
		}
	}}, nil
}

// disposition names a download, in UTF-8 if need be (RFC 6266).
func disposition(name string) string {
	if d := mime.FormatMediaType("attachment", map[string]string{"filename": name}); d != "" {
		return d
	}
	return "attachment"
}
