package main

import (
	"context"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/resolver"
)

// publicDNS is what the resolver finds, in the words of doctor.
type publicDNS struct{ *resolver.Resolver }

func newDNS(c config.DNS) (publicDNS, error) {
	r, err := resolver.New(resolver.Config{Servers: c.Servers, Recursive: c.Recursive})
	return publicDNS{r}, err
}

// Lookup gives the values alone: that there are none is no error.
func (d publicDNS) Lookup(ctx context.Context, name, kind string) ([]string, error) {
	found, err := d.Resolver.Lookup(ctx, name, kind)
	return found.Values, err
}
