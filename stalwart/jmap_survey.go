package stalwart

import (
	"context"
	"strings"
)

// Survey reads in one request what does not depend on an answer. An account is
// selected by the id of its domain: the last one is taken for a guess, which the
// same answer confirms or not.
func (j *jmap) Survey(ctx context.Context, scope Scope) (Survey, error) {
	guess := j.memory.domain(scope.Login.Domain)
	all, err := j.request(ctx, surveyed(scope, guess)...)
	if err != nil {
		return Survey{}, err
	}
	var domains []jmapDomain
	if err := all.list("Domain", &domains); err != nil {
		return Survey{}, err
	}
	var domain *jmapDomain
	var accounts []jmapAccount
	if len(domains) > 0 {
		domain = &domains[0]
		j.memory.learn(scope.Login.Domain, domain.ID)
		if domain.ID != guess {
			err = j.find(ctx, "Account", ofLogin(scope.Login, domain.ID), &accounts)
		} else {
			err = all.list("Account", &accounts)
		}
	}
	if err != nil {
		return Survey{}, err
	}
	return j.survey(ctx, scope, all, domain, accounts)
}

// surveyed are the calls of a survey.
func surveyed(scope Scope, domainID string) []invocation {
	calls := finding("Domain", obj{"name": strings.ToLower(scope.Login.Domain)})
	if domainID != "" {
		calls = append(calls, finding("Account", ofLogin(scope.Login, domainID))...)
	}
	if scope.Settings {
		calls = append(calls, getting("SystemSettings", []string{singleton}), getting("NetworkListener", nil))
	}
	if scope.AllowedIPs {
		calls = append(calls, getting("AllowedIp", nil))
	}
	if scope.Webhooks {
		calls = append(calls, getting("WebHook", nil))
	}
	return calls
}

// survey puts the answers together.
func (j *jmap) survey(ctx context.Context, scope Scope, all answers, domain *jmapDomain, accounts []jmapAccount) (s Survey, err error) {
	s.Generation = Gen016
	if domain != nil {
		s.Domain = domain.neutral()
		if s.Account, err = j.account(ctx, accounts, scope.Login, domain); err != nil {
			return s, err
		}
	}
	if scope.Settings {
		if s.Defaults, err = j.defaults(ctx, all, domain); err != nil {
			return s, err
		}
		if s.Listeners, err = all.listeners(); err != nil {
			return s, err
		}
	}
	if scope.AllowedIPs {
		if s.AllowedIPs, err = all.allowedIPs(); err != nil {
			return s, err
		}
	}
	if scope.Webhooks {
		s.Webhooks, err = all.webhooks()
	}
	return s, err
}
