//go:build !linux

package stalwartproc

import (
	"context"
	"errors"
	"net"
)

// privileged has nothing to explain: without namespaces the first start of
// generation 0.16 fails as unsupported, unless AllowWildcard does without.
func privileged(err error) error { return err }

func dialInto(int) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	return nil, errors.ErrUnsupported
}
