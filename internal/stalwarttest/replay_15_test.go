package stalwarttest

import (
	"strings"
	"testing"
)

// rest sends a request that the recording script sent without keeping it.
func rest(method, path string, body any) func(*lab) {
	return func(l *lab) {
		l.t.Helper()
		status, answer := request(l.t, l.s, method, path, body)
		if status != 200 || sub(answer)["error"] != nil {
			l.t.Fatalf("preparing with %s %s: %d %v", method, path, status, answer)
		}
	}
}

func patchOf(name string, operations ...object) func(*lab) {
	return rest("PATCH", "/api/principal/"+name, operations)
}

func setting(key, value string) func(*lab) {
	return rest("POST", "/api/settings", []object{{
		"type": "insert", "prefix": nil, "values": [][]string{{key, value}}, "assert_empty": false,
	}})
}

func reload(l *lab) { rest("GET", "/api/reload", nil)(l) }

// stolen is what the recording did with an API key that may write settings: it
// made itself administrator.
func stolen(secret string) func(*lab) {
	return func(l *lab) {
		setting("authentication.fallback-admin.secret", secret)(l)
		reload(l)
	}
}

// oauthFor obtains the token that a recording knows by the given text.
func oauthFor(theirs string) func(*lab) {
	return func(l *lab) {
		_, answer := request(l.t, l.s, "POST", "/api/oauth", object{"type": "code", "client_id": "x", "redirect_uri": nil})
		code := str(sub(sub(answer)["data"])["code"])
		body := "grant_type=authorization_code&code=" + code
		_, token, err := l.send(recorded{method: "POST", path: "/auth/token"}, []byte(body))
		if err != nil {
			l.t.Fatal(err)
		}
		l.ids.secrets[theirs] = str(sub(decoded(token))["access_token"])
	}
}

// files turns names into steps without preparation.
func files(names string) []step {
	var out []step
	for _, name := range strings.Fields(names) {
		out = append(out, step{file: name})
	}
	return out
}

func prepared(before func(*lab), names string) []step {
	out := files(names)
	out[0].before = before
	return out
}

func joined(parts ...[]step) []step {
	var out []step
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

func options15(t *testing.T) Options {
	certificate, err := selfSigned("mail.example.test")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Version: "0.15.5", AdminPassword: "ADMIN-test-secret", SubmissionsAddr: "-", Certificate: certificate,
	}
}

func scenarios15(t *testing.T) []scenario {
	o := options15(t)
	plain := o
	plain.Domain = "example.test"
	pyzor := plain
	pyzor.KeepPyzor = true
	return []scenario{
		{opts: o, steps: joined(
			files(`health-head health-live health-ready health-unknown detect-api-options detect-api-restart
				detect-api-root-authenticated detect-api-root-unauthenticated detect-api-unauthenticated
				detect-api-unknown-authenticated detect-api-unknown-unauthenticated detect-jmap-method-unknown
				detect-jmap-session-authenticated detect-jmap-session-bad-password detect-jmap-session-unauthenticated
				detect-logs-startup detect-metrics-disabled detect-queue-status detect-robots detect-root detect-telemetry
				detect-update-webadmin detect-version-as-user-without-body detect-version detect-well-known-jmap
				detect-well-known-oauth detect-well-known-openid metrics-prometheus
				auth-basic-undecodable auth-basic-unknown-user auth-basic-uppercase-user auth-basic-wrong-password
				auth-bearer-api-key-unknown auth-bearer-garbage auth-unsupported-scheme principal-list-empty
				queue-stop queue-status-paused`),
			principalSteps(), patchSteps(), keySteps(), lateSteps())},
		{opts: plain, steps: joined(dkimSteps(), settingsSteps())},
		{opts: plain, steps: leastPrivilegeSteps()},
		{opts: pyzor, steps: files("reload-blocked-by-unresolvable-pyzor reload-offline-defaults")},
		{opts: plain, steps: joined(banSteps(), limitSteps())},
		{opts: plain, steps: prepared(restart(""), "logs-after-restart")},
		{opts: plain, steps: prepared(fresh, "ephemeral-restart-noreply-get")},
	}
}

