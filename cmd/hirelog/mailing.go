package main

import (
	"errors"
	"flag"
	"net/url"
	"os"
	"strings"

	"github.com/hirelog/hirelog/commands"
)

// mailing is what mails say of this installation.
type mailing struct {
	domain string // behind the @ of addresses to answer to
	page   string // address of the candidates' page; empty = none is named
	codes  bool   // captured mails show codes to sign in by
}

var (
	errMailDomain = errors.New("--mail-domain is the name of a domain, such as reply.example.com")
	errPageURL    = errors.New("--page-url is an address that begins with https:// or http://, such as https://jobs.example.com/me")
)

func (m *mailing) flags(flags *flag.FlagSet) {
	m.domain = os.Getenv("HIRELOG_MAIL_DOMAIN")
	if m.domain == "" {
		m.domain = commands.DefaultMailDomain
	}
	flags.StringVar(&m.domain, "mail-domain", m.domain, "`domain` behind the @ of the addresses that candidates answer to; mail for it is to be handed to POST /v1/mail/inbound. Nobody can answer to the default (HIRELOG_MAIL_DOMAIN)")
	flags.BoolVar(&m.codes, "show-codes", os.Getenv("HIRELOG_SHOW_CODES") == "1", "show admins the codes in captured mails, by which they can sign in as candidates: for trying things out (HIRELOG_SHOW_CODES=1)")
	flags.StringVar(&m.page, "page-url", os.Getenv("HIRELOG_PAGE_URL"), "`address` of the page candidates sign in on, which mails name and {{page.url}} stands for; empty means that mails name none (HIRELOG_PAGE_URL)")
}

// check refuses what cannot be. The zero value names nothing.
func (m mailing) check() error {
	if strings.ContainsAny(m.domain, "@ /\t\r\n<>\"") || len(m.domain) > 100 || strings.HasPrefix(m.domain, ".") || strings.HasSuffix(m.domain, ".") {
		return errMailDomain
	}
	if m.page == "" {
		return nil
	}
	u, err := url.Parse(m.page)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(m.page, " \t\r\n") {
		return errPageURL
	}
	return nil
}
