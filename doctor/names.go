package doctor

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// names asks a view of the DNS in the words of the standard library; it is what SPF is
// evaluated with.
type names struct{ view }

func (n names) lookup(ctx context.Context, name, kind string) ([]string, error) {
	name = strings.TrimSuffix(name, ".")
	values, err := n.view.lookup(ctx, name, kind)
	if err != nil {
		return nil, &net.DNSError{Err: told(err), Name: name, IsTemporary: true}
	}
	if len(values) == 0 {
		return nil, &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
	}
	return values, nil
}

func absent(err error) bool {
	var problem *net.DNSError
	return errors.As(err, &problem) && problem.IsNotFound
}

// LookupTXT gives each record as one string.
func (n names) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return n.lookup(ctx, name, "TXT")
}

// LookupMX gives the exchangers.
func (n names) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	values, err := n.lookup(ctx, name, "MX")
	var all []*net.MX
	for _, v := range values {
		preference, host, _ := strings.Cut(v, " ")
		number, err := strconv.ParseUint(preference, 10, 16)
		if err == nil {
			all = append(all, &net.MX{Host: host, Pref: uint16(number)})
		}
	}
	return all, err
}

// LookupIPAddr gives the addresses of both families; one that fails fails both.
func (n names) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	var all []net.IPAddr
	var none error
	for _, kind := range []string{"A", "AAAA"} {
		values, err := n.lookup(ctx, host, kind)
		if err != nil && !absent(err) {
			return nil, err
		}
		if err != nil {
			none = err
		}
		for _, v := range values {
			if ip := net.ParseIP(v); ip != nil {
				all = append(all, net.IPAddr{IP: ip})
			}
		}
	}
	if len(all) > 0 {
		none = nil
	}
	return all, none
}

// LookupAddr gives the names of an address, without the dot at the end.
func (n names) LookupAddr(ctx context.Context, address string) ([]string, error) {
	reverse, err := dns.ReverseAddr(address)
	if err != nil {
		return nil, &net.DNSError{Err: "no address", Name: address, IsNotFound: true}
	}
	return n.lookup(ctx, reverse, "PTR")
}
