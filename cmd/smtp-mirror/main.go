// Command smtp-mirror runs beside a Stalwart mail server in a Kubernetes
// cluster: it makes Stalwart able to relay for the platform's own mail, proves
// that by a real login, and mirrors the credential to whoever sends.
//
//	smtp-mirror run     --config FILE [--kubeconfig F] [--log-format json|text] [--log-level L]
//	smtp-mirror once    --config FILE [--timeout 60s] [--dry-run] ...
//	smtp-mirror doctor  --config FILE [--json] [--outgoing-ip A] [--port25 HOST] [--login] ...
//	smtp-mirror config  --config FILE
//	smtp-mirror rbac    --config FILE --service-account NAMESPACE/NAME
//	smtp-mirror seed    --config FILE -- STALWART [ARGUMENTS]
//	smtp-mirror copy    /FILE
//	smtp-mirror version
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// The image is made from scratch and has no file of CA roots. These are used
	// only where the system has none.
	_ "golang.org/x/crypto/x509roots/fallback"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code := dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
