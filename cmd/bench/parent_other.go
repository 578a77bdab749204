//go:build !linux

package main

import "syscall"

// dyingWithParent would make a child that ends with its parent; this system
// cannot.
func dyingWithParent() *syscall.SysProcAttr { return nil }
