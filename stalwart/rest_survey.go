package stalwart

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// settings reads keys and whole prefixes of the configuration, of the file and
// of the database alike.
func (r *rest) settings(ctx context.Context, query url.Values) (map[string]string, error) {
	var found map[string]string
	e, err := r.ask(ctx, http.MethodGet, "/api/settings/keys?"+query.Encode(), nil, &found)
	if err != nil {
		return nil, err
	}
	return found, e.refusal("reading settings")
}

const (
	hostnameKey  = "server.hostname"
	listenerKeys = "server.listener"
	allowedIPs   = "server.allowed-ip"
)

// Survey reads a domain, an account and settings one after the other. Reading
// settings takes a permission that shows every private key: a credential without it
// is the better one, and what it may not read is hidden. 0.15 has no default domain:
// a login is a principal's name, to the letter.
func (r *rest) Survey(ctx context.Context, scope Scope) (s Survey, err error) {
	s.Generation = Gen015
	if s.Domain, err = r.Domain(ctx, scope.Login.Domain); err != nil {
		return s, err
	}
	if s.Account, err = r.account(ctx, scope.Login); err != nil {
		return s, err
	}
	query := url.Values{}
	if scope.Settings {
		query["keys"], query["prefixes"] = []string{hostnameKey}, []string{listenerKeys}
	}
	if scope.AllowedIPs {
		query["prefixes"] = []string{strings.Join(append(query["prefixes"], allowedIPs), ",")}
	}
	if len(query) == 0 {
		return s, nil
	}
	found, err := r.settings(ctx, query)
	var forbidden *ForbiddenError
	if errors.As(err, &forbidden) && !scope.AllowedIPs {
		s.Hidden = true
		return s, nil
	}
	s.Defaults.Hostname, s.Listeners, s.AllowedIPs = found[hostnameKey], listenersOf(found), allowedOf(found)
	return s, err
}

// listenersOf are server.listener.*: what the file says, not what is bound.
func listenersOf(settings map[string]string) []Listener {
	byName := map[string]*Listener{}
	for key, value := range settings {
		name, isListener := strings.CutPrefix(key, listenerKeys+".")
		name, field, ok := strings.Cut(name, ".")
		if !isListener || !ok {
			continue
		}
		if byName[name] == nil {
			byName[name] = &Listener{ID: name, Name: name}
		}
		byName[name].set(field, value)
	}
	var all []Listener
	for _, l := range byName {
		slices.Sort(l.Binds)
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Listener) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// set takes one key of a listener; bind may be a list (bind.0000, bind.0001).
func (l *Listener) set(field, value string) {
	switch {
	case field == "protocol":
		l.Protocol = value
	case field == "tls.implicit":
		l.Implicit = value == "true"
	case field == "bind", strings.HasPrefix(field, "bind."):
		l.Binds = append(l.Binds, value)
	}
}

// allowedOf are the addresses and networks that are exempt from bans.
func allowedOf(settings map[string]string) []string {
	var all []string
	for key := range settings {
		if cidr, ok := strings.CutPrefix(key, allowedIPs+"."); ok {
			all = append(all, cidr)
		}
	}
	slices.Sort(all)
	return all
}
