package main

import (
	"errors"
	"io"
	"testing"
)

// The domain of reply addresses and the page mails name are said at the start;
// nobody can answer to the default.
func TestMailingFlags(t *testing.T) {
	o, err := serveFlags(nil, io.Discard)
	if err != nil || o.mailing != (mailing{domain: "hirelog.invalid"}) {
		t.Errorf("the default is %+v, %v", o.mailing, err)
	}
	o, err = serveFlags([]string{"--mail-domain", "reply.example.com", "--page-url", "https://jobs.example.com/me"}, io.Discard)
	if err != nil || o.mailing != (mailing{domain: "reply.example.com", page: "https://jobs.example.com/me"}) {
		t.Errorf("%+v, %v", o.mailing, err)
	}
	for args, want := range map[[2]string]error{
		{"--mail-domain", "jobs@example.com"}:  errMailDomain,
		{"--mail-domain", "a b"}:               errMailDomain,
		{"--page-url", "jobs.example.com"}:     errPageURL,
		{"--page-url", "javascript:alert(1)"}:  errPageURL,
		{"--page-url", "https://x y/candidat"}: errPageURL,
	} {
		if _, err := serveFlags(args[:], io.Discard); !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", args, err, want)
		}
	}
}
