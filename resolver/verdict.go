package resolver

import (
	"slices"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// lower is the zone below that holds the name, with the name servers that are referred
// to. A server refers to it, or holds it itself and answers out of it: the servers of
// that zone may be others, and all of them have to be asked. Configured servers are
// believed, until they refer; where they may not hold the name at all, one that refers
// knows no more than one that answers.
func lower(at cut, replies []reply) (below string, hosts []string) {
	if at.guess && slices.ContainsFunc(replies, func(one reply) bool { return one.answer.Problem == "" }) {
		return "", nil
	}
	take := func(name string) {
		if name != at.zone && dns.IsSubDomain(at.zone, name) && (below == "" || len(name) < len(below)) {
			below = name
		}
	}
	for _, one := range replies {
		if one.referred != "" {
			take(one.referred)
		}
		if one.answer.Problem == "" && one.apex != "" && !at.told {
			take(one.apex)
		}
	}
	for _, one := range replies {
		if below != "" && one.referred == below {
			hosts = append(hosts, one.hosts...)
		}
	}
	slices.Sort(hosts)
	return below, slices.Compact(hosts)
}

// insisting are the servers of the zone above that answer without the delegation: they
// lag behind, or were never told. Whoever asks them gets their answer, so they count
// among the servers of the zone below.
func insisting(replies []reply, below string) []server {
	var all []server
	for _, one := range replies {
		if one.answer.Problem == "" && (one.apex == "" || !dns.IsSubDomain(below, one.apex)) {
			all = append(all, server{address: one.answer.Server})
		}
	}
	return all
}

// reachable leaves out the addresses that this machine has no route for, where it has
// one for another address of the same name server.
func reachable(servers []server, replies []reply) []reply {
	var left []reply
	for i, one := range replies {
		other := func(j int) bool {
			return servers[j].host != "" && servers[j].host == servers[i].host && servers[j].address != "" && !replies[j].noRoute
		}
		if one.noRoute && slices.ContainsFunc(indices(len(servers)), other) {
			continue
		}
		left = append(left, one)
	}
	return left
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// together is the worst of several answers: a problem, or an absence, or all values
// that somebody may get. So it is right only where all are.
func together(answers []zone.Answer) zone.Answer {
	worst := zone.Answer{}
	for i, a := range answers {
		switch {
		case worst.Problem != "":
		case a.Problem != "":
			worst = zone.Answer{Code: a.Code, Problem: "the target of its CNAME: " + a.Problem}
		case i == 0:
			worst = zone.Answer{Code: a.Code, Values: slices.Clone(a.Values), Negative: a.Negative}
		case len(worst.Values) == 0 || len(a.Values) == 0:
			if len(worst.Values) > 0 {
				worst.Code, worst.Values = a.Code, nil
			}
			worst.Negative = max(worst.Negative, a.Negative)
		default:
			worst.Values = append(worst.Values, a.Values...)
		}
	}
	slices.Sort(worst.Values)
	worst.Values = slices.Compact(worst.Values)
	return worst
}
