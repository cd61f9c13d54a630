package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// place is what is special about the installation of a row. The zero value is the
// stand-in as an empty 0.16.18, without Pods.
type place struct {
	version string // of the stand-in
	real    bool   // the real Stalwart
	pods    bool   // Stalwart runs in a StatefulSet
	standIn func(*stalwarttest.Options)
	mail    func(*rig.MailOptions) error
	tune    func(*config.Config)
	set     act          // before the controller starts
	needs   func() error // why the row cannot be walked on this machine
}

// overlap is how long an old credential logs in after the mirror has left it.
const overlap = time.Second

// site is the installation of one row.
type site struct {
	*rig.Rig
	row      *row
	plane    *plane
	number   int
	stand    *stalwarttest.Server // nil with a real Stalwart
	like     stalwarttest.Options // of the stand-in
	front    *rig.Front           // between the controller and the API server, where there is one
	links    []*rig.Link          // to close
	replicas []*rig.Rig           // that run
	lives    []*rig.Process
	crowd    *consumer
	give     act    // gives back what was taken
	password string // that the SOURCE holds
	secrets  []string
	ports    [2]int    // of the name of Stalwart
	armed    time.Time // when it went wrong
	begin    time.Time // when the obstacle was gone
	why      string    // it is not whole yet
}

// build makes an installation in which everything is true, with a consumer.
func (w *world) build(ctx context.Context, p *plane, r row) (*site, error) {
	number := int(w.sites.Add(1))
	dir := filepath.Join(w.dir, fmt.Sprintf("site-%d", number))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &site{row: &r, plane: p, number: number, password: rig.FirstPassword}
	mail, err := s.startMail(ctx, w, dir)
	if err != nil {
		return nil, err
	}
	s.Rig, err = rig.Start(ctx, rig.Options{Dir: dir, Mail: mail, Binary: w.binary, Pods: r.place.pods, Tune: s.tune, Plane: p.Plane,
		Home: fmt.Sprintf("mail-%d", number), Consumer: fmt.Sprintf("use-%d", number)})
	if err != nil {
		return nil, errors.Join(err, mail.Close())
	}
	s.replicas, s.secrets = []*rig.Rig{s.Rig}, []string{s.Account.BearerToken}
	steps := []act{r.place.set, start, settled, join}
	for _, step := range steps {
		if err := do(ctx, s, step); err != nil {
			return s, fmt.Errorf("%w\nstatus: %s\nlog:\n%s", err, s.page(ctx, "/status"), s.log())
		}
	}
	return s, nil
}

// startMail starts the row's Stalwart.
func (s *site) startMail(ctx context.Context, w *world, dir string) (rig.Mail, error) {
	at := s.row.place
	o := rig.MailOptions{Version: at.version, Dir: dir, StandIn: func(o *stalwarttest.Options) {
		if at.standIn != nil {
			at.standIn(o)
		}
		s.like = *o
	}}
	if at.version == "lite" || at.real {
		o.Domain = rig.Domain
	}
	if at.real {
		o.Binary, o.Dir = w.real, filepath.Join(dir, "mail")
	}
	if at.mail != nil {
		if err := at.mail(&o); err != nil {
			return nil, err
		}
	}
	mail, err := rig.StartMail(ctx, o)
	if err != nil {
		return nil, err
	}
	s.stand = rig.StandIn(mail)
	if o.Domain != "" {
		err = rig.MakeKey(ctx, mail)
	}
	return mail, err
}

// tune is the configuration of every row: an old credential logs in for a while.
func (s *site) tune(c *config.Config) {
	c.Submissions[0].Rotation.Overlap.Duration = overlap
	if s.row.place.tune != nil {
		s.row.place.tune(c)
	}
}

// start starts the controller.
func start(_ context.Context, s *site) error {
	for _, r := range s.replicas {
		p, err := r.Run("run", "--log-level", "debug-8")
		if err != nil {
			return err
		}
		s.lives = append(s.lives, p)
	}
	return nil
}

func settled(ctx context.Context, s *site) error {
	_, err := rig.UntilEvery(ctx, 25*time.Millisecond, "everything converges", patience, s.converged)
	if err != nil {
		return fmt.Errorf("%w (%s)", err, s.why)
	}
	return nil
}

// user is the controller's name at the API server.
func (s *site) user() string { return "system:serviceaccount:" + s.Home + ":" + rig.ServiceAccount }

// writes lists what the controller has written since the obstacle was gone.
func (s *site) writes() []string { return s.plane.writes(s.user(), s.begin) }

// page reads a path of the controller's listener, "" while nothing answers.
func (s *site) page(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	text, err := s.Get(ctx, path)
	if err != nil {
		return ""
	}
	return text
}

// log is the end of what the newest process has printed, without secrets.
func (s *site) log() string {
	if len(s.lives) == 0 {
		return ""
	}
	text := s.lives[len(s.lives)-1].Output()
	for _, secret := range rig.Spellings(append(rig.Canaries(), s.secrets...)...) {
		text = strings.ReplaceAll(text, secret, "[CANARY]")
	}
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return strings.Contains(l, `"level":"DEBUG`) })
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}

// close ends the row: the consumer and the controller end, and all that was ever
// shown is searched for secrets.
func (s *site) close(out *result) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	shown := s.shown(ctx)
	for _, p := range s.lives {
		_ = p.Signal(syscall.SIGTERM) // some have ended before
	}
	for _, p := range s.lives {
		if _, err := p.Wait(ctx); err != nil {
			out.bad = append(out.bad, "the controller does not end")
			_ = p.Signal(syscall.SIGKILL)
		}
		shown = append(shown, p.Output())
		if strings.Contains(p.Output(), "panicked") || strings.Contains(p.Output(), "panic:") {
			out.bad = append(out.bad, "the controller panicked")
		}
	}
	out.Leaks = rig.Leaks(strings.Join(shown, "\n"), s.secrets...)
	if out.Leaks > 0 {
		out.bad = append(out.bad, "a secret is shown")
	}
	s.judge(out)
	for _, l := range s.links {
		l.Close()
	}
	if s.row.place.pods {
		s.endPods(ctx)
	}
	if err := errors.Join(s.front.Close(), s.Close(), s.Mail.Close()); err != nil {
		out.bad = append(out.bad, err.Error())
	}
}

// shown is what the controller shows beside its output.
func (s *site) shown(ctx context.Context) []string {
	events, _ := json.Marshal(s.Events(ctx))
	all := []string{string(events)}
	for _, r := range s.replicas {
		for _, path := range []string{"/metrics", "/status"} {
			text, _ := r.Get(ctx, path)
			all = append(all, text)
		}
	}
	return all
}