func principalSteps() []step {
	return files(`domain-create-no-name domain-create-empty-name principal-create-individual-unknown-domain domain-create
		domain-create-duplicate domain-create-duplicate-uppercase domain-create-invalid-name-accepted domain-get
		domain-get-uppercase settings-report-domain-after-domain-create domain-delete-odd noreply-create
		noreply-create-duplicate noreply-create-duplicate-email noreply-get noreply-get-percent-encoded noreply-get-missing
		principal-create-unknown-field principal-create-unknown-type principal-create-unknown-role
		principal-create-missing-type-defaults-to-individual principal-get-minimal principal-create-unknown-permission
		principal-create-empty-body principal-create-invalid-json principal-create-weak-plaintext-password-accepted
		principal-get-plaintext-password-visible principal-create-two-main-secrets-second-dropped
		principal-get-two-main-secrets-second-dropped principal-create-email-without-domain-accepted principal-list-all
		principal-list-types-domain principal-list-fields-name principal-list-fields-name-emails principal-list-filter
		principal-list-count principal-bulk-delete-unconfirmed put-principal-not-supported`)
}

func patchSteps() []step {
	return joined(
		files(`patch-add-email patch-add-email-again-noop patch-add-email-invalid patch-add-email-unknown-domain
			patch-add-email-owned-by-other patch-add-email-list-rejected patch-set-emails noreply-get-after-set-emails
			patch-remove-email patch-remove-email-absent-noop patch-remove-primary-email noreply-get-after-remove-primary
			patch-set-emails-string-rejected patch-set-emails-restore patch-add-same-email-twice-in-one-request
			noreply-get-after-dup`),
		prepared(patchOf("noreply@example.test", object{"action": "removeItem", "field": "emails", "value": "dup@example.test"}),
			`patch-atomic-second-op-fails noreply-get-after-failed-batch patch-set-secrets-string patch-add-app-password
			noreply-get-after-add-app-password patch-add-main-secret-replaces-main noreply-get-after-add-main-secret
			patch-remove-app-password-by-prefix patch-remove-absent-secret-noop patch-add-secret-list-rejected
			patch-set-secrets-list noreply-get-after-set-secrets-list patch-remove-empty-secret
			noreply-get-after-remove-empty-secret patch-set-description patch-empty-list patch-unknown-field
			patch-unknown-action patch-missing-value patch-null-value patch-object-instead-of-list patch-set-type-rejected
			patch-missing-principal patch-rename get-new-name-after-rename get-old-name-after-rename group-create
			patch-add-member-of-group noreply-get-as-member group-get patch-add-member-of-not-a-group
			group-patch-add-member-unknown group-patch-remove-member reload-after-group-change api-as-ordinary-user-forbidden
			api-account-auth-as-user patch-remove-role api-as-user-without-role patch-add-role patch-disabled-permissions
			noreply-get-disabled-permissions`),
	)
}

func keySteps() []step {
	return joined(
		files(`apikey-create apikey-get apikey-use-bearer apikey-use-basic apikey-wrong-secret apikey-jmap-session-rejected
			apikey-list-all-types-forbidden apikey-forbidden-delete apikey-grant-role-user-forbidden
			apikey-create-individual-with-permissions apikey-add-permission-email-send
			apikey-create-individual-with-permissions-2 apikey-version`),
		prepared(rest("POST", "/api/principal", object{"type": "apiKey", "name": "key-noauth", "secrets": []string{"TEST-k"}, "enabledPermissions": []string{"domain-list"}}),
			"apikey-lacking-authenticate"),
		prepared(oauthFor("TEST-access-token-from-/auth/token"), "auth-oauth-bearer"),
		prepared(rest("POST", "/api/principal", object{"name": "bad@example.test", "emails": []string{"bad@example.test"}, "secrets": []string{"$y$j9T$x$y"}, "roles": []string{"user"}}),
			"http-auth-unparsable-stored-secret"),
		files(`principal-delete principal-delete-missing principal-delete-domain-in-use noreply-get-after-domain-delete
			patch-add-email-after-domain-delete domain-recreate principal-deploy`),
		prepared(patchOf("noreply@example.test", object{"action": "addItem", "field": "emails", "value": "@example.test"}),
			"patch-add-email-while-wildcard-exists"),
	)
}

func lateSteps() []step {
	group := rest("POST", "/api/principal", object{"type": "group", "name": "grp@example.test", "emails": []string{"grp@example.test"}})
	return joined(
		prepared(all(group, stolen("TEST-stolen")),
			`patch-add-email-owned-by-group account-create-email-is-alias-of-noreply noreply-add-name-only-no-email
			principal-create-secret-longer-than-512-dropped principal-get-secret-longer-than-512
			patch-secret-longer-than-512-rejected principal-create-set-emails-duplicates principal-get-set-emails-duplicates
			patch-set-emails-with-duplicates principal-get-after-set-emails-duplicates patch-set-emails-empty
			principal-get-after-set-emails-empty name-with-slash name-with-slash-get account-set-password-self
			account-self-after-change-old-rejected account-self-after-change-new-accepted fallback-admin-set-password
			dns-records-uppercase dkim-name-collision-case settings-list-all-count`),
	)
}
