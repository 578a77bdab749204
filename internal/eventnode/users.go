package eventnode

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
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
	// maxCost is what a line may ask for; about four seconds.
	maxCost = 16
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

// userBook is the content of one version of a users file.
type userBook struct {
	byName map[string]*user
	// nobody is compared with when there is no such user, so that how long an
	// answer takes does not tell who exists.
	nobody []byte
	*signIns
}

// readUsers reads a users file: a line "name:hash:group,group" for each user,
// with a bcrypt hash; the groups and the colon before them may be missing.
// Empty lines, and those that begin with #, are passed over.
func readUsers(file string) (*userBook, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	b := &userBook{byName: map[string]*user{}, signIns: newSignIns()}
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
	b.nobody = hashOfNothing(cost)
	return b, nil
}

// hashOfNothing returns what looks like a bcrypt hash and is compared with like
// one, made without the time a hash takes.
func hashOfNothing(cost int) []byte {
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	var random [22 + 31]byte    // salt and hash
	_, _ = rand.Read(random[:]) // never fails
	for i := range random {
		random[i] = alphabet[random[i]%64]
	}
	return fmt.Appendf(nil, "$2a$%02d$%s", cost, random[:])
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
	if cost > maxCost {
		return nil, 0, fmt.Errorf("user %q has a hash of cost %d, at most %d is taken", name, cost, maxCost)
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
