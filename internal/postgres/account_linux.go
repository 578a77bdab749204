package postgres

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
)

// attributes says how a child runs as a: in a process group of its own, so that
// a terminal's Ctrl-C reaches this process only, and ended by onDeath when the
// thread that started it ends.
func (a account) attributes(onDeath syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: onDeath}
	switch a.how {
	case asSelf:
	case dropped:
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	case namespaced:
		// Inside, root's files belong to a.uid, and so does the process.
		attr.Cloneflags = syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: a.uid, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: a.gid, HostID: os.Getegid(), Size: 1}}
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid), NoSetGroups: true}
	}
	return attr
}

// isServerOf reports whether pid is a PostgreSQL server of the cluster in data.
// A process id in a file may by now be anyone's.
func isServerOf(pid int, data string) bool {
	// The arguments are readable whoever the process belongs to, and empty once
	// it is a zombie.
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && slices.Contains(strings.Split(string(cmdline), "\x00"), data)
}
