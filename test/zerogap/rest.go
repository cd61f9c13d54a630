package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/rotation"
)

// patience is how long a rotation may take to come to rest, faults and all.
const patience = 3 * time.Minute

// until waits for a condition that says why it does not hold, "" when it does.
func (r *row) until(ctx context.Context, what string, why func(ctx context.Context) string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for reason := ""; ; {
		now := why(ctx)
		if now == "" {
			return nil
		}
		if ctx.Err() == nil {
			reason = now
		}
		await(ctx, 120*time.Millisecond)
		if ctx.Err() != nil {
			return fmt.Errorf("not within %s: %s: %s\n%s", patience, what, reason, r.said())
		}
	}
}

// unrest says why the installation is not at rest, "" when it is. At rest the
// mirror holds what it should, every consumer runs on it, Stalwart knows no other
// generation, and the controller has nothing to do.
func (r *row) unrest(ctx context.Context) string {
	if why := r.unanswered(ctx); why != "" {
		return why
	}
	s := r.rig.MirrorData(ctx)
	if s == nil {
		return "the mirror cannot be read"
	}
	held := string(s.Data["smtp-pass"])
	if r.mode == kindSource && held != r.source {
		return "the mirror does not hold the SOURCE's bytes"
	}
	if r.mode == kindIssued && held == r.source {
		return "the mirror holds the SOURCE's bytes"
	}
	if r.naive {
		return r.unrolled(ctx, -1)
	}
	state, err := r.state(ctx)
	if err != nil {
		return "the state cannot be read"
	}
	now := state.Now()
	if now == nil || now.Password.Reveal() != held {
		return "the mirror does not hold the current generation"
	}
	if r.mode == kindIssued && r.asked != "" && state.Handled != r.asked {
		return "what is asked for has not been noticed"
	}
	if r.wants > 0 && state.Current < r.wants {
		return "the credential has not been renewed"
	}
	if why := r.unrolled(ctx, state.Current); why != "" {
		return why
	}
	for _, secret := range r.consumers() {
		if v, err := r.rig.Admin.CoreV1().Secrets(r.rig.Consumer).Get(ctx, secret, metav1.GetOptions{}); err != nil || string(v.Data["smtp-pass"]) != held {
			return "what is rendered is behind"
		}
	}
	return r.busy(ctx)
}

// busy says what Stalwart has left over, or what the controller has left to do.
func (r *row) busy(ctx context.Context) string {
	c, err := take(ctx, r.mail, r.server.old)
	if err != nil {
		return "Stalwart does not answer"
	}
	if left := r.left(c); left != 1 {
		return fmt.Sprintf("%d generations are left", left)
	}
	for _, x := range r.replicas {
		targets, leader, err := x.rig.Status(ctx)
		if err != nil || !leader {
			continue
		}
		for name, t := range targets {
			if t.Outcome != "Converged" && !r.excused(name, t.Reason) {
				return name + " is " + t.Outcome + " " + t.Reason
			}
		}
		return ""
	}
	return "nobody leads"
}

// left is the number of generations that Stalwart knows; where the mirrors hold
// what is issued, the account's own password is none.
func (r *row) left(c census) int {
	if r.mode == kindIssued {
		return c.credentials - 1
	}
	return c.credentials
}

func (r *row) state(ctx context.Context) (rotation.State, error) {
	s, err := r.rig.Admin.CoreV1().Secrets(r.rig.Home).Get(ctx, stateSecret, metav1.GetOptions{})
	if err != nil {
		return rotation.State{}, err
	}
	return rotation.DecodeState(s.Data[rotation.KeyState])
}

// unrolled names a consumer that does not run on a generation; -1 is any.
func (r *row) unrolled(ctx context.Context, generation int64) string {
	for name := range r.consumers() {
		d, err := r.rig.Admin.AppsV1().Deployments(r.rig.Consumer).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return name + " cannot be read"
		}
		if generation >= 0 && d.Spec.Template.Annotations[rollout.AnnotationOf(submission)] != strconv.FormatInt(generation, 10) {
			return name + " is not rolled"
		}
		st := d.Status
		if st.ObservedGeneration != d.Generation || st.UpdatedReplicas != *d.Spec.Replicas || st.Replicas != *d.Spec.Replicas || st.AvailableReplicas != *d.Spec.Replicas {
			return name + " is rolling"
		}
		if r.naive && d.Spec.Template.Annotations[reloaded] != r.reloads(ctx) {
			return name + " is not reloaded"
		}
	}
	return ""
}

// rolls counts how often the templates have changed, and to how many generations:
// each template of a Deployment is a ReplicaSet of its own, and each change of it
// a generation of the Deployment. A template that is replaced before the controller
// manager has seen it has no ReplicaSet; as the numbers of generations only grow, there
// are no more rolls than numbers.
func (r *row) rolls(ctx context.Context) (rolls, generations int, err error) {
	numbers := 0
	for name := range r.consumers() {
		d, err := r.rig.Admin.AppsV1().Deployments(r.rig.Consumer).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return 0, 0, err
		}
		rolls += int(d.Generation - r.initial[name])
		numbers += int(number(d) - r.numbers[name])
	}
	sets, err := r.rig.Admin.AppsV1().ReplicaSets(r.rig.Consumer).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, 0, err
	}
	return rolls, max(len(distinct(sets.Items))-r.before, min(rolls, numbers)), nil
}

// number is the credential generation of a template.
func number(d *appsv1.Deployment) int64 {
	n, _ := strconv.ParseInt(d.Spec.Template.Annotations[rollout.AnnotationOf(submission)], 10, 64)
	return n // 0 where there is none
}

// distinct are the templates' generations, by Deployment.
func distinct(sets []appsv1.ReplicaSet) map[string]bool {
	all := map[string]bool{}
	for _, s := range sets {
		all[s.Labels["app"]+"/"+s.Spec.Template.Annotations[rollout.AnnotationOf(submission)]] = true
	}
	return all
}

// note remembers where the consumers began, with one template each.
func (r *row) note(ctx context.Context) error {
	r.initial, r.numbers = map[string]int64{}, map[string]int64{}
	sets, err := r.rig.Admin.AppsV1().ReplicaSets(r.rig.Consumer).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	r.before = len(distinct(sets.Items))
	for name := range r.consumers() {
		d, err := r.rig.Admin.AppsV1().Deployments(r.rig.Consumer).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		r.initial[name], r.numbers[name] = d.Generation, number(d)
	}
	return nil
}
