package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/access"
	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// CancelDocument takes a document request back.
type CancelDocument struct {
	Application string `json:"-"`
	Document    string `json:"-"`
}

// CancelDocument gives cmd. Whoever has edit on the category may.
// Errors: those of application.CancelDocument; ErrDenied.
func (c *Commands) CancelDocument(ctx context.Context, caller Caller, cmd CancelDocument) (Answer, error) {
	return c.onDocument(ctx, caller, cmd.Application, cmd.Document, func(a application.Application, _ access.Rights, s domain.Stamp) ([]application.Event, error) {
		return a.CancelDocument(cmd.Document, s)
	})
}

// ReopenDocument lets an approved document take versions again.
type ReopenDocument struct {
	Application string         `json:"-"`
	Document    string         `json:"-"`
	Version     int            `json:"version" minimum:"1" doc:"The version that was approved; it must be the newest"`
	Reason      personal.Plain `json:"reason" minLength:"1" maxLength:"255" doc:"Why"`
}

// ReopenDocument gives cmd. Whoever has edit on the category may.
// Errors: those of application.ReopenDocument; ErrDenied.
func (c *Commands) ReopenDocument(ctx context.Context, caller Caller, cmd ReopenDocument) (Answer, error) {
	return c.review(ctx, caller, ReviewDocument(cmd), application.Application.ReopenDocument)
}

// RecategoriseDocument gives a document another category.
type RecategoriseDocument struct {
	Application string          `json:"-"`
	Document    string          `json:"-"`
	Category    access.Category `json:"category" doc:"Category from now on, of all versions"`
}

// RecategoriseDocument gives cmd. Whoever has edit on both categories may.
// Errors: those of application.RecategoriseDocument; organization.ErrRetired; ErrDenied.
func (c *Commands) RecategoriseDocument(ctx context.Context, caller Caller, cmd RecategoriseDocument) (Answer, error) {
	return c.onDocument(ctx, caller, cmd.Application, cmd.Document, func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
		if held.Document(cmd.Category) < access.Edit {
			return nil, ErrDenied
		}
		if err := c.mayFile(cmd.Category); err != nil && a.Documents[cmd.Document].Category != cmd.Category {
			return nil, err
		}
		return a.RecategoriseDocument(cmd.Document, cmd.Category, s)
	})
}

// onDocument gives one command on a document: whoever has edit on its category
// may.
func (c *Commands) onDocument(ctx context.Context, caller Caller, id, document string, decide func(application.Application, access.Rights, domain.Stamp) ([]application.Event, error)) (Answer, error) {
	return c.onApplication(ctx, id, caller, need{}, func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
		if err := mayEdit(a, held, document); err != nil {
			return nil, err
		}
		return decide(a, held, s)
	})
}

// DeleteVersion erases the files of a version of a document.
type DeleteVersion struct {
	Application string `json:"-"`
	Document    string `json:"-"`
	Version     int    `json:"-"`
}

// DeleteVersion gives cmd: the keys of the files are destroyed before the
// deletion is recorded, but for the wraps of an employee profile that took the
// document along. Whoever has edit on the category may.
// Errors: those of application.DeleteVersion and of application.Keeps; ErrDenied.
func (c *Commands) DeleteVersion(ctx context.Context, caller Caller, cmd DeleteVersion) (Answer, error) {
	e := c.erasureOf(caller, kindVersion, subjectOf(cmd.Document, cmd.Version), cmd.Application)
	var err error
	if e.Keys, err = c.filesOf(ctx, cmd); err != nil {
		return Answer{}, err
	}
	if e.Spared, err = c.profilesWith(ctx, cmd, e.Keys); err != nil {
		return Answer{}, err
	}
	return c.eraseOn(ctx, caller, cmd.Application, need{}, e, func(a application.Application, held access.Rights, s domain.Stamp) ([]application.Event, error) {
		if err := mayEdit(a, held, cmd.Document); err != nil {
			return nil, err
		}
		events, err := a.DeleteVersion(cmd.Document, cmd.Version, s)
		if err != nil || len(events) == 0 {
			return nil, err
		}
		return events, a.Keeps(cmd.Document)
	}, nil)
}

// profilesWith returns the employee profiles that took a document along with the
// files and have them still. Of what came along with a mail there are none: it
// goes where its mail goes, and would come back with it.
func (c *Commands) profilesWith(ctx context.Context, cmd DeleteVersion, files []string) ([]string, error) {
	var profiles []string
	for _, file := range files {
		if cmd.Document == documentOf(file, cmd.Application) {
			continue
		}
		owners, err := c.vault.Owners(ctx, file)
		if err != nil {
			return nil, err
		}
		for _, owner := range owners {
			if owner == cmd.Application || slices.Contains(profiles, owner) {
				continue
			}
			f, err := c.employees.read(ctx, c.log, owner)
			if err != nil {
				return nil, err
			}
			if _, taken := f.state.Documents.Get(cmd.Document); taken && !f.state.Ended {
				profiles = append(profiles, owner)
			}
		}
	}
	return profiles, nil
}

// filesOf returns the ids of the files of a version: the fold knows those of the
// newest only. None if there is no such version.
func (c *Commands) filesOf(ctx context.Context, cmd DeleteVersion) ([]string, error) {
	stream := "application-" + cmd.Application
	for rec, err := range c.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if errors.Is(err, eventlog.ErrStreamDeleted) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", stream, err)
		}
		if rec.Type != (application.DocumentUploaded{}).EventName() {
			continue
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return nil, fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		if up, ok := e.(application.DocumentUploaded); ok && up.Document == cmd.Document && up.Version == cmd.Version {
			ids := make([]string, len(up.Files))
			for i, f := range up.Files {
				ids[i] = f.ID
			}
			return ids, nil
		}
	}
	return nil, nil
}

// subjectOf names a version in the record of its erasure.
func subjectOf(document string, version int) string { return document + "/" + strconv.Itoa(version) }

// versionOf is the document and the version that subjectOf named.
func versionOf(subject string) (document string, version int, err error) {
	document, number, _ := strings.Cut(subject, "/")
	if version, err = strconv.Atoi(number); err != nil {
		return "", 0, fmt.Errorf("erasure of version %q: %w", subject, err)
	}
	return document, version, nil
}
