//go:build !linux

package main

import "errors"

func mountSmall(string, int) error { return errors.New("a small disk cannot be had here") }

func unmount(string) error { return nil }
