//go:build !linux

package rig

import "syscall"

// attributes put the controller into a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
