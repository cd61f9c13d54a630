//go:build !linux

package main

import (
	"context"
	"errors"
)

// fileSize cannot be limited from outside here.
func fileSize(uint64) act {
	return func(context.Context, *site) error { return errors.ErrUnsupported }
}
