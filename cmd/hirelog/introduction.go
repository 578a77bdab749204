package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/member"
	"github.com/hirelog/hirelog/internal/datafolder"
	"github.com/hirelog/hirelog/internal/demo"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/projections"
)

// introduce founds the organisation on the first start, loads the demo company,
// and says where the server is and how to begin. The first start is over when
// that was said: after one that was cut off the next begins like it.
func (p *process) introduce(ctx context.Context, addr net.Addr, o serveOptions, stdout io.Writer) error {
	url := "http://" + addr.String()
	ready := struct {
		URL        string `json:"url"`
		AdminToken string `json:"admin_token,omitempty"`
	}{URL: url}
	if p.commands != nil {
		var err error
		if ready.AdminToken, err = p.found(ctx, o, stdout); err != nil {
			return err
		}
		if ready.AdminToken != "" && o.parts.queries && o.parts.projections {
			p.awaitShown(ctx)
		}
	}
	if o.readyFile != "" {
		if err := datafolder.WriteJSON(o.readyFile, ready); err != nil {
			return err
		}
	}
	said := greeting(url, ready.AdminToken)
	if !o.parts.queries || !o.parts.commands {
		said = fmt.Sprintf("\nHirelog (%s) is at %s\n", o.parts, url)
		if ready.AdminToken != "" {
			said += fmt.Sprintf("\nThe admin's token, shown this once:\n\n  export TOKEN=%s\n", ready.AdminToken)
		}
	}
	if _, err := fmt.Fprint(stdout, said); err != nil {
		return err
	}
	if err := os.Remove(p.stores.folder.Path(firstStartFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("end of the first start: %w", err)
	}
	return nil
}

// awaitShown waits, but not for ever, until queries show all that was recorded:
// who is told to begin finds what they are told of.
func (p *process) awaitShown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	head, err := projections.Head(ctx, p.stores.log)
	if err == nil {
		err = p.waiter.Wait(ctx, projections.CoreGroup, head)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		p.logger.Warn("the read models do not show everything yet", "error", err)
	}
}

