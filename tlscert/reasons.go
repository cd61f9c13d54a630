package tlscert

// The reasons of this room.
const (
	ReasonCertificateMissing   = "CertificateMissing"
	ReasonCertificateInvalid   = "CertificateInvalid"
	ReasonCertificateExpires   = "CertificateExpires"
	ReasonCertificateNotServed = "CertificateNotServed"
	ReasonCertificateOverruled = "CertificateOverruled"
	ReasonAwaitingTLSA         = "AwaitingTLSA"
	ReasonCertificateUnusable  = "CertificateUnusable"
	ReasonWouldInstall         = "WouldInstall"
)

// The reasons of the Events of what was changed.
const (
	ChangedCertificate          = "CertificateInstalled"
	ChangedCertificateReloaded  = "CertificateReloaded"
	ChangedCertificateEnded     = "CertificateEnded"
	ChangedCertificateWithdrawn = "CertificateWithdrawn"
)
