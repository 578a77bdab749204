package transport

import (
	"bytes"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/totp"
)

// authenticator shows the codes of a member, each once.
type authenticator struct {
	w      *world
	secret string
	steps  int // that the next code is ahead: one at most counts
}

// enrol gives the member of a token a second factor, and returns its recovery codes.
func (w *world) enrol(token string) (*authenticator, []any) {
	w.t.Helper()
	a := &authenticator{w: w, secret: w.post(token, "/v1/me/second-factor", nil).want(http.StatusOK).text("secret")}
	codes := w.post(token, "/v1/me/second-factor/confirm", map[string]string{"code": a.code()}).want(http.StatusOK).at("recovery_codes").([]any)
	return a, codes
}

// code is one that was not shown yet. When there is none, those shown are let count
// again, as if it were their time.
func (a *authenticator) code() string {
	a.w.t.Helper()
	if a.steps > 1 {
		a.steps = 0
		if _, err := a.w.pool.Exec(a.w.t.Context(), `UPDATE ops.second_factors SET last_step = 0`); err != nil {
			a.w.t.Fatal(err)
		}
	}
	code, err := totp.Code(a.secret, time.Now().Add(time.Duration(a.steps)*totp.Step))
	if err != nil {
		a.w.t.Fatal(err)
	}
	a.steps++
	return code
}

// S2-104: a second factor is enrolled, confirmed by a code, and from then on no
// token is good without it but those that were obtained by showing it. Its secret
// is shown once, and nowhere else; a code counts once.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	before := w.tokenOf(v.member)
	w.post(v.manager, "/v1/me/second-factor/step-up", map[string]string{"code": "123456"}).problem(http.StatusConflict, "no_second_factor")
	first := w.post(v.manager, "/v1/me/second-factor", nil).want(http.StatusOK)
	w.get(v.manager, "/v1/jobs").want(http.StatusOK) // it does not count yet
	made := w.post(v.manager, "/v1/me/second-factor", nil).want(http.StatusOK)
	a := &authenticator{w: w, secret: made.text("secret")}
	old := &authenticator{w: w, secret: first.text("secret")}
	w.post(v.manager, "/v1/me/second-factor/confirm", map[string]string{"code": old.code()}).problem(http.StatusForbidden, "second_factor")
	code := a.code()
	confirmed := w.post(v.manager, "/v1/me/second-factor/confirm", map[string]string{"code": code}).want(http.StatusOK)
	if codes := confirmed.at("recovery_codes").([]any); len(codes) != 10 {
		t.Errorf("%d recovery codes", len(codes))
	}
	w.post(v.manager, "/v1/me/second-factor", nil).problem(http.StatusConflict, "second_factor_exists")

	// The token it was confirmed with goes on; another must be shown it (H8).
	w.get(v.manager, "/v1/jobs").want(http.StatusOK)
	w.get(before, "/v1/jobs").problem(http.StatusForbidden, "second_factor_needed")
	w.post(before, "/v1/applications", application(v, "Grace", "Hopper")).problem(http.StatusForbidden, "second_factor_needed")
	w.post(before, "/v1/members/"+v.member+"/tokens", map[string]any{"name": "mine"}).problem(http.StatusForbidden, "second_factor_needed")
	w.post(before, "/v1/me/second-factor/step-up", map[string]string{"code": code}).problem(http.StatusForbidden, "second_factor")
	if me := w.get(before, "/v1/me").want(http.StatusOK); me.text("second_factor_state") != "unshown" || me.at("second_factor") != true || me.at("recovery_codes_left") != 10.0 {
		t.Errorf("%s", me.body)
	}
	w.post(before, "/v1/me/second-factor/step-up", map[string]string{"code": a.code()}).want(http.StatusOK)
	w.get(before, "/v1/jobs").want(http.StatusOK)

	// What was obtained by showing it is good by itself; what an admin gave out is not.
	own := w.post(before, "/v1/members/"+v.member+"/tokens", map[string]any{"name": "a program"}).want(http.StatusCreated)
	w.get(own.text("secret"), "/v1/jobs").want(http.StatusOK)
	w.post(own.text("secret"), "/v1/members/"+v.member+"/tokens", map[string]any{"name": "another"}).problem(http.StatusForbidden, "second_factor_needed")
	given := w.post(w.admin, "/v1/members/"+v.member+"/tokens", map[string]any{"name": "given"}).want(http.StatusCreated)
	w.get(given.text("secret"), "/v1/jobs").problem(http.StatusForbidden, "second_factor_needed")
	rotated := w.post(w.admin, "/v1/members/"+v.member+"/tokens/"+own.text("id")+"/rotate", nil).want(http.StatusOK)
	w.get(rotated.text("secret"), "/v1/jobs").problem(http.StatusForbidden, "second_factor_needed")
	w.get(own.text("secret"), "/v1/jobs").want(http.StatusOK) // the secret before, for a while

	// After its time it is shown again; for what hands out access sooner.
	w.shown(t, 11*time.Minute)
	w.get(before, "/v1/jobs").want(http.StatusOK)
	w.post(before, "/v1/members/"+v.member+"/tokens", map[string]any{"name": "mine"}).problem(http.StatusForbidden, "second_factor_needed")
	w.shown(t, 12*time.Hour)
	w.get(before, "/v1/jobs").problem(http.StatusForbidden, "second_factor_needed")

	// The secret is in no event, log or answer.
	for e, err := range w.log.ReadAll(t.Context(), eventlog.Start, eventlog.Forwards) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(e.Data, []byte(a.secret)) {
			t.Errorf("%s holds the secret", e.Type)
		}
	}
	if bytes.Contains([]byte(w.logged.String()), []byte(a.secret)) {
		t.Error("the secret is logged")
	}
	var stored []byte
	if err := w.pool.QueryRow(t.Context(), `SELECT secret FROM ops.second_factors`).Scan(&stored); err != nil || bytes.Contains(stored, []byte(a.secret)) {
		t.Errorf("stored as it is: %v", err)
	}
}

