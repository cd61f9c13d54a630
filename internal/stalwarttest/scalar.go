package stalwarttest

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// scalar checks one plain value and returns it in the form that is stored.
func (pt *patcher) scalar(p *property, v any, at string) (any, *setError) {
	switch {
	case v == nil && p.Type == "local":
		return nil, invalidPatch(at, textEmpty)
	case p.Type == "bool":
		if _, ok := v.(bool); !ok {
			return nil, invalidPatch(at, "Invalid value for boolean property (expected true or false)")
		}
		return v, nil
	case v == nil && p.Nullable: // a value that has a default, and may be none all the same
		return nil, nil
	case v == nil:
		return p.blank(), nil
	}
	switch p.Type {
	case "number":
		return typed[float64](v, at)
	case "string", "secret":
		return pt.text(p, v, at)
	case "local":
		return pt.localPart(v, at)
	case "domain":
		return pt.domainName(v, at)
	case "email":
		return pt.email(v, at)
	case "date":
		return date(v, at)
	case "enum":
		if !slices.Contains(p.Enum, str(v)) {
			return nil, enumError(p, v, at)
		}
	case "id":
		if _, ok := decodeID(str(v)); !ok && str(v) != singletonID {
			return nil, invalidPatch(at, "Failed to parse Id from string")
		}
	case "ip":
		return network(v, at)
	}
	return clone(v), nil
}

func typed[T any](v any, at string) (any, *setError) {
	if _, ok := v.(T); !ok {
		return nil, invalidPatch(at, textBadValue)
	}
	return v, nil
}

func (pt *patcher) text(p *property, v any, at string) (any, *setError) {
	s, ok := v.(string)
	if !ok {
		return nil, invalidPatch(at, textEmpty)
	}
	if s == "" && p.NonEmpty {
		return nil, invalidPatch(at, textEmpty)
	}
	return s, nil
}

func (pt *patcher) localPart(v any, at string) (any, *setError) {
	s := strings.ToLower(str(v))
	switch {
	case s == "":
		return nil, invalidPatch(at, textEmpty)
	case strings.Contains(s, "@"), s == "*" && pt.edition.nullDrops:
		return nil, invalidPatch(at, "Invalid email local part")
	}
	return s, nil
}

func (pt *patcher) domainName(v any, at string) (any, *setError) {
	s := strings.ToLower(str(v))
	if !pt.validDomain(s) {
		return nil, invalidPatch(at, "Invalid domain name")
	}
	return s, nil
}

// validDomain approximates the public suffix list: private names by the list
// of the release, two-letter countries and the generic names tests are likely
// to use.
func (pt *patcher) validDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || strings.ContainsAny(label, " \t@/*") {
			return false
		}
	}
	tld := labels[len(labels)-1]
	return len(tld) == 2 || slices.Contains(pt.edition.privateTLDs, tld) || slices.Contains(genericTLDs(), tld)
}

func genericTLDs() []string {
	return strings.Fields("com net org info biz name pro edu gov mil int arpa dev app cloud online site xyz tech email shop blog page run zone systems network host")
}

// email refuses addresses under private top level domains in 0.16.3, where a
// domain of that name is accepted.
func (pt *patcher) email(v any, at string) (any, *setError) {
	s := strings.ToLower(str(v))
	local, domain, found := strings.Cut(s, "@")
	tld := domain[strings.LastIndex(domain, ".")+1:]
	private := slices.Contains(pt.edition.privateTLDs, tld)
	if !found || local == "" || !pt.validDomain(domain) || private && pt.edition.nullDrops {
		return nil, invalidPatch(at, "Invalid email address")
	}
	return s, nil
}

func date(v any, at string) (any, *setError) {
	t, err := time.Parse(time.RFC3339, str(v))
	if err != nil {
		return nil, invalidPatch(at, textEmpty)
	}
	return stamp(t), nil
}

// network stores an address with a full mask as the bare address.
func network(v any, at string) (any, *setError) {
	if addr, err := netip.ParseAddr(str(v)); err == nil {
		return addr.String(), nil
	}
	prefix, err := netip.ParsePrefix(str(v))
	if err != nil {
		return nil, invalidPatch(at, "Failed to parse IpAddrOrMask from string")
	}
	if prefix.IsSingleIP() {
		return prefix.Addr().String(), nil
	}
	return prefix.String(), nil
}
