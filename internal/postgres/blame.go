package postgres

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// errOrphans means that children of a killed server are still there.
var errOrphans = fmt.Errorf("a killed server's children hold its memory: %w", ErrRunning)

// blame turns what a program of PostgreSQL printed before it failed into an
// error of one line; err says what was being done.
func (c *cluster) blame(output string, err error) error {
	says := func(text string) bool { return strings.Contains(output, text) }
	where := "postgres data folder " + c.dir
	switch {
	case says("pre-existing shared memory block"):
		return fmt.Errorf("%s: %w", where, errOrphans)
	case says(`lock file "postmaster.pid" already exists`):
		return fmt.Errorf("%s %w: stop that one, or choose another folder", where, ErrRunning)
	case says("No space left on device"), says("Check free disk space"), says("Disk quota exceeded"):
		return fmt.Errorf("%s %w: make room there", where, ErrDiskFull)
	case says("has wrong ownership"):
		return fmt.Errorf("%s %w: chown -R it to one user: %s", where, ErrOwner, lastProblem(output))
	case says("Permission denied"):
		return fmt.Errorf("%s %w: %s: all in it must be its owner's", where, ErrUnreachable, lastProblem(output))
	}
	if line := lastProblem(output); line != "" {
		return fmt.Errorf("%w: %s", err, line)
	}
	return err
}

func (c *cluster) startupLog() string { return filepath.Join(c.logs, "startup.log") }

// lastProblem is the last line of the newest log that tells of one, or "".
func (c *cluster) lastProblem() string {
	paths, err := filepath.Glob(filepath.Join(escapeGlob(c.logs), "*.log"))
	if err != nil {
		return ""
	}
	var newest string
	var at time.Time
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Size() > 0 && info.ModTime().After(at) {
			newest, at = path, info.ModTime()
		}
	}
	text, err := tail(newest, 16<<10)
	if err != nil {
		return ""
	}
	return lastProblem(text)
}

// lastProblem is the last line of output that tells of a problem, or "".
func lastProblem(output string) string {
	var last string
	for line := range strings.Lines(output) {
		for _, mark := range []string{"PANIC: ", "FATAL: ", "error: ", "ERROR: "} {
			if _, after, ok := strings.Cut(line, mark); ok {
				last = strings.TrimSpace(after)
				break
			}
		}
	}
	return last
}

// tail returns at most the last n bytes of a file.
func tail(path string, n int64) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	n = min(n, info.Size())
	text := make([]byte, n)
	read, err := f.ReadAt(text, info.Size()-n)
	if err != nil {
		return "", err
	}
	return string(text[:read]), nil
}

// escapeGlob writes path so that a pattern matches it alone.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
