package smtpprobe

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// closed reports whether the peer closed the connection or stopped answering,
// which says nothing about TLS.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.EPIPE)
}
