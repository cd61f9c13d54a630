package smtpprobe

import (
	"crypto/x509"
	"time"
)

// ExpirySoon is how long before its end a certificate should long have been renewed,
// which cert-manager does when a third of its life is left: a fifth of it, two weeks at
// the most.
func ExpirySoon(c *x509.Certificate) time.Duration {
	return min(14*24*time.Hour, c.NotAfter.Sub(c.NotBefore)/5)
}
