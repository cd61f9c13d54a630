package conformance

import (
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
)

func addresses() []scenario {
	return []scenario{
		{name: "several addresses, also of another domain", run: severalAddresses},
		{name: "a domain that is not served is refused by name", run: unknownDomain},
		{name: "foreign aliases stay", run: foreignAliases},
		{name: "an alias added between our read and our write stays", run: racingAlias},
		{name: "an address that is not granted is refused", run: notGranted},
		{name: "an smtp-from with capitals", run: capitalFrom},
	}
}

func severalAddresses(t *testing.T, s *suite) {
	const second = "second.test"
	must(t, s.operator.EnsureDomain(t.Context(), second))
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts"), "Shop@" + second, r.address("billing")}
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAccount, stalwartsync.ChangedAddress, stalwartsync.ChangedAddress,
		stalwartsync.ChangedAddress, stalwartsync.ChangedProof)
	want := []string{r.from(), r.address("alerts"), r.address("billing"), "shop@" + second}
	r.hasAddresses(t, want...)
	if got := r.consume(t, r.password(), want...); got.Verdict != smtpprobe.Accepted {
		t.Errorf("the login: %+v", got)
	}
}

// hasAddresses compares what the account may send as, in any order.
func (r *rig) hasAddresses(t *testing.T, want ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(r.account(t).Addresses))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the addresses are %v, want %v", got, want)
	}
}

func unknownDomain(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{"ceo@elsewhere.test"}
	r.run(t).stopped(t, stalwart.ReasonRefused, "ceo@elsewhere.test")
}

func foreignAliases(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	foreign := []string{r.address("a"), r.address("z")}
	for _, address := range foreign {
		must(t, s.operator.AddAlias(t.Context(), r.login(), address))
	}
	r.wish.SendAs = []string{r.address("alerts"), r.address("billing")}
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAddress, stalwartsync.ChangedAddress)
	r.hasAddresses(t, append(foreign, r.from(), r.wish.SendAs[0], r.wish.SendAs[1])...)
}

// racingAlias lets the operator write right before our own write arrives, which
// was planned on what was read before.
func racingAlias(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("first")}
	r.run(t).converged(t)
	foreign := r.address("foreign")
	s.tap.once(t, request.changesAccount, func() {
		if err := s.operator.AddAlias(t.Context(), r.login(), foreign); err != nil {
			t.Error(err)
		}
	})
	r.wish.SendAs = append(r.wish.SendAs, r.address("second"))
	r.run(t).converged(t)
	r.hasAddresses(t, r.from(), r.address("first"), r.address("second"), foreign)
}

// notGranted would fail if anything of ours weakened mustMatchSender.
func notGranted(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	stranger := r.address("stranger")
	got := r.consume(t, r.password(), r.from(), stranger)
	if got.Verdict != smtpprobe.SenderRefused || len(got.Refused) != 1 || got.Refused[0].Address != stranger {
		t.Fatalf("got %+v", got)
	}
	if reply := got.Refused[0].Reply; reply.Code != 501 || reply.Enhanced != "5.5.4" {
		t.Errorf("the reply is %s", reply)
	}
}

func capitalFrom(t *testing.T, s *suite) {
	r := newRig(t, s)
	local, domain := cutAddress(r.from())
	r.source[submission.KeyFrom] = "Sys-" + local + "@" + strings.ToUpper(domain)
	r.run(t).converged(t)
	r.run(t).converged(t).wroteNothing(t)
}
