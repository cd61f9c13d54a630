package publish

import (
	"encoding/base64"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/watcher"
)

// tsigKey signs updates and queries (RFC 8945).
type tsigKey struct {
	name      string // absolute, with the dot
	algorithm string // as dns.HmacSHA256
	secret    redact.Secret
}

// The keys of the Secret that holds a TSIG key.
const (
	tsigName      = "name"
	tsigAlgorithm = "algorithm"
	tsigSecret    = "secret"
)

// readTSIG takes the key out of its Secret. No message has a value of it but the
// name, which is sent in clear with every message.
func readTSIG(s *corev1.Secret) (tsigKey, error) {
	if s == nil {
		return tsigKey{}, &watcher.HoldError{Why: ReasonTSIGKeyMissing, Text: "the Secret with the TSIG key does not exist"}
	}
	field := func(key string) string { return strings.TrimSpace(string(s.Data[key])) }
	invalid := func(text string) (tsigKey, error) {
		return tsigKey{}, &watcher.HoldError{Why: ReasonTSIGKeyInvalid, Text: "the Secret " + s.Namespace + "/" + s.Name + " with the TSIG key: " + text}
	}
	k := tsigKey{name: dns.CanonicalName(field(tsigName)), algorithm: dns.HmacSHA256, secret: redact.New(field(tsigSecret))}
	if a := strings.ToLower(strings.TrimSuffix(field(tsigAlgorithm), ".")); a != "" {
		k.algorithm = a + "."
	}
	raw, err := base64.StdEncoding.DecodeString(k.secret.Reveal())
	_, wellFormed := dns.IsDomainName(k.name)
	switch {
	case k.name == "." || !wellFormed:
		return invalid("its " + tsigName + " is missing or no name")
	case k.algorithm != dns.HmacSHA256 && k.algorithm != dns.HmacSHA512:
		return invalid("its " + tsigAlgorithm + " is neither hmac-sha256 nor hmac-sha512")
	case err != nil || len(raw) == 0:
		return invalid("its " + tsigSecret + " is missing or not base64")
	}
	return k, nil
}
