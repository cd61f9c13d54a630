package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/openova-io/smtp-mirror/workload"
)

// The values of credentials: what the mirrors hold.
const (
	CredentialsSource = "source" // the SOURCE's own password
	CredentialsIssued = "issued" // a credential that the controller makes and renews
)

// Issued is how a credential that the controller makes is renewed.
type Issued struct {
	RotateEvery  Duration `json:"rotateEvery"`
	RotateAt     []string `json:"rotateAt"`     // cron expressions, UTC: renewing waits for the next of these times; empty = it does not wait
	ExpiresAfter Duration `json:"expiresAfter"` // 0.16: it ends by itself where nobody renews it; 0s = never
	AllowedIPs   []string `json:"allowedIPs"`   // 0.16: from where it may be used; empty = from everywhere
}

// Rotation is how one credential replaces another.
type Rotation struct {
	Overlap         *Duration `json:"overlap"`         // how long the old one still logs in after it has left the mirrors; 0s = not at all
	RolloutDeadline Duration  `json:"rolloutDeadline"` // how long a consumer may take to roll before it is said
	WriteSource     bool      `json:"writeSource"`     // a request to rotate may put a new password into the SOURCE
}

// Consumer is a workload whose Pods keep the credential that they were started with,
// or what renders such workloads or the Secrets that they read.
type Consumer struct {
	Kind      string `json:"kind"` // Deployment, StatefulSet, DaemonSet; of Flux: HelmRelease, Kustomization
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Via       Via    `json:"via"`
}

// Via is the Secret that a consumer's Pods really read, rendered from the mirror; of
// Flux's kinds: the Secret that it renders.
type Via struct {
	Namespace string  `json:"namespace"` // "" = the consumer's
	Name      string  `json:"name"`      // "" = they read the mirror itself
	Keys      ViaKeys `json:"keys"`
}

// ViaKeys are its keys.
type ViaKeys struct {
	User string `json:"user"`
	Pass string `json:"password"`
}

// Window gives the first time of rotateAt that is not before another time; nil where
// there is none to wait for.
func (i Issued) Window() func(time.Time) time.Time {
	var all []cron.Schedule
	for _, text := range i.RotateAt {
		if s, err := cron.ParseStandard(text); err == nil { // checked
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return func(from time.Time) time.Time {
		var first time.Time
		for _, s := range all {
			next := s.Next(from.UTC().Add(-time.Nanosecond))
			if !next.IsZero() && (first.IsZero() || next.Before(first)) { // zero: never, like February 30th
				first = next
			}
		}
		if first.IsZero() {
			return from
		}
		return first
	}
}

// Rotates reports whether generations are kept.
func (s Submission) Rotates() bool {
	return s.Rotation.Overlap.Duration > 0 || s.Credentials == CredentialsIssued || len(s.Consumers()) > 0
}

// Consumers are those of all mirrors.
func (s Submission) Consumers() []Consumer {
	var all []Consumer
	for _, m := range s.Mirrors {
		all = append(all, m.Consumers...)
	}
	return all
}

func (s *Submission) completeRotation() {
	fill(&s.Credentials, CredentialsSource)
	fill(&s.StateSecret, "smtp-mirror-"+s.Name)
	empty(&s.Issued.AllowedIPs)
	empty(&s.Issued.RotateAt)
	if s.Issued.RotateEvery == (Duration{}) {
		s.Issued.RotateEvery.Duration = 720 * time.Hour
	}
	if s.Rotation.Overlap == nil {
		s.Rotation.Overlap = &Duration{Duration: 30 * time.Minute}
		if s.Gate == GateNone {
			s.Rotation.Overlap.Duration = 0 // what is not proven is not kept beside anything
		}
	}
	if s.Rotation.RolloutDeadline == (Duration{}) {
		s.Rotation.RolloutDeadline.Duration = 10 * time.Minute
	}
}

func (m *Mirror) completeConsumers() {
	if m.Consumers == nil {
		m.Consumers = []Consumer{}
	}
	for i := range m.Consumers {
		c := &m.Consumers[i]
		fill(&c.Kind, workload.Deployment)
		if c.Via.Name != "" {
			fill(&c.Via.Namespace, c.Namespace)
		}
		fill(&c.Via.Keys.User, "smtp-user")
		fill(&c.Via.Keys.Pass, "smtp-pass")
	}
}

func (c *checker) consumer(at string, x Consumer) {
	c.that(slices.Contains(workload.Kinds(), x.Kind), at+".kind", "%q is none of %s", x.Kind, strings.Join(workload.Kinds(), ", "))
	c.namespace(at+".namespace", x.Namespace)
	c.name(at+".name", x.Name)
	if x.Via.Name != "" {
		c.namespace(at+".via.namespace", x.Via.Namespace)
		c.name(at+".via.name", x.Via.Name)
	}
}

func (c *checker) rotation(at string, s Submission) {
	c.that(s.Credentials == CredentialsSource || s.Credentials == CredentialsIssued, at+".credentials", "%q is neither source nor issued", s.Credentials)
	c.duration(at+".rotation.overlap", *s.Rotation.Overlap, 0)
	c.duration(at+".rotation.rolloutDeadline", s.Rotation.RolloutDeadline, time.Second)
	c.duration(at+".issued.rotateEvery", s.Issued.RotateEvery, time.Minute)
	c.duration(at+".issued.expiresAfter", s.Issued.ExpiresAfter, 0)
	if expires := s.Issued.ExpiresAfter.Duration; expires > 0 {
		c.that(expires > 2*s.Rotation.Overlap.Duration, at+".issued.expiresAfter", "%s is not more than twice the overlap", expires)
	}
	c.that(!s.Rotates() || s.Gate == GateLogin, at+".gate", "must be login where credentials are rotated with an overlap, or issued")
	c.name(at+".stateSecret", s.StateSecret)
	for j, text := range s.Issued.RotateAt {
		_, err := cron.ParseStandard(text)
		c.that(err == nil, fmt.Sprintf("%s.issued.rotateAt[%d]", at, j), "%q is no cron expression like 0 3 * * 0", text)
	}
	for j, a := range s.Issued.AllowedIPs {
		c.network(fmt.Sprintf("%s.issued.allowedIPs[%d]", at, j), a)
	}
}
