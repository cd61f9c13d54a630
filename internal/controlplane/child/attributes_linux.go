package child

import (
	"os"
	"syscall"
)

func attributes(privateNetwork bool) (*syscall.SysProcAttr, error) {
	// A process group of its own keeps a Ctrl-C at the terminal for the
	// parent, which then ends its children in the right order.
	a := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if !privateNetwork {
		return a, nil
	}
	a.Cloneflags = syscall.CLONE_NEWNET
	if uid, gid := os.Geteuid(), os.Getegid(); uid != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
	return a, nil
}
