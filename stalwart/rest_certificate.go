package stalwart

import "context"

// errCertificateFiles says why 0.15 takes no certificate from us: the keys
// certificate.* belong to its configuration file, which Stalwart would rewrite, with
// the private key in it.
var errCertificateFiles = &ForbiddenError{"installing a certificate: 0.15 reads the files that its configuration names"} //nolint:gochecknoglobals // a constant

// Certificates lists nothing: settings are shown with every private key, so we do not
// read them. What is served is told by a handshake.
func (r *rest) Certificates(context.Context) ([]Certificate, error) { return nil, nil }

// InstallCertificate is refused.
func (r *rest) InstallCertificate(context.Context, NewCertificate) (string, error) {
	return "", errCertificateFiles
}

// UseCertificate is refused.
func (r *rest) UseCertificate(context.Context, string) error { return errCertificateFiles }

// DestroyCertificate is refused.
func (r *rest) DestroyCertificate(context.Context, Certificate) error { return errCertificateFiles }

// ReloadCertificates reads the files anew. Those that cannot be read leave what is in
// use as it is; a key that does not belong to its certificate is taken, and ends every
// handshake (observed on 0.15.5 and stalwart-lite).
func (r *rest) ReloadCertificates(ctx context.Context) error {
	return r.reload(ctx, "/api/reload/certificate")
}
