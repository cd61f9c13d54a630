package stalwarttest

import (
	"crypto/tls"
	"fmt"
	"time"
)

// Options describe the server to start. The zero value is a Stalwart 0.16.18
// on free ports of 127.0.0.1 without any domain.
type Options struct {
	Version  string // "0.16.18" (default), "0.16.3", "0.15.5", or "lite": 0.15 REST without /jmap
	Domain   string // created at the first start when not empty
	Hostname string // default mail.example.test

	AdminUser, AdminPassword string // recovery or fallback administrator

	// Listeners; "" is a free port of 127.0.0.1, "-" is no listener at all.
	HTTPAddr, SubmissionAddr, SubmissionsAddr string

	// Certificate of the TLS listeners; nil makes a self-signed one for
	// "localhost" at each start, like a fresh Stalwart.
	Certificate *tls.Certificate

	KeepThrottle bool // keep the 5 connections per second and the 25 messages per hour
	KeepWait     bool // keep the 5 seconds before each refused SMTP login
	KeepPyzor    bool // leave Pyzor on: without name resolution every reload of the settings fails

	// Relay is host:port of the mail server that gets what is accepted for other
	// domains; "" drops it.
	Relay string

	Mode string // "" normal, "bootstrap" or "recovery" (0.16 only)

	// Volume is a file that keeps the store of a 0.16 for the next process; "" keeps it in
	// memory.
	Volume string
	// Wildcards lets listeners of the store be bound to more than loopback. It is for who
	// has a network namespace of its own.
	Wildcards bool

	// Peer is a server of the same version whose data store is shared. The
	// caches are not.
	Peer *Server

	// Now is the clock for dates, bans and expiry; nil is time.Now.
	Now func() time.Time
}

// Defaults of the options that tests most often leave alone.
const (
	DefaultAdminUser     = "admin"
	DefaultAdminPassword = "fixture-admin-pass"
	DefaultHostname      = "mail.example.test"
)

// edition is what one release does differently from the others.
type edition struct {
	rest           bool   // 0.15: REST instead of JMAP registry objects
	jmap           bool   // has /jmap at all
	reported       string // version string it gives away
	schema         string // hash of its schema, 0.16 only
	nullDrops      bool   // null below a list index removes the whole entry
	digitKeyFails  bool   // set members of digits only cannot be patched by path
	stickyNegative bool   // negative caches survive the creation of the object
	stickyDomain   bool   // a cached domain keeps its aliases
	disabledGrants bool   // disabled aliases still send and receive
	prehashed      bool   // a complete hash is stored as it is
	lenientRequest bool   // a missing "using" and any Content-Type are accepted
	oneBanPeriod   bool   // authBanPeriod holds for every reason
	keepAliveFree  bool   // a banned client's open connection goes on
	limitHeaders   bool   // Retry-After and RateLimit on a 429
	privateTLDs    []string
}

func editionOf(version string) (edition, error) {
	switch version {
	case "", "0.16.18":
		return edition{
			jmap: true, reported: "0.16.18", schema: "25gnm1_xB9bPk-puX9VTFMP1W5V-1muUWuK964-_uEw",
			prehashed: true, limitHeaders: true,
			privateTLDs: []string{"test", "localhost", "local", "internal", "lan", "home", "corp", "intranet", "private", "localdomain"},
		}, nil
	case "0.16.3":
		return edition{
			jmap: true, reported: "0.16.3", schema: "BzNqAzrQXuc-FYcvnkey9hBXkjMDd9HrgWlyb4S9I7E",
			nullDrops: true, digitKeyFails: true, stickyNegative: true, stickyDomain: true, disabledGrants: true,
			lenientRequest: true, oneBanPeriod: true, keepAliveFree: true,
			privateTLDs: []string{"test", "localhost", "local", "internal"},
		}, nil
	case "0.15.5":
		return edition{rest: true, jmap: true, reported: "0.15.5", prehashed: true, keepAliveFree: true}, nil
	case "lite":
		return edition{rest: true, reported: "0.16.0", prehashed: true, keepAliveFree: true}, nil
	}
	return edition{}, fmt.Errorf("stalwarttest: unknown version %q", version)
}

// series names the recorded documents that hold for the release.
func (e edition) series() string {
	switch {
	case e.rest:
		return "0.15"
	case e.nullDrops:
		return "0.16.3"
	}
	return "0.16"
}

func (o *Options) fill() {
	if o.Hostname == "" {
		o.Hostname = DefaultHostname
	}
	if o.AdminUser == "" {
		o.AdminUser = DefaultAdminUser
	}
	if o.AdminPassword == "" {
		o.AdminPassword = DefaultAdminPassword
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}
