package main

import (
	"context"

	"golang.org/x/sys/unix"
)

// fileSize limits how large a file may grow: below what every file of the store is
// already, so that nothing can be written.
func fileSize(bytes uint64) act {
	return func(_ context.Context, s *site) error {
		p, ok := s.Mail.(realProcess)
		if !ok {
			return errNotReal
		}
		return unix.Prlimit(p.PID(), unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil)
	}
}
