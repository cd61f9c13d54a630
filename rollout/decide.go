package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Annotation ends the names of the pod-template annotations; the submission stands
// before it, so that a workload can be a consumer of several.
const Annotation = "smtp-mirror.openova.io/credential-generation"

// AnnotationOf is the annotation of one submission.
func AnnotationOf(submission string) string { return submission + "." + Annotation }

// Pod is a Pod of a consumer, also one that is about to end: it still logs in.
type Pod struct {
	Name       string
	Generation int64 // of its template when it was made; 0 = from before
}

// Observed is what is seen of a consumer.
type Observed struct {
	Wanted     int64 // generation of the proven credential; 0 = none yet
	Mirrored   bool  // the mirror holds it
	Rendered   bool  // and so does the Secret that the Pods read
	Found      bool  // the workload exists
	Annotated  int64 // generation of the template
	Complete   bool  // the rollout of the template is complete
	Pods       []Pod
	InProgress time.Duration // how long the rollout has been seen incomplete
}

// Action is what to do.
type Action string

// The actions.
const (
	Nothing Action = "Nothing" // it runs on the current generation, or there is none
	Wait    Action = "Wait"    // for the mirror
	Render  Action = "Render"  // for the Secret that is rendered from the mirror
	Roll    Action = "Roll"    // annotate the template
	Watch   Action = "Watch"   // a rollout is under way
	Late    Action = "Late"    // and takes longer than it may
	Absent  Action = "Absent"  // there is no such workload
)

// Decision is what to do, and the lowest generation that the consumer may run on.
type Decision struct {
	Action  Action
	Running int64
	Message string
}

// Decide rolls a consumer once per generation.
func Decide(o Observed, deadline time.Duration) Decision {
	d := Decision{Action: Nothing, Running: o.running()}
	switch {
	case !o.Found:
		d.Action, d.Message = Absent, "it does not exist"
	case o.Wanted == 0:
	case o.Annotated < o.Wanted && !o.Mirrored:
		d.Action = Wait
	case o.Annotated < o.Wanted && !o.Rendered:
		d.Action, d.Message = Render, "the secret that its Pods read does not hold the mirror's bytes yet"
	case o.Annotated < o.Wanted:
		d.Action, d.Message = Roll, fmt.Sprintf("generation %d", o.Wanted)
	case d.Running < o.Wanted && o.InProgress > deadline:
		d.Action, d.Message = Late, "its rollout is not complete after "+deadline.String()+o.inTheWay()
	case d.Running < o.Wanted:
		d.Action = Watch
	}
	return d
}

// running is the lowest generation among what still runs.
func (o Observed) running() int64 {
	if !o.Found {
		return o.Wanted // nothing runs
	}
	lowest := o.Annotated
	for _, p := range o.Pods {
		lowest = min(lowest, p.Generation)
	}
	if !o.Complete && lowest >= o.Wanted && o.Wanted > 0 {
		lowest = o.Wanted - 1 // a Pod may just be made from the old template
	}
	return lowest
}

func (o Observed) inTheWay() string {
	var names []string
	for _, p := range o.Pods {
		if p.Generation < o.Wanted {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ": " + strings.Join(names, ", ")
}

// number reads an annotation; what nobody of us has written is from before.
func number(annotations map[string]string, submission string) int64 {
	n, err := strconv.ParseInt(annotations[AnnotationOf(submission)], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
