package eventnode

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	formatFile   = "FORMAT"
	formatPrefix = "hirelog event node, format "

	// latestFormat is what new folders have, and older ones get when they are
	// opened; see the package comment.
	latestFormat = 2
)

// pebbleFormats are the versions of Pebble's files that belong to each format,
// beginning with format 1. They never change.
var pebbleFormats = [...]pebble.FormatMajorVersion{
	pebble.FormatWALSyncChunks,
	pebble.FormatTableFormatV6,
}

func pebbleFormatOf(format int) pebble.FormatMajorVersion { return pebbleFormats[format-1] }

func formatLine(format int) string { return formatPrefix + strconv.Itoa(format) + "\n" }

// parseFormat reads the content of a FORMAT file of folder dir.
func parseFormat(dir, text string) (int, error) {
	version, ours := strings.CutPrefix(text, formatPrefix)
	if !ours {
		return 0, fmt.Errorf("%w: FORMAT in %s does not begin with %q", ErrFormat, dir, formatPrefix)
	}
	format, err := strconv.Atoi(strings.TrimSuffix(version, "\n"))
	if err != nil || format < 1 || format > latestFormat {
		return 0, fmt.Errorf("%w: %s has format %q, this program knows 1 to %d", ErrFormat, dir, strings.TrimSpace(version), latestFormat)
	}
	return format, nil
}

// readFormat reads the format of f, and gives one to a new folder.
func (f *folder) readFormat(create bool) error {
	if _, err := f.fs.Stat(f.fs.PathJoin(f.dir, restoreFolder)); err == nil {
		return fmt.Errorf("%w: a restore into %s was cut off; empty the folder and restore again", ErrFormat, f.dir)
	}
	text, err := readFile(f.fs, f.fs.PathJoin(f.dir, formatFile))
	if err == nil {
		f.format, err = parseFormat(f.dir, text)
		return err
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("event node: read format of %s: %w", f.dir, err)
	}
	desc, err := pebble.Peek(f.store, f.fs)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrFormat, f.store, err)
	}
	if desc.Exists || !create {
		return fmt.Errorf("%w: %s has no file %s", ErrFormat, f.dir, formatFile)
	}
	f.format = latestFormat
	return f.writeFormat()
}

func (f *folder) writeFormat() error {
	if err := writeFileDurably(f.fs, f.dir, formatFile, formatLine(f.format)); err != nil {
		return fmt.Errorf("event node: write format of %s: %w", f.dir, err)
	}
	return nil
}

// upgrade gives the folder, whose store is open and sound, the latest format.
// FORMAT comes first: from then on no older program touches the store. If the
// power goes after it, the next opening does what is left.
func (f *folder) upgrade(db database) error {
	if f.format == latestFormat {
		return nil
	}
	f.format = latestFormat
	if err := f.writeFormat(); err != nil {
		return err
	}
	if err := db.RatchetFormatMajorVersion(pebbleFormatOf(latestFormat)); err != nil {
		return fmt.Errorf("event node: upgrade %s to format %d: %w", f.dir, latestFormat, err)
	}
	return nil
}

// FormatOf returns the format of the node in folder dir on the disk, also while
// it is open. Errors: fs.ErrNotExist if there is no node, ErrFormat.
func FormatOf(dir string) (int, error) {
	text, err := readFile(vfs.Default, vfs.Default.PathJoin(dir, formatFile))
	if err != nil {
		return 0, fmt.Errorf("event node: %w", err)
	}
	return parseFormat(dir, text)
}
