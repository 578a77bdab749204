package queryapi

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/transport/auth"
	"github.com/hirelog/hirelog/transport/edge"
)

// linkLife is how long a link to a file counts.
const linkLife = 5 * time.Minute

// The reasons why a link is refused.
var (
	ErrLinkInvalid   = &domain.Refusal{Kind: domain.Denied, Code: "link_invalid", Message: "The link is not whole, or was changed."}
	ErrLinkExpired   = &domain.Refusal{Kind: domain.Denied, Code: "link_expired", Message: "The link has expired; ask for another."}
	ErrLinkOfAnother = &domain.Refusal{Kind: domain.Denied, Code: "link_of_another", Message: "The link was made for another member."}
)

// FileLink is where a file can be opened for a while, without a token.
type FileLink struct {
	URL       string    `json:"url" doc:"Path and query, below the address that was asked"`
	ExpiresAt time.Time `json:"expires_at"`
}

// linkInput says what a link is for.
type linkInput struct {
	Freshness
	Inline bool `query:"inline" doc:"To be shown and not saved"`
}

// openInput is what a link says.
type openInput struct {
	Viewer    string `query:"viewer" maxLength:"36" doc:"Member the link was made for"`
	Expires   int64  `query:"expires" doc:"Seconds since 1970"`
	Inline    bool   `query:"inline" doc:"To be shown and not saved"`
	Signature string `query:"signature" maxLength:"100" doc:"Of the path and of all that"`
}

func (a *API) links(s *edge.Surface) {
	link := ofApplication("/documents/{document}/files/{file}/link", "A link that opens a file for five minutes", edge.Documents(access.View))
	link.Doc = "The link stands for the member who asked: it opens while they may view the file, and needs no token, so that a browser can open it in a tab of its own."
	read(a, s, link, func(ctx context.Context, r *edge.Request, in *linkInput) (FileLink, error) {
		f, err := a.file(ctx, r)
		if err != nil {
			return FileLink{}, err
		}
		if in.Inline && f.Preview == nil {
			return FileLink{}, ErrNoPreview
		}
		expires := a.Now().Add(linkLife).Truncate(time.Second).UTC()
		to := openInput{Viewer: r.Principal.Member, Expires: expires.Unix(), Inline: in.Inline}
		query := url.Values{"viewer": {to.Viewer}, "expires": {strconv.FormatInt(to.Expires, 10)}, "signature": {a.signature(r, to)}}
		if to.Inline {
			query.Set("inline", "true")
		}
		return FileLink{URL: strings.TrimSuffix(r.HTTP.URL.Path, "/link") + "/open?" + query.Encode(), ExpiresAt: expires}, nil
	})
	open := ofApplication("/documents/{document}/files/{file}/open", "Open a file by a link", edge.Linked())
	open.Method, open.Download = http.MethodGet, true
	open.Doc = "Answers as the download of the file does. The rights are those of the member the link was made for, now; that they read it is noted."
	edge.Handle(s, open, func(ctx context.Context, in *openInput) (*huma.StreamResponse, error) {
		r := edge.RequestOf(ctx)
		presented := r.Principal.Member
		switch {
		case !hmac.Equal([]byte(in.Signature), []byte(a.signature(r, *in))):
			return nil, ErrLinkInvalid
		case presented != "" && presented != in.Viewer:
			return nil, ErrLinkOfAnother
		case !a.Now().Before(time.Unix(in.Expires, 0)):
			return nil, ErrLinkExpired
		}
		r.Principal = auth.Principal{Member: in.Viewer, ReadOnly: true}
		if _, err := a.fresh(ctx, &Freshness{}); err != nil {
			return nil, err
		}
		return a.download(ctx, r, open, in.Inline)
	})
}

// signature is over all that a link says. What is stored as a file never changes,
// so the file is the version.
func (a *API) signature(r *edge.Request, in openInput) string {
	sum := a.Vault.Fingerprint(
		[]byte("link to a file, version 1"), []byte(r.Param("id")), []byte(r.Param("document")), []byte(r.Param("file")),
		[]byte(in.Viewer), strconv.AppendInt(nil, in.Expires, 10), strconv.AppendBool(nil, in.Inline),
	)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
