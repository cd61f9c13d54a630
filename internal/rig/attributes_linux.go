package rig

import "syscall"

// attributes put the controller into a process group of its own, and end it
// with the test program whatever happens to that.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