// clearReadyFile removes the ready file that an earlier run left, which says
// where that was, and makes sure that there can be another.
func clearReadyFile(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("ready file %s: something else is there; --ready-file chooses another place", path)
	}
	err := os.Remove(path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		var probe *os.File
		if probe, err = os.CreateTemp(filepath.Dir(path), ".tmp-*"); err == nil {
			err = errors.Join(probe.Close(), os.Remove(probe.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("ready file %s: %w; --ready-file chooses another place", path, cause(err))
	}
	return nil
}

// firstStartFile lies in a data folder whose first start is not over.
const firstStartFile = "first-start.json"

// firstStart is what a first start notes before it founds anything.
type firstStart struct {
	// Token is the command that issues the admin's token. Given again by the next
	// start, it replaces the secret that this one may have told.
	Token uuid.UUID `json:"token"`
}

// found establishes the organisation on the first start and loads the demo
// company. It returns the first admin's token if this is the first start.
func (p *process) found(ctx context.Context, o serveOptions, stdout io.Writer) (token string, err error) {
	path := p.stores.folder.Path(firstStartFile)
	begun, err := readNote[firstStart](path)
	if err != nil {
		return "", err
	}
	first := begun.Token != uuid.Nil
	if !first && !p.directory.Organization().Founded {
		first, begun.Token = true, uuid.Must(uuid.NewV7())
		if err := datafolder.WriteJSON(path, begun); err != nil {
			return "", err
		}
	}
	if first { // one that was cut off may have founded half of it
		if err := p.commands.Establish(ctx, commands.Founding{Name: o.company, AdminName: "Administrator"}); err != nil {
			return "", err
		}
	}
	if !o.noDemo {
		if err := p.loadDemo(ctx, o, first, stdout); err != nil {
			return "", err
		}
	}
	if !first {
		return "", nil
	}
	token, err = p.adminToken(ctx, begun.Token)
	if errors.Is(err, member.ErrUnknownToken) || errors.Is(err, member.ErrInactive) {
		return "", nil // it was told, and somebody has ended it since
	}
	return token, err
}

// adminToken issues a token of the first admin.
func (p *process) adminToken(ctx context.Context, command uuid.UUID) (string, error) {
	by := commands.Caller{Actor: domain.System, CommandID: command, MayBeRepeated: true, Origin: eventlog.Live, CorrelationID: "start"}
	_, secret, err := p.commands.IssueToken(ctx, by, commands.IssueToken{Member: commands.FirstAdmin(), Name: "first admin"})
	if err != nil {
		return "", fmt.Errorf("token of the first admin: %w", err)
	}
	return secret, nil
}

// demoMarker says which demo company a data folder has.
type demoMarker struct {
	Seed   uint64    `json:"seed"`
	Anchor time.Time `json:"anchor"`
	Loaded bool      `json:"loaded"`
}

// loadDemo loads the demo company on the first start, and goes on with one that
// was interrupted.
func (p *process) loadDemo(ctx context.Context, o serveOptions, first bool, stdout io.Writer) error {
	path := p.stores.folder.Path("demo.json")
	marker, err := readNote[demoMarker](path)
	switch {
	case err != nil:
		return err
	case marker.Loaded, !first && marker.Anchor.IsZero():
		return nil
	case marker.Anchor.IsZero():
		marker = demoMarker{Seed: o.seed, Anchor: time.Now().UTC().Truncate(24 * time.Hour)}
		if err := datafolder.WriteJSON(path, marker); err != nil {
			return err
		}
	}
	company := demo.Company{Seed: marker.Seed, Anchor: marker.Anchor, Progress: func(done, of int) {
		if done%40 == 0 || done == of {
			_, _ = fmt.Fprintf(stdout, "loading the demo company: %d of %d applications\n", done, of)
		}
	}}
	to := commands.New(commands.Options{ // the company's files are made up, and so is what scans them
		Log: p.stores.writable(), Vault: p.stores.vault, Directory: p.directory, Files: p.stores.files, Scanner: demo.Scanner{},
		Tokens: p.tokens, Arrivals: ops.NewArrivals(p.stores.pool, nil), Mail: p.mails(), MailDomain: p.mailing.domain, PageURL: p.mailing.page,
	})
	if _, err := company.Load(ctx, to, p.directory); err != nil {
		return err // told to stop, it goes on at the next start
	}
	marker.Loaded = true
	return datafolder.WriteJSON(path, marker)
}

// readNote reads what was noted in a file of the data folder: the zero value if
// nothing was.
func readNote[T any](path string) (note T, err error) {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return note, nil
	case err != nil:
		return note, fmt.Errorf("first start: %w", err)
	}
	if err := json.Unmarshal(data, &note); err != nil {
		return note, fmt.Errorf("first start: %s: %w", path, err)
	}
	return note, nil
}

// greeting says how to begin.
func greeting(url, token string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nHirelog is at %s (pages: %s/docs)\n", url, url)
	shown := "$TOKEN"
	if token != "" {
		fmt.Fprintf(&b, "\nThe admin's token, shown this once:\n\n  export TOKEN=%s\n", token)
	} else {
		b.WriteString("\nThe admin's token was shown on the first start; \"hirelog token\" makes another.\n")
	}
	calls := []string{
		"curl -s -H \"Authorization: Bearer " + shown + "\" '" + url + "/v1/applications?limit=3'",
		"curl -s -H \"Authorization: Bearer " + shown + "\" '" + url + "/v1/jobs'",
		"curl -s -H \"Authorization: Bearer " + shown + "\" '" + url + "/v1/me'",
	}
	b.WriteString("\nThree calls to begin with:\n\n")
	for c := range slices.Values(calls) {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	b.WriteString("\n")
	return b.String()
}
