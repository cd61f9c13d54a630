package stalwartsync

import (
	"context"
	"errors"
	"strings"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// would reports a plan in a dry run, and what would stand in its way as far as
// that shows without writing: an address that is somebody else's, a port that does
// not answer, a certificate that does not verify. What is planned counts as proven
// otherwise, so that the mirror can say what it would do then.
func (r *Relay) would(ctx context.Context, s stalwart.Directory, result *watcher.Result, ops []Op, run *run) error {
	words := planned(ops, run)
	result.Reason, result.Message = ReasonWouldWrite, "would "+strings.Join(words, ", ")
	owned := foreign(ctx, s, run)
	request, err := r.Request(run.credentials)
	if err != nil {
		return err
	}
	request.ImplicitTLS = run.credentials.ImplicitTLS() // and no user: a login needs what is not there yet
	probe := r.Probe(ctx, request)
	if probe.Verdict != smtpprobe.Accepted {
		return errors.Join(owned, r.trouble(ctx, result, probe, 0, run))
	}
	if owned == nil {
		r.record(run)
	}
	return owned
}

// planned lists the writes, with the grants that follow a new account.
func planned(ops []Op, run *run) []string {
	var words []string
	for _, op := range ops {
		words = append(words, op.String())
	}
	if run.observed.Account != nil {
		return words
	}
	for _, address := range run.desired.Addresses {
		if !strings.EqualFold(address, run.desired.Login.Address()) {
			words = append(words, Op{Kind: GrantAddress, What: address}.String())
		}
	}
	return words
}

// foreign finds the addresses that belong to somebody else.
func foreign(ctx context.Context, s stalwart.Directory, run *run) error {
	var found error
	for _, address := range run.desired.Addresses {
		if a := run.observed.Account; a != nil && covers(a.Addresses, address) {
			continue
		}
		if owner, err := s.Owner(ctx, address); err == nil && owner != "" {
			found = errors.Join(found, &stalwart.OwnedError{Address: address, Owner: owner})
		}
	}
	return found
}
