package zone

import (
	"fmt"
	"slices"
	"time"
)

// Finding is a verdict and what it rests on.
type Finding struct {
	Record  Record
	Verdict Verdict
	Server  string   // who gave the answer that decides; "" where nobody was asked
	Got     []string // that answer, as it came: show it to people through [Shown] only
	Notes   []string // what a person should know, also where all is well
}

// severity orders the verdicts, the worst first. What is wrong in the DNS comes before
// what is not there, and that before what could not be told: each of them is enough
// for mail to be refused, and the first is what a person must see first.
var severity = []Verdict{Multiple, Mismatch, NotDKIM, Revoked, Missing, TempError, Published} //nolint:gochecknoglobals // a constant list

// Worst is the most severe of verdicts; TempError of none, because nothing is known.
func Worst(verdicts ...Verdict) Verdict {
	if len(verdicts) == 0 {
		return TempError
	}
	return slices.MinFunc(verdicts, func(a, b Verdict) int { return rank(a) - rank(b) })
}

// rank of a verdict that nobody knows is the worst.
func rank(v Verdict) int { return slices.Index(severity, v) }

// Judge says whether a record is published: only when every authoritative server
// answers with exactly it. answers must hold one for each of them; a server that did
// not answer has one with a Problem. What "exactly" means depends on the record:
//
//   - DKIM: one TXT record at the name, with the same key type and key bytes, for mail
//     and SHA-256; tags are compared, not text. An empty p= is Revoked, or Published
//     where that is wanted.
//   - SPF: one SPF record among the name's TXT records, equal term by term, or one to
//     which [MergeSPF] has nothing to add: somebody has merged it by hand.
//   - DMARC: the same with [MergeDMARC]. TLS-RPT and MTA-STS: one, with equal tags.
//   - MX and SRV: ours is there, and none beside it that senders take first or as
//     often. A backup with a greater number does no harm and is noted.
//   - PTR and CNAME: ours and no other.
//   - A, AAAA, TLSA, CAA, other TXT: ours is among them; the others are noted.
//
// The servers' verdicts make one by [Worst]: a stale secondary is a Mismatch or
// Missing, a dead one TempError.
func Judge(want Record, answers []Answer) Verdict { return Explain(want, answers).Verdict }

// Explain judges as [Judge] does, and says why.
func Explain(want Record, answers []Answer) Finding {
	worst := Finding{Record: want, Verdict: TempError}
	if len(answers) == 0 {
		worst.Notes = []string{"no name server was asked"}
		return worst
	}
	var notes []string
	says := map[Verdict]int{}
	for i, a := range answers {
		v, said := judgeOne(want, a)
		says[v]++
		if i == 0 || rank(v) < rank(worst.Verdict) {
			worst.Verdict, worst.Server, worst.Got = v, a.Server, slices.Clone(a.Values)
		}
		for _, n := range said {
			if !slices.Contains(notes, n) {
				notes = append(notes, n)
			}
		}
	}
	if n := says[worst.Verdict]; n < len(answers) {
		notes = append(notes, fmt.Sprintf("%d of %d name servers say so: %s is the first", n, len(answers), Shown(worst.Server)))
	}
	worst.Notes = notes
	return worst
}

// judgeOne judges what one server says.
func judgeOne(want Record, a Answer) (Verdict, []string) {
	switch {
	case a.Problem != "":
		return TempError, []string{fmt.Sprintf("%s: %s", Shown(a.Server), Shown(a.Problem))}
	case a.Code != "NOERROR" && a.Code != "NXDOMAIN":
		return TempError, []string{fmt.Sprintf("%s answers %s", Shown(a.Server), Shown(a.Code))}
	case a.Code == "NXDOMAIN" || len(a.Values) == 0:
		return Missing, nil
	}
	switch want.Kind() {
	case KindDKIM:
		return judgeDKIM(want.Value, a.Values)
	case KindSPF:
		return judgeSPF(want.Value, a.Values)
	case KindDMARC:
		return judgeDMARC(want.Value, a.Values)
	case KindTLSRPT:
		return judgeTags(want.Value, a.Values, "TLSRPTv1")
	case KindMTASTS:
		return judgeTags(want.Value, a.Values, "STSv1")
	case "mx", "srv":
		return judgePreferred(want, a.Values)
	case "ptr", "cname":
		return judgeOnly(want, a.Values)
	}
	return judgeAmong(want, a.Values)
}

// NextLook is when a record should be asked for again, given its verdict and for how
// long it has stood. Soon after a change that is soon, because somebody is working on
// it or secondaries are catching up, and then ever later: a quarter of the time that
// it has stood already, within bounds. The caller adds jitter.
func NextLook(v Verdict, since time.Duration) time.Duration {
	switch v {
	case Published:
		return min(max(since/4, 30*time.Second), 15*time.Minute)
	case TempError: // whoever does not answer is not helped by questions
		return min(max(since, 5*time.Second), 10*time.Minute)
	}
	return min(max(since/4, 2*time.Second), 2*time.Minute)
}
