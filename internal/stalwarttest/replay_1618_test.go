package stalwarttest

func scenarios1618() []scenario {
	fixture := Options{Version: "0.16.18", Domain: "example.test"}
	out := []scenario{
		{opts: Options{Version: "0.16.18", AdminPassword: "direct-test-pass", KeepPyzor: true, KeepThrottle: true, SubmissionAddr: "-", SubmissionsAddr: "-"}, steps: []step{
			{file: "03-direct-config-first-boot"},
			{file: "04-direct-config-second-boot", before: restart("")},
		}},
		{opts: Options{Version: "0.16.18", AdminPassword: "recovery-test-pass", Mode: "recovery"}, steps: []step{
			{file: "05-recovery-mode"},
			{file: "06-recovery-mode-then-normal", before: restart("")},
		}},
		{opts: Options{Version: "0.16.18", AdminPassword: "bootstrap-test-pass", Mode: "bootstrap"}, steps: []step{
			{file: "00-bootstrap-mode-probe"},
			{file: "01-bootstrap-complete"},
			{file: "02-bootstrap-after-restart", before: restart("")},
			{file: "08-config-json-lost", before: restart("bootstrap")},
		}},
		{opts: Options{Version: "0.16.18", Mode: "recovery"}, steps: []step{
			{file: "07-recovery-admin-env", prepare: recoveryAdmin("v0.16.18", "07-recovery-admin-env")},
		}},
		{opts: fixture, steps: []step{
			{file: "63-volume-lost", prepare: func(l *lab, index int) {
				if index == 2 {
					l.s.Wipe()
					restart("")(l)
				}
			}},
		}},
		{opts: fixture, steps: joined(mainSteps1618(), lateSteps1618())},
		{opts: Options{Version: "0.16.18", Domain: "example.test", KeepThrottle: true}, steps: []step{{file: "97-inbound-throttles"}}},
	}
	return out
}

// recoveryAdmin starts the server anew with the administrator of each exchange.
func recoveryAdmin(set, file string) func(*lab, int) {
	return func(l *lab, index int) {
		user, secret := environmentOf(load(l.t, set, file)[index].label)
		l.s.SetAdmin(user, secret)
		restart("recovery")(l)
	}
}

// mainSteps1618 is the long recording session on one fixture.
func mainSteps1618() []step {
	return []step{
		{file: "10-session"},
		{file: "11-auth-errors"},
		{file: "12-jmap-request-errors"},
		{file: "13-generation-detection"},
		{file: "20-domain-query-get"},
		{file: "21-domain-create"},
		{file: "22-domain-update-destroy"},
		{file: "30-account-create"},
		{file: "31-account-create-errors"},
		{file: "32-account-password-update"},
		{file: "33-account-alias-update"},
		{file: "37-apppassword-expiry"},
		{file: "38-hash-tricks"},
		{file: "50-dkim-list"},
		{file: "51-dkim-create"},
		{file: "52-dkim-signing-and-cache", before: deliver},
		{file: "53-dkim-rotation-task"},
		{file: "60-push"},
		{file: "61-webhook"},
		{file: "62-restart", before: restart("")},
	}
}

// lateSteps1618 were recorded on the same fixture: settings, rotation, bans.
func lateSteps1618() []step {
	return []step{
		{file: "90-mta-stage-auth", before: update("MtaStageAuth", "singleton", object{"waitOnFail": object{"else": "1s"}})},
		{file: "91-other-grants"},
		{file: "92-actions"},
		{file: "93-tls-certificate"},
		{file: "94-concurrent-update", before: noreply("alerts", "billing", "lastminute"), prepare: at(map[int]func(*lab){
			1: func(l *lab) { l.s.Fail(Fault{Kind: LoseRace}) },
		})},
		{file: "95-health"},
		{file: "96-log-metrics"},
		{file: "34-rotation-apppassword"},
		{file: "35-rotation-two-accounts-and-group"},
		{file: "36-permissions-send-only"},
		{file: "80-api-key", before: write("x:NetworkListener/set", object{"create": object{
			"a": object{"name": "smtp", "bind": object{"[::]:2525": true}}, "b": object{"name": "https", "protocol": "http", "bind": object{"[::]:443": true}},
		}})},
		{file: "70-ban-http", before: failures("127.0.0.2", "admin", 5), source: from("127.0.0.2", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 17, 18, 19)},
		{file: "71-ban-per-login", source: func(index int) string {
			if index < 3 {
				return "127.0.0.3"
			}
			return "127.0.0.4"
		}},
		{file: "72-allowed-ip", before: all(
			write("x:AllowedIp/set", object{"create": object{
				"a": object{"address": "127.0.0.5", "reason": "smtp-mirror controller"}, "b": object{"address": "10.244.0.0/16"},
			}}),
			write("x:Action/set", object{"create": object{"a": object{"@type": "ReloadSettings"}}}),
			know("AllowedIp", "jp0q21qeacaa", "address", "127.0.0.5"), know("AllowedIp", "jp0q21qqadaa", "address", "10.244.0.0/16"),
		), source: from("127.0.0.5", 4, 5, 7, 8)},
		{file: "73-ban-smtp", before: unban, source: from("127.0.0.6", 1), prepare: at(map[int]func(*lab){
			1: failures("127.0.0.6", "victim@example.test", 6),
		})},
		{file: "74-rate-limits-and-scan", before: all(unban, knock("127.0.0.8", "/healthz/ready", 100)), source: func(index int) string {
			switch {
			case index < 5:
				return "127.0.0.8"
			case index < 10:
				return "127.0.0.9"
			}
			return ""
		}},
		{file: "75-ban-keepalive", before: all(unban, failures("127.0.0.11", "u1@example.test", 6))},
		{file: "64-two-nodes-no-coordinator", prepare: at(map[int]func(*lab){2: func(l *lab) {
			start(l.t, Options{Version: "0.16.18", Hostname: "node2.example.test", Peer: l.s})
		}})},
	}
}

func notReplayed1618() map[string]string {
	const (
		listeners = "the listeners of the real server are those of its own ports"
		early     = "recorded while the RSA key was still being made"
		queue     = "the message queue is not part of the stand-in"
		mail      = "mail data is not part of the stand-in"
		retry     = "a duplicate tracer and a failed download of the real server"
	)
	return map[string]string{
		"02-bootstrap-after-restart[1]": early,
		"02-bootstrap-after-restart[2]": listeners,
		"02-bootstrap-after-restart[6]": retry,
		"52-dkim-signing-and-cache[0]":  queue,
		"91-other-grants[7]":            mail,
	}
}