// shown has it be so long ago that a second factor was shown.
func (w *world) shown(t *testing.T, ago time.Duration) {
	t.Helper()
	if _, err := w.pool.Exec(t.Context(), `UPDATE ops.tokens SET stepped_up_at = now() - $1::interval`, ago); err != nil {
		t.Fatal(err)
	}
	if err := w.tokens.Factors().Remove(t.Context(), uuid.NewString()); err != nil { // no token is believed without asking
		t.Fatal(err)
	}
}

// S2-104: recovery codes count once each; codes that fail slow down; the member
// disables by a code, an admin resets, which the member is told of.
func TestSecondFactorIsRecovered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	other := w.tokenOf(v.member)
	a, codes := w.enrol(v.manager)
	step := func(body map[string]string) reply { return w.post(other, "/v1/me/second-factor/step-up", body) }
	step(map[string]string{"recovery_code": codes[0].(string)}).want(http.StatusOK)
	step(map[string]string{"recovery_code": codes[0].(string)}).problem(http.StatusForbidden, "second_factor")
	step(map[string]string{"recovery_code": codes[1].(string), "code": "123456"}).problem(http.StatusUnprocessableEntity, "invalid")
	if me := w.get(other, "/v1/me"); me.at("recovery_codes_left") != 9.0 {
		t.Errorf("%s", me.body)
	}
	renewed := w.post(other, "/v1/me/second-factor/recovery-codes", nil).want(http.StatusOK).at("recovery_codes").([]any)
	step(map[string]string{"recovery_code": codes[1].(string)}).problem(http.StatusForbidden, "second_factor")
	step(map[string]string{"recovery_code": renewed[0].(string)}).want(http.StatusOK)

	// Three more that fail are too many, also for a good one.
	for range 3 {
		step(map[string]string{"recovery_code": "aaaa-aaaa-aaaa-aaaa"}).problem(http.StatusForbidden, "second_factor")
	}
	step(map[string]string{"code": a.code()}).problem(http.StatusTooManyRequests, "too_many_requests")
	if _, err := w.pool.Exec(t.Context(), `UPDATE ops.second_factors SET failed_at = failed_at - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	step(map[string]string{"code": a.code()}).want(http.StatusOK)
	proved := w.post(other, "/v1/members/"+v.member+"/tokens", map[string]any{"name": "a program"}).want(http.StatusCreated).text("secret")
	w.get(proved, "/v1/jobs").want(http.StatusOK)

	// Only an admin resets, and not their own; it says so to the member and to auditors.
	path := "/v1/members/" + v.member + "/second-factor"
	w.delete(v.manager, path).problem(http.StatusForbidden, "denied")
	w.delete(w.admin, "/v1/members/"+commands.FirstAdmin()+"/second-factor").problem(http.StatusConflict, "own_second_factor")
	w.delete(w.admin, path).want(http.StatusOK)
	if inbox := w.get(v.manager, "/v1/me/inbox"); !slices.Contains(inbox.kinds("kind"), any("second_factor_reset")) || inbox.at("items.0.application_id") != nil {
		t.Errorf("%s", inbox.body)
	}
	_, auditor := w.member("Otto", "auditor")
	if h := w.get(auditor, "/v1/members/"+v.member+"/history").want(http.StatusOK); !bytes.Contains(h.body, []byte("member.second_factor_removed.v1")) || !bytes.Contains(h.body, []byte("member.recovery_code_used.v1")) {
		t.Errorf("%s", h.body)
	}
	w.get(w.tokenOf(v.member), "/v1/jobs").want(http.StatusOK)

	a, _ = w.enrol(v.manager)
	w.get(proved, "/v1/jobs").problem(http.StatusForbidden, "second_factor_needed") // it was another that was shown
	w.post(v.manager, "/v1/me/second-factor/disable", map[string]string{"code": "000000"}).problem(http.StatusForbidden, "second_factor")
	w.post(v.manager, "/v1/me/second-factor/disable", map[string]string{"code": a.code()}).want(http.StatusOK)
	if me := w.get(v.manager, "/v1/me"); me.text("second_factor_state") != "none" || me.at("second_factor") != false {
		t.Errorf("%s", me.body)
	}
}

// S2-104, H16: where everybody is to have a second factor, who has none may enrol
// one and do nothing else, by any route.
func TestSecondFactorIsRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	on := map[string]any{"second_factor_required": true}
	settings := func(token string) reply {
		return w.do(call{method: http.MethodPatch, path: "/v1/organization/settings", token: token, body: on})
	}
	settings(w.admin).problem(http.StatusConflict, "no_second_factor")
	w.enrol(w.admin)
	settings(w.admin).want(http.StatusOK)
	w.get(v.manager, "/v1/jobs").problem(http.StatusForbidden, "second_factor_missing")
	w.get(v.manager, "/v1/jobs/"+v.id+"/pipeline").problem(http.StatusForbidden, "second_factor_missing")
	w.post(v.manager, "/v1/applications", application(v, "Grace", "Hopper")).problem(http.StatusForbidden, "second_factor_missing")
	if me := w.get(v.manager, "/v1/me").want(http.StatusOK); me.text("second_factor_state") != "missing" {
		t.Errorf("%s", me.body)
	}
	w.enrol(v.manager)
	w.apply(v, "Grace", "Hopper")
	if got := w.get(w.admin, "/v1/organization").want(http.StatusOK); got.at("settings.second_factor_required") != true {
		t.Errorf("%s", got.body)
	}
}

// S2-104: a secret that is enrolled while another is confirmed does not lock the
// member out, and neither do recovery codes whose renewal was not recorded.
func TestSecondFactorIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.vacancy("Engineer")
	other := w.tokenOf(v.member)
	a := &authenticator{w: w, secret: w.post(v.manager, "/v1/me/second-factor", nil).want(http.StatusOK).text("secret")}
	w.log.mu.Lock()
	w.log.before = func() { w.post(v.manager, "/v1/me/second-factor", nil).want(http.StatusOK) }
	w.log.mu.Unlock()
	codes := w.post(v.manager, "/v1/me/second-factor/confirm", map[string]string{"code": a.code()}).want(http.StatusOK).at("recovery_codes").([]any)
	step := func(body map[string]string) reply { return w.post(other, "/v1/me/second-factor/step-up", body) }
	step(map[string]string{"code": a.code()}).want(http.StatusOK)

	w.log.fail(eventlog.ErrUnavailable)
	w.post(other, "/v1/me/second-factor/recovery-codes", nil).want(http.StatusServiceUnavailable)
	w.log.fail(nil)
	step(map[string]string{"recovery_code": codes[0].(string)}).want(http.StatusOK)
	renewed := w.post(other, "/v1/me/second-factor/recovery-codes", nil).want(http.StatusOK).at("recovery_codes").([]any)
	step(map[string]string{"recovery_code": codes[1].(string)}).problem(http.StatusForbidden, "second_factor")
	step(map[string]string{"recovery_code": renewed[0].(string)}).want(http.StatusOK)
	if me := w.get(other, "/v1/me"); me.at("recovery_codes_left") != 9.0 {
		t.Errorf("%s", me.body)
	}
}
