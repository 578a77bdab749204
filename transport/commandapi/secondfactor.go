package commandapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/transport/edge"
)

// Enrolled is a second factor that counts once it is confirmed.
type Enrolled struct {
	Secret string `json:"secret" doc:"Base32; shown this once"`
	URI    string `json:"uri" doc:"For an authenticator, as a QR code: otpauth, six digits, every 30 seconds"`
}

type enrolledAnswer struct{ Body Enrolled }

// ConfirmFactor confirms a second factor.
type ConfirmFactor struct {
	Code string `json:"code" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" example:"482913" doc:"The code your authenticator shows"`
}

// GivenCodes are recovery codes.
type GivenCodes struct {
	Recorded
	Codes []string `json:"recovery_codes" nullable:"false" doc:"Each counts once in the place of a code; shown this once. None when the command was given before"`
}

type codesAnswer struct {
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     GivenCodes
}

// SteppedUp says that a second factor was shown with the token.
type SteppedUp struct {
	Until      time.Time `json:"until" doc:"The token is good by itself until then"`
	FreshUntil time.Time `json:"fresh_until" doc:"And for what hands out access, such as tokens, until then"`
}

type steppedUpAnswer struct{ Body SteppedUp }

// secondFactor declares the second factor of who asks.
func (a *API) secondFactor(s *edge.Surface) {
	route := func(path, summary, doc string) edge.Route {
		return edge.Route{
			Method: http.MethodPost, Path: "/v1/me/second-factor" + path, Summary: summary, Doc: doc, Tag: "members",
			Who: edge.SignedIn().And("for themselves"), Body: edge.JSONBody,
		}
	}
	enrol := route("", "Enrol a second factor", "It counts once it is confirmed. Asked again before that, there is another secret.")
	enrol.Body, enrol.FirstFactor = edge.NoBody, true
	edge.Handle(s, enrol, func(ctx context.Context, _ *struct{}) (*enrolledAnswer, error) {
		made, err := a.commands.EnrolSecondFactor(ctx, atOnce(edge.RequestOf(ctx)))
		return &enrolledAnswer{Body: Enrolled{Secret: made.Secret, URI: made.URI}}, err
	})
	confirm := route("/confirm", "Confirm the second factor that was enrolled", "The code shows that your authenticator has it. From then on a token is good for nothing until the second factor was shown with it, which this one has been; one that was issued to you by yourself after showing it is good by itself.")
	confirm.FirstFactor, confirm.Throttled = true, true
	edge.Handle(s, confirm, func(ctx context.Context, in *request[ConfirmFactor]) (*codesAnswer, error) {
		return a.recoveryCodes(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, []string, error) {
			return a.commands.ConfirmSecondFactor(ctx, caller, r.Principal.Token, in.Body.Code)
		})
	})
	stepUp := route("/step-up", "Show your second factor", "It counts for the token presented, for 12 hours, and for 10 minutes for what hands out access. Each code counts once. Codes that fail slow down those after them.")
	stepUp.FirstFactor, stepUp.Throttled = true, true
	edge.Handle(s, stepUp, func(ctx context.Context, in *struct{ Body commands.SecondFactorCode }) (*steppedUpAnswer, error) {
		r := edge.RequestOf(ctx)
		until, err := a.commands.StepUp(ctx, atOnce(r), r.Principal.Token, in.Body)
		if err != nil {
			return nil, slowed(err)
		}
		return &steppedUpAnswer{Body: SteppedUp{Until: until, FreshUntil: until.Add(ops.FreshFor - ops.SteppedUpFor)}}, nil
	})
	renew := route("/recovery-codes", "Have other recovery codes", "Those before count no more.")
	renew.Body, renew.Fresh = edge.OptionalJSONBody, true
	edge.Handle(s, renew, func(ctx context.Context, in *emptyBody) (*codesAnswer, error) {
		return a.recoveryCodes(ctx, in.Conditions, func(caller commands.Caller, _ *edge.Request) (commands.Answer, []string, error) {
			return a.commands.RenewRecoveryCodes(ctx, caller)
		})
	})
	disable := route("/disable", "Disable your second factor", "Tokens are good by themselves again, unless the organisation wants everybody to have a second factor.")
	disable.FirstFactor, disable.Throttled = true, true
	change(a, s, disable, func(ctx context.Context, caller commands.Caller, _ *edge.Request, cmd commands.SecondFactorCode) (commands.Answer, error) {
		answer, err := a.commands.DisableSecondFactor(ctx, caller, cmd)
		return answer, slowed(err)
	})
}

// atOnce is the caller of what is not recognised when it is asked for again: it
// is about a secret, or a code that counts once.
func atOnce(r *edge.Request) commands.Caller {
	return commands.Caller{Actor: r.Principal.Actor(), CommandID: uuid.New(), CorrelationID: r.ID, Origin: eventlog.Live, Within: r.Principal.Jobs}
}

// recoveryCodes gives a command that answers with recovery codes.
func (a *API) recoveryCodes(ctx context.Context, c Conditions, run func(commands.Caller, *edge.Request) (commands.Answer, []string, error)) (*codesAnswer, error) {
	codes := []string{}
	answer, err := a.give(ctx, c, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
		answer, given, err := run(caller, r)
		codes = append(codes, given...)
		return answer, slowed(err)
	})
	if err != nil {
		return nil, err
	}
	body := GivenCodes{Recorded: a.recorded(answer), Codes: codes}
	return &codesAnswer{Position: body.Position, Body: body}, nil
}

// slowed makes a problem of too many failed codes.
func slowed(err error) error {
	var slow *ops.SlowDownError
	if errors.As(err, &slow) {
		return edge.TooMany(slow.Wait)
	}
	return err
}
