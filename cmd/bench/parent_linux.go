package main

import "syscall"

// dyingWithParent makes a child that is told to end when its parent has ended.
func dyingWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
