package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// On a full disk the server lives and accepts nothing it could not keep; with
// room again, and started again, it has all it has accepted.
func TestTheDiskFills(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 160<<20)
	in := &installation{dir: filepath.Join(disk, "data"), ready: filepath.Join(t.TempDir(), "ready")}
	in.start(t)
	v := in.as(t, in.admin).vacancy("Engineer")
	a := v.apply("Grace", "Hopper")
	filler := fill(t, disk)

	given, kept := map[string]bool{}, map[string]bool{} // texts; kept were acknowledged
	full := func(r reply) bool {
		if r.status < 500 {
			return false
		}
		if r.status != http.StatusServiceUnavailable && r.status != http.StatusInsufficientStorage || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("on a full disk: %d %v %s", r.status, r.header, r.body)
		}
		return true
	}
	// What the stores have set aside for themselves is used up first.
	for refused := 0; refused < 3; {
		if len(given) > 50_000 {
			t.Fatal("the disk is never full")
		}
		text := fmt.Sprintf("%06d %s", len(given), strings.Repeat("x", 3900))
		given[text] = true
		r := v.post(a+"/comments", map[string]string{"text": text})
		if full(r) {
			refused++
			continue
		}
		r.made()
		kept[text] = true
	}
	t.Logf("%d of %d comments were accepted", len(kept), len(given))
	if !full(v.post(a+"/documents", newForm("cv").file("cv.txt", strings.Repeat("x", 5<<20)))) {
		t.Error("a file was accepted on a full disk")
	}
	if !full(v.post("/v1/applications", v.application("Ada", "Lovelace"))) {
		t.Error("an application was accepted on a full disk")
	}
	v.see("/livez").want(http.StatusOK)
	v.see("/readyz").want(http.StatusServiceUnavailable)

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	in.stop()
	in.start(t)
	v.url = in.url
	v.post(a+"/comments", map[string]string{"text": "There is room again"}).made()
	shown := v.said(a, "comments")
	for text := range kept {
		if !slices.Contains(shown, text) {
			t.Errorf("comment %.6s was accepted and is lost", text)
		}
	}
	for _, text := range shown[1:] { // newest first
		if !given[text] {
			t.Errorf("nobody wrote %.50q", text)
		}
	}
	if events := v.get(a+"/history").list("events", "type"); len(events) != 1+len(shown) {
		t.Errorf("%d comments are shown, the log has %d events", len(shown), len(events))
	}
	in.end(t)
	if got := hirelog(t, "node", "check", "--data", filepath.Join(in.dir, "node")).succeeded(t); !strings.Contains(got, "no problems found") {
		t.Errorf("check: %s", got)
	}
}

// smallDisk returns a folder with a disk of its own.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", size)); err != nil {
		t.Skipf("a small disk cannot be had here: %v", err)
	}
	t.Cleanup(func() {
		eventually(t, patience, "the disk is let go", func() bool { return syscall.Unmount(dir, 0) == nil })
	})
	return dir
}

// fill leaves no room on a disk. It returns the file that takes it all.
func fill(t *testing.T, disk string) string {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<20); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}
