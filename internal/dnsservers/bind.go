package dnsservers

import (
	"context"
	"fmt"
	"strings"
)

// StartBIND starts named with one zone. It runs until Close, not until ctx ends.
func StartBIND(ctx context.Context, o Options) (*Server, error) {
	return start(ctx, "BIND", o, prepareBIND)
}

func prepareBIND(dir string, port int, o Options) (string, []string, error) {
	program, err := find("usr/sbin/named")
	if err != nil {
		return "", nil, err
	}
	zone, err := write(dir, "zone", strings.Join(zoneLines(o), "\n")+"\n")
	if err != nil {
		return "", nil, err
	}
	config, err := write(dir, "named.conf", bindConfig(dir, zone, port, o))
	if err != nil {
		return "", nil, err
	}
	return program, []string{"-g", "-4", "-n", "1", "-c", config}, nil
}

// bindConfig switches off whatever BIND would write elsewhere, or ask of the
// Internet.
func bindConfig(dir, zone string, port int, o Options) string {
	var out strings.Builder
	for _, k := range append(o.Keys, o.Idle...) {
		fmt.Fprintf(&out, "key %q { algorithm %s; secret %q; };\n", k.Name, k.Algorithm, k.Secret)
	}
	fmt.Fprintf(&out, `options {
	directory %q;
	listen-on port %d { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none; session-keyfile none; lock-file none;
	recursion no; dnssec-validation no; notify no;
	allow-transfer { 127.0.0.0/8; };
};
controls { };
zone %q {
	type primary;
	file %q;
	allow-update { %s };
};
`, dir, port, o.Zone, zone, allowed(o.Keys))
	return out.String()
}

func allowed(keys []Key) string {
	if len(keys) == 0 {
		return "none;"
	}
	var all strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&all, "key %q; ", k.Name)
	}
	return all.String()
}
