package stalwarttest

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
)

// dkim answers POST /api/dkim and GET /api/dkim/<id>. In 0.15 keys are settings
// and exist only when somebody asks for them.
func (x *exchange) dkim(who *identity, id string) {
	switch {
	case x.r.Method == http.MethodPost && id == "":
		if x.allowed(who, "dkim-signature-create") {
			x.createDkim()
		}
	case x.r.Method == http.MethodGet && id != "":
		if x.allowed(who, "dkim-signature-get") {
			x.getDkim(id)
		}
	default:
		x.fail(http.StatusNotFound)
	}
}

type dkimRequest struct {
	Algorithm string  `json:"algorithm"`
	Domain    *string `json:"domain"`
	ID        *string `json:"id"`
	Selector  *string `json:"selector"`
}

// createDkim is the one place whose complaints say what was wrong.
func (x *exchange) createDkim() {
	var request dkimRequest
	if json.Unmarshal(x.body, &request) != nil {
		x.badRequest("expected value at line 1 column 1")
		return
	}
	if request.Algorithm == "" {
		x.badRequest(fmt.Sprintf("missing field `algorithm` at line 1 column %d", len(x.body)))
		return
	}
	if request.Algorithm != "Rsa" && request.Algorithm != "Ed25519" {
		column := bytes.Index(x.body, []byte(`"`+request.Algorithm+`"`)) + len(request.Algorithm) + 2
		x.badRequest(fmt.Sprintf("unknown variant `%s`, expected `Rsa` or `Ed25519` at line 1 column %d", request.Algorithm, column))
		return
	}
	if request.Domain == nil {
		x.badRequest(fmt.Sprintf("missing field `domain` at line 1 column %d", len(x.body)))
		return
	}
	id := strings.ToLower(request.Algorithm) + "-" + *request.Domain
	if request.ID != nil {
		id = *request.ID
	}
	field := "signature." + id + ".private-key"
	if key, taken := x.s.setting(field); taken {
		x.refuseWith(alreadyExists(field, key)) // the private key, in clear
		return
	}
	if err := x.s.storeDkim(id, request); err != nil {
		x.fail(http.StatusInternalServerError)
		return
	}
	x.data(nil)
}

func (s *Server) storeDkim(id string, request dkimRequest) error {
	algorithm, suffix, generate := "rsa-sha256", "r", newRSAKey
	if request.Algorithm == "Ed25519" {
		algorithm, suffix, generate = "ed25519-sha256", "e", newEd25519Key
	}
	key, err := generate()
	if err != nil {
		return err
	}
	chosen := s.now().UTC().Format("200601") + suffix
	if request.Selector != nil {
		chosen = *request.Selector
	}
	values := map[string]string{
		"private-key": key, "domain": *request.Domain, "selector": chosen, "algorithm": algorithm,
		"canonicalization": "relaxed/relaxed", "report": "false",
		"headers.0": "From", "headers.1": "To", "headers.2": "Date", "headers.3": "Subject", "headers.4": "Message-ID",
	}
	for name, value := range values {
		s.store.settings["signature."+id+"."+name] = value
	}
	return nil
}

func (x *exchange) getDkim(id string) {
	key, ok := x.s.setting("signature." + id + ".private-key")
	if !ok {
		x.fail(http.StatusNotFound)
		return
	}
	public, ok := publicKeyREST(key, x.s.settingOr("signature."+id+".algorithm", ""))
	if !ok {
		x.refuseWith(otherError("Failed to read RSA DER", "Cryptography layer error: InvalidEncoding"))
		return
	}
	x.data(public)
}

// publicKeyREST derives the p= value. An RSA key has to be PKCS#1 for this,
// although one in PKCS#8 signs.
func publicKeyREST(key, algorithm string) (string, bool) {
	public, isRSA, ok := parseKey(key)
	block, _ := pem.Decode([]byte(key))
	if !ok || isRSA != strings.HasPrefix(algorithm, "rsa") || isRSA && block.Type != "RSA PRIVATE KEY" {
		return "", false
	}
	return base64.StdEncoding.EncodeToString(public), true
}

type dnsRecord struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Content string `json:"content"`
}

