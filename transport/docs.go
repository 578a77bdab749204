package transport

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/swaggest/swgui/v5emb"

	"github.com/hirelog/hirelog/transport/edge"
)

// page is the browsable page of the API: our own two files around Swagger UI's,
// all of them in the binary.
//
//go:embed docs/index.html docs/start.js
var page embed.FS

// pagePolicy lets the page load what the binary serves, and nothing else.
// Swagger UI sets styles on elements and has its icons in data URLs.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// declareDocs declares the OpenAPI document and the page that shows it.
func declareDocs(e *edge.Edge, s *edge.Surface) {
	public := func(path, summary string) edge.Route {
		return edge.Route{Method: http.MethodGet, Path: path, Summary: summary, Tag: "operation", Who: edge.Anyone(), Plain: true}
	}
	document := sync.OnceValues(func() ([]byte, error) { return json.Marshal(e.OpenAPI()) }) // once all routes are declared
	stream(s, public("/openapi.json", "This document"), func(_ context.Context, r *edge.Request) (func(http.ResponseWriter), error) {
		body, err := document()
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
			w.Header().Set("Cache-Control", "no-cache")
			_, _ = w.Write(body)
		}, err
	})
	stream(s, public("/docs", "This document, to browse"), func(context.Context, *edge.Request) (func(http.ResponseWriter), error) {
		return serveFile("docs/index.html", "text/html; charset=utf-8")
	})
	assets := v5emb.New("Hirelog API", "/openapi.json", "/docs/")
	asset := public("/docs/{file}", "Parts of the page")
	asset.Hidden = true
	stream(s, asset, func(_ context.Context, r *edge.Request) (func(http.ResponseWriter), error) {
		switch name := r.Param("file"); {
		case name == "start.js":
			return serveFile("docs/start.js", "text/javascript; charset=utf-8")
		case strings.HasPrefix(name, "swagger-ui") || strings.HasPrefix(name, "favicon-"):
			return func(w http.ResponseWriter) {
				w.Header().Set("Cache-Control", "public, max-age=3600")
				assets.ServeHTTP(w, r.HTTP)
			}, nil
		}
		return nil, edge.ErrNotFound
	})
}

func serveFile(name, mediaType string) (func(http.ResponseWriter), error) {
	body, err := page.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("page of the API: %w", err)
	}
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	}, nil
}

// stream declares a route that answers in a media type of its own.
func stream(s *edge.Surface, r edge.Route, handler func(context.Context, *edge.Request) (func(http.ResponseWriter), error)) {
	edge.Handle(s, r, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		request := edge.RequestOf(ctx)
		write, err := handler(ctx, request)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(huma.Context) { write(request.Writer()) }}, nil
	})
}
