package dnsservers

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/miekg/dns"
)

// StartPowerDNS starts pdns_server with SQLite and one zone. It runs until Close, not
// until ctx ends.
func StartPowerDNS(ctx context.Context, o Options) (*Server, error) {
	return start(ctx, "PowerDNS", o, func(dir string, port int, o Options) (string, []string, error) {
		return preparePowerDNS(ctx, dir, port, o)
	})
}

func preparePowerDNS(ctx context.Context, dir string, port int, o Options) (string, []string, error) {
	program, err := find("usr/sbin/pdns_server")
	if err != nil {
		return "", nil, err
	}
	module, err := find("usr/lib/*-linux-gnu*/pdns/libgsqlite3backend.so")
	if err != nil {
		return "", nil, err
	}
	database := filepath.Join(dir, "pdns.sqlite3")
	if err := fill(ctx, database, o); err != nil {
		return "", nil, err
	}
	config := fmt.Sprintf(`launch=gsqlite3
gsqlite3-database=%s
gsqlite3-pragma-synchronous=0
module-dir=%s
socket-dir=%s
local-address=127.0.0.1
local-port=%d
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8
daemon=no
guardian=no
webserver=no
security-poll-suffix=
disable-syslog=yes
loglevel=5
`, database, filepath.Dir(module), dir, port)
	if _, err := write(dir, "pdns.conf", config); err != nil {
		return "", nil, err
	}
	return program, []string{"--config-dir=" + dir}, nil
}

// fill makes the database with the package's own schema.
func fill(ctx context.Context, database string, o Options) error {
	sqlite, err := find("usr/bin/sqlite3")
	if err != nil {
		return err
	}
	path, err := find("usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
	if err != nil {
		return err
	}
	schema, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the schema: %w", err)
	}
	rows, err := statements(o)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, sqlite, "-batch", "-bail", database)
	command.Env, command.Stdin = environment(), strings.NewReader(string(schema)+"\n"+rows)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("fill the database: %w: %s", err, out)
	}
	return nil
}

// statements are the zone, its records and its keys as SQL.
func statements(o Options) (string, error) {
	var out strings.Builder
	insert := func(table string, values ...any) {
		text := make([]string, 0, len(values))
		for _, v := range values {
			text = append(text, "'"+strings.ReplaceAll(fmt.Sprint(v), "'", "''")+"'")
		}
		fmt.Fprintf(&out, "INSERT INTO %s VALUES (%s);\n", table, strings.Join(text, ","))
	}
	insert("domains(id,name,type)", 1, o.Zone, "NATIVE")
	for _, line := range zoneLines(o) {
		rr, err := dns.NewRR(line)
		if err != nil {
			return "", fmt.Errorf("read a record: %w", err)
		}
		h := rr.Header()
		insert("records(domain_id,name,type,ttl,content,auth,disabled,prio)", 1, strings.TrimSuffix(h.Name, "."), dns.Type(h.Rrtype).String(), h.Ttl, content(rr), 1, 0, priority(rr))
	}
	for _, k := range append(o.Keys, o.Idle...) {
		insert("tsigkeys(name,algorithm,secret)", k.Name, k.Algorithm, k.Secret)
	}
	for _, k := range o.Keys {
		insert("domainmetadata(domain_id,kind,content)", 1, "TSIG-ALLOW-DNSUPDATE", k.Name)
	}
	if len(o.Keys) == 0 {
		insert("domainmetadata(domain_id,kind,content)", 1, "ALLOW-DNSUPDATE-FROM", "192.0.2.1/32")
	}
	return out.String(), nil
}

// content is the data as the database has it: names without the dot at the end, the
// preference of an MX apart.
func content(rr dns.RR) string {
	switch v := rr.(type) {
	case *dns.MX:
		return strings.TrimSuffix(v.Mx, ".")
	case *dns.TXT:
		return strings.TrimPrefix(rr.String(), rr.Header().String())
	}
	return strings.TrimSuffix(strings.TrimPrefix(rr.String(), rr.Header().String()), ".")
}

func priority(rr dns.RR) uint16 {
	if mx, ok := rr.(*dns.MX); ok {
		return mx.Preference
	}
	return 0
}
