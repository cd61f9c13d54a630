package stalwarttest

// dkimSteps are the recordings about keys and DNS records.
func dkimSteps() []step {
	return joined(
		files(`dkim-get-missing dns-records-no-dkim dns-records-unknown-domain dkim-create-rsa dkim-create-ed25519 dkim-create-duplicate dkim-get-rsa
			dkim-get-ed25519 dkim-create-bad-algorithm dkim-create-missing-domain dkim-create-unknown-domain dkim-create-custom
			dkim-delete-not-supported dns-records-with-dkim dns-records-no-domain settings-list-signature
			settings-group-signature settings-group-signature-field settings-keys
			settings-set-dkim-sign`),
		prepared(rest("POST", "/api/dkim", object{"algorithm": "Rsa", "domain": "example.test", "id": "gen2-example.test", "selector": "gen2"}),
			"dns-records-two-rsa-keys"),
		files("dkim-delete-through-settings dkim-get-after-delete"),
		prepared(importKey("rsa-broken.test", "broken.test", "rsa-sha256", func() (string, error) { return "nonsense", nil }),
			"dkim-get-broken-key dns-records-broken-key reload-with-broken-dkim-key"),
		prepared(importKey("ed25519-example.test", "example.test", "ed25519-sha256", newEd25519Key), "dkim-get-imported-ed25519"),
		prepared(importKey("rsa-example.test", "example.test", "rsa-sha256", newRSAKey), "dkim-get-imported-pkcs1"),
		prepared(importKey("rsa-example.test", "example.test", "rsa-sha256", pkcs8RSA), "dkim-get-imported-pkcs8"),
		prepared(importKey("ed25519-example.co.uk", "example.co.uk", "ed25519-sha256", newEd25519Key),
			"settings-clear-signature-prefix-hazard dkim-get-after-prefix-hazard"),
	)
}

// importKey stores a key through the settings.
func importKey(id, domain, algorithm string, make func() (string, error)) func(*lab) {
	return func(l *lab) {
		key, err := make()
		if err != nil {
			l.t.Fatal(err)
		}
		rest("POST", "/api/settings", []object{{"type": "insert", "prefix": "signature." + id, "assert_empty": false, "values": [][]string{
			{"private-key", key}, {"domain", domain}, {"selector", "imported"}, {"algorithm", algorithm},
		}}})(l)
	}
}

func settingsSteps() []step {
	return joined(
		files(`settings-insert-assert-empty settings-insert-assert-failed settings-insert-prefix-assert-failed
			settings-insert-camel-case-rejected settings-insert-missing-assert-empty settings-insert-number-value-rejected
			settings-empty-body settings-non-atomic-list settings-list-marker settings-list-paged settings-list-no-match
			settings-get-root settings-delete-method settings-delete-method-absent settings-clear-prefix
			settings-keys-prefixes settings-list-fallback-admin settings-insert-must-match-sender-expression
			settings-insert-lookup-sender-allow settings-list-lookup-sender-allow settings-delete-lookup-key
			settings-clear-lookup settings-clear-must-match-sender settings-insert-local-key`),
		prepared(func(l *lab) { l.s.Fail(Fault{Kind: UnwritableFile}) }, "settings-insert-local-key-unwritable-file"),
		files(`settings-get-local-key-after-failed-write settings-insert-db-key-shadowed-by-file
			settings-get-db-key-shadowed-by-file settings-server-hostname-change reload-ok reload-all reload-lookup
			reload-certificate reload-unknown-subpath reload-post-not-supported`),
		prepared(setting("session.auth.must-match-sender", "this is not an expression"),
			"reload-parse-error reload-dry-run reload-dry-run-without-value"),
	)
}

func leastPrivilegeSteps() []step {
	key := rest("POST", "/api/principal", object{
		"type": "apiKey", "name": "mirror", "secrets": []string{"TEST-key"},
		"enabledPermissions": []string{
			"authenticate", "domain-get", "domain-list", "domain-create", "individual-get", "individual-list", "individual-create",
			"individual-update", "dkim-signature-get", "dkim-signature-create", "settings-reload", "email-send", "unlimited-requests",
		},
	})
	return prepared(key, `leastpriv-01-domain-create leastpriv-02-account-create leastpriv-03-account-get leastpriv-04-grant
		leastpriv-05-rotate leastpriv-06-dkim-create leastpriv-07-dns-records leastpriv-08-reload
		leastpriv-09-settings-list-forbidden leastpriv-10-patch-other-account-secret`)
}

func banSteps() []step {
	return joined(
		prepared(all(setting("server.auto-ban.auth.rate", "3/1d"), reload, failures("127.0.0.2", "admin", 2)),
			"ban-http-attempt-3 ban-http-attempt-4 ban-list ban-delete-key ban-delete-reload"),
		files("ban-next-failure-after-unban allow-ip-add allow-ip-list reload-blocked-ip"),
	)
}

func limitSteps() []step {
	account := func(name string) func(*lab) {
		return rest("POST", "/api/principal", object{"name": name, "emails": []string{name}, "roles": []string{"user"}})
	}
	key := rest("POST", "/api/principal", object{
		"type": "apiKey", "name": "k", "secrets": []string{"TEST"}, "enabledPermissions": []string{"authenticate", "domain-list"},
	})
	return joined(
		prepared(all(account("x@example.test"), account("y@example.test"), knock("127.0.0.20", "/healthz/live", 100)),
			`rate-limit-anonymous rate-limit-anonymous-no-auth-api rate-limit-anonymous-bearer
			rate-limit-anonymous-basic-still-ok`),
		prepared(all(key, setting("http.rate-limit.account", "3/1m"), reload, func(l *lab) {
			for range 3 {
				l.send(recorded{method: "GET", path: "/api/principal?types=domain", login: "k:TEST"}, nil)
			}
		}), "rate-limit-account"),
	)
}

func notReplayed15() map[string]string {
	return map[string]string{
		"metrics-prometheus[0]": "metrics are not part of the stand-in",
	}
}

// scenariosLite are the answers in which stalwart-lite differs.
func scenariosLite() []scenario {
	o := Options{Version: "lite", AdminPassword: "ADMIN-test-secret"}
	key := rest("POST", "/api/principal", object{
		"type": "apiKey", "name": "smtp-mirror", "secrets": []string{"TEST-api-key-secret"}, "enabledPermissions": []string{"authenticate"},
	})
	return []scenario{{opts: o, steps: joined(
		files(`detect-jmap-session-authenticated detect-jmap-session-bad-password detect-jmap-session-unauthenticated
			detect-logs-startup detect-update-webadmin detect-version detect-well-known-jmap`),
		prepared(key, "apikey-jmap-session-rejected"),
		prepared(func(l *lab) { l.s.Fail(Fault{Kind: UnwritableFile}) }, "settings-insert-local-key-unwritable-file"),
	)}}
}
