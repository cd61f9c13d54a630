package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/crowd"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// The names in a row.
const (
	submission  = "console"
	stateSecret = "smtp-mirror-console"             //nolint:gosec // a name
	viaSecret   = "catalyst-openova-kc-credentials" //nolint:gosec // a name
)

// How long a new Pod may take until it is ready, and an old one until it has ended:
// longer than the overlap, so that the consumers have to be waited for.
const (
	startup = 1600 * time.Millisecond
	linger  = 700 * time.Millisecond
)

// consumers are the Deployments of a row, and what they read: one the mirror, one
// what is rendered from it late.
func (r *row) consumers() map[string]string {
	if r.naive {
		return map[string]string{"console": rig.MirrorSecret, "sso": rig.MirrorSecret}
	}
	return map[string]string{"console": rig.MirrorSecret, "sso": viaSecret}
}

// row is an installation at work.
type row struct {
	spec
	b       *bench
	rng     *rand.Rand // of the row's own goroutine
	mail    rig.Mail
	rig     *rig.Rig
	crowd   *crowd.Crowd
	wire    *wire
	out     outcome
	source  string           // password that the SOURCE holds
	initial map[string]int64 // generations of the Deployments at the beginning
	numbers map[string]int64 // credential generations of their templates then
	begin   time.Time
	before  int    // templates at the beginning
	wants   int64  // generation that must be reached, where the SOURCE does not tell
	asked   string // what the SOURCE's annotation asks for
	admin   string // password of the administrator that Stalwart does not know yet
	turn    int    // of the mixed pass
	end     context.CancelFunc
	work    sync.WaitGroup

	mu       sync.Mutex
	replicas []*replica
	first    time.Time // when the mirror has changed for the first time since it was last reset
	changed  string    // the password that it changed from
	held     []string  // naive: the passwords that it has held
}

// set builds the installation and waits until it is at rest.
func (r *row) set(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var err error
	r.mail, err = rig.StartMail(ctx, rig.MailOptions{Binary: r.server.binary, Version: r.server.speaks, Dir: dir, Domain: rig.Domain,
		StandIn: func(o *stalwarttest.Options) { o.KeepThrottle, o.KeepWait = true, true }})
	if err != nil {
		return err
	}
	r.wire = &wire{kill: func() { r.kill(0) }}
	url, err := r.wire.stalwart(r.mail.URL())
	if err != nil {
		return err
	}
	name := filepath.Base(dir)
	r.rig, err = rig.Start(ctx, rig.Options{Dir: dir, Mail: r.mail, Binary: r.b.binary, Plane: r.b.plane, Home: name + "-mail", Consumer: name + "-use",
		Pods: r.restarts(), Identity: name, Tune: func(c *config.Config) { r.tune(c, url) }})
	if err != nil {
		return err
	}
	if r.pass != passAPIServer { // there the real connection is to break
		tapped, err := r.wire.kubernetes(r.rig.Account)
		if err == nil {
			err = r.rig.ControlPlane.WriteKubeconfig(r.rig.Kubeconfig, tapped)
		}
		if err != nil {
			return err
		}
	}
	return r.populate(ctx)
}

// restarts reports whether Stalwart is restarted: then it runs in a Pod.
func (r *row) restarts() bool {
	return r.kind == kindAdmin || r.pass == passStalwart || r.pass == passMixed
}

func (r *row) tune(c *config.Config, url string) {
	s := &c.Submissions[0]
	c.Stalwart.URL, s.Credentials = url, r.mode
	s.Rotation.Overlap.Duration = r.overlap
	if r.naive {
		s.Rotation.Overlap.Duration = 0
		return
	}
	s.Rotation.WriteSource = r.asks() && r.mode == kindSource
	m := &s.Mirrors[0]
	for name, secret := range r.consumers() {
		x := config.Consumer{Kind: "Deployment", Namespace: m.Namespace, Name: name}
		if secret != m.Name {
			x.Via = config.Via{Namespace: m.Namespace, Name: secret, Keys: config.ViaKeys{User: "smtp-user", Pass: "smtp-pass"}}
		}
		m.Consumers = append(m.Consumers, x)
	}
}

// populate starts the controller, and then the consumers.
func (r *row) populate(ctx context.Context) error {
	r.source = rig.FirstPassword
	r.replicas = []*replica{{rig: r.rig}}
	if r.pass == passLeader {
		dir := filepath.Join(r.rig.Dir, "twin")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		twin, err := r.rig.Twin(ctx, dir, r.rig.Identity+"-twin")
		if err != nil {
			return err
		}
		r.replicas = append(r.replicas, &replica{rig: twin})
	}
	for i := range r.replicas {
		if err := r.run(i); err != nil {
			return err
		}
	}
	if err := r.until(ctx, "our own credential is mirrored", func(ctx context.Context) string {
		if s := r.rig.MirrorData(ctx); s == nil || string(s.Data["smtp-user"]) != account {
			return "it is not"
		}
		return ""
	}); err != nil {
		return err
	}
	var err error
	r.crowd, err = crowd.Start(crowd.Options{Rig: r.rig, Submission: submission, Sender: account, Startup: startup, Linger: linger})
	if err != nil {
		return err
	}
	follow, end := context.WithCancel(context.WithoutCancel(ctx))
	r.end = end
	late := rand.New(rand.NewPCG(r.seed, 1))
	r.work.Go(func() {
		r.crowd.Flux(follow, rig.MirrorSecret, viaSecret, func() time.Duration { return time.Second + time.Duration(late.Int64N(int64(1200*time.Millisecond))) })
	})
	r.work.Go(func() { r.crowd.Follow(follow, r.rig.Consumer, rig.MirrorSecret, r.watched) })
	r.work.Go(func() { r.crowd.Follow(follow, r.rig.Home, stateSecret, r.revoked) })
	if r.naive {
		r.work.Go(func() { r.reload(follow) })
	}
	for name, secret := range r.consumers() {
		if err := r.crowd.Deploy(ctx, name, secret, 1); err != nil {
			return err
		}
	}
	if err := r.until(ctx, "the beginning", r.unrest); err != nil {
		return err
	}
	return r.note(ctx)
}

// watched sees every state of the mirror.
func (r *row) watched(s *corev1.Secret) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.first.IsZero() && string(s.Data["smtp-pass"]) != r.changed {
		r.first = time.Now()
	}
}

// expect begins to wait for the next change of the mirror.
func (r *row) expect(ctx context.Context) {
	held := ""
	if s := r.rig.MirrorData(ctx); s != nil {
		held = string(s.Data["smtp-pass"])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.first, r.changed = time.Time{}, held
}

// clear takes the installation down.
func (r *row) clear() {
	if r.end != nil {
		r.end()
	}
	r.mu.Lock()
	kills := r.out.kills
	r.mu.Unlock()
	for i := range r.replicas {
		r.kill(i)
	}
	r.out.kills = kills
	r.work.Wait()
	if r.crowd != nil {
		r.crowd.Close()
	}
	if r.rig != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		for name := range r.consumers() {
			_ = r.rig.Admin.AppsV1().Deployments(r.rig.Consumer).Delete(ctx, name, deleteAll)
		}
	}
	if r.rig != nil && r.restarts() {
		r.rig.Plane.RunIn(r.rig.Home, nil) // the Pod does not start it again
		_ = r.rig.Admin.AppsV1().StatefulSets(r.rig.Home).Delete(context.Background(), rig.NamespaceStalwart, deleteAll)
	}
	if r.wire != nil {
		r.wire.end()
	}
	if r.mail != nil {
		_ = r.mail.Close()
	}
}
