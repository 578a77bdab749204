package commandapi

import (
	"context"
	"net/http"
	"time"

	"github.com/hirelog/hirelog/domain"
	"github.com/hirelog/hirelog/domain/personal"
	"github.com/hirelog/hirelog/internal/ops"
	"github.com/hirelog/hirelog/transport/auth"
	"github.com/hirelog/hirelog/transport/edge"
)

// AskSignIn asks for a code by which a candidate signs in.
type AskSignIn struct {
	Email personal.Plain `json:"email" minLength:"3" maxLength:"254" doc:"Address of an application"`
}

// Asked says that a code was asked for.
type Asked struct {
	ID string `json:"sign_in_id" format:"uuid" doc:"The code is redeemed with it"`
}

type askedAnswer struct{ Body Asked }

// Redeem is what a candidate signs in with: the code and the id it was asked for
// under, or the token of the mail.
type Redeem struct {
	ID    string `json:"sign_in_id,omitempty" format:"uuid" doc:"As the code was asked for under"`
	Code  string `json:"code,omitempty" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" example:"482913" doc:"The code of the mail"`
	Token string `json:"token,omitempty" maxLength:"100" doc:"The token of the mail, instead of id and code"`
}

// SignedIn says that a candidate is signed in.
type SignedIn struct {
	ExpiresAt time.Time `json:"expires_at" doc:"The session ends then, or a day after it was used last"`
}

type sessionAnswer struct {
	Cookie string `header:"Set-Cookie" doc:"The session"`
	Body   SignedIn
}

type signedOut struct {
	Cookie string `header:"Set-Cookie" doc:"Takes the session's cookie away"`
	Body   SignedOut
}

// SignedOut says that the session is over.
type SignedOut struct{}

// cookie holds a session in the browser; empty takes it away.
func cookie(r *edge.Request, secret string, life time.Duration) string {
	c := http.Cookie{Name: auth.Cookie, Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.Secure(), MaxAge: int(life / time.Second)}
	if secret == "" {
		c.MaxAge = -1
	}
	return c.String()
}

// signIn declares how candidates sign in and out.
func (a *API) signIn(s *edge.Surface) {
	route := func(method, path, summary string, who edge.Who) edge.Route {
		return edge.Route{Method: method, Path: "/v1/candidate" + path, Summary: summary, Tag: "candidate", Who: who}
	}
	ask := route(http.MethodPost, "/sign-ins", "Ask for a code to sign in by", edge.Anyone())
	ask.Door, ask.Body, ask.Accepted, ask.Throttled = true, edge.JSONBody, true, true
	ask.Doc = "A code and a token are mailed to the address if it is of an application. The answer is the same if not. Either counts once, for 15 minutes; the code may be tried five times."
	edge.Handle(s, ask, func(ctx context.Context, in *struct{ Body AskSignIn }) (*askedAnswer, error) {
		return a.askCode(edge.RequestOf(ctx), in.Body.Email, a.door.Ask)
	})
	redeem := route(http.MethodPost, "/session", "Sign in", edge.Anyone())
	redeem.Door, redeem.Body, redeem.Throttled = true, edge.JSONBody, true
	redeem.Doc = "The answer sets the cookie that all other routes of candidates want. Reading an address never signs in."
	edge.Handle(s, redeem, a.redeem)
	out := route(http.MethodDelete, "/session", "Sign out", edge.Candidate())
	out.Doc = "The session counts no more, wherever its cookie is."
	edge.Handle(s, out, a.signOut)
}

// redeem begins a session.
func (a *API) redeem(ctx context.Context, in *struct{ Body Redeem }) (*sessionAnswer, error) {
	r := edge.RequestOf(ctx)
	if wait := a.signIns.redeems(r.Client()); wait > 0 {
		return nil, edge.TooMany(wait)
	}
	if (in.Body.Token == "") == (in.Body.Code == "" || in.Body.ID == "") {
		return nil, edge.Invalid("body", "needs the token, or the code with its id")
	}
	begun, secret, err := a.door.Redeem(ctx, in.Body.ID, ops.Proof{Code: in.Body.Code, Link: in.Body.Token})
	if err != nil {
		return nil, slowed(err)
	}
	return &sessionAnswer{Cookie: cookie(r, secret, ops.SessionLife), Body: SignedIn{ExpiresAt: begun.ExpiresAt}}, nil
}

// signOut ends a session.
func (a *API) signOut(ctx context.Context, _ *struct{}) (*signedOut, error) {
	r := edge.RequestOf(ctx)
	if err := a.door.End(ctx, r.Principal.Session.ID); err != nil {
		return nil, err
	}
	return &signedOut{Cookie: cookie(r, "", 0)}, nil
}

// askCode has a code sent, unless there were too many.
func (a *API) askCode(r *edge.Request, email personal.Plain, ask func(personal.Plain) (string, bool)) (*askedAnswer, error) {
	address, err := domain.EmailOf(string(email))
	if err != nil || address == "" {
		return nil, edge.Invalid("body.email", "must be an e-mail address")
	}
	hash, err := a.vault.AddressHash(personal.Plain(address))
	if err != nil {
		return nil, err
	}
	if wait := a.signIns.asks(r.Client(), string(hash)); wait > 0 {
		return nil, edge.TooMany(wait)
	}
	id, taken := ask(personal.Plain(address))
	if !taken {
		return nil, edge.TooMany(time.Minute)
	}
	return &askedAnswer{Body: Asked{ID: id}}, nil
}
