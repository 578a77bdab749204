package eventnode

import (
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// markerFS puts the names of a folder on disk before it makes a marker in it.
//
// Pebble writes a new manifest, makes a marker that names it, and only then syncs
// the folder, once for both. A file system that keeps the order of changes to a
// folder, as ext4 and XFS do, never shows the marker without the manifest. One
// that does not may, after the power failed, and then the store does not open.
type markerFS struct{ vfs.FS }

func (m markerFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if strings.HasPrefix(m.PathBase(name), "marker.") {
		if err := syncFolder(m.FS, m.PathDir(name)); err != nil {
			return nil, err
		}
	}
	return m.FS.Create(name, c)
}

func (m markerFS) Unwrap() vfs.FS { return m.FS }
