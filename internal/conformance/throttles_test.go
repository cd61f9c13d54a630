package conformance

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
)

func throttles() []scenario {
	return []scenario{{name: "throttles of both directions are listed", run: throttlesListed}}
}

// throttlesListed adds one of each direction and takes them away again.
func throttlesListed(t *testing.T, s *suite) {
	d := newRig(t, s).directory(t)
	before, err := d.Throttles(t.Context())
	must(t, err)
	remove, err := addThrottles(t.Context(), s.operator)
	must(t, err)
	t.Cleanup(func() {
		if err := remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	all, err := d.Throttles(t.Context())
	must(t, err)
	if len(all) != len(before)+2 {
		t.Errorf("of %d they are %+v", len(before), all)
	}
	in := stalwart.Throttle{Name: "confin", Enabled: true, Key: []string{"rcpt", "senderDomain"}, Count: 25, Period: time.Hour, Match: "authenticated_as == ''"}
	out := stalwart.Throttle{Name: "confout", Outbound: true, Enabled: false, Key: []string{"rcptDomain"}, Count: 7, Period: 24 * time.Hour, Match: "true"}
	for _, want := range []stalwart.Throttle{in, out} {
		i := slices.IndexFunc(all, func(got stalwart.Throttle) bool { return got.Name == want.Name })
		if i < 0 {
			t.Errorf("%s is not listed", want.Name)
			continue
		}
		got := all[i]
		if got.ID == "" || got.Outbound != want.Outbound || got.Enabled != want.Enabled || !slices.Equal(got.Key, want.Key) || got.Count != want.Count || got.Period != want.Period || got.Match != want.Match {
			t.Errorf("%+v\nwant %+v", got, want)
		}
	}
}

// addThrottles asks in the server's own words.
func addThrottles(ctx context.Context, o operator) (remove func(context.Context) error, err error) {
	if r, is015 := o.(*restOperator); is015 {
		return r.addThrottles(ctx)
	}
	j := o.(*jmapOperator)
	in, err := j.create(ctx, "MtaInboundThrottle", object{"description": "confin", "enable": true, "key": object{"rcpt": true, "senderDomain": true},
		"rate": object{"count": 25, "period": 3600000}, "match": object{"match": object{}, "else": "authenticated_as == ''"}})
	if err != nil {
		return nil, err
	}
	out, err := j.create(ctx, "MtaOutboundThrottle", object{"description": "confout", "enable": false, "key": object{"rcptDomain": true},
		"rate": object{"count": 7, "period": 86400000}})
	return func(ctx context.Context) error {
		if _, err := j.call(ctx, "x:MtaInboundThrottle/set", object{"destroy": []any{in["id"]}}); err != nil {
			return err
		}
		_, err := j.call(ctx, "x:MtaOutboundThrottle/set", object{"destroy": []any{out["id"]}})
		return err
	}, err
}

func (o *restOperator) addThrottles(ctx context.Context) (remove func(context.Context) error, err error) {
	insert := func(prefix string, values ...[2]string) object {
		return object{"type": "insert", "prefix": prefix, "assert_empty": false, "values": values}
	}
	_, err = o.do(ctx, http.MethodPost, "/api/settings", []object{
		insert("queue.limiter.inbound.confin", [2]string{"rate", "25/1h"}, [2]string{"key.0000", "sender_domain"}, [2]string{"key.0001", "rcpt"}, [2]string{"match", "authenticated_as == ''"}),
		insert("queue.limiter.outbound.confout", [2]string{"rate", "7/1d"}, [2]string{"key", "rcpt_domain"}, [2]string{"enable", "false"}),
	})
	return func(ctx context.Context) error {
		_, err := o.do(ctx, http.MethodPost, "/api/settings", []object{
			{"type": "clear", "prefix": "queue.limiter.inbound.confin."}, {"type": "clear", "prefix": "queue.limiter.outbound.confout."}})
		return err
	}, err
}
