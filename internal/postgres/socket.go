package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// maxSocketPath is the longest path of a Unix socket that works everywhere.
const maxSocketPath = 103 // sun_path has 108 bytes on Linux, 104 elsewhere, one of them for the NUL

// socketPort only names the socket: no server listens on a port.
const socketPort = "5432"

const shortFolder = "hirelog-postgres-"

// chooseSocket puts the socket in the folder itself, or, if its path is too
// long for that, in a short temporary folder of the account's own. The link
// "socket" leads there, and tells the next start what to remove if this
// process does not get to it.
func (c *cluster) chooseSocket(ctx context.Context) error {
	if target, err := os.Readlink(c.socketLink()); err == nil && strings.HasPrefix(filepath.Base(target), shortFolder) {
		_ = os.RemoveAll(target) // a leftover costs nothing but tidiness
	}
	if err := os.Remove(c.socketLink()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return folderError(c.dir, err)
	}
	if fits(c.dir) {
		return nil
	}
	var errs []error
	for _, parent := range []string{os.TempDir(), "/tmp"} {
		err := c.shortSocket(ctx, parent)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	return fmt.Errorf("postgres data folder %s has a path too long for a Unix socket, and no short temporary folder would do: choose a shorter path or set TMPDIR: %w",
		c.dir, errors.Join(errs...))
}

// shortSocket makes the folder of the socket in parent.
func (c *cluster) shortSocket(ctx context.Context, parent string) error {
	if err := c.account.reaches(ctx, c.bin, parent); err != nil {
		return fmt.Errorf("%s: %w", parent, err)
	}
	short, err := os.MkdirTemp(parent, shortFolder) // 0700
	if err != nil {
		return err
	}
	if err = c.account.give(short); err == nil {
		err = os.Symlink(short, c.socketLink())
	}
	if err == nil && !fits(short) {
		err = fmt.Errorf("%s is too long", short)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(short))
	}
	c.socket = short
	return nil
}

func (c *cluster) socketLink() string { return filepath.Join(c.dir, "socket") }

// fits reports whether a socket in dir has a path short enough.
func fits(dir string) bool {
	return len(filepath.Join(dir, ".s.PGSQL."+socketPort)) <= maxSocketPath
}

// connString is the address of a database behind the socket.
func (c *cluster) connString(database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.User(superuser),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host":    {c.socket},
			"port":    {socketPort},
			"sslmode": {"disable"},
		}.Encode(),
	}
	return u.String()
}
