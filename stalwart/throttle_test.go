package stalwart

import (
	"reflect"
	"testing"
	"time"
)

// TestThrottlesOf015: settings as 0.15.5 gave them after its first start, and what
// people make of them.
func TestThrottlesOf015(t *testing.T) {
	settings := map[string]string{
		"queue.limiter.inbound.sender.enable": "true", "queue.limiter.inbound.sender.key.0": "sender_domain", "queue.limiter.inbound.sender.key.1": "rcpt", "queue.limiter.inbound.sender.rate": "25/1h",
		"queue.limiter.inbound.ip.key": "remote_ip", "queue.limiter.inbound.ip.enable": "false", "queue.limiter.inbound.ip.rate": "5/1s",
		"queue.limiter.inbound.rateless.key": "rcpt", "queue.limiter.inbound.daily.rate": " 7 / 2d ", "queue.limiter.inbound.daily.match": "local_port == 25",
		"queue.limiter.inbound.broken.rate": "many/day", "queue.limiter.inbound": "x", "queue.limiter.outbound.x.rate": "1/1s",
	}
	want := []Throttle{
		{ID: "daily", Name: "daily", Enabled: true, Count: 7, Period: 48 * time.Hour, Match: "local_port == 25"},
		{ID: "ip", Name: "ip", Key: []string{"remoteIp"}, Count: 5, Period: time.Second, Match: "true"},
		{ID: "sender", Name: "sender", Enabled: true, Key: []string{"rcpt", "senderDomain"}, Count: 25, Period: time.Hour, Match: "true"},
	}
	if got := byName(throttlesOf(settings, inboundLimits, false)); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}
