package postgres

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// binaries are PostgreSQL's programs of one version.
type binaries struct {
	postgres string
	initdb   string
	version  string // "15.18"
	major    string // "15"
}

const howToInstall = "install them (make setup, or apt-get install postgresql) or set HIRELOG_POSTGRES_BIN to their folder"

// findBinaries returns those in dir or, if that is empty, in the folder
// HIRELOG_POSTGRES_BIN names; else the first to be found on PATH and in
// Debian's folders. An existing cluster's major version is preferred there, if
// given.
func findBinaries(dir, major string) (binaries, error) {
	if dir == "" {
		dir = os.Getenv("HIRELOG_POSTGRES_BIN")
	}
	if dir != "" {
		return binariesIn(dir)
	}
	var folders []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil { // initdb lies beside the real one
			folders = append(folders, filepath.Dir(path))
		}
	}
	folders = append(folders, debianFolders()...)
	var first binaries
	for _, folder := range folders {
		b, err := binariesIn(folder)
		if err != nil {
			continue
		}
		if major == "" || b.major == major {
			return b, nil
		}
		if first.postgres == "" {
			first = b
		}
	}
	if first.postgres == "" {
		return binaries{}, fmt.Errorf("%w on PATH or in /usr/lib/postgresql: %s", ErrNoBinaries, howToInstall)
	}
	return first, nil
}

// debianFolders returns where Debian keeps the binaries, highest version first.
func debianFolders() []string {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil // the pattern is well-formed
	}
	version := func(folder string) int {
		n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
		if err != nil {
			return -1
		}
		return n
	}
	slices.SortFunc(folders, func(a, b string) int { return cmp.Compare(version(b), version(a)) })
	return folders
}

// binariesIn returns the binaries in dir.
func binariesIn(dir string) (binaries, error) {
	b := binaries{postgres: filepath.Join(dir, "postgres"), initdb: filepath.Join(dir, "initdb")}
	for _, path := range []string{b.postgres, b.initdb} {
		if _, err := exec.LookPath(path); err != nil {
			return binaries{}, fmt.Errorf("%w in %s: %s", ErrNoBinaries, dir, howToInstall)
		}
	}
	cmd := exec.Command(b.postgres, "--version")
	cmd.Env = environment()
	out, err := cmd.Output()
	if err != nil {
		return binaries{}, fmt.Errorf("%s --version: %w", b.postgres, err)
	}
	var ok bool
	if b.version, b.major, ok = parseVersion(string(out)); !ok {
		return binaries{}, fmt.Errorf("%s --version said %q, which names no version", b.postgres, out)
	}
	return b, nil
}

// parseVersion reads what postgres --version prints, as in
// "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)" or "... 18beta1".
func parseVersion(line string) (version, major string, ok bool) {
	m := regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`).FindStringSubmatch(line)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// environment is what PostgreSQL's programs see of ours: nothing secret, none
// of libpq's variables, and messages in English.
func environment() []string {
	env := []string{"LC_ALL=C", "LANG=C"}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains([]string{"PATH", "LD_LIBRARY_PATH", "TMPDIR", "TZDIR"}, name) {
			env = append(env, kv)
		}
	}
	return env
}
