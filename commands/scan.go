package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/employee"
	"github.com/hirelog/hirelog/domain/message"
	"github.com/hirelog/hirelog/internal/clamd"
	"github.com/hirelog/hirelog/internal/vault"
)

// Scanner says what a file is infected with, "" for nothing. *clamd.Client is
// one.
type Scanner interface {
	// Scan reads r to its end. Errors: clamd.ErrUnavailable if nothing is known of
	// the file; those of r.
	Scan(ctx context.Context, r io.Reader) (infection string, err error)
}

// ErrInfected means that a file was found to be malware.
var ErrInfected = &domain.Refusal{Kind: domain.Invalid, Code: "file_infected", Message: "The malware scanner has found the file to be infected; it was not taken in."}

// scanWait is how long somebody who sends a file waits for the scanner; after
// that the file is held.
const scanWait = 15 * time.Second

// taking scans files that come in together.
type taking struct {
	c     *Commands
	owner string            // of the files
	held  []string          // ids of those that nobody gets: the scanner did not answer, or says they are infected
	found map[string]string // what of those are infected with
	away  bool              // the scanner is: it is not asked again
}

// scan returns the content of file id on its way in to be read from its
// beginning, after the scanner, if there is one, was asked about it.
func (t *taking) scan(ctx context.Context, id string, content io.Reader, limit int64) (io.Reader, error) {
	if t.c.scanner == nil {
		return content, nil
	}
	if t.away {
		t.held = append(t.held, id)
		return content, nil
	}
	again, err := rewound(content, limit)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, scanWait)
	defer cancel()
	infection, err := t.c.scanner.Scan(waiting, io.LimitReader(again, limit))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, clamd.ErrUnavailable):
		t.away = true
		t.held = append(t.held, id)
		t.c.logger.Warn("files are held until the malware scanner answers", "owner", t.owner, "error", err)
	case err != nil:
		return nil, fmt.Errorf("scan a file: %w", err)
	case infection != "":
		if t.found == nil {
			t.found = map[string]string{}
		}
		t.held, t.found[id] = append(t.held, id), infection
		t.c.logger.Warn("a file is infected", "owner", t.owner, "infection", infection)
	}
	_, err = again.Seek(0, io.SeekStart)
	return again, err
}

// clean returns the content of a file to be read from its beginning, once the
// scanner, if there is one, has found nothing in it.
// Errors: ErrInfected, clamd.ErrUnavailable.
func (c *Commands) clean(ctx context.Context, content io.Reader, limit int64, owner string) (io.Reader, error) {
	t := taking{c: c, owner: owner}
	content, err := t.scan(ctx, "", content, limit)
	switch {
	case err != nil:
		return nil, err
	case len(t.found) > 0:
		return nil, ErrInfected
	case t.away:
		return nil, clamd.ErrUnavailable
	}
	return content, nil
}

// rewound returns content in a form that can be read twice.
func rewound(content io.Reader, limit int64) (io.ReadSeeker, error) {
	if seeker, ok := content.(io.ReadSeeker); ok {
		return seeker, nil
	}
	whole, err := io.ReadAll(io.LimitReader(content, limit+1))
	if err == nil && int64(len(whole)) > limit {
		err = application.ErrFileTooLarge.Because("A file has more than %d MiB.", limit>>20)
	}
	return bytes.NewReader(whole), err
}

// kept are files that are sealed, and not in the log yet.
type kept struct {
	files []application.File
	held  []string          // ids
	found map[string]string // what some of those are infected with
}

// filed returns the events that file k, with what the scanner says.
func (k kept) filed(a application.Application, events []application.Event, s domain.Stamp) ([]application.Event, error) {
	events = application.Holding(events, k.held...)
	a = a.Fold(events...)
	s.By = domain.System // the scanner decides, whoever sent them
	for _, f := range k.files {
		if infection := k.found[f.ID]; infection != "" {
			scanned, err := a.ScanFile(f.ID, infection, s)
			if err != nil {
				return nil, err
			}
			events = append(events, scanned...)
		}
	}
	return events, nil
}

// ScanFile asks the malware scanner about a file of an application that is held,
// and records what it says. Only the system may. If the file is not held, nothing
// happens.
// Errors: clamd.ErrUnavailable; ErrDenied; those of application.ScanFile.
func (c *Commands) ScanFile(ctx context.Context, caller Caller, applicationID, file string) (Answer, error) {
	return scanHeld(ctx, c, c.applications, applicationID, caller, file, application.Application.ScanFile)
}

// ScanMailedFile is ScanFile for what came along with a message that belongs to
// no application yet.
// Errors: clamd.ErrUnavailable; ErrDenied; those of message.ScanFile.
func (c *Commands) ScanMailedFile(ctx context.Context, caller Caller, id, file string) (Answer, error) {
	return scanHeld(ctx, c, c.messages, id, caller, file, message.Message.ScanFile)
}

// ScanEmployeeFile is ScanFile for what an employee profile took along while it was
// held: the application may be erased, or the version deleted there, before the
// scanner answers.
// Errors: clamd.ErrUnavailable; ErrDenied; those of employee.ScanFile.
func (c *Commands) ScanEmployeeFile(ctx context.Context, caller Caller, id, file string) (Answer, error) {
	return scanHeld(ctx, c, c.employees, id, caller, file, employee.Employee.ScanFile)
}

func scanHeld[S any, E domain.Fact](ctx context.Context, c *Commands, a *aggregate[S, E], id string, caller Caller, file string, decide func(s S, file, infection string, stamp domain.Stamp) ([]E, error)) (Answer, error) {
	if caller.Actor != domain.System {
		return Answer{}, ErrDenied
	}
	answer, err := transact(ctx, c, a, id, caller, decision[S, E]{
		decide:  func(s S, stamp domain.Stamp) ([]E, error) { return decide(s, file, "", stamp) },
		prepare: func(context.Context, S) error { return errAsked },
	})
	if !errors.Is(err, errAsked) {
		return answer, err
	}
	infection, err := c.scanStored(ctx, file)
	switch {
	case errors.Is(err, vault.ErrErased):
		return Answer{Unchanged: true}, nil // there is nothing to look at any more
	case err != nil:
		return Answer{}, err
	}
	return transact(ctx, c, a, id, caller, decision[S, E]{
		decide: func(s S, stamp domain.Stamp) ([]E, error) { return decide(s, file, infection, stamp) },
	})
}

// scanStored asks the scanner about a file that is sealed already.
func (c *Commands) scanStored(ctx context.Context, file string) (infection string, err error) {
	if c.scanner == nil {
		return "", fmt.Errorf("there is none: %w", clamd.ErrUnavailable)
	}
	content, err := c.files.Open(ctx, file)
	if err != nil {
		return "", err
	}
	defer content.Close() //nolint:errcheck // it is only read
	infection, err = c.scanner.Scan(ctx, content)
	if infection != "" {
		c.logger.Warn("a file that was held is infected", "file", file, "infection", infection)
	}
	return infection, err
}
