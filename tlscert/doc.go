// Package tlscert keeps the certificate of the mail host in Stalwart true to a Secret
// of type kubernetes.io/tls (cert-manager renews it), or to a directory into which one
// is mounted.
//
// What comes from outside is looked at before Stalwart sees it ([Parse], [Pair.Check]):
// Stalwart takes a key that does not belong to its certificate without a word, and then
// every handshake fails. What is wrong is a wait that names tls.crt or tls.key and never
// a byte of them, and the certificate that is in use stays.
//
// On 0.16 a certificate is installed beside the old one, made the default, loaded in
// every Pod, and looked at by a handshake with the submission port: a 200 is no success.
// Only then the old one of ours is destroyed. Of several certificates for one name
// Stalwart serves the one that ends last; where that is the old one of ours, the
// handshake of a client that names no host, which gets the default, proves the new one.
// A certificate is ours when it bears our mark, with the name of the Secret and the hash
// of its own leaf; any other is never touched, and said where it is in the way.
//
// On 0.15 Stalwart reads files, which only whoever deploys it can mount: it is told to
// read them again, and the handshake tells whether they are the right ones.
//
// Nothing is remembered of what was done: a restart, a lost volume and a renewal look
// the same, what is served is not what is wanted. The one exception is a certificate
// that was withdrawn because Stalwart could not use it.
//
// It needs: in Kubernetes get, list and watch of the one Secret (tls.secret in
// stalwart.namespace; nothing with a directory), and what other rooms have of Stalwart's
// Pods. In Stalwart 0.16 sysCertificateGet, -Create and -Destroy, sysSystemSettingsGet
// and -Update, sysActionCreate and actionReloadTlsCertificates ([stalwart.Powers] with
// Certificates); in 0.15 settings-reload.
package tlscert
