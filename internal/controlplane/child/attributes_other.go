//go:build !linux

package child

import (
	"errors"
	"syscall"
)

// attributes does what it can where there is neither a parent-death signal
// nor a network namespace, so that the packages at least compile everywhere.
func attributes(privateNetwork bool) (*syscall.SysProcAttr, error) {
	if privateNetwork {
		return nil, errors.ErrUnsupported
	}
	return &syscall.SysProcAttr{Setpgid: true}, nil
}
