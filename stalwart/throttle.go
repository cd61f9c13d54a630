package stalwart

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Throttle is a limit on the mail that Stalwart takes or hands on, also on that of
// who has logged in. Two are shipped: 5 connections a second from one address, and 25
// messages an hour from one domain to one recipient.
type Throttle struct {
	ID       string
	Name     string // what people call it, "" where it has no name
	Outbound bool   // on what leaves, not on what comes in
	Enabled  bool
	Key      []string // what is counted apart, in the words of 0.16, sorted: "rcpt", "remoteIp", "senderDomain"
	Count    int64
	Period   time.Duration
	Match    string // the expression that says whom it concerns; "true" is everybody
}

// byName puts throttles into the same order each time.
func byName(all []Throttle) []Throttle {
	slices.SortFunc(all, func(a, b Throttle) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return all
}

type jmapThrottle struct {
	ID          string          `json:"id"`
	Description string          `json:"description"`
	Enable      bool            `json:"enable"`
	Key         map[string]bool `json:"key"`
	Rate        struct {
		Count  int64 `json:"count"`
		Period int64 `json:"period"` // milliseconds
	} `json:"rate"`
	Match struct {
		Match map[string]struct{ If, Then string } `json:"match"`
		Else  string                               `json:"else"`
	} `json:"match"`
}

func (t jmapThrottle) neutral(outbound bool) Throttle {
	out := Throttle{ID: t.ID, Name: t.Description, Outbound: outbound, Enabled: t.Enable, Count: t.Rate.Count,
		Period: time.Duration(t.Rate.Period) * time.Millisecond, Match: cmp.Or(t.Match.Else, "true")}
	for word, on := range t.Key {
		if on {
			out.Key = append(out.Key, word)
		}
	}
	slices.Sort(out.Key)
	if len(t.Match.Match) > 0 { // a list of cases, of which the last word is not the whole
		out.Match = strconv.Itoa(len(t.Match.Match)) + " cases, else " + out.Match
	}
	return out
}

// Throttles lists those of both directions. They are effective as they are listed
// after a reload, or a restart.
func (j *jmap) Throttles(ctx context.Context) ([]Throttle, error) {
	all, err := j.request(ctx, getting("MtaInboundThrottle", nil), getting("MtaOutboundThrottle", nil))
	if err != nil {
		return nil, err
	}
	var out []Throttle
	for object, outbound := range map[string]bool{"MtaInboundThrottle": false, "MtaOutboundThrottle": true} {
		var found []jmapThrottle
		if err := all.list(object, &found); err != nil {
			return nil, err
		}
		for _, t := range found {
			out = append(out, t.neutral(outbound))
		}
	}
	return byName(out), nil
}

// Prefixes of the settings of 0.15.
const (
	inboundLimits  = "queue.limiter.inbound"
	outboundLimits = "queue.limiter.outbound"
)

// restThrottleKey gives the words of 0.16 for those of 0.15.
var restThrottleKey = map[string]string{"remote_ip": "remoteIp", "sender_domain": "senderDomain", "authenticated_as": "authenticatedAs", "rcpt_domain": "rcptDomain", "helo_domain": "heloDomain", "local_ip": "localIp"} //nolint:gochecknoglobals // a constant table

// Throttles reads settings, which takes the permission that shows every private key:
// with a credential that lacks it, a [ForbiddenError].
func (r *rest) Throttles(ctx context.Context) ([]Throttle, error) {
	found, err := r.settings(ctx, url.Values{"prefixes": {inboundLimits + "," + outboundLimits}})
	if err != nil {
		return nil, err
	}
	return byName(append(throttlesOf(found, inboundLimits, false), throttlesOf(found, outboundLimits, true)...)), nil
}

// throttlesOf are the entries below a prefix: what is counted, the rate, and whether
// it is on, which it is where nothing says otherwise.
func throttlesOf(settings map[string]string, prefix string, outbound bool) []Throttle {
	byID := map[string]*Throttle{}
	for key, value := range settings {
		rest, below := strings.CutPrefix(key, prefix+".")
		id, field, ok := strings.Cut(rest, ".")
		if !below || !ok {
			continue
		}
		if byID[id] == nil {
			byID[id] = &Throttle{ID: id, Name: id, Outbound: outbound, Enabled: true, Match: "true"}
		}
		byID[id].set(field, value)
	}
	var all []Throttle
	for _, t := range byID {
		if t.Count > 0 { // without a rate it is none
			slices.Sort(t.Key)
			all = append(all, *t)
		}
	}
	return all
}

// set takes one setting of 0.15; key may be a list (key.0000, key.0001).
func (t *Throttle) set(field, value string) {
	switch name, _, _ := strings.Cut(field, "."); name {
	case "enable":
		t.Enabled = value == "true"
	case "key":
		t.Key = append(t.Key, cmp.Or(restThrottleKey[value], value))
	case "match":
		t.Match = value
	case "rate":
		count, period, _ := strings.Cut(value, "/")
		t.Count, _ = strconv.ParseInt(strings.TrimSpace(count), 10, 64) // what is no rate is none
		t.Period = periodOf(strings.TrimSpace(period))
	}
}

// periodOf reads "1s", "1h", "1d".
func periodOf(text string) time.Duration {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		text = days + "h"
		d, _ := time.ParseDuration(text) // 0 where it is none
		return 24 * d
	}
	d, _ := time.ParseDuration(text) // 0 where it is none
	return d
}
