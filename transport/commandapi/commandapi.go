// Package commandapi takes commands over HTTP. The struct of a command is the
// body of its request; who gives it, when and to what comes from the token, the
// clock and the path, never from the body.
//
// Accepted means recorded: an answer says at which revision of what, and at
// which position of the log, for reads to wait for.
package commandapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/hirelog/hirelog/commands"
	"github.com/hirelog/hirelog/internal/eventlog"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/internal/signin"
	"github.com/hirelog/hirelog/internal/vault"
	"github.com/hirelog/hirelog/transport/edge"
)

// Options are what the API works with. All but Logger, SpoolDir and
// Select are required.
type Options struct {
	Commands     *commands.Commands
	Fingerprints *ops.Fingerprints
	Vault        *vault.Vault
	Log          uuid.UUID // id of the log, for tokens of positions
	Logger       *slog.Logger
	// SpoolDir is where uploads lie, sealed, while they arrive; "" is the
	// system's folder of temporary files.
	SpoolDir string
	// MaxUploads is how many uploads arrive at once; others are told to come
	// again. 0 means 16. Each takes up to 200 MiB in SpoolDir.
	MaxUploads int
	// Select chooses applications by a filter; nil = they are named by their ids.
	Select Select
	// Public bounds what anybody may send without a token.
	Public PublicLimits
	// Door is where candidates sign in; nil = they have no routes. SignIns slows
	// them down there.
	Door    *signin.Door
	SignIns SignInLimits
}

// API are the routes of commands.
type API struct {
	commands     *commands.Commands
	fingerprints *ops.Fingerprints
	vault        *vault.Vault
	log          uuid.UUID
	logger       *slog.Logger
	spoolDir     string
	uploads      chan struct{} // holds one for each upload under way
	decoding     chan struct{} // holds one for each picture that is being decoded
	public       *publicDoor
	door         *signin.Door
	signIns      *signInThrottle
	selects      Select // may be nil
}

// maxDecoding is how many pictures are decoded at once. Each takes up to 200 MB.
const maxDecoding = 2

// Declare declares the routes of commands on s.
func Declare(s *edge.Surface, o Options) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.MaxUploads == 0 {
		o.MaxUploads = 16
	}
	a := &API{
		commands: o.Commands, fingerprints: o.Fingerprints, vault: o.Vault, log: o.Log, logger: o.Logger,
		spoolDir: o.SpoolDir, uploads: make(chan struct{}, o.MaxUploads), public: newPublicDoor(o.Public), decoding: make(chan struct{}, maxDecoding),
		door: o.Door, signIns: newSignInThrottle(o.SignIns), selects: o.Select,
	}
	if o.Door != nil {
		a.signIn(s)
		a.own(s)
		a.ownOffers(s)
	}
	a.forms(s)
	a.jobs(s)
	a.applications(s)
	a.documents(s)
	a.inbox(s)
	a.lists(s)
	a.messages(s)
	a.organization(s)
	a.members(s)
}

// Recorded is what a command did.
type Recorded struct {
	Revision int64  `json:"revision" doc:"Revision of the thing after the command; If-Match takes it"`
	Position string `json:"position" doc:"Where the log stands with it; min_position of a read takes it"`
}

// Created is what a command did that made something.
type Created struct {
	ID string `json:"id" format:"uuid" doc:"Id of what was made"`
	Recorded
}

// Conditions are the headers that every command takes.
type Conditions struct {
	IdempotencyKey string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[!-~]*$" patternDescription:"visible ASCII" doc:"Makes the command recognisable for 7 days: given again with the same key it answers the same and changes nothing; another request under the key is refused"`
	IfMatch        string `header:"If-Match" maxLength:"32" doc:"The revision that the thing must be at, quoted: \"7\""`
}

