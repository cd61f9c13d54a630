package publish

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/watcher"
)

// refusedPause is how soon is looked again after a refusal that somebody has to mend
// at the server: nothing tells when he has.
const refusedPause = 30 * time.Second

// unsound says that an answer proves nothing.
type unsound struct{ why, text string }

func (e *unsound) Error() string  { return e.text }
func (e *unsound) Reason() string { return e.why }

// judge turns an answer that is no success into what it means. The answer comes first:
// the library adds an error of its own to a refusal that says why.
func (u *DNSUpdate) judge(k tsigKey, answer *dns.Msg, err error) error {
	if answer == nil {
		return u.silent(err)
	}
	signature := answer.IsTsig()
	signed := signature != nil && signature.MACSize > 0
	switch {
	case signature != nil && signature.Error != dns.RcodeSuccess:
		return u.rejected(signatureProblem(k, signature))
	case !signed && (answer.Rcode == dns.RcodeNotAuth || answer.Rcode == dns.RcodeRefused):
		// PowerDNS does not say which.
		return u.rejected(fmt.Sprintf("it does not take the signature and does not say why: look whether it has a key %q with %s and the same secret, and whether both clocks are right", k.name, k.algorithm))
	case !signed:
		return &unsound{ReasonTSIGRejected, "the name server " + u.Server + " does not sign its answers: they could be anybody's"}
	case answer.Rcode == dns.RcodeNotAuth:
		return u.hold(ReasonZoneNotServed, "is not the primary of "+u.Zone+": name the server that takes updates")
	case err != nil:
		return &unsound{ReasonTSIGRejected, "the name server " + u.Server + " signs its answers wrongly"}
	}
	return u.code(k, answer)
}

// code judges an answer whose signature is right.
func (u *DNSUpdate) code(k tsigKey, answer *dns.Msg) error {
	update := answer.Opcode == dns.OpcodeUpdate
	if !update && answer.Rcode == dns.RcodeNameError {
		return nil // there is no such name, which is an answer
	}
	switch answer.Rcode {
	case dns.RcodeSuccess:
		return nil
	case dns.RcodeRefused:
		if update {
			return u.hold(ReasonUpdateRefused, fmt.Sprintf("refuses updates of %s by the key %q: allow them (BIND: allow-update or update-policy; PowerDNS: dnsupdate=yes, allow-dnsupdate-from, and the metadata TSIG-ALLOW-DNSUPDATE); BIND also refuses an MX whose host has no address in the zone", u.Zone, k.name))
		}
		return u.hold(ReasonZoneNotServed, "does not answer for "+u.Zone)
	case dns.RcodeNotImplemented:
		return u.hold(ReasonUpdateRefused, "does not know dynamic updates")
	case dns.RcodeNotZone:
		return u.hold(ReasonZoneNotServed, "says that a name is not within "+u.Zone+": set the zone to the one that it serves")
	case dns.RcodeYXDomain:
		return errOccupied
	case dns.RcodeNXRrset, dns.RcodeYXRrset, dns.RcodeNameError:
		return &unsound{ReasonDNSUpdateRaced, "somebody else has changed the records in this moment"}
	}
	return &unsound{watcher.ReasonError, "the name server " + u.Server + " answers " + dns.RcodeToString[answer.Rcode]}
}

// signatureProblem words the error of RFC 8945, section 5.3.
func signatureProblem(k tsigKey, t *dns.TSIG) string {
	switch t.Error {
	case dns.RcodeBadKey:
		return fmt.Sprintf("BADKEY: it has no TSIG key %q with %s: mend %s and %s in the Secret, or add the key there", k.name, k.algorithm, tsigName, tsigAlgorithm)
	case dns.RcodeBadSig: // also BADVERS
		return fmt.Sprintf("BADSIG: its TSIG key %q has another secret", k.name)
	case dns.RcodeBadTime:
		return "BADTIME: " + clockProblem(t)
	case dns.RcodeBadTrunc:
		return fmt.Sprintf("BADTRUNC: it wants longer signatures with the TSIG key %q", k.name)
	}
	return fmt.Sprintf("it refuses the TSIG key %q with error %d", k.name, t.Error)
}

// clockProblem says how far the clocks are apart, in minutes: the text should stay the
// same while the situation does.
func clockProblem(t *dns.TSIG) string {
	raw, err := hex.DecodeString(t.OtherData)
	if err != nil || len(raw) == 0 {
		return "its clock and ours differ by more than five minutes"
	}
	ahead := time.Duration(new(big.Int).SetBytes(raw).Int64()-int64(t.TimeSigned)) * time.Second //nolint:gosec // 48 bits
	return fmt.Sprintf("its clock and ours differ by %s", ahead.Abs().Round(time.Minute))
}

func (u *DNSUpdate) rejected(text string) error {
	return &watcher.HoldError{Why: ReasonTSIGRejected, Text: "the name server " + u.Server + ": " + text, After: refusedPause}
}

func (u *DNSUpdate) hold(why, text string) error {
	return &watcher.HoldError{Why: why, Text: "the name server " + u.Server + " " + text, After: refusedPause}
}

// silent is an answer that did not come.
func (u *DNSUpdate) silent(err error) error {
	var timeout net.Error
	text := "cannot be reached over TCP"
	if errors.As(err, &timeout) && timeout.Timeout() {
		text = "does not answer over TCP"
	}
	return &watcher.HoldError{Why: ReasonDNSServerSilent, Text: "the name server " + u.Server + " " + text, After: refusedPause / 3, Grace: refusedPause, Address: u.Server}
}

// errOccupied says that a CNAME is wanted where something else is.
var errOccupied = errors.New("other records are at the name")

// isRaced reports whether a condition of an update was not met.
func isRaced(err error) bool {
	var e *unsound
	return errors.As(err, &e) && e.why == ReasonDNSUpdateRaced
}
