package stalwarttest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// zoneFile is the computed property dnsZoneFile: the keys of every stage, then
// what Stalwart wants to see in the zone of a domain.
func (s *Server) zoneFile(id string, domain object) string {
	name, host := str(domain["name"]), s.hostname()
	var out strings.Builder
	for _, key := range s.store.ids("DkimSignature") {
		signature := s.store.table("DkimSignature")[key]
		if str(signature["domainId"]) == id {
			fmt.Fprintf(&out, "%s._domainkey.%s. IN TXT %s\n", str(signature["selector"]), name, quoted(dkimRecord(signature)))
		}
	}
	if strings.HasSuffix(host, "."+name) {
		fmt.Fprintf(&out, "%s. IN TXT \"v=spf1 a -all\"\n", host)
	}
	fmt.Fprintf(&out, "%s. IN TXT \"v=spf1 mx -all\"\n", name)
	fmt.Fprintf(&out, "%s. IN MX 10 %s.\n", name, host)
	report := reportAddress(domain)
	if report != "" {
		fmt.Fprintf(&out, "_dmarc.%s. IN TXT \"v=DMARC1; p=reject; rua=%s\"\n", name, report)
	}
	for _, service := range []string{"caldavs 443", "carddavs 443", "imaps 993", "jmap 443", "pop3s 995", "submissions 465"} {
		label, port, _ := strings.Cut(service, " ")
		fmt.Fprintf(&out, "_%s._tcp.%s. IN SRV 0 1 %s %s.\n", label, name, port, host)
	}
	fmt.Fprintf(&out, "mta-sts.%s. IN CNAME %s.\n", name, host)
	fmt.Fprintf(&out, "_mta-sts.%s. IN TXT \"v=STSv1; id=%d\"\n", name, policyID(host))
	if report != "" {
		fmt.Fprintf(&out, "_smtp._tls.%s. IN TXT \"v=TLSRPTv1; rua=%s\"\n", name, report)
	}
	sum := sha256.Sum256([]byte(name + host))
	fmt.Fprintf(&out, "ua-auto-config.%s. IN CNAME %s.\n", name, host)
	fmt.Fprintf(&out, "_ua-auto-config.%s. IN TXT \"v=UAAC1; a=sha256; d=%s\"\n", name, base64.StdEncoding.EncodeToString(sum[:]))
	fmt.Fprintf(&out, "autoconfig.%s. IN CNAME %s.\nautodiscover.%s. IN CNAME %s.\n", name, host, name, host)
	return out.String()
}

func dkimRecord(signature object) string {
	algorithm := "rsa"
	if str(signature["@type"]) == "Dkim1Ed25519Sha256" {
		algorithm = "ed25519"
	}
	return fmt.Sprintf("v=DKIM1; k=%s; h=sha256; p=%s", algorithm, str(publicKeyOf(signature)))
}

// quoted splits what is longer than one character string of DNS.
func quoted(text string) string {
	const most = 255
	if len(text) <= most {
		return `"` + text + `"`
	}
	var parts []string
	for len(text) > 0 {
		n := min(most, len(text))
		parts = append(parts, `    "`+text[:n]+`"`)
		text = text[n:]
	}
	return "(\n" + strings.Join(parts, "\n") + "\n)"
}

// reportAddress completes "mailto:postmaster" with the domain.
func reportAddress(domain object) string {
	uri := str(domain["reportAddressUri"])
	if uri != "" && !strings.Contains(uri, "@") {
		uri += "@" + str(domain["name"])
	}
	return uri
}

func policyID(host string) uint64 {
	sum := sha256.Sum256([]byte("mta-sts" + host))
	return binary.BigEndian.Uint64(sum[:])
}