// caller says who gives a command and under which conditions.
// Errors: ops.ErrKeyReused; a problem for a malformed If-Match.
func (a *API) caller(ctx context.Context, c Conditions, print func() [32]byte) (commands.Caller, error) {
	r := edge.RequestOf(ctx)
	caller := commands.Caller{Actor: r.Principal.Actor(), Candidate: r.Principal.Candidate, CorrelationID: r.ID, Origin: eventlog.Live, Within: r.Principal.Jobs}
	var err error
	// Revisions tell of decisions before they are disclosed: candidates have none.
	if r.Principal.Candidate == "" {
		caller.IfMatch, err = revisionOf(c.IfMatch, r.HTTP.Header)
	}
	if err != nil {
		return caller, err
	}
	if c.IdempotencyKey == "" {
		if _, named := r.HTTP.Header["Idempotency-Key"]; named {
			return caller, edge.Invalid("header.Idempotency-Key", "must not be empty")
		}
		caller.CommandID, err = uuid.NewV7()
		return caller, err
	}
	caller.CommandID = commands.CommandID(r.Principal.Name(), c.IdempotencyKey)
	caller.MayBeRepeated, err = a.fingerprints.Remember(ctx, caller.CommandID, print())
	if errors.Is(err, ops.ErrUnavailable) {
		// The command is still recognised by its id in the stream.
		a.logger.Warn("a request was taken without comparing its fingerprint", "request_id", r.ID, "error", err)
		caller.MayBeRepeated, err = true, nil
	}
	return caller, err
}

// revisionOf reads an If-Match header: one quoted revision, nil if there is
// none.
func revisionOf(value string, h http.Header) (*eventlog.Revision, error) {
	if len(h["If-Match"]) == 0 {
		return nil, nil
	}
	quoted, ok := strings.CutPrefix(value, `"`)
	quoted, ok2 := strings.CutSuffix(quoted, `"`)
	n, err := strconv.ParseInt(quoted, 10, 64)
	if !ok || !ok2 || err != nil || n < 0 || len(h["If-Match"]) > 1 || strconv.FormatInt(n, 10) != quoted {
		return nil, edge.Malformed("header.If-Match", `must be one quoted revision, such as "7"`)
	}
	revision := eventlog.Revision(n)
	return &revision, nil
}

// fingerprint returns what is remembered of a request with a JSON body.
func (a *API) fingerprint(r *edge.Request) [32]byte {
	return a.vault.Fingerprint([]byte(r.HTTP.Method), []byte(r.HTTP.URL.Path), r.Raw)
}

// recorded returns the body of an answer.
func (a *API) recorded(answer commands.Answer) Recorded {
	return Recorded{Revision: int64(answer.Revision), Position: eventlog.Token{Log: a.log, Position: answer.Position}.String()}
}

type request[C any] struct {
	Conditions
	Body C
}

type bodiless struct {
	Conditions
}

// emptyBody is the body of commands that have none.
type emptyBody struct {
	Conditions
	Body *struct{} `nameHint:"Nothing"`
}

type doneAnswer struct {
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     Recorded
}

type createdAnswer struct {
	Location string `header:"Location" doc:"Where to read what was made"`
	Position string `header:"Hirelog-Position" doc:"The position of the body"`
	Body     Created
}

// give runs a command for the request ctx belongs to.
func (a *API) give(ctx context.Context, c Conditions, run func(commands.Caller, *edge.Request) (commands.Answer, error)) (commands.Answer, error) {
	r := edge.RequestOf(ctx)
	caller, err := a.caller(ctx, c, func() [32]byte { return a.fingerprint(r) })
	if err != nil {
		return commands.Answer{}, err
	}
	return a.once(ctx, c, caller, func() (commands.Answer, error) { return run(caller, r) })
}

// once runs a command, unless it was given before under its key and changed
// nothing: then it answers as it did.
func (a *API) once(ctx context.Context, c Conditions, caller commands.Caller, run func() (commands.Answer, error)) (commands.Answer, error) {
	if caller.MayBeRepeated {
		kept, err := a.fingerprints.Kept(ctx, caller.CommandID)
		var answer commands.Answer
		switch {
		case err != nil:
			a.logger.Warn("a request was taken without looking for its answer", "request_id", caller.CorrelationID, "error", err)
		case kept != nil:
			if err := json.Unmarshal(kept, &answer); err != nil {
				return answer, fmt.Errorf("kept answer of command %s: %w", caller.CommandID, err)
			}
			return answer, nil
		}
	}
	answer, err := run()
	if err != nil || !answer.Unchanged || c.IdempotencyKey == "" {
		return answer, err
	}
	keep, err := json.Marshal(answer)
	if err == nil {
		err = a.fingerprints.Keep(ctx, caller.CommandID, keep)
	}
	return answer, err
}

