package stalwartproc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/template"
)

// v015 is generation 0.15, configured by a file.
type v015 struct{ *Server }

// configTOML is all that a server of this generation reads. The keys from
// spam-filter on belong into the database in a real installation; here they
// must be effective at the very first start.
const configTOML = `[server]
hostname = "{{.Hostname}}"
{{range .Listeners}}
[server.listener.{{.Name}}]
bind = "127.0.0.1:{{.Port}}"
protocol = "{{.Protocol}}"
tls.implicit = {{.ImplicitTLS}}
{{end}}
[store.db]
type = "sqlite"
path = "{{.Dir}}/data/stalwart.sqlite"

[storage]
data = "db"
blob = "db"
fts = "db"
lookup = "db"
directory = "internal"

[directory.internal]
type = "internal"
store = "db"
{{if .Certificate}}
[certificate.default]
cert = "%{file:{{.Dir}}/tls/cert.pem}%"
private-key = "%{file:{{.Dir}}/tls/key.pem}%"
default = true
{{end}}
[authentication.fallback-admin]
user = "{{.AdminUser}}"
secret = "%{file:{{.Dir}}/etc/admin-password}%"

[tracer.log]
type = "log"
level = "info"
path = "{{.Dir}}/logs"
prefix = "stalwart.log"
rotate = "never"
ansi = false
enable = true

[spam-filter]
resource = "file://{{.Dir}}/etc/spam-filter.toml"
pyzor.enable = false

[webadmin]
path = "{{.Dir}}/data"
resource = "file://{{.Dir}}/etc/webadmin.zip"
{{if not .KeepThrottle}}
[queue.limiter.inbound.ip]
enable = false

[queue.limiter.inbound.sender]
enable = false
{{else if .ExemptAuthenticated}}
[queue.limiter.inbound.sender]
match = "authenticated_as == ''"
{{end}}{{with .Outside}}
[resolver]
type = "custom"
custom = "udp://{{.Resolver}}"

[queue.route.local]
type = "local"

[queue.route.outside]
type = "relay"
address = "{{$.RelayName}}"
port = {{.Port}}
protocol = "smtp"
tls.implicit = false
tls.allow-invalid-certs = true

[queue.strategy]
route = [ { if = "is_local_domain('*', rcpt_domain)", then = "'local'" },
          { else = "'outside'" } ]
{{end}}`

// spamRules are no rules, of a version high enough not to be replaced by a
// download.
const spamRules = "[version]\nspam-filter = \"1.0.0\"\nserver = \"0.15.0\"\n"

// emptyZip is an archive without files, where the server expects its web
// interface.
const emptyZip = "PK\x05\x06" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// relay is the name to which everything goes that is not local.
func (v *v015) relay() string {
	switch {
	case v.options.Outside == nil:
		return ""
	case v.NeedsCourier():
		return unresolved
	}
	return v.options.Outside.Relay
}

func (v *v015) config() string { return v.path("etc", "config.toml") }

// seed writes the configuration anew, as a server may have changed it.
func (v *v015) seed(context.Context) error {
	t, err := template.New("config.toml").Parse(configTOML)
	if err != nil {
		return fmt.Errorf("parse the configuration's template: %w", err)
	}
	var content bytes.Buffer
	err = t.Execute(&content, struct {
		Options
		Listeners   []listener
		Certificate bool
		RelayName   string
	}{v.options, v.listeners(), !v.options.FreshCertificate, v.relay()})
	if err != nil {
		return fmt.Errorf("fill in the configuration: %w", err)
	}
	return errors.Join(
		writeFile(v.path("etc", "admin-password"), []byte(v.options.AdminPassword)),
		writeFile(v.path("etc", "spam-filter.toml"), []byte(spamRules)),
		writeFile(v.path("etc", "webadmin.zip"), []byte(emptyZip)),
		writeFile(v.config(), content.Bytes()),
	)
}

// settle creates the domain.
func (v *v015) settle(ctx context.Context, fresh bool) error {
	if !fresh || v.options.Domain == "" || v.URL() == "" {
		return nil
	}
	body, err := json.Marshal(map[string]string{"type": "domain", "name": v.options.Domain})
	if err != nil {
		return fmt.Errorf("encode the domain: %w", err)
	}
	answer, err := post(ctx, v.client, v.URL()+"/api/principal", v.login(), body)
	if err != nil {
		return fmt.Errorf("create the domain: %w", err)
	}
	var result struct {
		Data  json.RawMessage `json:"data"`
		Error string          `json:"error"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return fmt.Errorf("decode the answer to creating the domain: %w", err)
	}
	if result.Data == nil {
		return fmt.Errorf("create the domain: %w: %s", errRefused, result.Error)
	}
	return nil
}
