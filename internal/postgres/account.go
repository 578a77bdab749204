package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user a server runs as.
type account struct {
	how      how
	uid, gid int // for namespaced: inside
	name     string
}

// how an account is entered.
type how int

const (
	asSelf     how = iota // we are not root: as we are
	dropped               // we are root: as the user uid
	namespaced            // we are root: in a user namespace where we are uid
)

func (a account) String() string {
	switch a.how {
	case dropped:
		return a.name
	case namespaced:
		return a.name + " in a user namespace"
	case asSelf:
		return "self"
	}
	return "unknown"
}

// give makes path the account's.
func (a account) give(path string) error {
	if a.how != dropped {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// reaches starts a program of bin as the account in folder, and fails if the
// account cannot enter folder or run bin, or if we cannot become it.
func (a account) reaches(ctx context.Context, bin binaries, folder string) error {
	cmd := exec.CommandContext(ctx, bin.postgres, "--version")
	cmd.Dir = folder
	cmd.Env = environment()
	cmd.SysProcAttr = a.attributes(syscall.SIGKILL)
	_, err := runChild(cmd)
	return err
}

// chooseAccount decides who runs a server in dir, which exists. An existing
// cluster keeps its owner: existing is nil if there is none yet.
func chooseAccount(ctx context.Context, bin binaries, dir string, existing fs.FileInfo) (account, error) {
	if os.Geteuid() != 0 {
		return account{how: asSelf}, nil
	}
	if existing != nil {
		uid, gid := ownerOf(existing)
		if uid == 0 {
			return enterNamespace(ctx, bin, dir, nil)
		}
		return enterOwner(ctx, bin, dir, uid, gid)
	}
	a, ok := unprivileged()
	if !ok {
		return enterNamespace(ctx, bin, dir, errors.New("there is no user postgres or nobody"))
	}
	// dir itself becomes the account's; its parents must let it pass.
	err := a.reaches(ctx, bin, filepath.Dir(dir))
	if err == nil {
		return a, nil
	}
	return enterNamespace(ctx, bin, dir, fmt.Errorf("user %s cannot reach it: %w", a.name, err))
}

// enterOwner returns the account of the cluster's own owner.
func enterOwner(ctx context.Context, bin binaries, dir string, uid, gid int) (account, error) {
	a := account{how: dropped, uid: uid, gid: gid, name: "uid " + strconv.Itoa(uid)}
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		a.name = u.Username
	}
	if err := a.reaches(ctx, bin, dir); err != nil {
		return account{}, fmt.Errorf("postgres data folder %s %w by its owner %s (%w): let that user pass all folders above it and read %s",
			dir, ErrUnreachable, a.name, err, filepath.Dir(bin.postgres))
	}
	return a, nil
}

// enterNamespace returns the account that runs as root's namespaced self.
// because says why a plain user would not do, nil if the cluster's files are
// root's already.
func enterNamespace(ctx context.Context, bin binaries, dir string, because error) (account, error) {
	a, ok := unprivileged()
	if !ok {
		// initdb wants its user to have a name, and there is none to be had.
		return account{}, fmt.Errorf("postgres data folder %s %w: PostgreSQL does not run as root and there is no user postgres or nobody: create one, or do not run as root",
			dir, ErrUnreachable)
	}
	a.how = namespaced
	err := a.reaches(ctx, bin, dir)
	if err == nil {
		return a, nil
	}
	if because == nil {
		because = errors.New("it belongs to root")
	}
	return account{}, fmt.Errorf("postgres data folder %s %w: PostgreSQL does not run as root, %w, and user namespaces are refused (%w): choose a folder user %s can reach, or do not run as root",
		dir, ErrUnreachable, because, err, a.name)
}

// unprivileged returns the user postgres, else nobody.
func unprivileged() (account, bool) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err1 == nil && err2 == nil && uid > 0 {
			return account{how: dropped, uid: uid, gid: gid, name: name}, true
		}
	}
	return account{}, false
}

// ownerOf returns whom a file belongs to.
func ownerOf(info fs.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return os.Geteuid(), os.Getegid()
}
