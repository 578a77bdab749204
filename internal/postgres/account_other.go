//go:build unix && !linux

package postgres

import "syscall"

// attributes says how a child runs as a. Outside Linux a killed program leaves
// its server behind, and there are no namespaces: root's folder must be one the
// user postgres can reach.
func (a account) attributes(syscall.Signal) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.how != asSelf {
		attr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attr
}

// isServerOf reports whether pid is a PostgreSQL server of the cluster in data.
// It cannot be told here, so every living process is taken for one.
func isServerOf(pid int, _ string) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || err == syscall.EPERM
}
