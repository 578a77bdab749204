package eventnode

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/crypto/bcrypt"
)

const (
	// groupAdmins may do everything, groupOps may manage persistent
	// subscriptions, roleAll in an access list is everybody who has signed in.
	groupAdmins = "$admins"
	groupOps    = "$ops"
	roleAll     = "$all"

	// maxPassword is what bcrypt looks at, in bytes.
	maxPassword = 72
	// hashCost is bcrypt's for new lines; about a quarter of a second.
	hashCost = 12
	// maxVerified is how many credentials are remembered at most.
	maxVerified = 1024
)

// user is somebody who may call the node.
type user struct {
	name   string
	hash   []byte
	groups []string
}

// has reports whether u has a role: its own name, a group, or everybody's.
func (u *user) has(role string) bool {
	if role == roleAll || role == u.name {
		return true
	}
	for _, g := range u.groups {
		if g == role {
			return true
		}
	}
	return false
}

// UserLine returns the line of a users file for a new user, with the bcrypt
// hash of password. Groups may be "$admins", "$ops", or whatever access lists
// of streams name. Errors: the name, a group or the password cannot be used.
func UserLine(name, password string, groups []string) (string, error) {
	if err := checkWord("user name", name); err != nil {
		return "", err
	}
	for _, g := range groups {
		if err := checkWord("group", g); err != nil {
			return "", err
		}
	}
	switch {
	case password == "":
		return "", errors.New("the password is empty")
	case len(password) > maxPassword:
		return "", fmt.Errorf("the password has %d bytes, at most %d are taken", len(password), maxPassword)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), hashCost)
	if err != nil {
		return "", err
	}
	return name + ":" + string(hash) + ":" + strings.Join(groups, ","), nil
}

// checkWord refuses what would not be read back from a users file.
func checkWord(what, s string) error {
	if s == "" || strings.ContainsAny(s, ":,#") || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s %q must have no space, colon, comma or #, and not be empty", what, s)
	}
	return nil
}

// userBook is the content of one version of a users file. Credentials it has
// verified are remembered with it, and so forgotten when the file changes.
type userBook struct {
	byName map[string]*user
	// nobody is compared with when there is no such user, so that how long an
	// answer takes does not tell who exists.
	nobody []byte
	key    [32]byte // of the digests below

	mu       sync.Mutex
	verified map[[sha256.Size]byte]*user // guarded by mu; by keyed digest of the credentials
}

// readUsers reads a users file: a line "name:hash:group,group" for each user,
// with a bcrypt hash; the groups and the colon before them may be missing.
// Empty lines, and those that begin with #, are passed over.
func readUsers(file string) (*userBook, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &userBook{byName: map[string]*user{}, verified: map[[sha256.Size]byte]*user{}}
	cost := bcrypt.MinCost
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		u, c, err := parseUser(line)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", file, i+1, err)
		}
		if b.byName[u.name] != nil {
			return nil, fmt.Errorf("%s, line %d: user %q is there already", file, i+1, u.name)
		}
		b.byName[u.name] = u
		cost = max(cost, c)
	}
	if len(b.byName) == 0 {
		return nil, fmt.Errorf("%s names no user, nobody could connect", file)
	}
	_, _ = rand.Read(b.key[:]) // never fails
	b.nobody, err = bcrypt.GenerateFromPassword(b.key[:], cost)
	return b, err
}

// parseUser reads a line. Errors do not repeat it.
func parseUser(line string) (*user, int, error) {
	name, rest, ok := strings.Cut(line, ":")
	if !ok {
		return nil, 0, errors.New("is not name:hash:groups")
	}
	if err := checkWord("user name", name); err != nil {
		return nil, 0, err
	}
	hash, groups, _ := strings.Cut(rest, ":")
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return nil, 0, fmt.Errorf("user %q has no bcrypt hash: %w", name, err)
	}
	u := &user{name: name, hash: []byte(hash)}
	for g := range strings.SplitSeq(groups, ",") {
		if g = strings.TrimSpace(g); g == "" {
			continue
		}
		if err := checkWord("group", g); err != nil {
			return nil, 0, err
		}
		u.groups = append(u.groups, g)
	}
	return u, cost, nil
}

// accounts says who calls.
type accounts struct {
	book *watched[*userBook]
	// busy bounds how many passwords are hashed at a time, so that wrong ones
	// cannot take all processors.
	busy chan struct{}
}

func newAccounts(o *Options) (*accounts, error) {
	if o.UsersFile == "" {
		return nil, nil
	}
	book, err := newWatched([]string{o.UsersFile}, func() (*userBook, error) { return readUsers(o.UsersFile) }, func(err error) {
		o.Logger.Error("event node: the changed users file cannot be used, the users stay as they were", "err", err)
	})
	if err != nil {
		return nil, fmt.Errorf("event node: users: %w", err)
	}
	return &accounts{book: book, busy: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}, nil
}

// authenticate returns the user an authorization header is of, or nil.
func (a *accounts) authenticate(ctx context.Context, header string) *user {
	b := a.book.get()
	// Looked up by a digest nobody can foresee: how far a comparison gets says
	// nothing about the credentials.
	mac := hmac.New(sha256.New, b.key[:])
	mac.Write([]byte(header))
	digest := [sha256.Size]byte(mac.Sum(nil))
	if u := b.remembered(digest); u != nil {
		return u
	}
	name, password, ok := basicCredentials(header)
	if !ok {
		return nil
	}
	select {
	case a.busy <- struct{}{}:
		defer func() { <-a.busy }()
	case <-ctx.Done():
		return nil
	}
	// Of many calls that come at once the first has paid for all.
	if u := b.remembered(digest); u != nil {
		return u
	}
	u, hash := b.byName[name], b.nobody
	if u != nil {
		hash = u.hash
	}
	if err := bcrypt.CompareHashAndPassword(hash, password); err != nil || u == nil {
		return nil
	}
	b.remember(digest, u)
	return u
}

func (b *userBook) remembered(digest [sha256.Size]byte) *user {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.verified[digest]
}

func (b *userBook) remember(digest [sha256.Size]byte, u *user) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.verified) >= maxVerified { // of several spellings of the header
		clear(b.verified)
	}
	b.verified[digest] = u
}

// basicCredentials reads an authorization header.
func basicCredentials(header string) (name string, password []byte, ok bool) {
	const scheme = "basic "
	if len(header) < len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", nil, false
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(header[len(scheme):]))
	if err != nil {
		return "", nil, false
	}
	before, password, ok := bytes.Cut(text, []byte(":"))
	return string(before), password, ok && len(password) <= maxPassword
}
