package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/internal/datafolder"
)

// A first start that is cut off while the demo company loads is made up for: the
// next goes on with the company and tells the token, once.
func TestAFirstStartIsCutOff(t *testing.T) {
	t.Parallel()
	in := &installation{dir: filepath.Join(t.TempDir(), "data")}
	in.ready = in.dir + ".ready"
	if err := os.WriteFile(in.ready, []byte(`{"url": "http://127.0.0.1:1"}`), 0o600); err != nil { // of an earlier run
		t.Fatal(err)
	}
	in.serve(t)
	in.loads(t, 40)
	if exists(in.ready) {
		t.Error("the ready file of an earlier run is still there")
	}
	in.kill()
	in.serve(t)
	in.loads(t, 120)
	in.end(t)
	if exists(in.ready) || strings.Contains(in.stdout.String(), "TOKEN") {
		t.Errorf("a start that was stopped told where it is: %s", in.stdout.String())
	}

	in.serve(t)
	in.awaitReady(t)
	if said := greetingOf(t, in); in.admin == "" || !strings.Contains(said, "export TOKEN="+in.admin) {
		t.Fatalf("the first start that came to its end told token %q and %s", in.admin, said)
	}
	admin := in.as(t, in.admin)
	eventually(t, patience, "the demo company is there", func() bool {
		total, _ := admin.get("/v1/applications?limit=1").at("total").(float64)
		return total >= 300 && len(admin.get("/v1/jobs").list("items", "id")) >= 8
	})
	in.introduced(t)
	in.end(t)

	in.start(t)
	if said := greetingOf(t, in); in.readReady(t)["admin_token"] != "" || !strings.Contains(said, "was shown on the first start") {
		t.Errorf("the token was told again: %s", said)
	}
	in.as(t, in.admin).see("/v1/me").want(http.StatusOK)
	in.end(t)
}

// loads waits until n applications of the demo company are loaded.
func (in *installation) loads(t *testing.T, n int) {
	t.Helper()
	said := fmt.Sprintf("loading the demo company: %d of 320 applications\n", n)
	eventually(t, patience, said, func() bool {
		if !in.running() {
			t.Fatalf("the server ended: %s", in.stderr.String())
		}
		return strings.Contains(in.stdout.String(), said)
	})
}

// introduced waits until the first start is over.
func (in *installation) introduced(t *testing.T) {
	t.Helper()
	eventually(t, patience, "the first start is over", func() bool { return !exists(filepath.Join(in.dir, firstStartFile)) })
}

// A first start that is killed when it has told the token, and before it noted
// that, leaves one to the next start that counts no more when that tells its own.
// Who has ended it has been told.
func TestATokenIsToldAndNotNoted(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	command := uuid.Must(uuid.NewV7())
	again := func() (token string) {
		t.Helper()
		in.introduced(t)
		in.end(t)
		if err := datafolder.WriteJSON(filepath.Join(in.dir, firstStartFile), firstStart{Token: command}); err != nil {
			t.Fatal(err)
		}
		in.start(t)
		return in.readReady(t)["admin_token"]
	}
	first := again()
	in.as(t, first).see("/v1/me").want(http.StatusOK)
	second := again()
	in.as(t, first).see("/v1/me").want(http.StatusUnauthorized)
	admin := in.as(t, second)
	id, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(second, "hl_")[:22])
	if err != nil {
		t.Fatal(err)
	}
	path := "/v1/members/" + admin.see("/v1/me").text("id") + "/tokens/" + uuid.UUID(id).String()
	admin.do(call{method: http.MethodDelete, path: path}).want(http.StatusOK)
	if third := again(); third != "" {
		t.Errorf("token %s is told in place of one that was ended", third)
	}
	in.introduced(t)
	in.end(t)
}
