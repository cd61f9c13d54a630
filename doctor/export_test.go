package doctor

import (
	"crypto/x509"
	"time"
)

// What the tests of this package look at directly.
var (
	JudgeDMARC     = judgeDMARC
	JudgeThrottles = judgeThrottles
	JudgeMirror    = judgeMirror
	JudgeConsumer  = judgeConsumer
	JudgeSPF       = judgeSPF
	Best           = best
)

// JudgeCertificate looks at a chain as a consumer does.
func JudgeCertificate(chain []*x509.Certificate, host string, roots *x509.CertPool, now time.Time) Finding {
	return judgeCertificate("x", client{host: host, roots: []*x509.CertPool{roots}}, chain, now)
}
