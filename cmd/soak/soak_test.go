package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A short run of what "make soak" does for longer: some kills, each fault of a
// store once, and all checks.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "hirelog")
	if said, err := exec.Command("go", "build", "-o", binary, "github.com/hirelog/hirelog/cmd/hirelog").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, said)
	}
	var out bytes.Buffer
	err := soak(t.Context(), options{binary: binary, kills: 10, workers: 4, seed: 1, out: &out})
	t.Log("\n" + out.String())
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(out.String(), "everything is kept in") != (err != nil) {
		t.Error("what is kept of a run is not said, or kept for nothing")
	}
}
