package charts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// helm is Helm itself, on the real API server.
type helm struct {
	*server
	t      *testing.T
	config *action.Configuration
}

const blueprint = "stalwart-sovereign" // release and namespace

func newHelm(t *testing.T) *helm {
	t.Helper()
	s := needServer(t)
	for _, kept := range []string{"stalwart-sovereign-admin", "stalwart-sovereign-submission"} { // of another test
		_ = s.typed.CoreV1().Secrets(blueprint).Delete(t.Context(), kept, metav1.DeleteOptions{})
	}
	_ = s.typed.CoreV1().ConfigMaps(blueprint).Delete(t.Context(), "stalwart-sovereign-dns-records-required", metav1.DeleteOptions{})
	s.namespace(t, blueprint, nil)
	s.namespace(t, "catalyst-system", nil)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := s.WriteKubeconfig(path, s.Admin()); err != nil {
		t.Fatal(err)
	}
	namespace := blueprint
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig, flags.Namespace = &path, &namespace
	h := &helm{server: s, t: t, config: action.NewConfiguration()}
	if err := h.config.Init(flags, blueprint, "secret"); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *helm) install(chart, text string) {
	h.t.Helper()
	c, err := charts.Load(chart)
	if err != nil {
		h.t.Fatal(err)
	}
	i := action.NewInstall(h.config)
	i.ReleaseName, i.Namespace, i.WaitStrategy = blueprint, blueprint, kube.HookOnlyStrategy
	if _, err := i.RunWithContext(h.t.Context(), c, values(h.t, text)); err != nil {
		h.t.Fatalf("installing: %v", err)
	}
}

func (h *helm) upgrade(text string) error {
	h.t.Helper()
	c, err := charts.Load(sovereignChart)
	if err != nil {
		h.t.Fatal(err)
	}
	u := action.NewUpgrade(h.config)
	u.Namespace, u.WaitStrategy, u.ServerSideApply = blueprint, kube.HookOnlyStrategy, "auto"
	_, err = u.RunWithContext(h.t.Context(), blueprint, c, values(h.t, text))
	return err
}

func (h *helm) records() map[string]string {
	h.t.Helper()
	m, err := h.typed.CoreV1().ConfigMaps(blueprint).Get(h.t.Context(), "stalwart-sovereign-dns-records-required", metav1.GetOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	return m.Data
}

// controller lets the controller itself write into the records.
func (h *helm) controller() {
	h.t.Helper()
	mail, err := stalwarttest.Start(stalwarttest.Options{Domain: "omantel.omani.works"})
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = mail.Close() }()
	user, password := mail.Admin()
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: mail.URL(), Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		return stalwart.Credential{User: user, Password: redact.New(password)}, nil
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	defer fleet.CloseAll()
	maps := h.typed.CoreV1().ConfigMaps(blueprint)
	r := &dkimwatch.Record{Domain: "omantel.omani.works", Namespace: blueprint, Name: "stalwart-sovereign-dns-records-required", Fleet: fleet, ConfigMaps: maps, Board: &dkimwatch.Board{},
		Moved: func() {}, Facts: func() (zone.Facts, error) { return zone.Facts{Domain: "omantel.omani.works"}, nil },
		ConfigMap: func() (*corev1.ConfigMap, error) {
			return maps.Get(h.t.Context(), "stalwart-sovereign-dns-records-required", metav1.GetOptions{})
		}}
	if _, err := r.Reconcile(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *helm) password() string {
	h.t.Helper()
	s, err := h.typed.CoreV1().Secrets(blueprint).Get(h.t.Context(), "stalwart-sovereign-submission", metav1.GetOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	return string(s.Data["smtp-pass"])
}

// TestALifeWithHelm: installed, upgraded beside the controller, rolled back, and taken out
// again; what is to be kept is kept.
func TestALifeWithHelm(t *testing.T) {
	h := newHelm(t)
	const plain = "sovereignFQDN: omantel.omani.works"
	h.install(sovereignChart, plain)
	password := h.password()
	h.controller()
	if err := h.upgrade(plain); err != nil {
		t.Fatalf("upgrading: %v", err)
	}
	if got := h.records(); h.password() != password || !strings.Contains(got["records.json"], "_domainkey.omantel") || !strings.Contains(got["README.md"], "smtp-mirror:records") {
		t.Errorf("an upgrade has changed what is there: %v", got)
	}
	if err := h.upgrade(plain + "\ndns: {spf: {policy: \"-all\"}}"); err != nil {
		t.Fatalf("upgrading with another policy: %v", err)
	}
	if got := h.records()["records.json"]; !strings.Contains(got, "v=spf1 a mx -all") || !strings.Contains(got, "dkimKeys") {
		t.Errorf("another policy: %s", got)
	}
	back := action.NewRollback(h.config)
	back.Version, back.WaitStrategy, back.ServerSideApply = 1, kube.HookOnlyStrategy, "auto"
	if err := back.Run(blueprint); err != nil {
		t.Fatalf("rolling back: %v", err)
	}
	if h.password() != password {
		t.Error("a rollback has changed the password")
	}
	un := action.NewUninstall(h.config)
	un.WaitStrategy = kube.HookOnlyStrategy
	if _, err := un.Run(blueprint); err != nil {
		t.Fatalf("uninstalling: %v", err)
	}
	if h.password() != password || h.records() == nil {
		t.Error("what was to be kept is gone")
	}
	if _, err := h.typed.AppsV1().StatefulSets(blueprint).Get(t.Context(), blueprint, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the StatefulSet is still there: %v", err)
	}
}

// TestMigrationFromTheSetupJob: a release of the old chart is upgraded. The bytes that the
// console's mail goes out with are the same, the old objects are gone, and what its chart
// promised to keep is kept.
func TestMigrationFromTheSetupJob(t *testing.T) {
	h := newHelm(t)
	const old = "stalwart-sovereign-bp-stalwart-sovereign"
	h.install("testdata/old", "")
	password := h.password()
	if err := h.upgrade("sovereignFQDN: omantel.omani.works"); err != nil {
		t.Fatal(err)
	}
	if h.password() != password {
		t.Error("the SOURCE has other bytes")
	}
	sets, err := h.typed.AppsV1().StatefulSets(blueprint).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(sets.Items) != 1 || sets.Items[0].Name != blueprint {
		t.Errorf("%d StatefulSets, %v", len(sets.Items), err)
	}
	if _, err := h.typed.CoreV1().ConfigMaps(blueprint).Get(t.Context(), old+"-dns-records-required", metav1.GetOptions{}); err != nil {
		t.Errorf("the old records are gone: %v", err)
	}
	if _, err := h.typed.CoreV1().ConfigMaps(blueprint).Get(t.Context(), old+"-config", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the old configuration is still there: %v", err)
	}
	un := action.NewUninstall(h.config)
	un.WaitStrategy = kube.HookOnlyStrategy
	if _, err := un.Run(blueprint); err != nil {
		t.Fatal(err)
	}
}
