package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
	"github.com/openova-io/smtp-mirror/zone"
)

// site is an installation and its outside.
type site struct {
	b       *bench
	server  server
	begin   time.Time
	world   *outside.World
	mail    rig.Mail
	rig     *rig.Rig
	process *rig.Process
	console outside.Console
	driver  driver
	primary *primary // nil = a reader of the ConfigMap feeds the outside
	out     row

	paused atomic.Bool // no mail is sent

	mu   sync.Mutex
	sent int
	at   map[string]time.Time // when the mail of a subject was begun
	life context.Context      //nolint:containedctx // of the row
	end  context.CancelFunc
	work sync.WaitGroup
}

// one runs a row from beginning to end.
func (b *bench) one(ctx context.Context, s server, i int) row {
	x := &site{b: b, server: s, begin: time.Now(), at: map[string]time.Time{}, out: row{Server: s.name}}
	dir := filepath.Join(b.dir, fmt.Sprintf("row-%d", i))
	err := x.set(ctx, dir, i)
	if err == nil {
		err = x.walk(ctx)
	}
	if err != nil {
		x.trouble(err.Error())
	}
	x.clear(dir)
	x.out.Seconds = int(time.Since(x.begin).Seconds())
	return x.out
}

func (x *site) trouble(what string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	const most = 12
	if len(x.out.Trouble) < most {
		x.out.Trouble = append(x.out.Trouble, what)
	}
}

// set builds the installation.
func (x *site) set(ctx context.Context, dir string, i int) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = x.publishers(ctx, i)
	}
	if err != nil {
		return err
	}
	name := fmt.Sprintf("acc-%d", i)
	x.world, err = outside.Start(outside.Options{Zones: []string{rig.Domain}, Lag: 300 * time.Millisecond, Negative: negative})
	if err != nil {
		return err
	}
	if err := x.world.Keep(x.providers()...); err != nil {
		return err
	}
	domain := "" // the controller makes it
	if x.server.seeded {
		domain = rig.Domain
	}
	x.mail, err = rig.StartMail(ctx, rig.MailOptions{Binary: x.server.binary, Version: x.server.speaks, Dir: dir, Domain: domain,
		Outside: &stalwartproc.Outside{Resolver: x.world.Resolver.Addr(), Relay: outside.MTAHost, Port: x.world.Port()}})
	if err != nil {
		return err
	}
	if x.driver, err = x.driving(); err != nil {
		return err
	}
	x.rig, err = rig.Start(ctx, rig.Options{Dir: dir, Mail: x.mail, Binary: x.b.binary, Plane: x.b.plane, Home: name + "-mail", Consumer: name + "-use", Identity: name, Tune: x.tune})
	if err != nil {
		return err
	}
	x.life, x.end = context.WithCancel(context.WithoutCancel(ctx))
	if x.primary == nil {
		x.work.Go(func() { x.follow(x.life) })
	} else if err := x.primary.give(ctx, x.rig); err != nil {
		return err
	} else {
		x.work.Go(func() { x.followZone(x.life) })
	}
	x.process, err = x.rig.Run("run")
	return err
}

// providers are the records that are somebody else's: the reverse name, and where the
// controller publishes nothing by itself the address of the LoadBalancer.
func (x *site) providers() []zone.Record {
	all := []zone.Record{{Name: "1.0.0.127.in-addr.arpa", Type: "PTR", Value: rig.MailHost}}
	if x.primary == nil {
		all = append(all, zone.Record{Name: rig.MailHost, Type: "A", Value: "127.0.0.1"})
	}
	return all
}

func (x *site) tune(c *config.Config) {
	c.Resync.Duration = time.Second
	x.driver.tune(c)
	if x.primary != nil {
		x.primary.tune(c)
	}
}

// follow publishes what is in the ConfigMap, as an external-dns does.
func (x *site) follow(ctx context.Context) {
	maps := x.rig.Admin.CoreV1().ConfigMaps(x.rig.Home)
	for ctx.Err() == nil {
		watch, err := maps.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + rig.RecordsConfigMap})
		if err != nil {
			x.trouble("watching the ConfigMap: " + err.Error())
			return
		}
		for range watch.ResultChan() {
			x.publish(ctx)
		}
	}
}

func (x *site) publish(ctx context.Context) {
	records, err := x.recorded(ctx)
	if err == nil {
		err = x.world.Publish(records)
	}
	if err != nil && ctx.Err() == nil {
		x.trouble(err.Error())
	}
}

// recorded is what the ConfigMap says that is to be published.
func (x *site) recorded(ctx context.Context) ([]zone.Record, error) {
	m, err := x.rig.Admin.CoreV1().ConfigMaps(x.rig.Home).Get(ctx, rig.RecordsConfigMap, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return outside.ParseRecords([]byte(m.Data["records.json"]))
}

// introduce waits for the mirror Secret, and gives it to the console.
func (x *site) introduce(ctx context.Context) error {
	_, err := rig.UntilEvery(ctx, 100*time.Millisecond, "our own credential is mirrored", 2*time.Minute, func(ctx context.Context) bool {
		s := x.rig.MirrorData(ctx)
		return s != nil && string(s.Data["smtp-user"]) == "noreply@"+rig.Domain
	})
	if err != nil {
		return err
	}
	text, err := os.ReadFile(x.mail.CAFile())
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	x.console = outside.Console{Data: x.rig.MirrorData(ctx).Data, At: x.mail.SubmissionAddr(), Roots: roots}
	return nil
}

// clear takes the installation down.
func (x *site) clear(dir string) {
	if x.end != nil {
		x.end()
	}
	x.work.Wait()
	if x.process != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_, _ = x.process.Stop(ctx)
		_ = os.WriteFile(filepath.Join(dir, "controller.log"), []byte(x.process.Output()), 0o600)
		x.out.Leaks = rig.Leaks(x.process.Output())
	}
	var problems []error
	if x.primary != nil {
		problems = append(problems, x.primary.Close())
	}
	if x.mail != nil {
		problems = append(problems, x.mail.Close())
	}
	if x.world != nil {
		problems = append(problems, x.world.Close())
	}
	if err := errors.Join(problems...); err != nil {
		x.trouble(err.Error())
	}
}
