package postgres

import (
	"errors"
	"strings"
	"testing"
)

func TestOutputOfPostgresNamesTheReason(t *testing.T) {
	t.Parallel()
	c := &cluster{dir: "/srv/pg"}
	failed := errors.New("start postgres in /srv/pg: exit status 1")
	for _, test := range []struct {
		output string
		want   error
		says   string
	}{
		{
			"2026-11-22 10:00:00.000 UTC [7] FATAL:  lock file \"postmaster.pid\" already exists\nHINT:  Is another postmaster (PID 6) running?\n",
			ErrRunning, "stop that one",
		},
		{
			"2026-11-22 10:00:00.000 UTC [7] FATAL:  pre-existing shared memory block (key 9, ID 3) is still in use\n",
			errOrphans, "killed",
		},
		{
			"initdb: error: could not write file \"/srv/pg/cluster.new/x\": No space left on device\ninitdb: removing data directory\n",
			ErrDiskFull, "make room",
		},
		{
			"FATAL:  could not extend file \"base/1/2691\": wrote only 4096 of 8192 bytes at block 1\nHINT:  Check free disk space.\nPANIC:  cannot abort transaction 1\n",
			ErrDiskFull, "make room",
		},
		{
			"2026-11-22 10:00:00.000 UTC [7] FATAL:  data directory \"/srv/pg/cluster\" has wrong ownership\n",
			ErrOwner, "chown",
		},
		{
			"2026-11-22 10:00:00.000 UTC [7] FATAL:  could not open file \"global/pg_control\": Permission denied\n",
			ErrUnreachable, "pg_control",
		},
		{
			"2026-11-22 10:00:00.000 UTC [7] LOG:  x\n2026-11-22 10:00:00.000 UTC [7] FATAL:  unrecognized configuration parameter \"nonsense\"\nHINT: y\n",
			failed, `unrecognized configuration parameter "nonsense"`,
		},
		{"", failed, "exit status 1"},
	} {
		err := c.blame(test.output, failed)
		if !errors.Is(err, test.want) {
			t.Errorf("%q: got %v, want %v", test.output, err, test.want)
		}
		for _, part := range []string{"/srv/pg", test.says} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error does not say %q: %v", part, err)
			}
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("error has several lines: %v", err)
		}
	}
}

func TestVersionsAreRead(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": {"15.18", "15"},
		"postgres (PostgreSQL) 18beta1\n":                        {"18beta1", "18"},
		"postgres (PostgreSQL) 9.6.24\n":                         {"9.6.24", "9"},
	} {
		version, major, ok := parseVersion(line)
		if !ok || version != want[0] || major != want[1] {
			t.Errorf("%q: got %q, %q, %v", line, version, major, ok)
		}
	}
	if _, _, ok := parseVersion("psql 15"); ok {
		t.Error("no version was read as one")
	}
}
