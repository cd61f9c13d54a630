package conformance

import (
	"fmt"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

func owners() []scenario {
	return []scenario{
		{name: "an address of another account names its owner", run: ownedByAccount},
		{name: "an address of a group names its owner", run: ownedByGroup},
		{name: "a login that is a group's address names its owner", run: loginOwned},
		{name: "an address of a mailing list names its owner", run: ownedByList},
		{name: "an owner among hundreds is found", only: stalwart.Gen015, run: ownerAmongHundreds},
		{name: "an address of a group of ours is granted already", run: grantedByGroup},
		{name: "an alias for the whole domain is a grant", only: stalwart.Gen015, run: grantedByWildcard},
		{name: "an address on an alias name of the domain is granted on both", only: stalwart.Gen016, run: grantedByDomainAlias},
		{name: "a login whose address is somebody else's", only: stalwart.Gen015, run: ownAddressOwned},
		{name: "an address that is taken does not stop a rotation", run: rotatedBesideOwner},
		{name: "a disabled alias is granted again", only: stalwart.Gen016, run: aliasDisabled},
	}
}

func ownedByAccount(t *testing.T, s *suite) {
	owner, r := newRig(t, s), newRig(t, s)
	taken := r.address("taken")
	must(t, s.operator.CreateAccount(t.Context(), owner.login(), owner.password()))
	must(t, s.operator.AddAlias(t.Context(), owner.login(), taken))
	r.wish.SendAs = []string{r.address("free"), taken, r.address("zoo")}
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, taken, owner.user())
	r.hasAddresses(t, r.from(), r.address("free"), r.address("zoo")) // the others are granted all the same
	must(t, s.operator.RemoveAlias(t.Context(), owner.login(), taken))
	r.run(t).converged(t)
}

func ownedByGroup(t *testing.T, s *suite) {
	r := newRig(t, s)
	group := r.address("group")
	must(t, s.operator.CreateGroup(t.Context(), group))
	r.wish.SendAs = []string{group}
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, group, "group")
}

func loginOwned(t *testing.T, s *suite) {
	r := newRig(t, s)
	must(t, s.operator.CreateGroup(t.Context(), r.from()))
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, r.from(), "group").loggedIn(t)
}

func ownedByList(t *testing.T, s *suite) {
	r := newRig(t, s)
	list := r.address("list")
	must(t, s.operator.CreateList(t.Context(), list))
	r.wish.SendAs = []string{list}
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, list, "list")
}

// ownerAmongHundreds needs more than one page of principals.
func ownerAmongHundreds(t *testing.T, s *suite) {
	r := newRig(t, s)
	for i := range 210 {
		must(t, s.operator.CreateGroup(t.Context(), r.address(fmt.Sprintf("group%d", i))))
	}
	r.wish.SendAs = []string{r.address("group209")}
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, r.wish.SendAs[0], "group "+r.wish.SendAs[0])
}

// grantedByGroup is how one address is shared by several accounts: it has one
// owner, and its members may send as it.
func grantedByGroup(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	group := r.address("shared")
	must(t, s.operator.CreateGroup(t.Context(), group))
	must(t, s.operator.Join(t.Context(), r.login(), group))
	r.wish.SendAs = []string{group}
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
}

// grantedByWildcard has a domain of its own: it catches all mail of it.
func grantedByWildcard(t *testing.T, s *suite) {
	const domain = "wildcard.test"
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	r := newRig(t, s)
	r.run(t).converged(t)
	must(t, s.operator.AddAlias(t.Context(), r.login(), "@"+domain))
	r.wish.SendAs = []string{"alerts@" + domain, "billing@" + domain}
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
}

// aliasDisabled is as good as removed, and does not block its address. 0.16.3
// lets a disabled alias send all the same.
func aliasDisabled(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts")}
	r.run(t).converged(t)
	operator := s.operator.(*jmapOperator)
	must(t, operator.patch(t.Context(), r.login(), object{"aliases/0/enabled": false}))
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAddress).loggedIn(t, smtpprobe.Accepted)
	r.run(t).converged(t).wroteNothing(t)
}

// grantedByDomainAlias has a domain with two names: every address is on both.
func grantedByDomainAlias(t *testing.T, s *suite) {
	const domain, alias = "two-names.test", "other-name.test"
	must(t, s.operator.EnsureDomain(t.Context(), mainDomain)) // the default one comes first
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	operator := s.operator.(*jmapOperator)
	_, id, err := operator.split(t.Context(), "@"+domain)
	must(t, err)
	must(t, operator.update(t.Context(), "Domain", id, object{"aliases": object{alias: true}}))
	r := newRigIn(t, s, domain)
	local, _ := cutAddress(r.from())
	r.wish.SendAs = []string{r.address("alerts"), local + "@" + alias}
	r.run(t).converged(t).loggedIn(t, smtpprobe.Accepted)
	r.wish.SendAs = append(r.wish.SendAs, "alerts-"+local+"@"+alias)
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
	r.wish.SendAs = append(r.wish.SendAs, "billing-"+local+"@"+alias)
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAddress).loggedIn(t, smtpprobe.Accepted)
	r.run(t).converged(t).wroteNothing(t)
}