// dns answers GET /api/dns/records/<domain>, for domains that do not exist too.
func (x *exchange) dns(who *identity, item string) {
	domain, found := strings.CutPrefix(item, "records/")
	if !found || domain == "" || x.r.Method != http.MethodGet {
		x.fail(http.StatusNotFound)
		return
	}
	if x.allowed(who, "domain-get") {
		x.data(x.s.dnsRecords(x.p, domain))
	}
}

func (s *Server) dnsRecords(p *process, domain string) []dnsRecord {
	host := s.hostname()
	inside := strings.HasSuffix(host, "."+domain) || host == domain
	records := []dnsRecord{{"MX", domain + ".", "10 " + host + "."}}
	if !inside {
		records = append(records, dnsRecord{"CNAME", "mail." + domain + ".", host + "."})
	}
	records = append(records, s.dkimRecords(domain)...)
	if inside {
		records = append(records, dnsRecord{"TXT", host + ".", "v=spf1 a ra=postmaster -all"})
	}
	records = append(records, dnsRecord{"TXT", domain + ".", "v=spf1 mx ra=postmaster -all"})
	records = append(records, s.serviceRecords(domain, host)...)
	mailto := "mailto:postmaster@" + domain
	records = append(records,
		dnsRecord{"TXT", "_dmarc." + domain + ".", "v=DMARC1; p=reject; rua=" + mailto + "; ruf=" + mailto},
		dnsRecord{"TXT", "_smtp._tls." + domain + ".", "v=TLSRPTv1; rua=" + mailto})
	if inside {
		records = append(records, tlsaRecords(p, host)...)
	}
	return records
}

// dkimRecords lists every signature of the domain, used or not, and leaves out
// those whose key cannot be read.
func (s *Server) dkimRecords(domain string) []dnsRecord {
	var records []dnsRecord
	for _, name := range s.settingNames("signature.") {
		id, isDomain := strings.CutSuffix(name, ".domain")
		if !isDomain || s.store.settings["signature."+name] != domain {
			continue
		}
		algorithm := s.settingOr("signature."+id+".algorithm", "")
		public, ok := publicKeyREST(s.settingOr("signature."+id+".private-key", ""), algorithm)
		if !ok {
			continue
		}
		kind, _, _ := strings.Cut(algorithm, "-")
		records = append(records, dnsRecord{
			"TXT", s.settingOr("signature."+id+".selector", "") + "._domainkey." + domain + ".",
			"v=DKIM1; k=" + kind + "; h=sha256; p=" + public,
		})
	}
	return records
}

// serviceRecords names the listeners. The configuration has an IMAP one, which
// the stand-in does not open.
func (s *Server) serviceRecords(domain, host string) []dnsRecord {
	services := []struct{ label, addr string }{
		{"_imap._tcp.", "127.0.0.1:143"}, {"_submission._tcp.", s.submissionAddr}, {"_submissions._tcp.", s.submissionsAddr},
	}
	var records []dnsRecord
	for _, service := range services {
		if _, port, err := net.SplitHostPort(service.addr); err == nil {
			records = append(records, dnsRecord{"SRV", service.label + domain + ".", "0 1 " + port + " " + host + "."})
		}
	}
	return records
}

// tlsaRecords exist only for a certificate that names the host.
func tlsaRecords(p *process, host string) []dnsRecord {
	leaf, err := x509.ParseCertificate(p.certificate.Certificate[0])
	if err != nil || !slices.Contains(leaf.DNSNames, host) {
		return nil
	}
	var records []dnsRecord
	for selector, content := range [][]byte{leaf.Raw, leaf.RawSubjectPublicKeyInfo} {
		short, long := sha256.Sum256(content), sha512.Sum512(content)
		for kind, sum := range [][]byte{short[:], long[:]} {
			records = append(records, dnsRecord{
				"TLSA", "_25._tcp." + host + ".", fmt.Sprintf("3 %d %d %s", selector, kind+1, hex.EncodeToString(sum)),
			})
		}
	}
	return records
}

// signersREST lists the keys that sign for a domain: by id, from the
// settings as they were loaded.
func (s *Server) signersREST(p *process, domain string) []signer {
	var out []signer
	for _, id := range []string{"rsa-" + domain, "ed25519-" + domain} {
		if key := p.active.signatures[id+".private-key"]; key != "" {
			out = append(out, signer{p.active.signatures[id+".selector"], key})
		}
	}
	return out
}
