package config

import "time"

// defaults is a configuration in which only the domain is missing.
func defaults() *Config {
	const namespace = "stalwart-sovereign"
	return &Config{
		Stalwart: Stalwart{
			URL:          "http://stalwart-sovereign-http.stalwart-sovereign.svc.cluster.local:8080",
			Namespace:    namespace,
			AdminSecret:  "stalwart-sovereign-admin",
			AdminUser:    "postmaster",
			APIKeySecret: "smtp-mirror-stalwart-api",
			PodSelector:  "app.kubernetes.io/name=bp-stalwart-sovereign",
			Container:    "stalwart",
			Restart:      Restart{Kind: "StatefulSet", Name: "stalwart-sovereign"},
		},
		DNSRecords:     ObjectName{Namespace: namespace, Name: "stalwart-sovereign-dns-records-required"},
		DKIM:           defaultDKIM(),
		DNS:            defaultDNS(namespace),
		Webhook:        Webhook{Path: "/webhook/stalwart", Secret: "smtp-mirror-webhook"},
		HTTP:           HTTP{Address: ":9090"},
		LeaderElection: LeaderElection{Enabled: true, Namespace: namespace, Name: "smtp-mirror"},
		Resync:         Duration{Duration: 5 * time.Minute},
	}
}

// complete fills in what depends on what was read: the elements of lists. A list
// that is absent gets its default, one that is written as empty stays empty.
func (c *Config) complete() {
	if c.Submissions == nil {
		c.Submissions = []Submission{{}}
	}
	empty(&c.Stalwart.AllowedIPs)
	c.DNS.complete(c.Stalwart.Namespace)
	for i := range c.Submissions {
		c.Submissions[i].complete()
	}
}

func (s *Submission) complete() {
	fill(&s.Name, "console")
	fill(&s.Secret, "stalwart-sovereign-submission")
	fill(&s.Gate, GateLogin)
	fill(&s.Listener.Name, "submission")
	if s.Listener.Manage == nil {
		yes := true
		s.Listener.Manage = &yes
	}
	empty(&s.SendAs)
	s.completeRotation()
	if s.Mirrors == nil {
		s.Mirrors = []Mirror{{}}
	}
	for i := range s.Mirrors {
		m := &s.Mirrors[i]
		fill(&m.Namespace, "catalyst-system")
		fill(&m.Name, "sovereign-smtp-credentials")
		if m.Shapes == nil {
			m.Shapes = []string{"smtp", "legacy"}
		}
		m.completeConsumers()
		m.Fallback.complete()
		for _, set := range []*map[string]string{&m.Labels, &m.Annotations} {
			if *set == nil {
				*set = map[string]string{}
			}
		}
	}
}

// empty prints as [] instead of null.
func empty(list *[]string) {
	if *list == nil {
		*list = []string{}
	}
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
