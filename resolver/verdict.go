package resolver

import (
	"slices"

	"github.com/openova-io/smtp-mirror/zone"
)

// delegated is the zone below that the servers refer to, with its name servers: where
// none answers itself. A referral beside an answer is a server that lags behind.
func delegated(replies []reply) (below string, hosts []string) {
	for _, one := range replies {
		if one.answer.Problem == "" {
			return "", nil
		}
		if one.referred != "" && (below == "" || below == one.referred) {
			below = one.referred
			hosts = append(hosts, one.hosts...)
		}
	}
	slices.Sort(hosts)
	return below, slices.Compact(hosts)
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