func (a *API) done(answer commands.Answer, err error) (*doneAnswer, error) {
	if err != nil {
		return nil, err
	}
	body := a.recorded(answer)
	return &doneAnswer{Position: body.Position, Body: body}, nil
}

func (a *API) created(answer commands.Answer, err error, location string) (*createdAnswer, error) {
	if err != nil {
		return nil, err
	}
	body := Created{ID: answer.ID, Recorded: a.recorded(answer)}
	return &createdAnswer{Location: location, Position: body.Position, Body: body}, nil
}

// change declares a command with a body that changes something. run fills in
// what the path names.
func change[C any](a *API, s *edge.Surface, r edge.Route, run func(context.Context, commands.Caller, *edge.Request, C) (commands.Answer, error)) {
	r.Body = edge.JSONBody
	edge.Handle(s, r, func(ctx context.Context, in *request[C]) (*doneAnswer, error) {
		return a.done(a.give(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r, in.Body)
		}))
	})
}

type optional[C any] struct {
	Conditions
	Body *C
}

// maybe is change for a command whose body may be left out.
func maybe[C any](a *API, s *edge.Surface, r edge.Route, run func(context.Context, commands.Caller, *edge.Request, C) (commands.Answer, error)) {
	r.Body = edge.OptionalJSONBody
	edge.Handle(s, r, func(ctx context.Context, in *optional[C]) (*doneAnswer, error) {
		var body C
		if in.Body != nil {
			body = *in.Body
		}
		return a.done(a.give(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r, body)
		}))
	})
}

// act declares a command without a body.
func act(a *API, s *edge.Surface, r edge.Route, run func(context.Context, commands.Caller, *edge.Request) (commands.Answer, error)) {
	answer := func(ctx context.Context, c Conditions) (*doneAnswer, error) {
		return a.done(a.give(ctx, c, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r)
		}))
	}
	if r.Method == http.MethodDelete {
		edge.Handle(s, r, func(ctx context.Context, in *bodiless) (*doneAnswer, error) { return answer(ctx, in.Conditions) })
		return
	}
	r.Body = edge.OptionalJSONBody
	edge.Handle(s, r, func(ctx context.Context, in *emptyBody) (*doneAnswer, error) { return answer(ctx, in.Conditions) })
}

// create declares a command with a body that makes something, which locate
// names the path of.
func create[C any](a *API, s *edge.Surface, r edge.Route, locate func(r *edge.Request, id string) string, run func(context.Context, commands.Caller, *edge.Request, C) (commands.Answer, error)) {
	r.Body, r.Created = edge.JSONBody, true
	edge.Handle(s, r, func(ctx context.Context, in *request[C]) (*createdAnswer, error) {
		answer, err := a.give(ctx, in.Conditions, func(caller commands.Caller, r *edge.Request) (commands.Answer, error) {
			return run(ctx, caller, r, in.Body)
		})
		return a.created(answer, err, locate(edge.RequestOf(ctx), answer.ID))
	})
}

// at locates what was made below a path.
func at(path string) func(*edge.Request, string) string {
	return func(_ *edge.Request, id string) string { return path + "/" + id }
}

// among locates what was made in the list it is read with.
func among(path string) func(*edge.Request, string) string {
	return func(*edge.Request, string) string { return path }
}

// part locates what was made in a part of the application, which is read as a
// whole.
func part(name string) func(*edge.Request, string) string {
	return func(r *edge.Request, _ string) string { return "/v1/applications/" + r.Param("id") + "/" + name }
}

// itself locates what the application itself shows.
func itself(r *edge.Request, _ string) string { return "/v1/applications/" + r.Param("id") }
