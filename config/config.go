package config

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// Config is the whole file.
type Config struct {
	Domain         string         `json:"domain"`
	Stalwart       Stalwart       `json:"stalwart"`
	Submissions    []Submission   `json:"submissions"`
	DNSRecords     ObjectName     `json:"dnsRecords"`
	DKIMKeyDir     string         `json:"dkimKeyDir"`
	DKIM           DKIM           `json:"dkim"`
	DNS            DNS            `json:"dns"`
	TLS            TLS            `json:"tls"`
	Webhook        Webhook        `json:"webhook"`
	HTTP           HTTP           `json:"http"`
	LeaderElection LeaderElection `json:"leaderElection"`
	Resync         Duration       `json:"resync"`
}

// Stalwart is where the mail server runs and how to log in.
type Stalwart struct {
	URL          string   `json:"url"`
	CAFile       string   `json:"caFile"`
	Namespace    string   `json:"namespace"`
	AdminSecret  string   `json:"adminSecret"`
	AdminUser    string   `json:"adminUser"`
	APIKeySecret string   `json:"apiKeySecret"` // where a key of our own is kept; "" = every request is the administrator's
	PodSelector  string   `json:"podSelector"`
	Container    string   `json:"container"`
	Restart      Restart  `json:"restart"`
	AllowedIPs   []string `json:"allowedIPs"`
}

// Restart permits one restart per new listener.
type Restart struct {
	Enabled bool   `json:"enabled"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
}

// Submission is one login that must be able to relay.
type Submission struct {
	Name           string   `json:"name"`
	Secret         string   `json:"secret"`
	SendAs         []string `json:"sendAs"`
	ReceiveBounces bool     `json:"receiveBounces"`
	Listener       Listener `json:"listener"`
	Probe          Probe    `json:"probe"`
	Gate           string   `json:"gate"`
	Mirrors        []Mirror `json:"mirrors"`
	Credentials    string   `json:"credentials"`
	Issued         Issued   `json:"issued"`
	Rotation       Rotation `json:"rotation"`
	StateSecret    string   `json:"stateSecret"`
}

// Listener is the socket that the submission needs.
type Listener struct {
	Manage *bool  `json:"manage"`
	Name   string `json:"name"`
	Bind   string `json:"bind"`
}

// Probe is where and how the login is tried.
type Probe struct {
	Address            string `json:"address"`
	ServerName         string `json:"serverName"`
	CAFile             string `json:"caFile"`
	InsecureSkipVerify bool   `json:"insecureSkipVerify"`
}

// Mirror is one target Secret.
type Mirror struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Shapes      []string          `json:"shapes"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Consumers   []Consumer        `json:"consumers"`
	Fallback    Fallback          `json:"fallback"`
}

// ObjectName is an object's namespace and name.
type ObjectName struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Webhook is where Stalwart reports its own events to.
type Webhook struct {
	Enabled bool   `json:"enabled"`
	URL     string `json:"url"`
	Path    string `json:"path"`
	Secret  string `json:"secret"`
}

// HTTP is the listener for metrics, health, status and the webhook.
type HTTP struct {
	Address string `json:"address"`
}

// LeaderElection is the Lease that says who writes.
type LeaderElection struct {
	Enabled   bool   `json:"enabled"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// The values of gate.
const (
	GateLogin = "login"
	GateNone  = "none"
)

// KeyWebhookSignature is the key of the webhook's Secret.
const KeyWebhookSignature = "signatureKey"

// Duration is a time.Duration in Go's notation ("90s", "720h").
type Duration struct {
	time.Duration
	Wrong string `json:"-"` // what was written, where it is none: the check knows the key
}

// UnmarshalJSON reads a string.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	err := json.Unmarshal(text, &s)
	if err == nil {
		d.Duration, err = time.ParseDuration(s)
	}
	if err != nil {
		d.Wrong = string(text)
	}
	return nil
}

// MarshalJSON writes the same notation.
func (d Duration) MarshalJSON() ([]byte, error) { return []byte(`"` + d.String() + `"`), nil }

// Load reads, completes and checks a file.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the path is a flag
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return Parse(text)
}

// Parse completes and checks a YAML document. All problems are reported, not
// only the first.
func Parse(text []byte) (*Config, error) {
	document, err := yaml.YAMLToJSONStrict(text)
	if err == nil && documents(text) > 1 {
		err = errors.New("there is more than one YAML document")
	}
	if err != nil {
		return nil, fmt.Errorf("parsing the configuration: %w", err)
	}
	c := defaults()
	unknown, err := kjson.UnmarshalStrict(document, c, kjson.DisallowUnknownFields, kjson.DisallowDuplicateFields)
	if err != nil {
		return nil, fmt.Errorf("parsing the configuration: %w", err)
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("parsing the configuration: %w", errors.Join(unknown...))
	}
	c.complete()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("checking the configuration: %w", err)
	}
	return c, nil
}

// documents counts the YAML documents that are not blank.
func documents(text []byte) int {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for n := 0; ; {
		document, err := reader.Read()
		if err != nil {
			return n
		}
		var content any
		if yaml.Unmarshal(document, &content) != nil || content != nil {
			n++
		}
	}
}

// YAML is the effective configuration, with every default filled in.
func (c *Config) YAML() ([]byte, error) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("printing the configuration: %w", err)
	}
	return text, nil
}
