package stalwartproc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// seedPort is free where nobody else is.
const seedPort = 8080

// v016 is generation 0.16, configured by its data.
type v016 struct{ *Server }

func (v *v016) config() string { return v.path("etc", "config.json") }

// seed starts the server in recovery mode and fills its data.
func (v *v016) seed(ctx context.Context) (err error) {
	store := map[string]string{"@type": "Sqlite", "path": v.path("data", "data.sqlite")}
	content, err := json.Marshal(store)
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	if err := writeFile(v.config(), content); err != nil {
		return err
	}
	log, err := v.openLog("seed.log")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	r, err := v.startRecovery(log)
	if err != nil {
		return err
	}
	err = r.fill(ctx)
	r.client.CloseIdleConnections()
	return errors.Join(err, r.process.Stop(stopGrace))
}

// recovery is a server in recovery mode.
type recovery struct {
	*v016
	process *child.Process
	jmap    jmap
	client  *http.Client
}

func (v *v016) startRecovery(log *os.File) (*recovery, error) {
	var err error
	port := seedPort
	if v.options.AllowWildcard {
		if port, err = child.FreePort(); err != nil {
			return nil, err
		}
	}
	login := newLogin(v.options.AdminUser)
	spec := v.spec("STALWART_RECOVERY_MODE=1", "STALWART_RECOVERY_MODE_PORT="+strconv.Itoa(port),
		login.variable())
	spec.Logs, spec.PrivateNetwork = log, !v.options.AllowWildcard
	process, err := child.Start(spec)
	if err != nil {
		return nil, privileged(err)
	}
	transport := &http.Transport{}
	if spec.PrivateNetwork {
		if transport.DialContext, err = dialInto(process.PID()); err != nil {
			return nil, errors.Join(err, process.Kill())
		}
	}
	client := newClient(transport)
	return &recovery{v, process, jmap{client, "http://" + child.Address(port), login}, client}, nil
}

func (r *recovery) fill(ctx context.Context) error {
	probe := func(ctx context.Context) error { return healthy(ctx, r.client, r.jmap.base) }
	if err := r.process.Await(ctx, "recovery mode", probe); err != nil {
		return err
	}
	steps := []func(context.Context) error{
		r.createListeners, r.quiet, r.disableWebUI, r.liftThrottles, r.route, r.createDomain, r.installCertificate,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *recovery) createListeners(ctx context.Context) error {
	create := map[string]any{}
	for _, l := range r.listeners() {
		create[l.Name] = map[string]any{
			"name": l.Name, "protocol": l.Protocol, "useTls": true, "tlsImplicit": l.ImplicitTLS,
			"bind": map[string]bool{child.Address(l.Port): true},
		}
	}
	_, err := r.jmap.create(ctx, "x:NetworkListener", create)
	return err
}

// quiet sends the log to standard output and switches off what is fetched
// from the Internet.
func (r *recovery) quiet(ctx context.Context) error {
	tracer := map[string]any{"@type": "Stdout", "ansi": false, "buffered": false, "level": "info"}
	_, err := r.jmap.create(ctx, "x:Tracer", map[string]any{"t": tracer})
	return errors.Join(err,
		r.jmap.set(ctx, "x:SpamSettings", map[string]any{"spamFilterRulesUrl": nil, "enable": false}),
		r.jmap.set(ctx, "x:SpamPyzor", map[string]any{"enable": false}),
	)
}

// disableWebUI keeps the web interface from being fetched before the first
// port opens. Newer releases have an entry for it by now, older ones would
// make it at the first proper start if there were none.
func (r *recovery) disableWebUI(ctx context.Context) error {
	const kind = "x:Application"
	ids, err := r.jmap.query(ctx, kind)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		_, err := r.jmap.create(ctx, kind, map[string]any{"a": map[string]any{
			"description": "disabled", "enabled": false, "resourceUrl": "file:///dev/null",
			"urlPrefix": map[string]bool{"/admin": true},
		}})
		return err
	}
	update := map[string]any{}
	for _, id := range ids {
		update[id] = map[string]any{"enabled": false}
	}
	return r.jmap.update(ctx, kind, update)
}

// liftThrottles relies on the defaults being made only where there is no
// throttle at all.
func (r *recovery) liftThrottles(ctx context.Context) error {
	if r.options.KeepThrottle && r.options.ExemptAuthenticated {
		return r.throttles(ctx)
	}
	if r.options.KeepThrottle {
		return nil
	}
	_, err := r.jmap.create(ctx, "x:MtaInboundThrottle", map[string]any{"t": map[string]any{
		"description": "disabled", "enable": false, "key": map[string]bool{"remoteIp": true},
		"rate": map[string]int{"count": 1000, "period": 1000},
	}})
	return err
}

// createDomain also makes it the default one. Without a default domain the
// server refuses all system settings, and takes its name from the environment.
func (r *recovery) createDomain(ctx context.Context) error {
	if r.options.Domain == "" {
		return nil
	}
	domain := map[string]any{"name": r.options.Domain}
	if r.options.NoDKIM {
		domain["dkimManagement"] = map[string]string{"@type": "Manual"}
	}
	ids, err := r.jmap.create(ctx, "x:Domain", map[string]any{"d": domain})
	if err != nil {
		return err
	}
	return r.jmap.set(ctx, "x:SystemSettings", map[string]any{
		"defaultHostname": r.options.Hostname, "defaultDomainId": ids["d"],
	})
}

// installCertificate installs what the server will show to every client, as
// long as it has no other.
func (r *recovery) installCertificate(ctx context.Context) error {
	if r.options.FreshCertificate {
		return nil
	}
	_, err := r.jmap.create(ctx, "x:Certificate", map[string]any{"c": map[string]any{
		"certificate": map[string]string{"@type": "File", "filePath": r.certFile()},
		"privateKey":  map[string]string{"@type": "File", "filePath": r.keyFile()},
	}})
	return err
}

// settle waits for the keys of the domain, which are made in the background
// of the first start, and switches off the address database: setting that to
// its built-in default stores nothing, so the first start made it anew.
func (v *v016) settle(ctx context.Context, fresh bool) error {
	if !fresh || v.URL() == "" {
		return nil
	}
	j := jmap{v.client, v.URL(), v.login()}
	if err := j.set(ctx, "x:Asn", map[string]any{"@type": "Disabled"}); err != nil {
		return err
	}
	if v.options.Domain == "" || v.options.NoDKIM {
		return nil
	}
	const keys, patience = 2, 2 * time.Minute // a debug build makes RSA keys slowly
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return v.current().Await(ctx, "the DKIM keys", func(ctx context.Context) error {
		ids, err := j.query(ctx, "x:DkimSignature")
		if err == nil && len(ids) < keys {
			return fmt.Errorf("%w: %d DKIM keys", errNotReady, len(ids))
		}
		return err
	})
}
