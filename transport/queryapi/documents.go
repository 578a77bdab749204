package queryapi

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/internal/docx"
	"github.com/hirelog/hirelog/internal/files"
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
	download.Doc = "Answers ranges. inline=true lets a browser show it: PDF, images, text of any kind as plain text, and DOCX as the text it says."
	edge.Handle(s, download, func(ctx context.Context, in *downloadInput) (*huma.StreamResponse, error) {
		if _, err := a.fresh(ctx, &in.Freshness); err != nil {
			return nil, err
		}
		return a.download(ctx, edge.RequestOf(ctx), download, in.Inline)
	})
	a.links(s)
}

// downloadInput says what becomes of a file.
type downloadInput struct {
	Freshness
	Inline bool `query:"inline" doc:"To be shown and not saved"`
}

// ErrNoPreview means that a file is of a type that is not shown.
var ErrNoPreview = &domain.Refusal{Kind: domain.Invalid, Code: "no_preview", Message: "A file of this type is not shown; download it instead."}

// file returns the file a request names, if the asker may read it.
func (a *API) file(ctx context.Context, r *edge.Request) (readmodels.StoredFile, error) {
	f, err := a.Core.File(ctx, r.Principal.Member, r.Param("file"), a.Now())
	switch {
	case err != nil:
		return f, err
	case f.ApplicationID != r.Param("id") || f.DocumentID != r.Param("document"):
		return f, readmodels.ErrNotFound
	case f.Name == nil:
		return f, vault.ErrErased
	}
	return f, nil
}

// download answers with the bytes of a file. What candidates send may be a page
// that acts for whoever looks at it: it is saved, unless it is of a type that does
// not.
func (a *API) download(ctx context.Context, r *edge.Request, route edge.Route, inline bool) (*huma.StreamResponse, error) {
	f, err := a.file(ctx, r)
	if err != nil {
		return nil, err
	}
	return a.stream(ctx, r, f, inline, func() error { return a.noteRead(ctx, r, route, &f.ID) })
}

// stream answers with the bytes of a file that the asker may see. note, if set,
// notes who reads it.
func (a *API) stream(ctx context.Context, r *edge.Request, f readmodels.StoredFile, inline bool, note func() error) (*huma.StreamResponse, error) {
	if f.Name == nil {
		return nil, vault.ErrErased
	}
	typ, how := f.Type, "attachment"
	if inline {
		if f.Preview == nil {
			return nil, ErrNoPreview
		}
		if how = "inline"; *f.Preview == readmodels.PreviewText {
			typ = plainText
		}
	}
	if note != nil {
		if err := note(); err != nil {
			return nil, err
		}
	}
	content, err := a.content(ctx, f, inline)
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

const plainText = "text/plain; charset=utf-8"

// maxTexts is how many documents are turned into text at once: each is in memory
// for that.
const maxTexts = 4

// content opens what is answered for a file: its bytes, or the text of a
// document that is to be shown.
func (a *API) content(ctx context.Context, f readmodels.StoredFile, inline bool) (io.ReadSeekCloser, error) {
	stored, err := a.Files.Open(ctx, f.ID)
	if base, _, _ := strings.Cut(f.Type, ";"); err != nil || !inline || base != docx.Type {
		return stored, err
	}
	defer stored.Close() //nolint:errcheck // it is only read
	select {
	case a.texts <- struct{}{}:
		defer func() { <-a.texts }()
	default:
		return nil, edge.Busy("Too many documents are being read; try again.")
	}
	whole, err := io.ReadAll(io.LimitReader(stored, files.MaxSize))
	if err != nil {
		return nil, err
	}
	text, more, err := docx.Text(bytes.NewReader(whole), int64(len(whole)))
	switch {
	case err != nil:
		return nil, ErrNoPreview.Because("The document cannot be read; download it instead.")
	case more:
		text += "\n[…]\n"
	}
	return shownText{strings.NewReader(text)}, nil
}

// shownText is a text in memory.
type shownText struct{ *strings.Reader }

// Close implements io.Closer.
func (shownText) Close() error { return nil }

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
