package e2e

import (
	"context"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/workload"
)

// TestAConsumerThatCannotBeSeen was rolled by numbers that are lost. That holds nobody
// but itself, its number is not given again, and it is rolled once when it is seen.
func TestAConsumerThatCannotBeSeen(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{"get", "patch"} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{domain: rig.Domain, tune: withRotation("source", time.Second)})
			s.deploy(consumerName)
			console := workload.Workload{Apps: s.Admin.AppsV1(), Kind: workload.Deployment, Namespace: s.Consumer, Name: consumerName}
			annotation := rollout.AnnotationOf("console")
			must(t, console.Annotate(t.Context(), annotation, "1"))
			give := s.take(lack{verb: verb, resource: "deployments", name: consumerName})
			s.start()
			target := "consumer/console/" + s.Consumer + "/deployments/" + consumerName
			s.until("it is held", patience, s.heldNaming(target, "Forbidden", verb+` resource "deployments"`))
			s.until("the mirror is there all the same", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
			give()
			s.until("healed alone", patience, s.converged)
			d, err := s.Admin.AppsV1().Deployments(s.Consumer).Get(t.Context(), consumerName, metav1.GetOptions{})
			must(t, err)
			number, err := strconv.ParseInt(d.Spec.Template.Annotations[annotation], 10, 64)
			if err != nil || number < 2 || (number > 2) != (verb == "get") || d.Generation != 3 {
				t.Errorf("it was told generation %d, after %d changes", number, d.Generation)
			}
		})
	}
}
