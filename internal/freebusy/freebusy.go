// Package freebusy reads when people are busy from the calendars that they name:
// iCalendar files (RFC 5545) and CalDAV collections (RFC 4791, free-busy-query).
// It learns times and nothing else.
//
// Whoever names an address makes this machine ask it. So only https is spoken,
// never to addresses of the machine's own networks (what a name resolves to is
// looked at when the connection is made, redirects included), and answers are
// held to a size, a time and a number of entries. Errors are for logs: who asks is
// told that nothing is known, and not why.
package freebusy

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// The limits of one reading.
const (
	Timeout   = 8 * time.Second
	MaxBytes  = 4 << 20
	MaxEvents = 10_000
	MaxSpan   = 31 * 24 * time.Hour

	remembered    = time.Minute // how long an answer counts
	mostAnswers   = 2_000
	mostReadings  = 8 // at once
	mostRedirects = 3
)

// Address is where somebody's busy times are.
type Address struct {
	ID       string // another address has another
	URL      string
	CalDAV   bool   // a collection, else a file
	User     string // "" = no password is asked for
	Password string
}

// Interval is a time at which somebody is busy.
type Interval struct {
	StartsAt time.Time `json:"starts_at"`
	EndsAt   time.Time `json:"ends_at"`
}

// Options are how calendars are read.
type Options struct {
	// Private lets addresses be in the machine's own networks, loopback included.
	Private bool
	// Roots are the authorities that servers' certificates are by; nil = the system's.
	Roots *x509.CertPool
}

// Reader reads calendars. It is safe for concurrent use.
type Reader struct {
	client   *http.Client
	answers  *lru.Cache[string, answer]
	readings chan struct{} // holds one for each reading
}

// answer is what an address said.
type answer struct {
	busy  []Interval
	until time.Time // it counts
}

// New returns a reader.
func New(o Options) *Reader {
	answers, err := lru.New[string, answer](mostAnswers)
	if err != nil {
		panic(err) // the number is not positive
	}
	dialer := &net.Dialer{Timeout: 3 * time.Second, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return reachable(address, o.Private)
	}}
	return &Reader{
		client: &http.Client{
			Transport: &http.Transport{
				// No proxy: it would connect for us, to whatever it can.
				DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout: 3 * time.Second, ResponseHeaderTimeout: Timeout, MaxResponseHeaderBytes: 64 << 10,
				MaxConnsPerHost: 4, DisableKeepAlives: true,
			},
			CheckRedirect: func(r *http.Request, via []*http.Request) error {
				if r.URL.Scheme != "https" || len(via) > mostRedirects {
					return errors.New("redirected too often, or away from https")
				}
				if r.URL.Host != via[0].URL.Host {
					r.Header.Del("Authorization") // at another port, too
				}
				return nil
			},
		},
		answers:  answers,
		readings: make(chan struct{}, mostReadings),
	}
}

// ErrBusy means that too many calendars are being read.
var ErrBusy = errors.New("too many calendars are being read")

// Busy returns when the address says somebody is busy from one moment until
// another, at most MaxSpan later, in order and without overlaps. What it read it
// remembers for a minute.
func (r *Reader) Busy(ctx context.Context, a Address, from, to time.Time) ([]Interval, error) {
	if !from.Before(to) || to.Sub(from) > MaxSpan {
		return nil, fmt.Errorf("busy times of more than %v, or of none", MaxSpan)
	}
	key := fmt.Sprintf("%s/%d/%d", a.ID, from.Unix(), to.Unix())
	if known, ok := r.answers.Get(key); ok && time.Now().Before(known.until) {
		return known.busy, nil
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	select {
	case r.readings <- struct{}{}:
		defer func() { <-r.readings }()
	case <-ctx.Done():
		return nil, ErrBusy
	}
	body, err := r.fetch(ctx, a, from, to)
	if err != nil {
		return nil, err
	}
	busy, err := parse(ctx, body, from, to)
	if err != nil {
		return nil, err
	}
	busy = Merged(busy, from, to)
	r.answers.Add(key, answer{busy: busy, until: time.Now().Add(remembered)})
	return busy, nil
}

// query asks a CalDAV collection when somebody is busy (RFC 4791, 7.10).
const query = `<?xml version="1.0" encoding="utf-8"?>
<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="%s" end="%s"/></C:free-busy-query>`

func (r *Reader) fetch(ctx context.Context, a Address, from, to time.Time) (string, error) {
	method, body := http.MethodGet, ""
	if a.CalDAV {
		method, body = "REPORT", fmt.Sprintf(query, from.UTC().Format(utcLayout), to.UTC().Format(utcLayout))
	}
	req, err := http.NewRequestWithContext(ctx, method, a.URL, strings.NewReader(body))
	if err != nil {
		return "", errors.New("the address is none") // the error has it in its text
	}
	if req.URL.Scheme != "https" {
		return "", errors.New("the address is not https")
	}
	req.Header.Set("Accept", "text/calendar")
	if a.CalDAV {
		req.Header.Set("Depth", "1")
		req.Header.Set("Content-Type", "application/xml; charset=utf-8")
	}
	if a.User != "" {
		req.SetBasicAuth(a.User, a.Password) // not sent on to another host
	}
	got, err := r.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask for busy times: %w", withoutAddress(err))
	}
	defer got.Body.Close() //nolint:errcheck // it is only read
	if got.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asked for busy times, the server answers %d", got.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(got.Body, MaxBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read busy times: %w", err)
	case len(text) > MaxBytes:
		return "", fmt.Errorf("busy times of more than %d bytes", MaxBytes)
	}
	return string(text), nil
}

// withoutAddress returns err without the address, which may be a secret.
func withoutAddress(err error) error {
	var of interface{ Unwrap() error }
	if errors.As(err, &of) && of.Unwrap() != nil {
		return of.Unwrap()
	}
	return err
}

// ours are networks that are not the world's, beside those net/netip knows.
var ours = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	// Addresses that have others in them.
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// errPrivate means that an address is not the world's.
var errPrivate = errors.New("the address is in a network of this machine's own")

// reachable refuses an address, as it is connected to, that is not the world's.
func reachable(address string, private bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	switch {
	case private:
		return nil
	case !ip.IsGlobalUnicast(), ip.IsPrivate(), ip.Zone() != "":
		return errPrivate
	case slices.ContainsFunc(ours, func(p netip.Prefix) bool { return p.Contains(ip) }):
		return errPrivate
	}
	return nil
}

// Merged returns intervals within from and to, in order and without overlaps.
func Merged(all []Interval, from, to time.Time) []Interval {
	slices.SortFunc(all, func(a, b Interval) int { return cmp.Or(a.StartsAt.Compare(b.StartsAt), a.EndsAt.Compare(b.EndsAt)) })
	busy := []Interval{}
	for _, i := range all {
		if i.StartsAt.Before(from) {
			i.StartsAt = from
		}
		if i.EndsAt.After(to) {
			i.EndsAt = to
		}
		if !i.StartsAt.Before(i.EndsAt) {
			continue
		}
		i.StartsAt, i.EndsAt = i.StartsAt.UTC(), i.EndsAt.UTC()
		if n := len(busy); n > 0 && !i.StartsAt.After(busy[n-1].EndsAt) {
			if i.EndsAt.After(busy[n-1].EndsAt) {
				busy[n-1].EndsAt = i.EndsAt
			}
			continue
		}
		busy = append(busy, i)
	}
	return busy
}
