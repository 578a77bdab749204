package main

import (
	"regexp"
	"strings"
	"testing"
)

func TestTheProgramExplainsItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args   []string
		status int
		stdout string // said there; empty = nothing
		stderr string
	}{
		{nil, 2, "", "usage: hirelog <command>"},
		{[]string{"help"}, 0, "usage: hirelog <command>", ""},
		{[]string{"--help"}, 0, "usage: hirelog <command>", ""},
		{[]string{"version"}, 0, "hirelog ", ""},
		{[]string{"sevre"}, 2, "", `there is no command "sevre"`},
		{[]string{"audit"}, 2, "", "which command? There is: replay."},
		{[]string{"projections", "mend"}, 2, "", "which command?"},
		{[]string{"serve", "-h"}, 0, "", "-ready-file file"},
		{[]string{"serve", "--port", "1"}, 2, "", "flag provided but not defined: -port"},
		{[]string{"serve", "--serve", "commands,mail"}, 2, "", `there is no part "mail"; name commands, queries, projections, effects`},
		{[]string{"serve", "--trusted-proxies", "10.0.0.1"}, 2, "", "-trusted-proxies ranges"},
		{[]string{"serve", "here"}, 2, "", "hirelog serve takes no arguments"},
		{[]string{"audit", "replay"}, 2, "", "usage: hirelog audit replay [flags] ID"},
		{[]string{"token", "--data"}, 2, "", "flag needs an argument: -data"},
	} {
		got := hirelog(t, tt.args...)
		if got.status != tt.status || !strings.Contains(got.stdout, tt.stdout) || !strings.Contains(got.stderr, tt.stderr) ||
			(got.stdout == "") != (tt.stdout == "") || (got.stderr == "") != (tt.stderr == "") {
			t.Errorf("hirelog %s: %+v\nwant status %d, stdout %q, stderr %q", strings.Join(tt.args, " "), got, tt.status, tt.stdout, tt.stderr)
		}
	}
}

// answersOperator asks a running installation what only its operator may.
func answersOperator(t *testing.T, in *installation) {
	const nobody = "00000000-0000-4000-8000-000000000000"
	hirelog(t, "audit", "replay", "--data", in.dir, nobody).refused(t, "no application", nobody)
	hirelog(t, "audit", "replay", "--data", in.dir, "everything").refused(t, "no application", "everything")
	hirelog(t, "audit", "replay", "--data", in.dir, "--at", "yesterday", nobody).refused(t, "--at", "2026-03-01T09:00:00Z")
	hirelog(t, "node", "check", "--data", in.dir+"/node").refused(t, "in use by another process")

	token := strings.TrimSuffix(hirelog(t, "token", "--data", in.dir).succeeded(t), "\n")
	if got := in.as(t, token).get("/v1/me"); got.text("role") != "admin" || token == in.admin {
		t.Errorf("the new token is of %s", got.body)
	}
	in.as(t, in.admin).get("/v1/me") // and the old one counts still
	hirelog(t, "projections", "rebuild", "--data", in.dir, "cores").refused(t, `no group "cores"`, "core")
	if got := hirelog(t, "projections", "resume", "--data", in.dir, "core").succeeded(t); !strings.Contains(got, "was not stopped") {
		t.Errorf("resume: %s", got)
	}
	status := hirelog(t, "projections", "status", "--data", in.dir).succeeded(t)
	if !regexp.MustCompile(`(?m)^core +1 \(rm_core_1\) +live +\d+/\d+ .* (up to date|behind)$`).MatchString(status) {
		t.Errorf("status of projections: %s", status)
	}
	answersOnEffects(t, in)
	answersOnImport(t, in)
}

// answersOnEffects asks how far effects are, and has them begin elsewhere.
func answersOnEffects(t *testing.T, in *installation) {
	if got := hirelog(t, "effects", "status", "--data", in.dir).succeeded(t); !regexp.MustCompile(`^reactor recruiting: follows the log, at \d+/\d+\n0 effects overdue, 0 failed\n$`).MatchString(got) {
		t.Errorf("status of effects: %s", got)
	}
	if got := hirelog(t, "effects", "start", "--data", in.dir, "--from", "now").succeeded(t); !regexp.MustCompile(`^Events behind [1-9]\d*/\d+ have effects\.\n$`).MatchString(got) {
		t.Errorf("start of effects: %s", got)
	}
	if got := hirelog(t, "effects", "start", "--data", in.dir); got.status != 2 || !strings.Contains(got.stderr, "--from says where") {
		t.Errorf("started nowhere: %+v", got)
	}
	hirelog(t, "effects", "start", "--data", in.dir, "--from", "1/1").refused(t, "no event at position 1/1")
	hirelog(t, "effects", "retry", "--data", in.dir, "00000000-0000-4000-8000-000000000000").refused(t, "no effect")
	hirelog(t, "effects", "resume", "--data", in.dir).succeeded(t)
}

// The same questions are answered when no server runs, and nothing is left
// running.
func TestTheOperatorNeedsNoServer(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	v := in.as(t, in.admin).vacancy("Engineer")
	id := strings.TrimPrefix(v.apply("Grace", "Hopper"), "/v1/applications/")
	v.get("/v1/applications/" + id)
	in.end(t)
	if got := hirelog(t, "audit", "replay", "--data", in.dir, "--at", "0", id).succeeded(t); !strings.Contains(got, "Hopper") || !strings.Contains(got, "received.v1") {
		t.Errorf("replayed: %s", got)
	}
	if got := hirelog(t, "projections", "status", "--data", in.dir).succeeded(t); !strings.Contains(got, "up to date") {
		t.Errorf("status of projections: %s", got)
	}
	if got := hirelog(t, "node", "check", "--data", in.dir+"/node").succeeded(t); !strings.Contains(got, "no problems found") {
		t.Errorf("check: %s", got)
	}
	token := strings.TrimSpace(hirelog(t, "token", "--data", in.dir).succeeded(t))
	if got := hirelog(t, "projections", "rebuild", "--data", in.dir, "core").succeeded(t); !strings.Contains(got, "equal to generation 1") || !strings.Contains(got, "generation 2 is live") {
		t.Errorf("rebuild: %s", got)
	}
	if got := hirelog(t, "projections", "status", "--data", in.dir).succeeded(t); !regexp.MustCompile(`(?s)rm_core_1\) +retired.*rm_core_2\) +live .*behind`).MatchString(got) {
		t.Errorf("status of rebuilt projections: %s", got)
	}
	if got := hirelog(t, "projections", "verify", "--data", in.dir).succeeded(t); !strings.Contains(got, "equal to generation 2") {
		t.Errorf("verify: %s", got)
	}
	free(t, in.dir)
	in.start(t)
	v.url = in.url
	if got := v.get("/v1/applications/" + id); got.text("last_name") != "Hopper" {
		t.Errorf("filled again: %s", got.body)
	}
	in.as(t, token).get("/v1/me")
	in.end(t)

	empty := t.TempDir()
	hirelog(t, "token", "--data", empty).refused(t, "is not a data folder of hirelog")
	hirelog(t, "node", "check", "--data", empty).refused(t, "no event node")
	if got := contents(t, empty); len(got) != 1 {
		t.Errorf("looking left %v", got)
	}
}
