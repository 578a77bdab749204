// Package client is a client of Hirelog's API, generated from its document
// (docs/openapi.json) by oapi-codegen. It is not kept: `make conformance` makes it
// anew, so that what the tests play is what the document says.
package client

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen -config config.yaml ../../docs/openapi.json
