package smtpprobe

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is what a probe found out.
type Verdict string

// The verdicts, in the order of the steps that give them.
const (
	Unreachable     Verdict = "SubmissionUnreachable" // no TCP connection, or closed before the greeting
	NoTLS           Verdict = "TLSNotOffered"         // no STARTTLS, or not a TLS server
	NotTrusted      Verdict = "TLSNotTrusted"         // the certificate does not verify for the name that consumers dial
	NoAuth          Verdict = "AuthNotOffered"        // no AUTH PLAIN after TLS: an MX listener, not a submission listener
	PasswordRefused Verdict = "PasswordRefused"       // 535: the credential is wrong
	NotAuthorized   Verdict = "AccountNotAuthorized"  // 550 after AUTH: the password is right, a permission is missing
	SenderRefused   Verdict = "SenderRefused"         // 5xx after MAIL FROM: the address is not granted to the account
	TemporaryError  Verdict = "SubmissionBusy"        // 4xx, or the connection broke on the way
	ProtocolError   Verdict = "SubmissionAnswersStrangely"
	Accepted        Verdict = "Accepted"
)

// Step is where in the dialogue an answer came.
type Step string

// The steps of the dialogue.
const (
	StepConnect  Step = "connect"
	StepGreeting Step = "greeting"
	StepTLS      Step = "TLS"
	StepAuth     Step = "AUTH"
	StepMail     Step = "MAIL FROM"
	StepReset    Step = "RSET"

	StepRecipient Step = "RCPT TO"
	StepData      Step = "DATA"
)

// Reply is an answer of the server (RFC 5321, section 4.2; enhanced code RFC
// 3463).
type Reply struct {
	Code     int
	Enhanced string // "5.7.8", "" where there was none
	Text     string
}

func (r Reply) String() string {
	return strings.Join(strings.Fields(fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text)), " ")
}

// Judge turns an unwelcome reply at a step into a verdict. It is total: every
// code at every step has one.
func Judge(step Step, r Reply) Verdict {
	permanent := r.Code >= 500 && r.Code <= 599
	switch {
	case r.Code >= 400 && r.Code <= 499:
		return TemporaryError
	case step == StepAuth && r.Code == 535:
		return PasswordRefused
	case step == StepAuth && r.Code == 550:
		return NotAuthorized
	case step == StepMail && permanent:
		return SenderRefused
	case step == StepTLS && permanent:
		return NoTLS
	case step == StepGreeting && permanent:
		return Unreachable
	}
	return ProtocolError
}

// Refusal is an address that the account may not send as.
type Refusal struct {
	Address string
	Reply   Reply
}

// Result is the outcome of a probe.
type Result struct {
	Verdict Verdict
	Detail  string    // for people, without ports or times that differ from run to run
	Names   []string  // of the certificate, with NotTrusted
	Shook   bool      // with NoTLS: a TLS handshake was begun, and failed
	Refused []Refusal // with SenderRefused
	Address string    // that could not be dialed, "" otherwise
	Broke   Step      // where the connection ended instead of an answer, "" otherwise
}

// merged combines the verdicts of the addresses: one refusal is enough to be
// refused.
func merged(refused []Refusal) Result {
	if len(refused) == 0 {
		return Result{Verdict: Accepted}
	}
	slices.SortFunc(refused, func(a, b Refusal) int { return strings.Compare(a.Address, b.Address) })
	var parts []string
	for _, r := range refused {
		parts = append(parts, r.Address+" ("+r.Reply.String()+")")
	}
	return Result{Verdict: SenderRefused, Refused: refused, Detail: "MAIL FROM is refused for " + strings.Join(parts, ", ")}
}
