package stalwarttest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// keyPEM is a private key in the forms that Stalwart reads.
func parseKey(text string) (public []byte, isRSA bool, ok bool) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, false, false
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, false, false
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		return der, true, err == nil
	case ed25519.PrivateKey:
		return key.Public().(ed25519.PublicKey), false, true
	}
	return nil, false, false
}

// publicKeyOf is exactly the p= value of the DNS record.
func publicKeyOf(signature object) any {
	public, _, ok := parseKey(str(sub(signature["privateKey"])["secret"]))
	if !ok {
		return nil
	}
	return base64.StdEncoding.EncodeToString(public)
}

// checkKey refuses a signature whose key does not fit. A selector that is
// already in use is no reason for a refusal.
func checkKey(o object) *setError {
	const prefix = "Failed to validate DKIM signature: DKIM build error (dkim.build-error): reason = "
	secret := str(sub(o["privateKey"])["secret"])
	if secret == "" {
		return invalidProperties(prefix + "DKIM signature validation failed, details = [Property 'secret' is required]")
	}
	_, isRSA, ok := parseKey(secret)
	wantRSA := str(o["@type"]) == "Dkim1RsaSha256"
	if ok && isRSA == wantRSA {
		return nil
	}
	if wantRSA {
		return invalidProperties(prefix + "no items found, details = Failed to build RSA key")
	}
	return invalidProperties(prefix + "no items found, details = Failed to build ED25519 key")
}

func newEd25519Key() (string, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
}

func newRSAKey() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der := x509.MarshalPKCS1PrivateKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der})), nil
}

// checkTemplate refuses variables that a selector template does not know.
func checkTemplate(management object) *setError {
	for _, variable := range regexp.MustCompile(`\{[^}]*\}`).FindAllString(str(management["selectorTemplate"]), -1) {
		name, _, _ := strings.Cut(strings.Trim(variable, "{}"), "-")
		switch name {
		case "version", "algorithm", "date", "epoch", "random", "hash":
		default:
			return invalidProperties(fmt.Sprintf("unrecognized variable '%s'", variable), "selectorTemplate")
		}
	}
	return nil
}

func selector(template, algorithm string, now time.Time) string {
	return strings.NewReplacer(
		"{version}", "1", "{algorithm}", algorithm, "{epoch}", fmt.Sprint(now.Unix()),
		"{date-%Y%m%d}", now.UTC().Format("20060102"), "{date-%Y%m}", now.UTC().Format("200601"),
	).Replace(template)
}

// queueDkimTask asks for the keys of a domain.
func (s *Server) queueDkimTask(domainID string) {
	now := stamp(s.now())
	s.insert("Task", object{
		"@type": "DkimManagement", "domainId": domainID, "due": now,
		"status": object{"@type": "Pending", "createdAt": now, "due": now},
	})
}

// runPendingTasks starts the tasks that a normal process finds on its store.
func (s *Server) runPendingTasks() {
	for _, id := range s.store.ids("Task") {
		s.runTask(nil, id)
	}
}

// runTask makes the keys of a domain, unless the process does not run tasks.
func (s *Server) runTask(p *process, id string) {
	if p != nil && p.mode != "" {
		return
	}
	task := s.store.table("Task")[id]
	status := sub(task["status"])
	if str(status["@type"]) != "Pending" || str(task["@type"]) != "DkimManagement" {
		return
	}
	if due, ok := parseStamp(status["due"]); ok && due.After(s.now()) {
		return
	}
	domainID := str(task["domainId"])
	management := sub(s.store.table("Domain")[domainID]["dkimManagement"])
	if str(management["@type"]) != "Automatic" {
		now := stamp(s.now())
		task["due"], task["status"] = nil, object{
			"@type": "Failed", "createdAt": now, "failedAt": now, "failedAttemptNumber": 0.0,
			"failureReason": "Domain is not set to automatic DKIM management",
		}
		return
	}
	delete(s.store.table("Task"), id)
	s.rotate(p, domainID, management)
}

// rotate retires the keys that are due and makes new ones, which sign at once.
func (s *Server) rotate(p *process, domainID string, management object) {
	now := s.now()
	kinds := map[string]bool{}
	for _, kind := range members(management["algorithms"]) {
		kinds[kind] = true
	}
	next := stamp(now.Add(millis(management["retireAfter"])))
	rotated := false
	for _, key := range s.store.tables["DkimSignature"] {
		if str(key["domainId"]) != domainID || str(key["stage"]) != "active" {
			continue
		}
		if due, ok := parseStamp(key["nextTransitionAt"]); ok && !due.After(now) {
			key["stage"], key["nextTransitionAt"], rotated = "retiring", next, true
			continue
		}
		delete(kinds, str(key["@type"]))
	}
	if rotated {
		s.insert("Task", object{
			"@type": "DkimManagement", "domainId": domainID, "due": next,
			"status": object{"@type": "Pending", "createdAt": stamp(now), "due": next},
		})
	}
	s.makeKeys(p, domainID, str(management["selectorTemplate"]), kinds)
}

// makeKeys makes the Ed25519 key at once. The RSA key takes a while and is made
// in the background, as a real server takes about a second for it.
func (s *Server) makeKeys(p *process, domainID, template string, kinds map[string]bool) {
	if p != nil {
		delete(p.cache.signers, domainID)
	}
	if kinds["Dkim1Ed25519Sha256"] {
		if key, err := newEd25519Key(); err == nil {
			s.addKey(domainID, "Dkim1Ed25519Sha256", selector(template, "ed25519", s.now()), key)
		}
	}
	if !kinds["Dkim1RsaSha256"] {
		return
	}
	s.store.jobs.Go(func() {
		key, err := newRSAKey()
		if err != nil || s.store.jobsCtx.Err() != nil {
			return
		}
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		if _, ok := s.store.get("Domain", domainID); ok {
			s.addKey(domainID, "Dkim1RsaSha256", selector(template, "rsa", s.now()), key)
		}
	})
}

func (s *Server) addKey(domainID, kind, selector, key string) string {
	return s.insert("DkimSignature", object{
		"@type": kind, "domainId": domainID, "selector": selector,
		"privateKey": object{"@type": "Text", "secret": key},
	})
}

// WaitForKeys returns when no key is being made in the background any more.
func (s *Server) WaitForKeys() { s.store.jobs.Wait() }

// signersOf lists the keys that sign for a domain as this process knows
// them: the answer is kept until a key is changed or destroyed, or all caches
// are dropped. A new key alone does not refresh it.
func (s *Server) signersOf(p *process, domainID string) []signer {
	if known, ok := p.cache.signers[domainID]; ok {
		return known
	}
	known := []signer{}
	for _, id := range s.store.ids("DkimSignature") {
		key := s.store.table("DkimSignature")[id]
		if str(key["domainId"]) == domainID && str(key["stage"]) == "active" {
			known = append(known, signer{str(key["selector"]), str(sub(key["privateKey"])["secret"])})
		}
	}
	if len(known) > 0 { // that there is none is not kept (observed on 0.16.18)
		p.cache.signers[domainID] = known
	}
	return known
}
