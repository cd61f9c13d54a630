package config

import (
	"strings"
	"testing"
)

// TestDNSProblems: each wrong value is named by its key.
func TestDNSProblems(t *testing.T) {
	rows := []struct{ yaml, key string }{
		{"dkim: {manage: sometimes}", "dkim.manage"},
		{"dkim: {algorithms: []}", "dkim.algorithms"},
		{"dkim: {algorithms: [rsa512]}", "dkim.algorithms[0]"},
		{"dkim: {algorithms: [ed25519, ed25519]}", "dkim.algorithms[1]"},
		{"dkim: {rotateEvery: often}", "dkim.rotateEvery"},
		{"dkim: {retireAfter: -1s}", "dkim.retireAfter"},
		{"dkim: {selector: 'sm{yyyymmdd}{algorithm}'}", "dkim.selector"},
		{"dkim: {selector: 'sm{n}'}", "dkim.selector"},
		{"dkim: {selector: 'a.b{algorithm}{n}'}", "dkim.selector"},
		{"dkim: {proofRecipient: nobody}", "dkim.proofRecipient"},
		{"dkim: {backup: {secret: 'A b'}}", "dkim.backup.secret"},
		{"dns: {service: {name: 'A b'}}", "dns.service.name"},
		{"dns: {spf: {policy: '+all'}}", "dns.spf.policy"},
		{"dns: {spf: {senders: ['192.0.2.1', 'all']}}", "dns.spf.senders[1]"},
		{"dns: {spf: {senders: ['-ip4:192.0.2.1']}}", "dns.spf.senders[0]"},
		{"dns: {spf: {senders: ['ip4:192.0.2.1 +all']}}", "dns.spf.senders[0]"},
		{"dns: {spf: {senders: ['ip6:192.0.2.1']}}", "dns.spf.senders[0]"},
		{"dns: {spf: {senders: ['include:a', 'include:b', 'include:c', 'include:d', 'include:e', 'include:f', 'include:g', 'include:h', 'include:i']}}", "dns.spf.senders"},
		{"dns: {dmarc: {policy: maybe}}", "dns.dmarc.policy"},
		{"dns: {dmarc: {rua: postmaster@example.test}}", "dns.dmarc.rua"},
		{"dns: {tlsRPT: 'ftp://x'}", "dns.tlsRPT"},
		{"dns: {mtaSTS: {mode: on}}", "dns.mtaSTS.mode"},
		{"dns: {servers: [ns1.example.test]}", "dns.servers[0]"},
		{"dns: {recursive: '53'}", "dns.recursive"},
		{"dns: {outgoing: [192.0.2.1, mail.example.test]}", "dns.outgoing[1]"},
		{"dns: {outgoing: ['fe80::1%eth0']}", "dns.outgoing[0]"},
		{"dns: {publish: {rfc2136: {enabled: true}}}", "dns.publish.rfc2136.server"},
		{"dns: {publish: {hetznerPTR: {enabled: true}}}", "dns.publish.hetznerPTR.tokenSecret"},
		{"tls: {secret: 'A b'}", "tls.secret"},
		{"tls: {secret: a, dir: /b}", "tls.dir"},
	}
	for _, row := range rows {
		_, err := Parse([]byte("domain: example.test\n" + row.yaml))
		if err == nil || !strings.Contains(err.Error(), row.key+" ") {
			t.Errorf("%s: %v", row.yaml, err)
		}
	}
	c, err := Parse([]byte("domain: Example.test\ndns: {publish: {rfc2136: {enabled: true, server: '127.0.0.1:53', zone: example.test, tsigSecret: key}}}"))
	if err != nil || c.MailHost() != "mail.example.test" || c.DNS.Publish.ExternalDNS.Namespace != c.Stalwart.Namespace || c.OwnsKeys() {
		t.Errorf("%+v, %v", c, err)
	}
}
