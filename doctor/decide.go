package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/workload"
)

// Limits above which a throttle stops nobody who asks for a PIN.
const (
	generousRecipient  = 100 // an hour, to one recipient
	generousConnection = 50  // a second, from one address
)

// judgeThrottles looks for those that stop PIN mail: it comes from one account, and
// many of it may go to one recipient, or over one address.
func judgeThrottles(all []stalwart.Throttle) []Finding {
	var out []Finding
	for _, t := range all {
		if t.Enabled && !exempt(t) && !generous(t) {
			out = append(out, tight(t))
		}
	}
	if len(out) == 0 {
		out = []Finding{{Object: "Stalwart", Verdict: OK, Want: "no throttle that stops PIN mail", Got: fmt.Sprintf("%d throttles, none of which does", len(all))}}
	}
	return out
}

// exempt reports whether a throttle certainly leaves out those who submit mail. One
// that asks who has logged in leaves out every connection, too: at that moment nobody
// has, and that is not the empty name (observed on 0.15 and 0.16).
func exempt(t stalwart.Throttle) bool {
	match := strings.Join(strings.Fields(t.Match), "")
	if match == "false" {
		return true
	}
	return !strings.Contains(match, "||") && slices.ContainsFunc(strings.Split(match, "&&"), func(part string) bool {
		return slices.Contains([]string{"local_port==25", "authenticated_as==''", `authenticated_as==""`, "is_empty(authenticated_as)"}, part)
	})
}

// connections reports whether a throttle counts nothing that is known later than the
// connection itself.
func connections(t stalwart.Throttle) bool {
	return !t.Outbound && !slices.ContainsFunc(t.Key, func(k string) bool {
		return !slices.Contains([]string{"remoteIp", "localIp", "listener"}, k)
	})
}

func generous(t stalwart.Throttle) bool {
	if t.Count <= 0 || t.Period <= 0 {
		return true // no limit that could be reached
	}
	rate := float64(t.Count) / t.Period.Seconds()
	if slices.Contains(t.Key, "rcpt") {
		return rate*3600 >= generousRecipient
	}
	return rate >= generousConnection
}

func tight(t stalwart.Throttle) Finding {
	direction, what := "inbound", "messages"
	if t.Outbound {
		direction = "outbound"
	}
	f := Finding{Object: fmt.Sprintf("%s throttle %q", direction, shown(t.Name)), Verdict: Warning, Want: "PIN mail exempt, or a generous limit"}
	switch {
	case connections(t):
		what = "connections"
		f.Todo = "raise its rate, or let it match local_port == 25 only, and reload: the next connection is closed without a word"
	case t.Outbound:
		f.Todo = "raise its rate, and reload: mail waits in the queue until a PIN is too old"
	default:
		f.Todo = "let it match authenticated_as == '' only, and reload: whoever asks for one PIN too many gets none (452 4.4.5)"
	}
	f.Got = fmt.Sprintf("%d %s per %s for each %s, where %s", t.Count, what, short(t.Period), strings.Join(t.Key, "+"), shown(t.Match))
	return f
}

// short is a duration without its zeros.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// judgeMirror compares a target with what it is to hold. nil is one that is absent. It
// names keys only, never values.
func judgeMirror(m Mirror, target *corev1.Secret, source submission.Credentials, now Current) Finding {
	f := Finding{Object: m.Namespace + "/" + m.Name, Verdict: Wrong, Want: "the proven credentials of our own relay"}
	want := wanted(source, now)
	var differ []string
	if target != nil {
		for _, shape := range m.Keys {
			for key, field := range shape {
				if string(target.Data[key]) != want[field] {
					differ = append(differ, key)
				}
			}
		}
	}
	differ = slices.Compact(slices.Sorted(slices.Values(differ)))
	switch {
	case target == nil:
		f.Got, f.Todo = "it does not exist", "see that the controller runs and may write it: smtp-mirror once"
	case target.Labels[m.PhaseLabel] != m.PhaseOwn:
		f.Got = "the phase is not " + m.PhaseOwn
		f.Todo = "consumers still send through the relay of the first phase: see why our own is not proven (smtp-mirror once --dry-run)"
	case len(differ) > 0:
		f.Got = "other bytes in " + strings.Join(differ, ", ")
		f.Todo = "see what the controller waits for: its /status, or smtp-mirror once --dry-run"
	default:
		f.Verdict, f.Got = OK, "equal, in "+strconv.Itoa(len(m.Keys))+" shapes"
	}
	return f
}

// wanted are the bytes of each field. They are compared and never shown.
func wanted(c submission.Credentials, now Current) map[string]string {
	if now.Generation > 0 {
		c.User, c.Password = now.User, now.Password
	}
	return map[string]string{submission.KeyHost: c.Host, submission.KeyPort: strconv.Itoa(int(c.Port)), submission.KeyFrom: c.From,
		submission.KeyUser: c.User, submission.KeyPass: c.Password.Reveal()}
}

// judgeConsumer says whether a consumer was told the current generation, and runs on
// it.
func judgeConsumer(c Consumer, o workload.Observed, now Current) Finding {
	f := Finding{Object: c.Kind + " " + c.Namespace + "/" + c.Name, Verdict: OK, Want: fmt.Sprintf("rolled to generation %d", now.Generation)}
	generation, err := strconv.ParseInt(o.Annotations[c.Annotation], 10, 64)
	if err != nil {
		generation = 0
	}
	f.Got = fmt.Sprintf("generation %d", generation)
	switch {
	case now.Generation == 0:
		f.Verdict, f.Want, f.Got, f.Todo = Warning, "a generation to run on", "no generation has been made yet", "see why the relay is not proven: smtp-mirror once --dry-run"
	case generation < now.Generation:
		f.Verdict, f.Todo = Warning, "it still runs on an older credential, which is kept for it: see what the controller waits for"
	case !o.Complete:
		f.Verdict, f.Got, f.Todo = Warning, f.Got+", its rollout is not complete "+shown(o.Why), "see its Pods: the older credential is kept until they have rolled"
	}
	return f
}
