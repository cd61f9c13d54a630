package rollout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Annotation ends the names of the annotations; the submission stands before it, so
// that a workload can be a consumer of several.
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
	Wanted     int64  // generation of the proven credential; 0 = none yet
	Mirrored   bool   // the mirror holds it
	Rendered   bool   // and so does the Secret that the Pods read
	Found      bool   // the workload exists
	Annotated  int64  // generation of the template
	Complete   bool   // the rollout of the template is complete
	Why        string // why it is not, where that is known
	Renders    bool   // it renders what Pods read, and no Pods of it are seen
	Pods       []Pod
	InProgress time.Duration // how long the rollout has been seen incomplete
}

// Action is what to do.
type Action string

// The actions.
const (
	Nothing Action = "Nothing" // it runs on the current generation, or there is none
	Wait    Action = "Wait"    // for the mirror, or for a higher generation
	Render  Action = "Render"  // for the Secret that is rendered from the mirror
	Roll    Action = "Roll"    // annotate it
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

// Decide rolls a consumer once per generation. What renders is asked as soon as the
// mirror holds the bytes, what reads the rendered is rolled after that.
//
// A consumer that was told a higher generation than there is was told by numbers
// that are lost. Nobody knows what it runs on; the relay, which sees it too, goes on
// above its number.
func Decide(o Observed, deadline time.Duration) Decision {
	d := Decision{Action: Nothing, Running: o.running()}
	switch {
	case !o.Found:
		d.Action, d.Message = Absent, "it does not exist"
	case o.Wanted == 0:
	case o.Annotated > o.Wanted || o.Annotated < o.Wanted && !o.Mirrored:
		d.Action = Wait
	case o.Annotated < o.Wanted && !o.Rendered && !o.Renders:
		d.Action, d.Message = Render, notRendered
	case o.Annotated < o.Wanted:
		d.Action, d.Message = Roll, fmt.Sprintf("generation %d", o.Wanted)
	case d.Running < o.Wanted && o.InProgress > deadline:
		d.Action, d.Message = Late, "its rollout is not complete after "+deadline.String()+o.inTheWay()
	case d.Running < o.Wanted:
		d.Action = Watch
	}
	return d
}

const notRendered = "the secret that its Pods read does not hold the mirror's bytes yet"

// running is the lowest generation among what still runs.
func (o Observed) running() int64 {
	if !o.Found {
		return o.Wanted // nothing runs
	}
	lowest, complete := o.Annotated, o.Complete && (o.Rendered || !o.Renders)
	for _, p := range o.Pods {
		lowest = min(lowest, p.Generation)
	}
	switch {
	case !complete && o.Renders:
		return 0 // whatever was rendered last
	case o.Wanted == 0:
		return lowest
	case o.told() > o.Wanted:
		return 0
	case !complete:
		return min(lowest, o.Wanted-1) // a Pod may just be made from the old template
	}
	return lowest
}

// told is the highest generation that it was told and still shows.
func (o Observed) told() int64 {
	highest := o.Annotated
	for _, p := range o.Pods {
		highest = max(highest, p.Generation)
	}
	return highest
}

// inTheWay says who, or what, a rollout waits for.
func (o Observed) inTheWay() string {
	var all []string
	for _, p := range o.Pods {
		if p.Generation < o.Wanted {
			all = append(all, p.Name)
		}
	}
	slices.Sort(all)
	switch {
	case o.Why != "":
		all = append(all, o.Why)
	case o.Renders && !o.Rendered:
		all = append(all, notRendered)
	}
	if len(all) == 0 {
		return ""
	}
	return ": " + strings.Join(all, ", ")
}

// number reads an annotation; what nobody of us has written is from before.
func number(annotations map[string]string, submission string) int64 {
	n, err := strconv.ParseInt(annotations[AnnotationOf(submission)], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
