package main

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
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

// A fault that cannot be done here is not passed over in silence.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	in := &installation{o: options{kills: 200}, rng: rand.New(rand.NewPCG(1, 1)), report: newReport(), noDisk: errors.New("no such luck")}
	for _, f := range in.plan() {
		if f.kind == "disk full" {
			t.Error("a disk is filled that is not there")
		}
	}
	var out strings.Builder
	in.report.print(&out, time.Second)
	if !regexp.MustCompile(`(?m)^disk full +left out +no such luck$`).MatchString(out.String()) {
		t.Errorf("it prints\n%s", out.String())
	}
}
