package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// checker collects problems; each names its key.
type checker struct{ problems []error }

func (c *checker) that(ok bool, key, problem string, args ...any) {
	if !ok {
		c.problems = append(c.problems, errors.New(key+" "+fmt.Sprintf(problem, args...)))
	}
}

func (c *checker) duration(key string, d Duration, least time.Duration) {
	c.that(d.Wrong == "", key, "%s is not a duration like 90s or 720h", d.Wrong)
	c.that(d.Wrong != "" || d.Duration >= least, key, "%s is shorter than %s", d.Duration, least)
}

func (c *checker) name(key, value string) {
	for _, problem := range validation.IsDNS1123Subdomain(value) {
		c.that(false, key, "%q is no object name: %s", value, problem)
	}
}

func (c *checker) network(key, value string) {
	_, prefix := netip.ParsePrefix(value)
	_, address := netip.ParseAddr(value)
	c.that(prefix == nil || address == nil, key, "%q is neither an address nor a CIDR", value)
}

func (c *Config) check() error {
	k := &checker{}
	k.that(c.Domain != "", "domain", "is required")
	k.that(c.Domain == "" || len(validation.IsDNS1123Subdomain(strings.ToLower(c.Domain))) == 0 && strings.Contains(c.Domain, "."), "domain", "%q is not a mail domain", c.Domain)
	k.duration("resync", c.Resync, time.Second)
	k.namespace("dnsRecords.namespace", c.DNSRecords.Namespace)
	k.name("dnsRecords.name", c.DNSRecords.Name)
	k.namespace("leaderElection.namespace", c.LeaderElection.Namespace)
	k.name("leaderElection.name", c.LeaderElection.Name)
	k.address("http.address", c.HTTP.Address)
	k.stalwart(c.Stalwart)
	k.webhook(c.Webhook)
	k.dkim(c.DKIM)
	k.dns(c.DNS)
	k.that(c.DNS.Look || !c.OwnsKeys(), "dns.look", "is off, and dkim.manage or dkim.import asks for keys, which are not used before they are published")
	k.tls(c.TLS)
	k.submissions(c)
	return errors.Join(k.problems...)
}

func (c *checker) address(key, value string) {
	_, port, err := net.SplitHostPort(value)
	_, number := strconv.ParseUint(port, 10, 16)
	c.that(err == nil && number == nil, key, "%q is not host:port", value)
}

// namespace is stricter than a name: no dots.
func (c *checker) namespace(key, value string) {
	for _, problem := range validation.IsDNS1123Label(value) {
		c.that(false, key, "%q is no namespace: %s", value, problem)
	}
}

func (c *checker) baseURL(key, value string) {
	u, err := url.Parse(value)
	if err == nil && u.Port() != "" {
		_, err = strconv.ParseUint(u.Port(), 10, 16)
	}
	c.that(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil && u.RawQuery == "", key, "is not a URL like http://host:8080, without a user and a query")
}

func (c *checker) stalwart(s Stalwart) {
	c.baseURL("stalwart.url", s.URL)
	c.namespace("stalwart.namespace", s.Namespace)
	c.name("stalwart.adminSecret", s.AdminSecret)
	if s.APIKeySecret != "" {
		c.name("stalwart.apiKeySecret", s.APIKeySecret)
	}
	c.that(s.AdminUser != "" && !strings.Contains(s.AdminUser, ":"), "stalwart.adminUser", "is empty or contains a colon")
	_, err := labels.Parse(s.PodSelector)
	c.that(err == nil && s.PodSelector != "", "stalwart.podSelector", "%q is not a label selector", s.PodSelector)
	c.that(s.Container != "", "stalwart.container", "is empty")
	c.that(s.Restart.Kind == "StatefulSet" || s.Restart.Kind == "Deployment", "stalwart.restart.kind", "%q is neither StatefulSet nor Deployment", s.Restart.Kind)
	c.name("stalwart.restart.name", s.Restart.Name)
	for i, a := range s.AllowedIPs {
		c.network(fmt.Sprintf("stalwart.allowedIPs[%d]", i), a)
	}
}

// plainPath is a path without wildcards, empty or dot segments: it becomes a
// pattern of the HTTP server.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

func (c *checker) webhook(w Webhook) {
	c.that(plainPath.MatchString(w.Path), "webhook.path", "%q is not a plain path like /webhook/stalwart", w.Path)
	c.name("webhook.secret", w.Secret)
	if w.Enabled {
		c.baseURL("webhook.url", w.URL)
	}
}

// submissions checks each, and that no two of them want the same thing.
func (c *checker) submissions(cfg *Config) {
	names, targets, rendered := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range cfg.Submissions {
		targets[cfg.Stalwart.Namespace+"/"+s.Secret] = true // a SOURCE is never a target
	}
	targets[cfg.Stalwart.Namespace+"/"+cfg.Stalwart.AdminSecret] = true
	if key := cfg.Stalwart.Namespace + "/" + cfg.Stalwart.APIKeySecret; cfg.Stalwart.APIKeySecret != "" {
		c.that(!targets[key], "stalwart.apiKeySecret", "%s has another role", key)
		targets[key] = true
	}
	for i, s := range cfg.Submissions {
		if s.Rotates() {
			id := cfg.Stalwart.Namespace + "/" + s.StateSecret
			c.that(!targets[id], fmt.Sprintf("submissions[%d].stateSecret", i), "%s has another role", id)
			targets[id] = true
		}
		c.that(s.Secret != cfg.Stalwart.AdminSecret, fmt.Sprintf("submissions[%d].secret", i), "%s is the administrator's", s.Secret)
		c.that(!cfg.Webhook.Enabled || s.Secret != cfg.Webhook.Secret, fmt.Sprintf("submissions[%d].secret", i), "%s is the webhook's", s.Secret)
	}
	if cfg.Webhook.Enabled {
		targets[cfg.Stalwart.Namespace+"/"+cfg.Webhook.Secret] = true
	}
	for i, s := range cfg.Submissions {
		at := fmt.Sprintf("submissions[%d]", i)
		c.that(!names[s.Name], at+".name", "%q stands twice", s.Name)
		names[s.Name] = true
		c.submission(at, s)
		for j, m := range s.Mirrors {
			key, id := fmt.Sprintf("%s.mirrors[%d]", at, j), m.Namespace+"/"+m.Name
			c.that(!targets[id], key, "%s is a source or the target of another mirror", id)
			targets[id] = true
			c.mirror(key, m)
			for k, x := range m.Consumers {
				c.consumer(fmt.Sprintf("%s.consumers[%d]", key, k), x)
				if x.Via.Name != "" {
					rendered[x.Via.Namespace+"/"+x.Via.Name] = true
				}
			}
		}
	}
	maps.Copy(targets, rendered)
	c.fallbacks(cfg, targets)
}

func (c *checker) submission(at string, s Submission) {
	for _, problem := range validation.IsDNS1123Label(s.Name) {
		c.that(false, at+".name", "%q: %s", s.Name, problem)
	}
	c.name(at+".secret", s.Secret)
	c.rotation(at, s)
	c.that(s.Gate == GateLogin || s.Gate == GateNone, at+".gate", "%q is neither login nor none", s.Gate)
	for j, a := range s.SendAs {
		c.mailAddress(fmt.Sprintf("%s.sendAs[%d]", at, j), a)
	}
	for key, value := range map[string]string{".listener.bind": s.Listener.Bind, ".probe.address": s.Probe.Address} {
		if value != "" {
			c.address(at+key, value)
			c.that(!strings.HasSuffix(value, ":0"), at+key, "%q has no port", value)
		}
	}
}
