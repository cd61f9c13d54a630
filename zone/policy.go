package zone

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// policies adds TLS-RPT and MTA-STS.
func (z *builder) policies() {
	report := uris(cmp.Or(z.TLSReport, "postmaster@"+z.Domain))
	z.add("_smtp._tls."+z.Domain, "TXT", "v=TLSRPTv1; rua="+report, "sending servers report where TLS to the mail host failed (RFC 8460)")
	if z.PolicyHost == "" {
		return
	}
	name := "mta-sts." + z.Domain
	z.add("_mta-sts."+z.Domain, "TXT", "v=STSv1; id="+policyID(z.policy()), "MTA-STS: sending servers fetch the policy again when the id changes (RFC 8461)")
	if z.PolicyHost != name {
		z.add(name, "CNAME", z.PolicyHost, "who serves the MTA-STS policy")
	}
}

// PolicyText is the MTA-STS policy (RFC 8461, section 3.2) that the policy host must
// serve as https://mta-sts.<domain>/.well-known/mta-sts.txt, "" without a policy host.
func PolicyText(f Facts) string {
	if f.Domain == "" || f.PolicyHost == "" {
		return ""
	}
	return newBuilder(f).policy()
}

func (z *builder) policy() string {
	const week = 7 * 24 * time.Hour
	age := min(int64(cmp.Or(z.PolicyAge, week)/time.Second), 31557600)
	lines := []string{"version: STSv1", "mode: " + cmp.Or(z.PolicyMode, "testing"), "mx: " + z.MailHost, "max_age: " + strconv.FormatInt(max(age, 0), 10), ""}
	return strings.Join(lines, "\r\n")
}

// policyID changes whenever the policy does, and only then.
func policyID(policy string) string {
	sum := sha256.Sum256([]byte(policy))
	return hex.EncodeToString(sum[:10])
}

// SPKIHash is a certificate's key as TLSA 3 1 1 names it (RFC 6698, section 2.1): the
// SHA-256 of its SubjectPublicKeyInfo. A renewal that keeps the key keeps the hash.
func SPKIHash(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// DanePrefix is what the value of a TLSA record of ours begins with: the key of the
// server's own certificate, as its SHA-256.
const DanePrefix = "3 1 1 "

// DaneName is where senders look for the keys of a mail host (RFC 7672, section 2.2).
func DaneName(host string) string { return "_25._tcp." + host }
