package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hirelog/hirelog/domain/application"
	"github.com/hirelog/hirelog/internal/eventlog"
)

// SweepFiles deletes stored files that no event names, if they were written
// before olderThan ago: what crashed uploads left, and what an erasure could not
// delete at the time. olderThan must be longer than an upload takes. It asks the
// vault once for each file and reads the stream of each application that has any
// once. A file whose owner is not an application is kept, and one that nothing
// can be found out about ends the sweep. It returns how many it deleted.
// Errors: those of the log, the vault and the store.
func (c *Commands) SweepFiles(ctx context.Context, olderThan time.Duration) (int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	s := sweep{commands: c, named: map[string]struct{}{}, read: map[string]bool{}}
	deleted, err := c.files.Sweep(ctx, olderThan, func(fileID string) bool {
		keep, err := s.keep(ctx, fileID)
		if err != nil && failed == nil {
			failed = err
			stop()
		}
		return keep || err != nil
	})
	if failed != nil {
		err = failed // not that it ended the rest
	}
	if err != nil {
		return deleted, fmt.Errorf("sweep of uploads: %w", err)
	}
	return deleted, nil
}

// sweep is what one sweep knows by now.
type sweep struct {
	commands *Commands
	named    map[string]struct{} // files that events name
	read     map[string]bool     // applications whose events were read; false = there is no such stream
}

func (s *sweep) keep(ctx context.Context, file string) (bool, error) {
	owners, err := s.commands.vault.Owners(ctx, file)
	if err != nil {
		return true, err
	}
	for _, owner := range owners {
		isApplication, ok := s.read[owner]
		if !ok {
			if isApplication, err = s.learn(ctx, owner); err != nil {
				return true, err
			}
			s.read[owner] = isApplication
		}
		if _, named := s.named[file]; named || !isApplication {
			return true, nil
		}
	}
	if len(owners) == 0 {
		return s.portrays(ctx, file)
	}
	return false, nil // nobody names it
}

// portrays reports whether a file without key of its own is the picture that a
// person has. Errors: those of the log.
func (s *sweep) portrays(ctx context.Context, file string) (bool, error) {
	key, err := s.commands.files.Key(file)
	switch {
	case err != nil || key == file:
		return false, nil //nolint:nilerr // it is damaged, or its key is gone
	}
	f, err := s.commands.candidates.read(ctx, s.commands.log, key)
	return err != nil || f.state.Picture == file, err
}

// learn notes the files that the events of an application name, in all
// versions: the fold knows the newest ones only.
func (s *sweep) learn(ctx context.Context, id string) (bool, error) {
	stream, exists := "application-"+id, false
	for rec, err := range s.commands.log.ReadStream(ctx, stream, 0, eventlog.Forwards) {
		if errors.Is(err, eventlog.ErrStreamDeleted) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read %s: %w", stream, err)
		}
		exists = true
		if rec.Type != (application.DocumentUploaded{}).EventName() {
			continue
		}
		e, err := application.Codec.Decode(rec.Type, rec.Data)
		if err != nil {
			return false, fmt.Errorf("%s at %d: %w", stream, rec.Revision, err)
		}
		if uploaded, ok := e.(application.DocumentUploaded); ok {
			for _, f := range uploaded.Files {
				s.named[f.ID] = struct{}{}
			}
		}
	}
	return exists, nil
}
