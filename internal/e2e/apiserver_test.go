package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// backAgain is the promise: converged this long after the API server is back.
const backAgain = 5 * time.Second

// outage is a site on a control plane of its own, which is going to suffer.
type outage struct {
	*site
	plane    *rig.Plane
	password int
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	if shared.absent != nil {
		t.Skip(shared.absent)
	}
	plane, err := rig.StartPlane(t.Context(), t.TempDir(), false)
	must(t, err)
	t.Cleanup(func() {
		if err := plane.Close(); err != nil {
			t.Error(err)
		}
	})
	o := &outage{site: newSite(t, layout{plane: plane}), plane: plane}
	o.start()
	o.settled()
	return o
}

// back changes the SOURCE as soon as the API server takes it, and expects it to
// be mirrored, and all targets to be well, in time.
func (o *outage) back(after string) {
	o.t.Helper()
	o.password++
	password := "canary-After-outage-" + strconv.Itoa(o.password) + "-pa55word"
	o.secret(password)
	o.until("the API server takes a write", patience, func(ctx context.Context) bool { return o.SetSource(ctx, password) == nil })
	waited := o.until("every kind is served", patience, o.serves)
	o.t.Logf("after %s: the API server served the last kind of object %s after it took a write", after, waited.Round(time.Millisecond))
	took := o.until("converged", patience, func(ctx context.Context) bool { return o.MirrorHolds(ctx, password) && o.converged(ctx) })
	o.t.Logf("after %s: back -> converged in %s", after, took.Round(time.Millisecond))
	if took > backAgain { // machines differ: not healing is red, being late is said
		o.t.Logf("MISSED: after %s: converged %s after it was back, more than %s", after, took, backAgain)
	}
}

// serves reports whether the API server is wholly back. It has a client of etcd
// for each kind of object, each with a back-off of its own: after a minute without
// etcd one kind was served 5 s and another 13 s after etcd was back.
func (o *outage) serves(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, secrets := o.plane.Admin.CoreV1().Secrets(o.Home).Get(ctx, rig.SourceSecret, metav1.GetOptions{})
	_, maps := o.plane.Admin.CoreV1().ConfigMaps(o.Home).Get(ctx, rig.RecordsConfigMap, metav1.GetOptions{})
	_, leases := o.plane.Admin.CoordinationV1().Leases(o.Home).Get(ctx, "smtp-mirror", metav1.GetOptions{})
	return secrets == nil && maps == nil && leases == nil
}

// alive watches the process through an outage: it is neither dead nor does it
// forget what it knows.
func (o *outage) alive(span time.Duration) {
	o.t.Helper()
	o.stays("alive through the outage", span, func(context.Context) bool { return o.page("/livez") == "ok\n" && o.page("/status") != "" })
}

func TestAPIServerOutages(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	must(t, o.plane.ControlPlane.StopAPIServer())
	must(t, o.plane.ControlPlane.StartAPIServer(t.Context()))
	o.back("a restart")
	must(t, o.plane.ControlPlane.KillAPIServer())
	must(t, o.plane.ControlPlane.StartAPIServer(t.Context()))
	o.back("a kill")
	must(t, o.plane.ControlPlane.StopAPIServer())
	o.alive(20 * time.Second)
	must(t, o.plane.ControlPlane.StartAPIServer(t.Context()))
	o.back("20 s without it")
	o.nothingWrittenToMirror(o.proveAgain) // Events of the outage may still be on their way
}

func TestEtcdOutage(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	must(t, o.plane.ControlPlane.StopEtcd())
	o.alive(time.Minute)
	must(t, o.plane.ControlPlane.StartEtcd(t.Context()))
	o.back("a minute without etcd")
}
