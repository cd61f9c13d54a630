package config

import (
	"fmt"
	"net/netip"
	"time"
)

// The values of credentials: what the mirrors hold.
const (
	CredentialsSource = "source" // the SOURCE's own password
	CredentialsIssued = "issued" // a credential that the controller makes and renews
)

// Issued is how a credential that the controller makes is renewed.
type Issued struct {
	RotateEvery  Duration `json:"rotateEvery"`
	ExpiresAfter Duration `json:"expiresAfter"` // 0.16: it ends by itself where nobody renews it; 0s = never
	AllowedIPs   []string `json:"allowedIPs"`   // 0.16: from where it may be used; empty = from everywhere
}

// Rotation is how one credential replaces another.
type Rotation struct {
	Overlap Duration `json:"overlap"` // how long the old one still logs in after it has left the mirrors; 0s = not at all
}

// Rotates reports whether generations are kept.
func (s Submission) Rotates() bool {
	return s.Rotation.Overlap.Duration > 0 || s.Credentials == CredentialsIssued
}

func (s *Submission) completeRotation() {
	fill(&s.Credentials, CredentialsSource)
	fill(&s.StateSecret, "smtp-mirror-"+s.Name)
	empty(&s.Issued.AllowedIPs)
	if s.Issued.RotateEvery == (Duration{}) {
		s.Issued.RotateEvery.Duration = 720 * time.Hour
	}
}

func (c *checker) rotation(at string, s Submission) {
	c.that(s.Credentials == CredentialsSource || s.Credentials == CredentialsIssued, at+".credentials", "%q is neither source nor issued", s.Credentials)
	c.duration(at+".rotation.overlap", s.Rotation.Overlap, 0)
	c.duration(at+".issued.rotateEvery", s.Issued.RotateEvery, time.Minute)
	c.duration(at+".issued.expiresAfter", s.Issued.ExpiresAfter, 0)
	if expires := s.Issued.ExpiresAfter.Duration; expires > 0 {
		c.that(expires > 2*s.Rotation.Overlap.Duration, at+".issued.expiresAfter", "%s is not more than twice the overlap", expires)
	}
	c.that(!s.Rotates() || s.Gate == GateLogin, at+".gate", "must be login where credentials are rotated with an overlap, or issued")
	c.name(at+".stateSecret", s.StateSecret)
	for j, a := range s.Issued.AllowedIPs {
		_, prefix := netip.ParsePrefix(a)
		_, address := netip.ParseAddr(a)
		c.that(prefix == nil || address == nil, fmt.Sprintf("%s.issued.allowedIPs[%d]", at, j), "%q is neither an address nor a CIDR", a)
	}
}
